"""What a team does to its project: the conformance suite stays green, and the policy holds."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from shutil import copy
from typing import Any

import additions
import pytest
from additions import ADDITIONS, TRUSTED, UNTRUSTED
from conftest import Project
from edits import IMPORTS, RETURNED, STARTED, Edit, adding, creating, edited, installed_with

pytestmark = pytest.mark.xdist_group("composition")

Installed = Callable[[str], Project]

PAGES = 'OPENAPI_FILE.with_name("pages")'
LIFESPAN = """
from contextlib import asynccontextmanager

from fastapi import Request


@asynccontextmanager
async def lifespan(app):
    yield {"database": "connected"}
"""
STATE_ROUTE = """
    @app.get("/database")
    async def read_database(request: Request) -> str:
        return request.state.database

"""
LOGGING = """
    @app.middleware("http")
    async def log(request, call_next):
        logging.getLogger("company").warning("%s", request.url.path)
        return await call_next(request)

"""

EDITS: dict[str, Edit] = {
    "a dependency of all routes": creating(
        "dependencies=[Depends(auth.current_subject)]", "from fastapi import Depends"
    ),
    "a single-page app": adding(
        f'app.mount("/", StaticFiles(directory={PAGES}, html=True))',
        "from fastapi.staticfiles import StaticFiles",
    ),
    "a frontend": adding(f'app.frontend("/", directory={PAGES})'),
    "a redirect to HTTPS": adding(
        "app.add_middleware(HTTPSRedirectMiddleware)",
        "from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware",
    ),
    "a prefix": {"include_router(auth.router)": 'include_router(auth.router, prefix="/v1")'},
    "no greeting": {'    @app.get("/")\n': ""},
    "another path for health checks": {
        '@app.head("/health"': '@app.head("/healthz"',
        '@app.get("/health")': '@app.get("/healthz")',
    },
    "documentation where deployed": creating('openapi_url="/openapi.json"', ""),
    "a lifespan": {
        **creating("lifespan=lifespan", LIFESPAN),
        RETURNED: STATE_ROUTE + RETURNED,
    },
    "a log of requests": {IMPORTS: f"import logging\n{IMPORTS}", RETURNED: LOGGING + RETURNED},
}

WRAPPERS: dict[str, Edit] = {
    "GZipMiddleware": {
        STARTED: f"{STARTED}    app = GZipMiddleware(app)\n",
        IMPORTS: f"{IMPORTS}from starlette.middleware.gzip import GZipMiddleware\n",
    },
    "function": {
        STARTED: "    api = create_app(Settings())\n\n"
        "    async def app(scope, receive, send):\n        await api(scope, receive, send)\n"
    },
}

DEFAULT_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
}
CORS_HEADERS = [
    ("access-control-allow-origin", TRUSTED),
    ("access-control-expose-headers", "WWW-Authenticate, Location, Retry-After"),
]
RANDOM = {"set-cookie", "x-request-id"}

PACKAGES = (
    "a2wsgi",
    "alembic",
    "asgi-correlation-id",
    "itsdangerous",
    "mcp",
    "prometheus-fastapi-instrumentator",
    "pytest-asyncio",
    "slowapi",
    "sqladmin",
    "sqlalchemy[asyncio]",
    "strawberry-graphql",
)

LIFESPAN_TEST = """
def test_database(client):
    assert client.get("/database").json() == "connected"
"""
CLIENTS_TEST = """
import httpx2
import pytest
import pytest_asyncio
from fastapi.testclient import TestClient
from hello_api.main import app

client = TestClient(app)

def test_client():
    assert client.get("/health").status_code == 200

@pytest.mark.anyio
async def test_client_of_anyio():
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/health")).status_code == 200

@pytest_asyncio.fixture
async def async_client():
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client

@pytest.mark.asyncio
async def test_client_of_pytest_asyncio(async_client):
    assert (await async_client.get("/health")).status_code == 200
"""
TAUGHT = """
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

router = APIRouter()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


class Item(BaseModel):
    name: str
    tags: list[str] = []


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


@router.get("/items/{item_id}")
async def read_item(item_id: str, q: str | None = None, short: bool = False) -> dict[str, str]:
    item = {"item_id": item_id}
    if q:
        item.update({"q": q})
    if not short:
        item.update({"description": "This is an amazing item"})
    return item


@router.put("/items/{item_id}")
async def update_item(
    item_id: Annotated[int, Path(ge=0)],
    item: Item,
    q: Annotated[str | None, Query(max_length=50)],
    token: Annotated[str, Depends(oauth2_scheme)],
    user_agent: Annotated[str | None, Header()] = None,
    importance: Annotated[int, Body()] = 1,
    notify: bool = True,
) -> Item:
    return item


@router.post("/token")
async def login(form_data: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    return Token(access_token=form_data.username, token_type="bearer")
""".lstrip()
"""Code as FastAPI's tutorial writes it."""


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return an installed project that has the packages of all additions as well."""
    return installed_with(tmp_path_factory.mktemp("equipped"), *PACKAGES)


@pytest.fixture(scope="module")
def responses(equipped: Project) -> dict[str, Any]:
    """Return how an API responds after each addition, with a policy and without."""
    script = str(copy(additions.__file__, equipped.path))
    result = equipped.run("python", script, PYTHONPATH=".")
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def run_suite(project: Project, *arguments: str, status: int = 0) -> str:
    """Run tests in a copy of a project, which end with this status; return what they print."""
    result = project.run("pytest", "-q", *arguments, PYTHONPATH="src")
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edits(installed: Installed, tmp_path: Path, edit: Edit) -> None:
    """No edit of main.py fails a test of tests/cors, as long as the app is inside the policy."""
    project = edited(installed("defaults"), tmp_path, edit)
    pages = project.source / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<p>Hello</p>")
    run_suite(project, "tests/cors")


def test_lifespan(installed: Installed, tmp_path: Path) -> None:
    """The fixture `client` runs the lifespan, so that a route finds its state in a team's tests."""
    project = edited(installed("defaults"), tmp_path, EDITS["a lifespan"])
    (project.path / "tests" / "test_database.py").write_text(LIFESPAN_TEST)
    run_suite(project)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapped(installed: Installed, tmp_path: Path, wrapper: str) -> None:
    """If the app is wrapped, exactly the tests of test_app.py fail, and each of them says why."""
    project = edited(installed("defaults"), tmp_path, WRAPPERS[wrapper])
    output = run_suite(project, status=1)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)::", output, re.MULTILINE)
    reason = f"app of main.py is a {wrapper}, which stands outside the policy: add it by "
    assert {*failed} == {"tests/cors/test_app.py"}
    said = re.findall(rf"^E +AssertionError: {reason}", output, re.MULTILINE)
    assert len(said) == len(failed)


def with_policy(plain: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of the response of a plain FastAPI, by the policy of production."""
    sent = [(name, value) for name, value in plain["headers"]]
    status, body = plain["status"], plain["body"]
    if plain["origin"] == UNTRUSTED and plain["request"].startswith("POST"):
        status, body = 403, '{"detail":"Cross-origin request blocked"}'
        sent = [("content-length", str(len(body))), ("content-type", "application/json")]
    own = [x for x in sent if not x[0].startswith(("access-control-", "vary"))]
    names = {name for name, _ in own}
    defaults = dict(DEFAULT_HEADERS)
    if names & {"etag", "last-modified"}:
        defaults["cache-control"] = "private, no-cache"
    missing = [x for x in defaults.items() if x[0] not in names]
    cors = CORS_HEADERS if plain["origin"] == TRUSTED else []
    vary = ", ".join([*(value for name, value in sent if name == "vary"), "Origin"])
    headers = [*own, *missing, *cors, ("vary", vary)]
    return plain | {"status": status, "body": body, "headers": headers}


def comparable(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response with its headers in order, and without values that are random."""
    headers = [(name, "" if name in RANDOM else value) for name, value in response["headers"]]
    return response | {"headers": sorted(headers)}


@pytest.mark.parametrize("addition", [x.__name__ for x in ADDITIONS])
def test_additions(responses: dict[str, Any], addition: str) -> None:
    """What is added responds as on a plain FastAPI, with the headers of the policy once."""
    found = responses[addition]
    statuses = {x["request"]: x["status"] for x in found["plain"] if x["origin"] is None}
    assert found["expected"].items() <= statuses.items()
    for plain, secured in zip(found["plain"], found["secured"], strict=True):
        assert comparable(secured) == comparable(with_policy(plain))
    assert found["opened"] == [True, False]


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_of_a_team(equipped: Project, tmp_path: Path, mode: str) -> None:
    """Clients of FastAPI's documentation work in a team's tests, beside pytest-asyncio too."""
    project = edited(equipped, tmp_path, {})
    (project.path / "tests" / "test_clients.py").write_text(CLIENTS_TEST)
    run_suite(project, "-o", f"asyncio_mode={mode}")


def lint(project: Project) -> None:
    """Run the linter and the formatter of a project, which must find nothing."""
    for command in ("ruff check", "ruff format --check"):
        result = project.run(*command.split())
        assert result.returncode == 0, result.stdout + result.stderr


def test_taught(installed: Installed, tmp_path: Path) -> None:
    """The linter passes what FastAPI teaches."""
    project = edited(installed("defaults"), tmp_path, {})
    (project.source / "items.py").write_text(TAUGHT)
    lint(project)


def test_alembic(equipped: Project, tmp_path: Path) -> None:
    """The linter passes what Alembic generates."""
    project = edited(equipped, tmp_path, {})
    (project.path / Path(additions.__file__).name).unlink(missing_ok=True)
    for command in ("alembic init alembic", "alembic revision -m items"):
        assert project.run(*command.split()).returncode == 0
    lint(project)


@pytest.mark.parametrize("version", ["3.12", "3.14"])
def test_newer_python(installed: Installed, tmp_path: Path, version: str) -> None:
    """A team that raises requires-python has nothing to change in the files of the template."""
    project = edited(installed("defaults"), tmp_path, {})
    pyproject = project.path / "pyproject.toml"
    text = pyproject.read_text("utf-8")
    assert 'requires-python = ">=3.11"' in text
    pyproject.write_text(text.replace(">=3.11", f">={version}", 1), "utf-8")
    lint(project)
