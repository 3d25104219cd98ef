"""The hosts that the API answers for: by any other, a page reaches it through DNS rebinding."""

import json
from random import Random

import pytest
from hello_api.cors import SecuredFastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from .apis import DEPLOYED, ENVIRONMENTS, LOCAL, TRUSTED, api_of, preflight, reaches, send, stub

LOOPBACK_HOSTS = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]", "[::1]:80"]
OTHER_HOSTS = [
    "",
    "evil.invalid",
    "evil.invalid:8000",
    "localhost.evil.invalid",
    "localhost.",
    "localhost:",
    "localhost:8000:8000",
    "localhost:http",
    "localhost@evil.invalid",
    "evil-localhost",
    "127.0.0.2",
    "127.0.0.1.evil.invalid",
    "::1",
    "[::2]",
    "[::1].evil.invalid",
    "testserver",
]
LISTED = ["api.example.com", "*.apps.example.com", "[2606:4700::1111]"]


def is_answered(api: SecuredFastAPI, host: str) -> bool:
    """Return whether requests and handshakes for a host reach a handler; all do, or none."""
    answered = {reaches(api, method, Host=host) for method in ("GET", "POST", "WebSocket")}
    assert len(answered) == 1
    return answered.pop()


def test_local() -> None:
    """In the local environment the API answers for the names of the machine itself only."""
    api = api_of(LOCAL)
    assert [host for host in LOOPBACK_HOSTS if not is_answered(api, host)] == []
    assert [host for host in OTHER_HOSTS if is_answered(api, host)] == []


def test_deployed() -> None:
    """Deployed, the API answers for any host, unless hosts are listed."""
    api = api_of(DEPLOYED)
    assert [host for host in LOOPBACK_HOSTS + OTHER_HOSTS if not is_answered(api, host)] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_listed_hosts(environment: str) -> None:
    """Listed hosts and loopback names are all, and a wildcard stands for subdomains only."""
    api = api_of(environment, allowed_hosts=LISTED)
    for host in (
        "api.example.com",
        "API.example.com:443",
        "a.b.apps.example.com",
        "x_y.apps.example.com",
    ):
        assert is_answered(api, host), host
    for host in "[2606:4700::1111]", "[2606:4700::1111]:8443", *LOOPBACK_HOSTS:
        assert is_answered(api, host), host
    for host in "apps.example.com", "evilapps.example.com", "x.api.example.com", *OTHER_HOSTS:
        assert not is_answered(api, host), host
    for host in "evil.test/.apps.example.com", "evil.test#.apps.example.com", "@.apps.example.com":
        assert not is_answered(api, host), host


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_readable(environment: str) -> None:
    """A page at a trusted origin may read that the host is not allowed, and locally why."""
    api = api_of(environment, allowed_hosts=LISTED)
    response = send(api, "POST", Host="evil.invalid", Origin=TRUSTED)
    assert (response.status, response.allowed_origins) == (400, [TRUSTED])
    assert response.items("Vary") == ["Origin"]
    reason = 'host "evil.invalid" is not in allowed_hosts [unlisted-host]'
    detail = reason if environment == LOCAL else "Host not allowed"
    assert json.loads(response.body) == {"detail": detail}
    assert preflight(api, "PUT", Host="evil.invalid").status == 200


PIECES = [*LISTED, ".apps.example.com", "localhost", "127.0.0.1", "[::1]", "[", "]", "[fe80::1%1]"]
PIECES += [*"aA0é_-.:/\\?#@%!$&'()*+,;=~ \t\n\x00", ":8000", ":80", ":99999999"]


def test_drawn_hosts() -> None:
    """Of all hosts, those of plain names are accepted that TrustedHostMiddleware accepts."""
    allowed = ["localhost", "127.0.0.1", "[::1]", *LISTED]
    judge = TrustedHostMiddleware(stub, allowed_hosts=allowed, www_redirect=False)
    policy = api_of(DEPLOYED, allowed_hosts=LISTED).policy
    draw, accepted = Random(1), 0  # noqa: S311
    for _ in range(5_000):
        host = "".join(draw.choices(PIECES, k=draw.randint(1, 4)))
        judged = send(judge, "GET", Host=host).status == 200
        is_plain = not {*host} & {*"%!$&'()*+,;=~"}
        assert policy.allows_host(host) == (judged and is_plain), host
        accepted += judged
    assert accepted > 100
