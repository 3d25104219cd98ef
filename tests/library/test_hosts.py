"""The names under which the API answers: any other is how DNS rebinding gets at a machine."""

from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from .apis import HOME, ORIGINS, Client, granted, listed
from .probes import probes
from .subject import Settings, create_app

LOOPBACK_HOSTS = ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]", "[::1]:80"]
OTHER_HOSTS = [
    "",
    "evil.invalid",
    "evil.invalid:8000",
    "localhost.evil.invalid",
    "localhost.",
    "localhost:8000:8000",
    "localhost@evil.invalid",
    "evil-localhost",
    "127.0.0.2",
    "127.0.0.1.evil.invalid",
    "::1",
    "[::2]",
    "[::1].evil.invalid",
    "testserver",
]
LISTED = {"allowed_hosts": ["api.example.com", "*.apps.example.com", "[2606:4700::1111]"]}


@pytest.fixture(autouse=True)
def hosts_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_CORS__ALLOWED_HOSTS")


def client_of(*, local: bool, **overrides: Any) -> Client:
    overrides = {"allow_origins": ORIGINS[:2], "local": local, "preset": "strict", **overrides}
    app = create_app(Settings(environment=HOME, cors=overrides))
    app.include_router(probes)
    app.state.reached = []
    return Client(app)


def is_answered(client: Client, host: str) -> bool:
    """Tell whether requests and handshakes for a host reach a handler; all do, or none."""
    client.app.state.reached.clear()
    headers = {"Host": host}
    response = client.get("/probe/handler", headers=headers)
    try:
        with client.websocket_connect("/probe/socket", headers=headers):
            pass
    except WebSocketDisconnect:
        assert response.status_code == 400
    reached = client.app.state.reached
    assert reached == (["GET", "WebSocket"] if response.status_code == 200 else [])
    return response.status_code == 200


def test_developers_machine() -> None:
    """On developers' machines the API answers under the names of the machine itself."""
    client = client_of(local=True)
    assert [host for host in LOOPBACK_HOSTS if not is_answered(client, host)] == []
    assert [host for host in OTHER_HOSTS if is_answered(client, host)] == []


def test_deployed() -> None:
    """Deployed, the API answers under any name, unless hosts are listed."""
    client = client_of(local=False)
    assert [host for host in LOOPBACK_HOSTS + OTHER_HOSTS if not is_answered(client, host)] == []


@pytest.mark.parametrize("local", [True, False])
def test_listed_hosts(local: bool) -> None:  # noqa: FBT001
    """Listed hosts and this machine's names are all, and a star stands for subdomains alone."""
    client = client_of(local=local, **LISTED)
    for host in "api.example.com", "API.example.com:443", "a.b.apps.example.com":
        assert is_answered(client, host)
    for host in "[2606:4700::1111]", "[2606:4700::1111]:8443", *LOOPBACK_HOSTS:
        assert is_answered(client, host)
    for host in "apps.example.com", "evilapps.example.com", "x.api.example.com", *OTHER_HOSTS:
        assert not is_answered(client, host)


def test_refusal_is_shown() -> None:
    """A trusted page may read that the host is refused, and so is told what to mend."""
    client = client_of(local=True)
    headers = {"Host": "evil.invalid", "Origin": ORIGINS[0]}
    response = client.post("/probe/handler", headers=headers)
    assert (response.status_code, granted(response)) == (400, [ORIGINS[0]])
    assert "Origin" in listed(response, "Vary")
    assert "allowed_hosts" in response.json()["detail"]


def test_write_without_host() -> None:
    """An origin without a host is not that of a page from an API without one."""
    client = client_of(local=False)
    for origin in "https://", "null":
        response = client.post("/probe/handler", headers={"Host": "", "Origin": origin})
        assert response.status_code == 403
