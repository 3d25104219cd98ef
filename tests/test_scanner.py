"""CORScanner, which knows how policies go wrong, finds nothing wrong with this one.

It makes its impostors of the name in the URL. So a deployed environment is called by the names of
the origins that it trusts, through a proxy that leads every name to the server under test. A local
one is called by its address: `localhost` has no dot, and the impostor that is to lack one would be
the trusted `http://localhost` itself.
"""

import json
import os
import select
import socket
import socketserver
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Project
from serving import Certificate, uvicorn
from wrong_policies import WRONG_POLICIES

IMPOSTORS = 36
"""Requests that the scanner makes for a URL that it finds nothing wrong with, at least."""


class TunnelHandler(socketserver.StreamRequestHandler):
    """Answers CONNECT, and passes on what comes from either side until one of them closes."""

    server: "Tunnel"

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(self.server.destination) as server:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            while True:
                for source in select.select([self.connection, server], [], [])[0]:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (server if source is self.connection else self.connection).sendall(data)


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy for which every name and every port are one port of loopback."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), TunnelHandler)
        self.destination = ("127.0.0.1", port)


@contextmanager
def tunnel_to(port: int) -> Iterator[str]:
    """Run such a proxy until the block ends; give its URL."""
    with Tunnel(port) as tunnel:
        thread = threading.Thread(target=tunnel.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{tunnel.server_address[1]}"
        finally:
            tunnel.shutdown()
            thread.join()


def scan(folder: Path, *urls: str, proxy: str | None = None) -> dict[str, list[str]]:
    """Return what the scanner finds: the kind of fault, and whether it is one with credentials.

    It would get a list of public suffixes from the network: it falls back on its own.
    """
    listed, found = folder / "urls", folder / "found.json"
    listed.write_text("\n".join(urls), "utf-8")
    by_proxy = ["--proxy", proxy] if proxy else []
    result = subprocess.run(
        [sys.executable, "-m", "CORScanner.cors_scan", "-i", listed, "-o", found, *by_proxy],
        env={
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            "TLDEXTRACT_CACHE": str(folder / "suffixes"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return {x["url"]: [x["type"], x["credentials"]] for x in json.loads(found.read_text("utf-8"))}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(name))
        for name in ("defaults", "dev-credentials", "dev-quotes")
    ],
)
def test_environments(installed: Callable[[str], Project], name: str, tmp_path: Path) -> None:
    """The scanner gets answers from every environment of a project, and finds nothing in them."""
    project = installed(name)
    certificate = Certificate(tmp_path)
    tables = tomllib.loads((project.source / "environments.toml").read_text("utf-8"))
    for environment, table in tables.items():
        local = table.get("local", False)
        names = ["https://api.example.com", *table["allow_origins"]]
        with (
            uvicorn(
                project.path / ".venv/bin/python",
                f"{project.package}.main:app",
                tmp_path / f"{environment}.log",
                None if local else certificate,
                folder=project.path,
                APP_ENVIRONMENT=environment,
            ) as server,
            tunnel_to(server.port) as tunnel,
        ):
            urls = [f"http://127.0.0.1:{server.port}"] if local else names
            assert scan(tmp_path, *urls, proxy=None if local else tunnel) == {}, environment
            assert server.requests(200) >= IMPOSTORS * len(urls), server.log.read_text("utf-8")


def test_wrong_policies(tmp_path: Path) -> None:
    """The scanner finds what is wrong with policies that are wrong, credentials included."""
    app, log, here = "wrong_policies:app", tmp_path / "log", Path(__file__).parent
    with (
        uvicorn(sys.executable, app, log, Certificate(tmp_path), folder=here) as server,
        tunnel_to(server.port) as tunnel,
    ):
        found = scan(tmp_path, *(f"https://{name}" for name in WRONG_POLICIES), proxy=tunnel)
    assert found == {
        f"https://{name}": [fault, "true"] for name, (_, fault) in WRONG_POLICIES.items()
    }
