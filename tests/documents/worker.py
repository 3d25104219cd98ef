"""The process that a page's Python runs in: with the environment of a generated project.

Reads tasks from standard input, one a line: the name of a function below and its arguments, as
JSON. Writes what the function returns, or the error that it raises, to standard output, as JSON.
"""

import importlib
import io
import json
import re
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server

namespace: dict[str, Any] = {"__name__": "__page__"}
"""What the blocks of the page have defined."""

PROTOCOL = re.compile(r"access-control-.*|vary")
"""The headers that a block shows all of, unless a line `...` stands for others."""

arrived: list[str] = []
"""The requests that the served `app` has received since they were last asked for."""


def python(code: str, page: str, line: int) -> str:
    """Run a block, whose first line is this line of the page; return how it fails, or ""."""
    importlib.invalidate_caches()
    try:
        exec(compile(line * "\n" + code, page, "exec"), namespace)  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - `SystemExit` ends an API that can't start
        reported = traceback.extract_tb(error.__traceback__)
        at = [f"line {frame.lineno}: " for frame in reported if frame.filename == page][-1:]
        return "".join([*at, *traceback.format_exception_only(error)]).rstrip()
    return ""


def http(shown: str) -> str:
    """Send the request of a block to `app`; return the block with the answer as it is.

    Of the headers of the answer these are part of it: those that the block shows, and all that
    CORS is made of, if no line `...` stands for them. The body is part of it if the block shows
    one.
    """
    if "app" not in namespace:
        raise ValueError("no Python above it defines `app`")
    parts = re.split(r"(?m)^(?=HTTP/1\.1 \d)", f"{shown.rstrip()}\n", maxsplit=1)
    if len(parts) != 2:
        raise ValueError("it has no line that begins an answer, such as HTTP/1.1 200 OK")
    request, answer = parts
    start, *fields = request.rstrip().partition("\n\n")[0].split("\n")
    method, target, _ = start.split(" ")
    client = TestClient(
        namespace["app"],
        base_url="http://localhost:8000",
        raise_server_exceptions=False,
        follow_redirects=False,
    )
    for name in list(client.headers):
        del client.headers[name]
    response = client.request(
        method,
        target,
        headers=[(name, value) for name, _, value in (field.partition(": ") for field in fields)],
        content=request.partition("\n\n")[2].rstrip("\n"),
    )
    head, _, body = answer.partition("\n\n")
    names = dict.fromkeys(field.partition(":")[0] for field in head.split("\n")[1:])
    shown_names = {name.lower() for name in names}
    unshown = [x for x in response.headers if PROTOCOL.fullmatch(x) and x not in shown_names]
    if "..." in names:
        unshown = []
    lines = [f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}"]
    for name in [*names, *(name.title() for name in unshown)]:
        values = response.headers.get_list(name)
        lines += [f"{name}: {value}" for value in values] if name != "..." else [name]
    actual = "\n".join(lines)
    if body:
        same = _is_json(body) and _is_json(response.text)
        same = same and json.loads(body) == json.loads(response.text)
        actual += f"\n\n{body.rstrip() if same else response.text}"
    return f"{request}{actual}\n"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def policy(text: str) -> str:
    """Read a text as `environments.toml`; return the message, "" if it is accepted."""
    from hello_api.cors import ConfigurationError, load_policy

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "environments.toml")
        file.write_text(text, encoding="utf-8")
        names = re.findall(r"(?m)^\[(\S+)\]", text)
        try:
            load_policy(names[0] if names else "", {}, file)
        except ConfigurationError as error:
            return str(error)
    return ""


def serve(certificate: str) -> int:
    """Serve `app`, whatever it is when asked, by TLS if there is a certificate; return the port."""

    async def current(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.append(f"{scope.get('method', 'WebSocket')} {scope['path']}")
        app: ASGIApp = namespace["app"]
        await app(scope, receive, send)

    secured = certificate or None
    config = Config(current, port=0, lifespan="off", log_level="critical", ssl_certfile=secured)
    server = Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.01)
    return int(server.servers[0].sockets[0].getsockname()[1])


def requests() -> list[str]:
    """Return the requests that the served `app` has received since the last call."""
    reported, arrived[:] = arrived[:], []
    return reported


TASKS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (python, http, policy, serve, requests)
}

if __name__ == "__main__":
    results, sys.stdout = sys.stdout, io.StringIO()
    sys.path.insert(0, str(Path.cwd()))
    for task in sys.stdin:
        name, arguments = json.loads(task)
        try:
            done = {"result": TASKS[name](*arguments)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the page's test reports it
            done = {"error": "".join(traceback.format_exception_only(error)).rstrip()}
        print(json.dumps(done), file=results, flush=True)
