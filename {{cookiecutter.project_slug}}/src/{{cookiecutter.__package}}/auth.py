"""Authentication: the place for the JWT chapter. Until then no token, whatever it holds, is let in.

The chapter writes a class that does what `TokenVerifier` says, returns it from `create_verifier`,
and gives out tokens in `create_token`.
"""

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .settings import JWTSettings

router = APIRouter(tags=["authentication"])


class InvalidToken(Exception):  # noqa: N818
    """A token that is not valid: malformed, forged, expired, or not meant for this API."""


class TokenVerifier(Protocol):
    """Tells valid tokens from others (RFC 7519, section 7.2; RFC 8725)."""

    def verify(self, token: str) -> str:
        """Return the subject of a valid token, its `sub`; raise `InvalidToken` for any other."""


def create_verifier(settings: JWTSettings) -> TokenVerifier | None:  # noqa: ARG001
    """Return what verifies the tokens that this API is sent; None until the JWT chapter."""
    return None


def current_subject(
    request: Request,
    credentials: Annotated[
        HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
    ],
) -> str:
    """Return the subject of the request's bearer token, or refuse the request (RFC 6750)."""
    verifier: TokenVerifier | None = request.app.state.verifier
    if credentials is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "Send a bearer token",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if verifier is None:
        raise HTTPException(status.HTTP_501_NOT_IMPLEMENTED, "No token can be verified yet")
    try:
        return verifier.verify(credentials.credentials)
    except InvalidToken as error:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED,
            "The bearer token is not valid",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        ) from error


CurrentSubject = Annotated[str, Depends(current_subject)]


@router.post("/auth/token")
async def create_token() -> None:
    """Give out a token: not before the JWT chapter."""
    raise HTTPException(status.HTTP_501_NOT_IMPLEMENTED, "No token is given out yet")


@router.get("/me")
async def read_me(subject: CurrentSubject) -> dict[str, str]:
    """Tell who the bearer of the token is."""
    return {"subject": subject}
