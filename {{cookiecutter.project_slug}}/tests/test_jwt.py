"""What the JWT chapter has to keep to; `create_verifier` in `auth.py` is where it begins."""

import pytest
from pydantic import SecretStr

from .apis import Client, ProbedAPI, each_trusted_origin, granted, listed
from .subject import ConfigurationError, JWTSettings, Settings, app, create_app
from .tokens import INVALID, OTHER_KEY, SUBJECT, VALID, token

pytestmark = pytest.mark.skipif(app.state.verifier is None, reason="JWT authentication chapter")


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_valid_token() -> None:
    """A valid token tells who its bearer is."""
    response = Client(app).get("/me", headers=bearer(VALID))
    assert (response.status_code, response.json()) == (200, {"subject": SUBJECT})


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_invalid_token(text: str) -> None:
    """A token that is forged, expired or malformed is refused as RFC 6750 says."""
    response = Client(app).get("/me", headers=bearer(text))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "subject" not in response.json()


@each_trusted_origin
def test_refusal_is_shown(api: ProbedAPI, origin: str) -> None:
    """A trusted page sees that its token was refused, so that it can get another."""
    headers = {"Origin": origin, **bearer(INVALID["expired"])}
    response = api.client.get("/me", headers=headers)
    assert response.status_code == 401
    assert granted(response) == [origin]
    exposed = listed(response, "Access-Control-Expose-Headers")
    assert exposed == set(api.options["expose_headers"])


def test_key_of_the_settings() -> None:
    """The key is the one of the settings, and tokens of any other are refused."""
    settings = Settings(jwt=JWTSettings(secret=SecretStr(OTHER_KEY)))
    client = Client(create_app(settings))
    assert client.get("/me", headers=bearer(token(key=OTHER_KEY))).status_code == 200
    assert client.get("/me", headers=bearer(VALID)).status_code == 401


def test_missing_key() -> None:
    """An API that verifies tokens does not start without the key for it."""
    with pytest.raises(ConfigurationError, match="APP_JWT__SECRET"):
        create_app(Settings(jwt=JWTSettings(secret=None)))
