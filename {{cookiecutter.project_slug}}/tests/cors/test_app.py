"""Your app stands inside the policy, whatever has been added to it."""

import pytest

from .apis import API, UNTRUSTED, preflight, send
from .subject import SecuredFastAPI, Settings, main

PATH = "/a-path-that-only-this-test-asks-for"


@pytest.fixture(scope="module")
def trusted() -> list[str]:
    return API(Settings().environment).trusted


@pytest.fixture(autouse=True)
def inside() -> None:
    """Fail if something wraps `app` of main.py: it would stand outside the policy."""
    assert isinstance(main.app, SecuredFastAPI), (
        f"app of main.py is a {type(main.app).__name__}, which stands outside the policy: "
        "add it by add_middleware, or mount it"
    )


def test_policy_of_the_settings() -> None:
    """`app` applies the policy of its settings."""
    assert main.app.policy == Settings().policy


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_trusted_origins(trusted: list[str], method: str) -> None:
    """Trusted origins may read every response."""
    for origin in trusted:
        response = send(main.app, method, PATH, {"Origin": origin})
        assert response.allowed_origins == [origin]
        assert "Origin" in response.items("Vary")
        assert preflight(main.app, origin, "GET").allowed_origins == [origin]


def test_untrusted_origins() -> None:
    """Untrusted origins may read nothing, and change nothing."""
    response = send(main.app, "GET", PATH, {"Origin": UNTRUSTED})
    assert response.cors_headers == []
    assert "Origin" in response.items("Vary")
    assert preflight(main.app, UNTRUSTED, "GET").cors_headers == []
    for method in ("POST", "DELETE", "WebSocket"):
        response = send(main.app, method, PATH, {"Origin": UNTRUSTED})
        assert (response.status, response.cors_headers) == (403, [])
