"""Requests of every environment: which of them reach a handler."""

import pytest

from .apis import API, APIS, UNTRUSTED, each_api
from .probes import SAFE_METHODS, STATE_CHANGING_METHODS

LOOPBACK_HOSTS = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]", "[::1]:80"]
OTHER_HOSTS = ["", "evil.invalid", "localhost.evil.invalid", "127.0.0.1.evil.invalid", "127.0.0.2"]

SENDERS = {
    "no browser": ({}, True),
    "the user": ({"Sec_Fetch_Site": "none"}, True),
    "same origin": ({"Sec_Fetch_Site": "same-origin"}, True),
    "untrusted origin": ({"Origin": UNTRUSTED}, False),
    "cross-site": ({"Sec_Fetch_Site": "cross-site"}, False),
    "same site": ({"Sec_Fetch_Site": "same-site"}, False),
    "sandboxed frame": ({"Origin": "null"}, False),
}


def reaches(api: API, method: str, **headers: str | None) -> bool:
    """Return whether a request reaches a handler."""
    api.reached.clear()
    path = "/probe/socket" if method == "WebSocket" else "/probe"
    response = api.send(method, path, **headers)
    assert (response.status in {200, 101}) is bool(api.reached)
    return api.reached == [method]


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("method", ["WebSocket", *STATE_CHANGING_METHODS])
@each_api
def test_sender(api: API, method: str, sender: str) -> None:
    """A state-changing request or a WebSocket of a page that is not trusted reaches no handler."""
    headers, allowed = SENDERS[sender]
    assert reaches(api, method, **headers) is allowed


@pytest.mark.parametrize("method", ["WebSocket", *SAFE_METHODS, *STATE_CHANGING_METHODS])
@each_api
def test_trusted(api: API, method: str) -> None:
    """Every request of a trusted origin reaches its handler, from whichever site it is."""
    for origin in api.trusted:
        assert reaches(api, method, Origin=origin, Sec_Fetch_Site="cross-site")


@each_api
def test_cross_site_posts(api: API) -> None:
    """A form of any site arrives at the listed paths only, and may not be read from there."""
    form = {"Origin": "null", "Content_Type": "application/x-www-form-urlencoded"}
    for path in api.options["cross_site_posts"]:
        response = api.send("POST", path, **form)
        assert response.status != 403
        assert response.cors_headers == []
        assert api.send("POST", path, Origin="null", Content_Type="application/json").status == 403
    assert api.send("POST", "/probe", **form).status == 403


@pytest.mark.parametrize("api", [api for api in APIS if api.options["local"]], ids=str)
def test_local_hosts(api: API) -> None:
    """In the local environment only loopback names are accepted, and the hosts that are listed."""
    listed = [host for host in api.options.get("allowed_hosts", []) if "*" not in host]
    for host in (*LOOPBACK_HOSTS, *listed):
        assert reaches(api, "GET", Host=host)
    for host in OTHER_HOSTS:
        assert not reaches(api, "GET", Host=host)
