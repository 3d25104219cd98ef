"""A FastAPI that nothing can be added to outside its policy."""

import html
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from .middleware import PolicyMiddleware
from .policy import Policy

LINK = "[Which pages may call this API from a browser?](docs/cors)"
"""What `/docs` says in addition where it is local."""


class Title(str):
    """A title that is escaped where FastAPI formats it into the HTML of `/docs` and `/redoc`."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return html.escape(super().__format__(spec))


class SecuredFastAPI(FastAPI):
    """A FastAPI that applies a policy to everything that it answers.

    It takes every argument of FastAPI. `redirect_slashes` is off unless asked for: behind a proxy
    that terminates TLS, the redirect would lead to http. The documentation is served where the
    policy says `docs`, and `/docs/cors`, which explains the policy, where it is local.

    The policy surrounds the whole app, not one layer of it: middleware, mounts and exception
    handlers that are added later, and responses to unhandled exceptions, are all within.
    """

    def __init__(self, policy: Policy, *, redirect_slashes: bool = False, **options: Any) -> None:
        if not policy.docs:
            options.setdefault("openapi_url", None)
        elif policy.local:
            options["description"] = f"{options.get('description', '')}\n\n{LINK}".strip()
        super().__init__(redirect_slashes=redirect_slashes, **options)
        self.title = Title(self.title)
        self.policy = policy
        self._secured = PolicyMiddleware(super().__call__, policy)
        if policy.local:
            from .explain.page import Page  # noqa: PLC0415 - deployed, nothing needs it

            self.add_route("/docs/cors", Page(policy).respond, include_in_schema=False)

    def build_middleware_stack(self) -> ASGIApp:
        if self.openapi_url is None:
            close_documentation(self.routes)
        return super().build_middleware_stack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._secured(scope, receive, send)


def close_documentation(routes: Iterable[BaseRoute]) -> None:
    """Take the documentation away from the FastAPIs that are mounted, at any depth."""
    for route in iter_route_contexts([*routes]):
        app: Any = getattr(route.original_route, "app", None)
        while not isinstance(app, Starlette) and hasattr(app, "app"):
            app = app.app  # which a middleware wraps
        if isinstance(app, FastAPI):
            paths = {app.openapi_url, app.docs_url, app.redoc_url} - {None}
            others = [x for x in app.router.routes if getattr(x, "path", None) not in paths]
            app.router.routes[:] = others
        if isinstance(app, Starlette):
            close_documentation(app.routes)
