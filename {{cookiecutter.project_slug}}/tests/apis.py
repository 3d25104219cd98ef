"""The APIs under test: one for each environment, and one for each preset with origins of all kinds.

What their policies promise is worked out here once more, from what `environments.toml` says and
what the presets are documented to be, apart from the code that is tested.
"""

import asyncio
import atexit
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property, partialmethod
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.middleware.cors import ALL_METHODS

from .probes import probes
from .subject import ENVIRONMENTS_FILE, Settings, create_app

TABLES = tomllib.loads(ENVIRONMENTS_FILE.read_text("utf-8"))
HOME = next((name for name, table in TABLES.items() if table.get("local")), next(iter(TABLES)))
"""The developers' own environment; the first one, if none is marked as that."""

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "strict": {
        "allow_methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        "allow_headers": ["Authorization", "Content-Type"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 600,
    },
    "dev": {
        "allow_methods": ALL_METHODS,
        "allow_headers": ["*"],
        "expose_headers": ["WWW-Authenticate", "Location", "Retry-After"],
        "max_age": 0,
    },
}
DEFAULTS = {"local": False, "preset": "strict", "allow_origins": [], "allow_credentials": False}

ORIGINS = ["https://app.example.com", "https://[2606:4700::1111]:8443"]
LOOPBACK_PAGE = "http://127.0.0.1:5173"
LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[1-9]\d{0,4})?")

STRANGER = "https://stranger.invalid"


LOOP = asyncio.new_event_loop()
atexit.register(LOOP.close)


class Client:
    """Has an app answer within this thread, which takes a fifth of what TestClient takes."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        transport = ASGITransport(app, raise_app_exceptions=False)
        self.client = AsyncClient(transport=transport, base_url="http://testserver")
        self.websocket_connect = TestClient(app).websocket_connect

    def request(self, method: str, path: str, **options: Any) -> Response:
        return LOOP.run_until_complete(self.client.request(method, path, **options))

    get = partialmethod(request, "GET")
    options = partialmethod(request, "OPTIONS")
    post = partialmethod(request, "POST")


class ProbedAPI:
    """An API with routes that probe it, and what its policy promises."""

    def __init__(self, name: str, environment: str, **overrides: Any) -> None:
        self.name = name
        self.settings = Settings(environment=environment, cors=overrides)
        table = {**DEFAULTS, **TABLES[environment], **overrides}
        self.options = {**PRESETS[table["preset"]], **table}
        pages = [LOOPBACK_PAGE] if self.is_dev else []
        self.trusted = [*table["allow_origins"], *pages]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dev(self) -> bool:
        return bool(self.options["preset"] == "dev")

    def trusts(self, origin: str | None) -> bool:
        if self.is_dev and LOOPBACK.fullmatch(origin or ""):
            return True
        return origin in self.trusted

    def new(self) -> FastAPI:
        """Return another such API, for a test that changes it."""
        app = create_app(self.settings)
        app.include_router(probes)
        app.state.reached = []
        app.max_body_size = 1_000
        return app

    @cached_property
    def app(self) -> FastAPI:
        return self.new()

    @cached_property
    def client(self) -> Client:
        return Client(self.app)

    @property
    def reached(self) -> list[str]:
        """The methods of the requests that have reached a handler."""
        reached: list[str] = self.app.state.reached
        return reached


def preflight(client: Client, path: str, origin: str, method: str, names: str = "") -> Response:
    """Ask what a browser asks before a request with this method and headers of these names."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if names:
        headers["Access-Control-Request-Headers"] = names
    return client.options(path, headers=headers)


def granted(response: Response) -> list[str]:
    """Return every Access-Control-Allow-Origin of a response; browsers accept one at most."""
    return response.headers.get_list("Access-Control-Allow-Origin")


def listed(response: Response, header: str) -> set[str]:
    """Return the items of a header that is a list."""
    return {item.strip() for item in response.headers.get(header, "").split(",") if item.strip()}


APIS = [ProbedAPI(name, name) for name in TABLES] + [
    ProbedAPI(f"preset={preset}", HOME, local=True, preset=preset, allow_origins=ORIGINS)
    for preset in PRESETS
]

each_api = pytest.mark.parametrize("api", APIS, ids=str)

each_trusted_origin = pytest.mark.parametrize(
    ("api", "origin"), [(api, origin) for api in APIS for origin in api.trusted], ids=str
)

each_origin = pytest.mark.parametrize(
    ("api", "origin"),
    [(api, origin) for api in APIS for origin in (*api.trusted[:1], STRANGER, None)],
    ids=str,
)
"""One that is trusted, one that is not, and none at all."""
