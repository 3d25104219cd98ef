"""Whatever the answer, a trusted page may read it: none can handle an error that it can't see."""

import pytest

from .apis import STRANGER, ProbedAPI, each_api, each_origin, granted, listed, preflight

ANSWERS = {
    200: ("GET", "/probe/handler", b""),
    204: ("GET", "/probe/status/204", b""),
    303: ("GET", "/probe/status/303", b""),
    307: ("GET", "/probe/status/307", b""),
    401: ("GET", "/probe/status/401", b""),
    403: ("GET", "/probe/status/403", b""),
    404: ("GET", "/probe/of/no/route", b""),
    405: ("OPTIONS", "/probe/failure", b""),
    413: ("GET", "/probe/body", b"x" * 2_000),
    422: ("GET", "/probe/status/word", b""),
    500: ("GET", "/probe/failure", b""),
}


@pytest.mark.parametrize("status", ANSWERS)
@each_origin
def test_answer_of_any_status(api: ProbedAPI, origin: str | None, status: int) -> None:
    """An answer is shown to a trusted origin and to no other, and no cache mixes the two up."""
    method, path, body = ANSWERS[status]
    headers = {"Origin": origin} if origin else {}
    response = api.client.request(method, path, headers=headers, content=body)
    assert response.status_code == status
    assert granted(response) == ([origin] if api.trusts(origin) else [])
    assert "Origin" in listed(response, "Vary")


@each_origin
def test_stream(api: ProbedAPI, origin: str | None) -> None:
    """A stream is shown like any answer, arrives whole, and varies by what it varied by before."""
    headers = {"Origin": origin} if origin else {}
    response = api.client.get("/probe/stream", headers=headers)
    assert response.text == "one two three"
    assert granted(response) == ([origin] if api.trusts(origin) else [])
    assert listed(response, "Vary") == {"Accept-Encoding", "Origin"}


@each_api
def test_refused_preflight(api: ProbedAPI) -> None:
    """A refused preflight is cached for no other origin."""
    response = preflight(api.client, "/probe/handler", STRANGER, "GET")
    assert response.status_code == 400
    assert granted(response) == []
    assert "Origin" in listed(response, "Vary")


@each_origin
def test_refused_write(api: ProbedAPI, origin: str | None) -> None:
    """The guard's 403 tells no page anything, and is cached for no other origin."""
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"} if origin else {}
    response = api.client.post("/probe/handler", headers=headers)
    assert response.status_code == (200 if origin is None or api.trusts(origin) else 403)
    assert granted(response) == ([origin] if api.trusts(origin) else [])
    assert "Origin" in listed(response, "Vary")
