"""What an answer says to browsers and caches besides its content."""

from fastapi import Response

from .apis import STRANGER, Client, ProbedAPI, each_api, preflight

DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
ANSWERED = {
    200: ("GET", "/probe/handler"),
    303: ("GET", "/probe/status/303"),
    401: ("GET", "/me"),
    403: ("POST", "/probe/handler"),
    404: ("GET", "/probe/of/no/route"),
    422: ("GET", "/probe/status/word"),
    500: ("GET", "/probe/failure"),
}


@each_api
def test_defaults(api: ProbedAPI) -> None:
    """Every answer says to be cached, framed, embedded and guessed at by nobody."""
    for status, (method, path) in ANSWERED.items():
        response = api.client.request(method, path, headers={"Origin": STRANGER})
        assert response.status_code == status
        for name, value in DEFAULTS.items():
            assert response.headers.get_list(name) == [value], (status, name)


@each_api
def test_transport_security(api: ProbedAPI) -> None:
    """Deployed, the API is for TLS alone from its first answer on; on developers' machines not."""
    said = api.client.get("/health").headers.get("Strict-Transport-Security")
    assert said == (None if api.options["local"] else "max-age=31536000")


@each_api
def test_handler_says_otherwise(api: ProbedAPI) -> None:
    """What a handler says of itself counts, once."""
    app = api.new()

    @app.get("/cacheable")
    async def answer(response: Response) -> None:
        response.headers["Cache-Control"] = "max-age=60"

    response = Client(app).get("/cacheable")
    assert response.headers.get_list("Cache-Control") == ["max-age=60"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@each_api
def test_remembered_preflight(api: ProbedAPI) -> None:
    """A preflight that was granted before is granted again in the same words, and no other is."""
    for origin in api.trusted:
        first, again = (preflight(api.client, "/probe", origin, "GET") for _ in range(2))
        assert (first.status_code, first.headers, first.text) == (200, again.headers, again.text)
    assert preflight(api.client, "/probe", STRANGER, "GET").status_code == 400


@each_api
def test_preflight_that_asks_for_much(api: ProbedAPI) -> None:
    """A preflight with more header names than any page needs is granted none of them."""
    for origin in api.trusted:
        asked = ",".join(["content-type"] * 5_000)
        response = preflight(api.client, "/probe", origin, "GET", asked)
        allowed = response.headers.get("Access-Control-Allow-Headers", "")
        assert len(allowed) < 1_000
        assert response.status_code == 400 or api.is_dev
