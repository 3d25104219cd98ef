"""What the API answers before a team writes the first route of its own."""

import pytest

from .apis import ProbedAPI, each_api


@each_api
def test_root(api: ProbedAPI) -> None:
    """The API greets."""
    response = api.client.get("/")
    assert (response.status_code, response.json()) == (200, {"message": "Hello World"})


@each_api
def test_health(api: ProbedAPI) -> None:
    """The API tells whoever watches it that it runs."""
    response = api.client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
@each_api
def test_documentation(api: ProbedAPI, path: str) -> None:
    """The API describes itself on developers' machines, and nowhere else."""
    assert api.client.get(path).status_code == (200 if api.options["local"] else 404)


@each_api
def test_slash_too_many(api: ProbedAPI) -> None:
    """No path redirects to another: behind a proxy, that would lead from https to http."""
    for path in ("/health/", "/me/"):
        assert api.client.get(path).status_code == 404
