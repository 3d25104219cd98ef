"""What every response says to browsers and caches, unless its handler says otherwise."""

# mypy: allow-untyped-decorators

from pathlib import Path

import pytest
from fastapi import Depends, HTTPException, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from hello_api.cors import SecuredFastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .apis import (
    DEPLOYED,
    ENVIRONMENTS,
    LOCAL,
    SAFE_METHODS,
    TRUSTED,
    UNTRUSTED,
    Response,
    api_of,
    preflight,
    send,
)

DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
OWN_POLICY = {
    "Access-Control-Allow-Origin": "*",
    "access-control-allow-credentials": "true",
    "ACCESS-CONTROL-EXPOSE-HEADERS": "*",
}


@pytest.fixture(params=ENVIRONMENTS)
def api(request: pytest.FixtureRequest) -> SecuredFastAPI:
    return api_of(request.param)


def sends(*headers: tuple[str, str]) -> ASGIApp:
    """Return an app that sends these headers exactly as they are written."""

    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": b"whole"})

    return respond


def response_with(api: SecuredFastAPI, *headers: tuple[str, str]) -> Response:
    """Return the response to a trusted origin where a mounted app sends these headers."""
    api.mount("/own", sends(*headers))
    return send(api, "GET", "/own/", Origin=TRUSTED)


def test_defaults(api: SecuredFastAPI) -> None:
    """Every response has each default header once, whatever its origin and status."""
    for method, path in (
        ("GET", "/"),
        ("GET", "/status/401"),
        ("GET", "/none"),
        ("GET", "/status/x"),
    ):
        for origin in TRUSTED, UNTRUSTED, None:
            response = send(api, method, path, Origin=origin)
            for name, value in DEFAULTS.items():
                assert response.headers.getlist(name) == [value]
            assert response.items("Vary") == ["Origin"]


def test_transport_security(api: SecuredFastAPI) -> None:
    """Outside the local environment, the API is for TLS only from its first response on."""
    hsts = send(api, "GET").headers.get("Strict-Transport-Security")
    assert hsts == (None if api.policy.local else "max-age=31536000")


@pytest.mark.parametrize("credentials", [True, False])
def test_cors_headers(credentials: bool) -> None:  # noqa: FBT001
    """A trusted origin gets exactly the headers of the policy, and no other origin gets any."""
    api = api_of(DEPLOYED, allow_credentials=credentials, expose_headers=["ETag", "X-One"])
    expected = {
        "access-control-allow-origin": TRUSTED,
        "access-control-expose-headers": "ETag, X-One",
        **({"access-control-allow-credentials": "true"} if credentials else {}),
    }
    for method in *SAFE_METHODS, "POST":
        headers = send(api, method, Origin=TRUSTED).headers
        assert {x: y for x, y in headers.items() if x.startswith("access-control-")} == expected
    for origin in UNTRUSTED, "null", "", None:
        assert send(api, "GET", Origin=origin).cors_headers == []
        assert preflight(api, Origin=origin or UNTRUSTED).cors_headers == []


@pytest.mark.parametrize("origin", [TRUSTED, UNTRUSTED, None])
def test_own_policy(api: SecuredFastAPI, origin: str | None) -> None:
    """No handler has a policy of its own, in whatever case it writes the headers."""
    api.mount("/own", sends(*OWN_POLICY.items(), ("Access-Control-Max-Age", "5")))
    response = send(api, "GET", "/own/", Origin=origin)
    assert response.allowed_origins == ([TRUSTED] if origin == TRUSTED else [])
    assert "access-control-allow-credentials" not in response.headers
    assert "access-control-max-age" not in response.headers
    assert response.body == "whole"
    api.mount("/one", sends(("Access-Control-Max-Age", "5")))
    assert "access-control-max-age" not in send(api, "GET", "/one/", Origin=origin).headers


@pytest.mark.parametrize("name", [*DEFAULTS, "CACHE-CONTROL", "content-security-policy"])
def test_own_value(api: SecuredFastAPI, name: str) -> None:
    """A handler's own value of a default header counts, once, beside the other defaults."""
    response = response_with(api, (name, "own"))
    for default, value in DEFAULTS.items():
        expected = "own" if default.lower() == name.lower() else value
        assert response.headers.getlist(default) == [expected]
    assert response.allowed_origins == [TRUSTED]


def test_own_transport_security() -> None:
    """A handler's own Strict-Transport-Security counts, too."""
    response = response_with(api_of(DEPLOYED), ("Strict-Transport-Security", "max-age=0"))
    assert response.headers.getlist("Strict-Transport-Security") == ["max-age=0"]


@pytest.mark.parametrize("name", ["ETag", "Last-Modified", "etag", "LAST-MODIFIED"])
def test_validator(api: SecuredFastAPI, name: str) -> None:
    """What can be revalidated may be kept by the browser, to be asked for again each time."""
    response = response_with(api, (name, "x"))
    assert response.headers.getlist("Cache-Control") == ["private, no-cache"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    response = response_with(api_of(LOCAL), (name, "x"), ("Cache-Control", "max-age=5"))
    assert response.headers.getlist("Cache-Control") == ["max-age=5"]


def test_static_files(api: SecuredFastAPI, tmp_path: Path) -> None:
    """A static file that has not changed is not sent again, and is readable all the same."""
    (tmp_path / "file.txt").write_text("text", "utf-8")
    api.mount("/static", StaticFiles(directory=tmp_path))
    first = send(api, "GET", "/static/file.txt", Origin=TRUSTED)
    assert first.headers["Cache-Control"] == "private, no-cache"
    etag = {"If-None-Match": first.headers["ETag"]}
    again = send(api, "GET", "/static/file.txt", Origin=TRUSTED, **etag)
    assert (again.status, again.allowed_origins, again.body) == (304, [TRUSTED], "")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([("Vary", "Accept-Encoding")], "Accept-Encoding, Origin"),
        ([("VARY", "Accept"), ("vary", "Cookie")], "Accept, Cookie, Origin"),
        ([], "Origin"),
    ],
)
def test_vary(api: SecuredFastAPI, own: list[tuple[str, str]], expected: str) -> None:
    """A response varies by origin, and by what its handler names in addition, in one line."""
    assert response_with(api, *own).headers.getlist("Vary") == [expected]


@pytest.mark.parametrize("extra", [[], [("Vary", "Accept")]])
def test_other_headers(api: SecuredFastAPI, extra: list[tuple[str, str]]) -> None:
    """All other headers of a handler arrive as they are, as often as they are sent."""
    own = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-One", "1")]
    headers = response_with(api, *own, *extra).headers
    assert headers.getlist("Set-Cookie") == ["a=1", "b=2"]
    assert headers.getlist("X-One") == ["1"]


def test_no_headers(api: SecuredFastAPI) -> None:
    """A start without headers, which ASGI allows, gets those of the policy."""

    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    api.mount("/bare", respond)
    response = send(api, "GET", "/bare/", Origin=TRUSTED)
    assert response.allowed_origins == [TRUSTED]
    assert response.headers["Cache-Control"] == "no-store"


def denied() -> None:
    raise HTTPException(401, headers=OWN_POLICY | {"X-Own": "1"})


@pytest.mark.parametrize("origin", [TRUSTED, None])
def test_denied_handshake(api: SecuredFastAPI, origin: str | None) -> None:
    """A handshake that a dependency denies is answered like any other request."""

    @api.websocket("/denied", dependencies=[Depends(denied)])
    async def open_socket(_: WebSocket) -> None:
        """Never reached."""

    response = send(api, "WebSocket", "/denied", Origin=origin)
    assert response.messages[0]["type"] == "websocket.http.response.start"
    assert response.status == 401
    assert response.allowed_origins == ([TRUSTED] if origin else [])
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.items("Vary") == ["Origin"]
    assert response.headers["X-Own"] == "1"
    for name, value in DEFAULTS.items():
        assert response.headers.getlist(name) == [value]


def test_nothing_is_shared(api: SecuredFastAPI) -> None:
    """A message that is changed after it was sent changes no other response."""
    api.mount("/bare", sends())
    api.mount("/own", PlainTextResponse("own", headers=DEFAULTS))

    async def stamped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_stamped(message: Message) -> None:
            if "headers" in message:
                message["headers"].append((b"x-stamp", b"1"))
            await send(message)

        await api(scope, receive, send_stamped)

    first = None
    for _ in range(100):
        responses = [
            preflight(stamped, "PUT", "authorization"),
            preflight(stamped, Origin=UNTRUSTED),
            send(stamped, "GET", Origin=TRUSTED),
            send(stamped, "GET", "/bare/"),
            send(stamped, "GET", "/own/"),
            send(stamped, "POST", Origin=UNTRUSTED),
        ]
        assert [x.headers.getlist("X-Stamp") for x in responses] == len(responses) * [["1"]]
        first = first or responses
        assert [x.headers for x in responses] == [x.headers for x in first]


def test_unhandled_exception(api: SecuredFastAPI) -> None:
    """The response to an unhandled exception is readable, too."""

    @api.get("/failure")
    async def fail() -> None:
        raise RuntimeError

    response = send(api, "GET", "/failure", Origin=TRUSTED)
    assert (response.status, response.allowed_origins) == (500, [TRUSTED])
    assert response.headers["Cache-Control"] == "no-store"
