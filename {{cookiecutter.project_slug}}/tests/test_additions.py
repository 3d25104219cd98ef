"""What a team adds to the API later stays within its policy."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .apis import STRANGER, Client, ProbedAPI, each_api, granted, listed, preflight

OWN_POLICY = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}


def add_route(app: FastAPI) -> None:
    @app.api_route("/added", methods=["GET", "POST"])
    async def answer() -> PlainTextResponse:
        app.state.reached.append("route")
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
    async def answer(_: Scope, __: Receive, send: Send) -> None:
        app.state.reached.append("raw")
        headers = [(name.encode(), value.encode()) for name, value in OWN_POLICY.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    app.mount("/", answer)


def add_middleware_that_answers(app: FastAPI) -> None:
    def answering(_: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            app.state.reached.append("middleware")
            await PlainTextResponse("closed", 503, headers=OWN_POLICY)(scope, receive, send)

        return answer

    app.add_middleware(answering)


def add_middleware_that_fails(app: FastAPI) -> None:
    def failing(_: ASGIApp) -> ASGIApp:
        async def fail(*_: object) -> None:
            app.state.reached.append("middleware")
            raise RuntimeError

        return fail

    app.add_middleware(failing)


ADDITIONS = [
    (add_route, 200),
    (add_cors_middleware, 200),
    (add_mounted_app, 200),
    (add_raw_app, 200),
    (add_middleware_that_answers, 503),
    (add_middleware_that_fails, 500),
]


@pytest.mark.parametrize(("add", "status"), ADDITIONS)
@each_api
def test_addition(api: ProbedAPI, add: Callable[[FastAPI], None], status: int) -> None:
    """No addition stands outside the policy, has one of its own, or is reached past the guard."""
    app = api.new()
    add(app)
    client = Client(app)
    for origin in (*api.trusted[:1], STRANGER, None):
        trusted = [origin] if origin and api.trusts(origin) else []
        headers = {"Origin": origin} if origin else {}

        response = client.get("/added", headers=headers)
        assert response.status_code == status
        assert granted(response) == trusted
        if not api.options["allow_credentials"]:
            assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in listed(response, "Vary")

        app.state.reached.clear()
        response = client.post("/added", headers=headers)
        assert granted(response) == trusted
        assert bool(app.state.reached) == (origin is None or bool(trusted))

        if origin:
            assert granted(preflight(client, "/added", origin, "GET")) == trusted
