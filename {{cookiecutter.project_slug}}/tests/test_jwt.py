"""What a verifier has to do; `create_verifier` in auth.py is where it is wired in."""

import pytest
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }}.auth import create_verifier
from {{ cookiecutter.__package }}.cors import ConfigurationError
from {{ cookiecutter.__package }}.main import create_app
from {{ cookiecutter.__package }}.settings import Settings

from .tokens import INVALID, REQUIRED_VARIABLES, SUBJECT, VALID

pytestmark = pytest.mark.skipif(
    create_verifier(Settings()) is None, reason="JWT authentication chapter"
)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_valid_token(client: TestClient) -> None:
    """A valid token says who its bearer is."""
    response = client.get("/me", headers=bearer(VALID))
    assert (response.status_code, response.json()) == (200, {"subject": SUBJECT})


@pytest.mark.parametrize("token", INVALID.values(), ids=INVALID)
def test_invalid_token(client: TestClient, token: str) -> None:
    """A token that is forged, expired or malformed is rejected as RFC 6750 says."""
    response = client.get("/me", headers=bearer(token))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "subject" not in response.json()


def test_rejection_is_readable(client: TestClient) -> None:
    """A page at a trusted origin sees that its token was rejected, so that it can get another."""
    for origin in Settings().policy.allow_origins:
        response = client.get("/me", headers={"Origin": origin, **bearer(INVALID["expired"])})
        assert response.status_code == 401
        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert "WWW-Authenticate" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("variable", REQUIRED_VARIABLES)
def test_missing_variable(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """An API that verifies tokens does not start without the settings that this takes."""
    monkeypatch.delenv(variable)
    with pytest.raises(ConfigurationError, match=variable):
        create_app(Settings())
