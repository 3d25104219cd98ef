"""Who sends no token is not let in; and until the JWT chapter, who sends one is not either."""

from typing import Any

import pytest

from .apis import Client, ProbedAPI, each_trusted_origin, granted, listed
from .subject import app
from .tokens import INVALID, VALID

until_the_chapter = pytest.mark.skipif(
    app.state.verifier is not None, reason="JWT authentication is wired in"
)

WITHOUT_TOKEN = {
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
def test_without_token(sent: dict[str, Any]) -> None:
    """Whoever sends no bearer token in the Authorization header is asked for one."""
    response = Client(app).get("/me", **sent)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@each_trusted_origin
def test_401_is_shown(api: ProbedAPI, origin: str) -> None:
    """A trusted page sees that a token is asked for, so that it can get one."""
    response = api.client.get("/me", headers={"Origin": origin})
    assert response.status_code == 401
    assert granted(response) == [origin]
    exposed = listed(response, "Access-Control-Expose-Headers")
    assert exposed == set(api.options["expose_headers"])


@until_the_chapter
def test_any_token() -> None:
    """No token is let in, whatever it holds, as long as none can be verified."""
    for token in (VALID, *INVALID.values()):
        response = Client(app).get("/me", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 501, token
        assert "subject" not in response.json()


@until_the_chapter
def test_no_token_is_given_out() -> None:
    """No token is given out, as long as none can be verified."""
    assert Client(app).post("/auth/token").status_code == 501
