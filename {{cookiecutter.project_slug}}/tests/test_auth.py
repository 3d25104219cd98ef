"""Authentication: a request without a token is rejected, and until JWT is implemented any other."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }}.auth import create_verifier
from {{ cookiecutter.__package }}.settings import Settings

from .tokens import INVALID, VALID

WITHOUT_TOKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "scheme alone": {"headers": {"Authorization": "Bearer"}},
    "scheme and a space": {"headers": {"Authorization": "Bearer "}},
    "no scheme": {"headers": {"Authorization": VALID}},
    "other scheme": {"headers": {"Authorization": f"Basic {VALID}"}},
    "other header": {"headers": {"X-Authorization": f"Bearer {VALID}"}},
    "query": {"params": {"access_token": VALID, "token": VALID}},
    "cookie": {"headers": {"Cookie": f"access_token={VALID}; token={VALID}"}},
}


@pytest.mark.parametrize("sent", WITHOUT_TOKEN.values(), ids=WITHOUT_TOKEN)
def test_without_token(client: TestClient, sent: dict[str, Any]) -> None:
    """A request without a bearer token in the Authorization header is asked for one."""
    response = client.get("/me", **sent)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.skipif(create_verifier(Settings()) is not None, reason="JWT is implemented")
def test_until_jwt_is_implemented(client: TestClient) -> None:
    """As long as no token can be verified, none is accepted, and none is issued."""
    for token in (VALID, *INVALID.values()):
        response = client.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 501, token
        assert "subject" not in response.json()
    assert client.post("/auth/token").status_code == 501
