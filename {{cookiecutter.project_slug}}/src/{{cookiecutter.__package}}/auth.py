"""Authentication: the place for JWT. Until a verifier is wired in, no token is accepted.

Write a class with the method of `TokenVerifier`, return it from `create_verifier`, and issue tokens
in `create_token`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .settings import Settings

Claims = Mapping[str, Any]
"""What a token says about its bearer: `sub`, and whatever else its issuer adds (RFC 7519)."""

router = APIRouter(tags=["authentication"])
bearer = HTTPBearer(auto_error=False)


class InvalidToken(Exception):  # noqa: N818
    """A token that is not valid: malformed, forged, expired, or not meant for this API."""


class TokenVerifier(Protocol):
    """Verifies tokens (RFC 7519, section 7.2; RFC 8725)."""

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token; raise `InvalidToken` for any other."""


def create_verifier(settings: Settings) -> TokenVerifier | None:
    """Return what verifies the tokens of this API; None until JWT is implemented."""
    return None


def unauthorized(detail: str, challenge: str) -> HTTPException:
    """Return a 401 with its challenge (RFC 6750, section 3)."""
    headers = {"WWW-Authenticate": challenge}
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, headers)


async def current_claims(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Claims:
    """Return the claims of the request's bearer token, or reject the request (RFC 6750)."""
    verifier: TokenVerifier | None = request.app.state.verifier
    if credentials is None:
        raise unauthorized("Send a bearer token", "Bearer")
    if verifier is None:
        detail = "Token verification is not implemented"
        raise HTTPException(status.HTTP_501_NOT_IMPLEMENTED, detail)
    try:
        return await verifier.verify(credentials.credentials)
    except InvalidToken as error:
        raise unauthorized("The token is not valid", 'Bearer error="invalid_token"') from error


CurrentClaims = Annotated[Claims, Depends(current_claims)]


async def current_subject(claims: CurrentClaims) -> str:
    """Return who the bearer of the token is: its `sub`."""
    subject = claims.get("sub")
    if not isinstance(subject, str):
        raise unauthorized("The token has no subject", 'Bearer error="invalid_token"')
    return subject


CurrentSubject = Annotated[str, Depends(current_subject)]


@router.post("/auth/token", responses={501: {"description": "Not implemented"}})
async def create_token() -> None:
    """Issue a token."""
    raise HTTPException(status.HTTP_501_NOT_IMPLEMENTED, "Token issuing is not implemented")


@router.get(
    "/me",
    responses={
        401: {"description": "No valid token"},
        501: {"description": "Not implemented"},
    },
)
async def read_me(subject: CurrentSubject) -> dict[str, str]:
    """Return who the bearer of the token is."""
    return {"subject": subject}
