"""Every response of every environment: who may read it, and what else it says to browsers."""

import pytest

from .apis import API, UNTRUSTED, each_api, each_origin

RESPONSES = {
    200: ("GET", "/probe"),
    204: ("GET", "/probe/status/204"),
    303: ("GET", "/probe/status/303"),
    304: ("GET", "/probe/status/304"),
    307: ("GET", "/probe/status/307"),
    401: ("GET", "/probe/status/401"),
    403: ("GET", "/probe/status/403"),
    404: ("GET", "/probe/of/no/route"),
    405: ("OPTIONS", "/probe/failure"),
    413: ("GET", "/probe/body"),
    422: ("GET", "/probe/status/word"),
    500: ("GET", "/probe/failure"),
}
DEFAULT_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@pytest.mark.parametrize("status", RESPONSES)
@each_origin
def test_status(api: API, origin: str | None, status: int) -> None:
    """A trusted origin may read a response of any status, with what the policy exposes of it."""
    method, path = RESPONSES[status]
    response = api.send(method, path, Origin=origin)
    assert response.status == status
    assert response.items("Vary") == {"Origin"}
    if api.trusts(origin):
        assert response.allowed_origins == [origin]
        exposed = response.items("Access-Control-Expose-Headers")
        assert exposed == set(api.options["expose_headers"])
        credentials = response.headers.get("Access-Control-Allow-Credentials")
        assert credentials == ("true" if api.options["allow_credentials"] else None)
    else:
        assert response.cors_headers == []


@each_origin
def test_stream(api: API, origin: str | None) -> None:
    """A stream arrives whole, and varies by what it varied by before."""
    response = api.send("GET", "/probe/stream", Origin=origin)
    assert response.body == b"one two three"
    assert response.allowed_origins == ([origin] if api.trusts(origin) else [])
    assert response.items("Vary") == {"Accept-Encoding", "Origin"}


@pytest.mark.parametrize("status", RESPONSES)
@each_api
def test_default_headers(api: API, status: int) -> None:
    """Every response has the default headers once, and HSTS outside the local environment."""
    method, path = RESPONSES[status]
    response = api.send(method, path, Origin=UNTRUSTED)
    for name, value in DEFAULT_HEADERS.items():
        assert response.headers.getlist(name) == [value], name
    hsts = response.headers.get("Strict-Transport-Security")
    assert hsts == (None if api.options["local"] else "max-age=31536000")


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/cors"])
@each_api
def test_documentation(api: API, path: str) -> None:
    """The documentation is served where the policy says so, and its own page where it is local."""
    local = api.options["local"]
    served = local if path == "/docs/cors" else api.options.get("docs", local)
    assert api.send("GET", path).status == (200 if served else 404)
