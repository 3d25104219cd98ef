"""The API: `app` is what a server runs, `create_app` makes another one for other settings."""

import tomllib
from pathlib import Path

from . import auth
from .cors import ConfigurationError, SecuredFastAPI
from .settings import Settings

OPENAPI_FILE = Path(__file__).with_name("openapi.toml")


def create_app(settings: Settings) -> SecuredFastAPI:
    """Return the API for the environment that the settings name."""
    about = tomllib.loads(OPENAPI_FILE.read_text(encoding="utf-8"))
    app = SecuredFastAPI(settings.policy, **about)
    app.state.verifier = auth.create_verifier(settings)
    app.include_router(auth.router)

    @app.get("/")
    async def read_root() -> dict[str, str]:
        return {"message": "Hello World"}

    @app.head("/health", include_in_schema=False)
    @app.get("/health")
    async def read_health() -> dict[str, str]:
        return {"status": "ok"}

    return app


try:
    app = create_app(Settings())
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
