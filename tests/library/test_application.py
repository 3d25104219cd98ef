"""SecuredFastAPI: a FastAPI, with its policy around whatever a team adds to it."""

# mypy: allow-untyped-decorators

import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.request import urlopen

import pytest
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from hello_api.cors import SecuredFastAPI, load_policy
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from .apis import DEPLOYED, ENVIRONMENTS, LOCAL, TRUSTED, UNTRUSTED, api_of, preflight, routes, send

OWN_POLICY = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
DOCS = ("/docs", "/redoc", "/openapi.json")


def add_route(app: FastAPI) -> None:
    @app.api_route("/added", methods=["GET", "POST"])
    async def respond(request: Request) -> PlainTextResponse:
        request.app.state.reached.append("route")
        return PlainTextResponse("of the route", headers=OWN_POLICY)


def add_cors_middleware(app: FastAPI) -> None:
    add_route(app)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)


def add_mounted_app(app: FastAPI) -> None:
    mounted = FastAPI()
    mounted.state.reached = app.state.reached
    add_cors_middleware(mounted)
    app.mount("/", mounted)


def add_raw_app(app: FastAPI) -> None:
    async def respond(_scope: Scope, _receive: Receive, send: Send) -> None:
        app.state.reached.append("raw")
        headers = [(name.encode(), value.encode()) for name, value in OWN_POLICY.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    app.mount("/", respond)


def add_middleware_that_responds(app: FastAPI) -> None:
    def responding(_app: ASGIApp) -> ASGIApp:
        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            app.state.reached.append("middleware")
            await PlainTextResponse("closed", 503, headers=OWN_POLICY)(scope, receive, send)

        return respond

    app.add_middleware(responding)


def add_middleware_that_fails(app: FastAPI) -> None:
    def failing(_app: ASGIApp) -> ASGIApp:
        async def fail(*_: object) -> None:
            app.state.reached.append("middleware")
            raise RuntimeError

        return fail

    app.add_middleware(failing)


def add_error_handler(app: FastAPI) -> None:
    @app.exception_handler(404)
    async def respond(request: Request, _: Exception) -> PlainTextResponse:
        request.app.state.reached.append("handler")
        return PlainTextResponse("an envelope", 404, headers=OWN_POLICY)


ADDITIONS = [
    (add_route, 200),
    (add_cors_middleware, 200),
    (add_mounted_app, 200),
    (add_raw_app, 200),
    (add_middleware_that_responds, 503),
    (add_middleware_that_fails, 500),
    (add_error_handler, 404),
]


@pytest.mark.parametrize(("add", "status"), ADDITIONS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_addition(environment: str, add: Callable[[FastAPI], None], status: int) -> None:
    """No addition stands outside the policy, has one of its own, or is reached past protection."""
    api = api_of(environment)
    add(api)
    for origin in TRUSTED, UNTRUSTED, None:
        trusted = [TRUSTED] if origin == TRUSTED else []
        response = send(api, "GET", "/added", Origin=origin)
        assert (response.status, response.allowed_origins) == (status, trusted)
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.items("Vary")

        api.state.reached.clear()
        response = send(api, "POST", "/added", Origin=origin)
        assert response.allowed_origins == trusted
        assert bool(api.state.reached) is (origin != UNTRUSTED)

    api.state.reached.clear()
    assert preflight(api).allowed_origins == [TRUSTED]
    assert preflight(api, Origin=UNTRUSTED).cors_headers == []
    assert api.state.reached == []


def test_options() -> None:
    """It takes the arguments of a FastAPI, and is one."""
    assert issubclass(SecuredFastAPI, FastAPI)

    async def count(request: Request) -> None:
        request.app.state.reached.append("dependency")

    api = SecuredFastAPI(load_policy(DEPLOYED), title="Options", dependencies=[Depends(count)])
    api.include_router(routes)
    api.state.reached = []
    send(api, "GET")
    assert api.state.reached == ["dependency", "GET"]
    assert api.title == "Options"
    assert api.policy == load_policy(DEPLOYED)


@pytest.mark.parametrize("options", [{}, {"redirect_slashes": False}, {"redirect_slashes": True}])
def test_redirect_slashes(options: dict[str, Any]) -> None:
    """No slash is redirected unless asked for: behind TLS the redirect would lead to http."""
    api = SecuredFastAPI(load_policy(DEPLOYED), **options)
    api.include_router(routes, prefix="/items")
    expected = 307 if options.get("redirect_slashes") else 404
    assert send(api, "GET", "/items").status == expected


def test_documentation() -> None:
    """The documentation is served where the policy says so: by default, where it is local."""
    local, deployed = api_of(LOCAL), api_of(DEPLOYED)
    closed, opened = api_of(LOCAL, docs=False), api_of(DEPLOYED, docs=True)
    for path in DOCS:
        assert send(local, "GET", path).status == send(opened, "GET", path).status == 200
        assert send(deployed, "GET", path).status == send(closed, "GET", path).status == 404
    asked = SecuredFastAPI(load_policy(DEPLOYED), openapi_url="/api.json")
    assert send(asked, "GET", "/api.json").status == 200


def test_title() -> None:
    """A title is escaped on the pages of the documentation, and as it is in the document."""
    title = "</title><script>alert(1)</script> & 'more'"
    client = TestClient(SecuredFastAPI(load_policy(LOCAL), title=title), "http://localhost")
    assert client.get("/openapi.json").json()["info"]["title"] == title
    for path in ("/docs", "/redoc"):
        page = client.get(path).text
        assert "alert(1)</script>" not in page
        assert "<title>&lt;/title&gt;&lt;script&gt;alert(1)" in page
        assert "&amp; &#x27;more&#x27; - " in page


def test_page_of_policy() -> None:
    """The page that explains the policy is served where it is local, and nowhere else."""
    opened = api_of(DEPLOYED, docs=True)
    assert send(api_of(LOCAL), "GET", "/docs/cors").status == 200
    assert send(api_of(LOCAL, docs=False), "GET", "/docs/cors").status == 200
    assert send(opened, "GET", "/docs/cors").status == 404
    link = "[Which pages may call this API from a browser?](docs/cors)"
    for options, start in ({}, ""), ({"description": "Orders."}, "Orders.\n\n"):
        described = SecuredFastAPI(load_policy(LOCAL), **options)
        info = json.loads(send(described, "GET", "/openapi.json").body)["info"]
        assert info["description"] == f"{start}{link}"
    assert "docs/cors" not in send(opened, "GET", "/openapi.json").body


def mount_on_router(api: FastAPI, mounted: FastAPI) -> None:
    router = APIRouter()
    router.mount("/v1", mounted)
    api.include_router(router)


MOUNTS: dict[str, Callable[[FastAPI, FastAPI], None]] = {
    "on the API": lambda api, mounted: api.mount("/v1", mounted),
    "on a router": mount_on_router,
    "in Starlette": lambda api, mounted: api.mount("/", Starlette(routes=[Mount("/v1", mounted)])),
    "in middleware": lambda api, mounted: api.mount("/v1", GZipMiddleware(mounted)),
}


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_documentation_of_mounted_app(
    environment: str, mount: Callable[[FastAPI, FastAPI], None]
) -> None:
    """A mounted FastAPI loses its documentation where that of the API is closed, and no more."""
    closed: dict[str, Any] = {"docs_url": "/", "redoc_url": None}
    for options in {}, closed:
        api, mounted = api_of(environment), FastAPI(**options)
        mounted.include_router(routes, prefix="/routes")
        mounted.state.reached = []
        mount(api, mounted)
        assert send(api, "GET", "/v1/routes/").status == 200
        for url in filter(None, (mounted.docs_url, mounted.redoc_url, mounted.openapi_url)):
            expected = 200 if environment == LOCAL else 404
            assert send(api, "GET", f"/v1{url}").status == expected


@asynccontextmanager
async def noted(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    """Note start-up and shut-down; have a state for requests to read."""
    app.state.reached = ["start-up"]
    yield {"database": "open"}
    app.state.reached.append("shut-down")


def api_with_lifespan(environment: str) -> SecuredFastAPI:
    api = SecuredFastAPI(load_policy(environment), lifespan=noted)

    @api.get("/state")
    async def read_state(request: Request) -> str:
        return str(request.state.database)

    return api


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_lifespan(environment: str) -> None:
    """Start-up and shut-down run, and a route reads the state of the lifespan."""
    api = api_with_lifespan(environment)
    with TestClient(api, base_url="http://localhost") as client:
        assert api.state.reached == ["start-up"]
        assert client.get("/state").json() == "open"
    assert api.state.reached == ["start-up", "shut-down"]


def test_lifespan_that_fails() -> None:
    """What a start-up raises reaches the server, which then ends."""

    @asynccontextmanager
    async def failing(_app: FastAPI) -> AsyncIterator[None]:
        message = "no database"
        raise RuntimeError(message)
        yield

    api = SecuredFastAPI(load_policy(DEPLOYED), lifespan=failing)
    with pytest.raises(RuntimeError, match="no database"), TestClient(api):
        pass


def test_served() -> None:
    """Under uvicorn the lifespan runs, and a request on loopback is answered."""
    api = api_with_lifespan(DEPLOYED)
    server = uvicorn.Server(uvicorn.Config(api, port=0, log_config=None, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with urlopen(f"http://127.0.0.1:{port}/state") as response:
            assert (response.status, response.read()) == (200, b'"open"')
            assert response.headers["Vary"] == "Origin"
        assert api.state.reached == ["start-up"]
    finally:
        server.should_exit = True
        thread.join()
    assert api.state.reached == ["start-up", "shut-down"]
