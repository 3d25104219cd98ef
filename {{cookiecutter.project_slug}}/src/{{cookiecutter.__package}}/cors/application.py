"""A FastAPI that nothing can be added to outside its policy."""

from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from .middleware import PolicyMiddleware
from .policy import Policy


class SecuredFastAPI(FastAPI):
    """A FastAPI that applies a policy to everything that it answers.

    It takes every argument of FastAPI. `redirect_slashes` is off unless asked for: behind a proxy
    that terminates TLS, the redirect would lead to http. The documentation is served where the
    policy is local, together with `/docs/cors`, which explains the policy.

    The policy surrounds the whole app, not one layer of it: middleware, mounts and exception
    handlers that are added later, and responses to unhandled exceptions, are all within.
    """

    def __init__(self, policy: Policy, *, redirect_slashes: bool = False, **options: Any) -> None:
        if not policy.local:
            options.setdefault("openapi_url", None)
        super().__init__(redirect_slashes=redirect_slashes, **options)
        self.policy = policy
        self._secured = PolicyMiddleware(super().__call__, policy)
        if policy.local:
            from .explain.page import Page  # noqa: PLC0415 - deployed, nothing needs it

            self.add_route("/docs/cors", Page(policy).respond, include_in_schema=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._secured(scope, receive, send)
