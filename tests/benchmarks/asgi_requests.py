"""Send requests to one API and to a bare FastAPI, in turn, as a server would; print the ratios.

`request_path.py` runs this with the interpreter of a generated project. The unit is the bare
FastAPI's GET; of each request the fastest of many small batches counts.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from hello_api.cors import blocked_log
from hello_api.main import create_app
from hello_api.settings import Settings

ROUNDS = 80
BATCH = 20
TRUSTED = "https://app.example.com"

ORIGIN = {"origin": TRUSTED}
UNTRUSTED = {"origin": "https://team-0.example.org"}  # much like the other trusted ones
PREFLIGHT = {**ORIGIN, "access-control-request-method": "PATCH"}
ASKED = {"access-control-request-headers": "authorization,content-type"}
LARGE = "preflight that names 64 KiB of headers"
MUCH_ASKED = {"access-control-request-headers": ",".join(["content-type"] * (64 * 1024 // 13))}

REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "GET without Origin": ("GET", {}),
    "GET": ("GET", ORIGIN),
    "POST": ("POST", ORIGIN),
    "GET of an untrusted origin": ("GET", UNTRUSTED),
    "POST of an untrusted origin": ("POST", UNTRUSTED),
    "preflight": ("OPTIONS", PREFLIGHT | ASKED),
    LARGE: ("OPTIONS", PREFLIGHT | MUCH_ASKED),
}


def scope_of(method: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return what uvicorn calls an app with."""
    headers = {"host": "api.example.com", "accept": "*/*", "user-agent": "-", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
        "method": method,
        "path": "/measured",
        "raw_path": b"/measured",
        "query_string": b"",
    }


def routed(app: FastAPI) -> FastAPI:
    """Give an app the route that is measured, for reading and writing, ahead of those it has."""

    async def measured() -> dict[str, str]:
        return {"message": "Hello World"}

    others = app.router.routes[:]
    app.router.routes.clear()
    app.add_api_route("/measured", measured, methods=["GET", "POST"])
    app.router.routes.extend(others)
    return app


def bare() -> FastAPI:
    """Return the app that is 1.00; like a deployed API it has no pages of documentation."""
    return routed(FastAPI(openapi_url=None))


def generated(origins: list[str]) -> FastAPI:
    """Return the generated API, in the environment that is set, trusting these origins."""
    os.environ["APP_CORS__ALLOW_ORIGINS"] = ",".join(origins)
    return routed(create_app(Settings()))


def patterned(origins: list[str]) -> FastAPI:
    """Return the generated API, trusting patterns instead, one of which covers the origin."""
    hosts = (x.removeprefix("https://") for x in origins[:-1])
    return generated([*(f"https://*.{host}" for host in hosts), "https://*.example.com"])


def logged(origins: list[str]) -> FastAPI:
    """Return the generated API with a log that leaves nothing out."""
    blocked_log.LINES_PER_MINUTE = sys.maxsize
    logging.basicConfig(filename=os.devnull)
    return generated(origins)


def wired(origins: list[str]) -> FastAPI:
    """Return an app whose CORSMiddleware is added as FastAPI's documentation does."""
    app = bare()
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["WWW-Authenticate", "Location", "Retry-After"],
    )
    return app


def wrapped(origins: list[str]) -> FastAPI:
    """Return such an app with three middlewares written the short way, each outside the last."""
    app = wired(origins)
    for _ in range(3):

        @app.middleware("http")
        async def middleware(
            request: Request, call_next: Callable[[Request], Awaitable[Response]]
        ) -> Response:
            return await call_next(request)

    return app


APIS = {api.__name__: api for api in (generated, patterned, logged, wired, wrapped)}


async def receive() -> dict[str, Any]:
    """Receive an empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def check(app: FastAPI, *, secured: bool) -> None:
    """End the program unless each request gets the response that its name says."""
    for name, (method, headers) in REQUESTS.items():
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message)

        await app(scope_of(method, headers), receive, send)
        right = {200, 400} if name == LARGE else {200}
        if secured and method == "POST" and headers == UNTRUSTED:
            right = {403}
        if sent[0]["status"] not in right:
            raise SystemExit(f"{name}: {sent[0]}")


async def fastest(app: FastAPI) -> dict[str, float]:
    """Return the ratio of each request's fastest batch to the bare app's; they take turns."""

    async def send(message: Any) -> None:
        pass

    cases = [(bare(), "GET", {}), *((app, *request) for request in REQUESTS.values())]
    seconds = [float("inf")] * len(cases)
    gc.collect()
    gc.freeze()
    gc.disable()
    for _ in range(ROUNDS):
        for index, (called, method, headers) in enumerate(cases):
            # The first calls find caches cold and memory scattered by the batch before.
            for _ in range(BATCH):
                await called(scope_of(method, headers), receive, send)
            scopes = [scope_of(method, headers) for _ in range(BATCH)]
            start = time.perf_counter()
            for scope in scopes:
                await called(scope, receive, send)
            seconds[index] = min(seconds[index], time.perf_counter() - start)
        gc.collect()
    unit, *others = seconds
    return {name: other / unit for name, other in zip(REQUESTS, others, strict=True)}


async def main() -> None:
    """Check, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("api", choices=APIS)
    parser.add_argument("origins", type=int)
    arguments = parser.parse_args()
    others = (f"https://team-{number}.example.com" for number in range(1, arguments.origins))
    app = APIS[arguments.api]([*others, TRUSTED])
    await check(app, secured=arguments.api not in ("wired", "wrapped"))
    sys.stdout.write(json.dumps(await fastest(app)))


if __name__ == "__main__":
    asyncio.run(main())
