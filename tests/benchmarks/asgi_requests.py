"""Send requests to all APIs in turn, in one process, as a server would; print what they take.

`request_path.py` runs this with the interpreter of a generated project. The time on the processor
counts: other programs do not change it much.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
from typing import Any

from fastapi import FastAPI
from turns import take_turns
from wirings import ALL, ALLOWED, LOGGED, UNTRUSTED_REQUESTS, Sent

QUESTIONS = {
    "allowed": ([name for name in ALL if name != LOGGED], ALLOWED),
    "untrusted": ([*ALL], UNTRUSTED_REQUESTS),
}
"""The APIs and the requests of a table."""

WARM_UP = 5
BATCH = 10


def scope_of(sent: Sent) -> dict[str, Any]:
    """Return what uvicorn calls an app with."""
    headers = {"host": "api.example.com", "accept": "*/*", "user-agent": "-", **sent.headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
        "path": "/measured",
        "raw_path": b"/measured",
        "query_string": b"",
    }
    if sent.method == "WEBSOCKET":
        return scope | {"type": "websocket", "scheme": "ws", "subprotocols": []}
    return scope | {"method": sent.method}


async def receive_body() -> dict[str, Any]:
    """Receive an empty body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def receive_handshake() -> dict[str, Any]:
    """Receive a handshake."""
    return {"type": "websocket.connect"}


async def ignore(message: Any) -> None:
    """Send nothing."""


async def call(app: FastAPI, scope: dict[str, Any], send: Any = ignore) -> None:
    """Call an app as a server does."""
    await app(scope, receive_body if scope["type"] == "http" else receive_handshake, send)


async def outcome(app: FastAPI, sent: Sent) -> str:
    """Return what becomes of a request."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    try:
        await call(app, scope_of(sent), send)
    except AssertionError:
        return "fails"
    accepted = messages[0]["type"] == "websocket.accept" or messages[0].get("status") == 200
    return "allowed" if accepted else "blocked"


async def restart(app: FastAPI) -> None:
    """Start and stop an app: the minute of its log begins again."""
    messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))

    async def receive() -> dict[str, Any]:
        return next(messages)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, ignore)


async def seconds(app: FastAPI, sent: Sent) -> float:
    """Return what a request takes; the first calls, which find caches cold, do not count."""
    gc.collect()
    for _ in range(WARM_UP):
        await call(app, scope_of(sent))
    scopes = [scope_of(sent) for _ in range(BATCH)]
    start = time.process_time()
    for scope in scopes:
        await call(app, scope)
    return (time.process_time() - start) / BATCH


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("rounds", type=int)
    arguments = parser.parse_args()
    logging.basicConfig(filename=os.devnull)
    names, requests = QUESTIONS[arguments.question]
    apps = {name: ALL[name]() for name in names}
    gc.collect()
    gc.freeze()
    gc.disable()
    with asyncio.Runner() as runner:

        def timed(name: str, sent: Sent) -> float:
            if name == LOGGED:
                runner.run(restart(apps[name]))
            return runner.run(seconds(apps[name], sent))

        result = take_turns(
            arguments.rounds,
            apps,
            requests,
            outcome=lambda name, sent: runner.run(outcome(apps[name], sent)),
            seconds=timed,
        )
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
