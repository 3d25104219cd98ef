"""The API: `app` is what a server runs, `create_app` makes another one for other settings."""

import tomllib
from pathlib import Path

from . import auth
from .cors import ConfigurationError, CrossOriginAPI
from .explain.page import Page
from .settings import Settings

OPENAPI_FILE = Path(__file__).with_name("openapi.toml")


def create_app(settings: Settings) -> CrossOriginAPI:
    """Return the API for the environment that the settings name."""
    about = tomllib.loads(OPENAPI_FILE.read_text(encoding="utf-8"))
    openapi_url = "/openapi.json" if settings.policy.local else None
    app = CrossOriginAPI(settings.policy, openapi_url=openapi_url, **about)
    app.state.verifier = auth.create_verifier(settings.jwt)
    app.include_router(auth.router)
    if settings.policy.local:
        app.add_route("/docs/cors", Page(settings).answer, include_in_schema=False)

    @app.get("/")
    async def read_root() -> dict[str, str]:
        return {"message": "Hello World"}

    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


try:
    app = create_app(Settings())
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
