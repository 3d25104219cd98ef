"""Cross-origin protection: the rule is that of CrossOriginProtection in Go's net/http."""

import pytest
from fastapi import FastAPI
from hello_api.cors import SecuredFastAPI

from .apis import (
    DEPLOYED,
    ENVIRONMENTS,
    LOCAL,
    SAFE_METHODS,
    STATE_CHANGING_METHODS,
    TRUSTED,
    UNTRUSTED,
    api_of,
    reaches,
    send,
)

HOST = "api.example.com"

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
    "untrusted": (UNTRUSTED, "cross-site", HOST, False),
    "untrusted without Origin": (None, "cross-site", HOST, False),
    "untrusted, old browser": (UNTRUSTED, None, HOST, False),
    "untrusted, empty Sec-Fetch-Site": (UNTRUSTED, "", HOST, False),
    "sandboxed page": ("null", "cross-site", HOST, False),
    "sandboxed page, old browser": ("null", None, HOST, False),
    "same site": (f"https://shop.{HOST}", "same-site", HOST, False),
    "same site without Origin": (None, "same-site", HOST, False),
    "same site, old browser": (f"https://shop.{HOST}", None, HOST, False),
    "cross-site at this host": (f"https://{HOST}", "cross-site", HOST, False),
    "other port": (f"https://{HOST}:8443", None, HOST, False),
    "host is a prefix": (f"https://{HOST}.evil.invalid", None, HOST, False),
    "host is a suffix": (f"https://evil-{HOST}", None, HOST, False),
    "host is a user": (f"https://{HOST}@evil.invalid", None, HOST, False),
    "host only": (HOST, None, HOST, False),
    "no host": ("https://", None, "", False),
    "no host, no origin": ("null", None, "", False),
    "unknown Sec-Fetch-Site": (None, "friendly", HOST, False),
    "Sec-Fetch-Site in capitals": (None, "Same-Origin", HOST, False),
    "two values of Sec-Fetch-Site": (None, "same-origin, none", HOST, False),
}
"""The Origin, Sec-Fetch-Site and Host of a request, and whether it may change anything."""


@pytest.fixture(params=ENVIRONMENTS)
def api(request: pytest.FixtureRequest) -> SecuredFastAPI:
    hosts = {"allowed_hosts": [HOST]} if request.param == LOCAL else {}
    return api_of(request.param, **hosts)


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
def test_sender(sender: tuple[str | None, str | None, str, bool]) -> None:
    """What a browser says of a request decides whether it may change anything, or open a socket."""
    origin, site, host, allowed = sender
    api = api_of(DEPLOYED)
    headers = {"Origin": origin, "Sec-Fetch-Site": site, "Host": host}
    headers = {"Origin-X": TRUSTED, **headers}  # another header, which begins like one of them
    for method in (*STATE_CHANGING_METHODS, "WebSocket"):
        assert reaches(api, method, **headers) is allowed
    for method in SAFE_METHODS:
        assert reaches(api, method, **headers)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", None])
def test_trusted_origin(api: SecuredFastAPI, site: str | None) -> None:
    """A page at a trusted origin may send anything, wherever the browser says it is."""
    for method in (*SAFE_METHODS, *STATE_CHANGING_METHODS, "WebSocket"):
        assert reaches(api, method, Origin=TRUSTED, **{"Sec-Fetch-Site": site})


FORMS = ["application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x", "text/plain"]


@pytest.mark.parametrize("origin", ["null", "https://idp.example"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_cross_site_post(environment: str, origin: str) -> None:
    """A form of any site may arrive at a listed path, and is granted nothing of CORS."""
    api = api_of(environment, cross_site_posts=["/"])
    for form in FORMS:
        response = send(api, "POST", Origin=origin, Sec_Fetch_Site="cross-site", Content_Type=form)
        assert (response.status, response.cors_headers) == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "content_type"),
    [
        ("PUT", "/", FORMS[0]),
        ("WebSocket", "/", FORMS[0]),
        ("POST", "/other", FORMS[0]),
        ("POST", "//", FORMS[0]),
        ("POST", "/", "application/json"),
        ("POST", "/", "text/plain2"),
        ("POST", "/", "application/json, text/plain"),
        ("POST", "/", ""),
        ("POST", "/", None),
    ],
)
def test_no_cross_site_post(method: str, path: str, content_type: str | None) -> None:
    """Neither another path, nor another method, nor what is no form, is let through."""
    api = api_of(DEPLOYED, cross_site_posts=["/"])
    assert send(api, method, path, Origin="null", Content_Type=content_type).status == 403


def test_cross_site_post_below_a_prefix() -> None:
    """A path is that of the routes, wherever the API is mounted."""
    parent, api = FastAPI(), api_of(DEPLOYED, cross_site_posts=["/"])
    parent.mount("/public", api)
    form = {"Origin": "null", "Content_Type": FORMS[0]}
    assert send(parent, "POST", "/public/", **form).status == 200
    assert send(parent, "POST", "/public/other", **form).status == 403


def test_cross_site_post_to_other_host() -> None:
    """A form for a host that is not allowed is blocked all the same."""
    api = api_of(LOCAL, cross_site_posts=["/"])
    response = send(api, "POST", Origin="null", Content_Type=FORMS[0], Host="evil.invalid")
    assert response.status == 400


def test_blocked_request(api: SecuredFastAPI) -> None:
    """A blocked request is answered with 403, and the reason in the local environment only."""
    local = api.policy.local
    for method in STATE_CHANGING_METHODS:
        response = send(api, method, Origin=UNTRUSTED)
        assert response.status == 403
        reason = f'origin \\"{UNTRUSTED}\\" is not trusted [untrusted-origin]'
        detail = reason if local else "Cross-origin request blocked"
        assert response.body == f'{{"detail":"{detail}"}}'
        assert response.headers["Content-Type"] == "application/json"
        assert response.items("Vary") == ["Origin"]
        assert response.headers["Cache-Control"] == "no-store"


def test_blocked_handshake(api: SecuredFastAPI) -> None:
    """A blocked handshake is closed before it is open, as violating the policy."""
    [close] = send(api, "WebSocket", Origin=UNTRUSTED).messages
    reason = f'origin "{UNTRUSTED}" is not trusted [untrusted-origin]'
    detail = reason if api.policy.local else "Cross-origin request blocked"
    assert close == {"type": "websocket.close", "code": 1008, "reason": detail}


def test_first_of_several(api: SecuredFastAPI) -> None:
    """Of several lines of a header that has one by rights, the first counts."""
    assert send(api, "POST", Origin=[TRUSTED, UNTRUSTED]).allowed_origins == [TRUSTED]
    response = send(api, "POST", Origin=[UNTRUSTED, TRUSTED])
    assert (response.status, response.cors_headers) == (403, [])
