"""Writes and WebSocket handshakes: the rule is that of CrossOriginProtection in Go's net/http."""

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from .apis import STRANGER, ProbedAPI, each_api, each_trusted_origin
from .probes import SAFE_METHODS, WRITES

HOST = "api.invalid"

# What Origin, Sec-Fetch-Site and Host say, and whether that gets to the handler.
SENDERS = {
    "no browser": (None, None, HOST, True),
    "empty Origin": ("", None, HOST, True),
    "empty Sec-Fetch-Site": (None, "", HOST, True),
    "page of this API": (None, "same-origin", HOST, True),
    "page of this API, behind a proxy": ("https://shop.invalid", "same-origin", HOST, True),
    "sandboxed page of this API": ("null", "same-origin", HOST, True),
    "the user": (None, "none", HOST, True),
    "page of this API, old browser": (f"https://{HOST}", None, HOST, True),
    "page of this API, http": (f"http://{HOST}", None, HOST, True),
    "page of this API, port": (f"https://{HOST}:8443", None, f"{HOST}:8443", True),
    "stranger": (STRANGER, "cross-site", HOST, False),
    "stranger without Origin": (None, "cross-site", HOST, False),
    "stranger, old browser": (STRANGER, None, HOST, False),
    "stranger, empty Sec-Fetch-Site": (STRANGER, "", HOST, False),
    "sandboxed page": ("null", "cross-site", HOST, False),
    "sandboxed page, old browser": ("null", None, HOST, False),
    "neighbour": (f"https://shop.{HOST}", "same-site", HOST, False),
    "neighbour without Origin": (None, "same-site", HOST, False),
    "neighbour, old browser": (f"https://shop.{HOST}", None, HOST, False),
    "cross-site at this host": (f"https://{HOST}", "cross-site", HOST, False),
    "other port": (f"https://{HOST}:8443", None, HOST, False),
    "host is a prefix": (f"https://{HOST}.evil.invalid", None, HOST, False),
    "host is a suffix": (f"https://evil-{HOST}", None, HOST, False),
    "host is a user": (f"https://{HOST}@evil.invalid", None, HOST, False),
    "host alone": (HOST, None, HOST, False),
    "unknown Sec-Fetch-Site": (None, "friendly", HOST, False),
    "Sec-Fetch-Site in capitals": (None, "Same-Origin", HOST, False),
    "two values of Sec-Fetch-Site": (None, "same-origin, none", HOST, False),
}
BODIES = {
    "text": {"content": "hello", "headers": {"Content-Type": "text/plain"}},
    "form": {"data": {"amount": "1000"}},
    "multipart": {"files": {"file": b"hello"}},
    "bytes without a type": {"content": b"hello"},
    "JSON": {"json": {"amount": 1000}},
    "JSON as text": {"content": "{}", "headers": {"Content-Type": "text/plain"}},
    "nothing": {},
}


def handshake_is_let_in(api: ProbedAPI, headers: dict[str, str]) -> bool:
    try:
        with api.client.websocket_connect("/probe/socket", headers=headers):
            return True
    except WebSocketDisconnect:
        return False


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
@each_api
def test_sender(api: ProbedAPI, sender: tuple[str | None, str | None, str, bool]) -> None:
    """What a browser says of a request tells whether its write or handshake reaches a handler."""
    origin, site, host, reaches = sender
    told = {"Origin": origin, "Sec-Fetch-Site": site, "Host": host}
    headers = {name: value for name, value in told.items() if value is not None}

    api.reached.clear()
    response = api.client.post("/probe/handler", headers=headers)
    assert response.status_code == (200 if reaches else 403)
    assert api.reached == (["POST"] if reaches else [])

    api.reached.clear()
    assert handshake_is_let_in(api, headers) == reaches
    assert api.reached == (["WebSocket"] if reaches else [])


@each_trusted_origin
def test_trusted_origin(api: ProbedAPI, origin: str) -> None:
    """A trusted page may write and open WebSockets from wherever the browser says it is."""
    for site in ("cross-site", "same-site", "none", ""):
        headers = {"Origin": origin, "Sec-Fetch-Site": site}
        api.reached.clear()
        response = api.client.post("/probe/handler", headers=headers)
        assert response.status_code == 200
        assert handshake_is_let_in(api, headers)
        assert api.reached == ["POST", "WebSocket"]


@pytest.mark.parametrize("method", [*SAFE_METHODS, *WRITES])
@each_api
def test_method(api: ProbedAPI, method: str) -> None:
    """Every method writes but GET, HEAD and OPTIONS, one that nobody knows as well."""
    api.reached.clear()
    response = api.client.request(method, "/probe/handler", headers={"Origin": STRANGER})
    safe = method in SAFE_METHODS
    assert response.status_code == (200 if safe else 403)
    assert api.reached == ([method] if safe else [])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@each_api
def test_body(api: ProbedAPI, body: dict[str, Any]) -> None:
    """A write that needs no preflight is guarded too, whatever it carries."""
    headers = body.get("headers", {})
    api.reached.clear()
    request = {**body, "headers": {**headers, "Origin": STRANGER}}
    assert api.client.post("/probe/handler", **request).status_code == 403
    assert api.reached == []
    assert api.client.post("/probe/handler", **body).status_code == 200
    assert api.reached == ["POST"]
