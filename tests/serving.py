"""Servers on loopback, for tests that call an API with other programs."""

import base64
import hashlib
import os
import re
import select
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import trustme
from conftest import lack
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SETTINGS: dict[str, str] = {}
"""Variables of every API that is served, such as overrides of its table in `environments.toml`."""

LONGEST_START = 30
"""Seconds that a server may take to start, on a machine that is busy with other tests."""


def program(name: str, package: str = "", path: str | None = None) -> str:
    """Return where a program is, by the PATH or by another; skip the test without it."""
    return shutil.which(name, path=path) or lack(
        f"there is no {name}: install it (Debian: apt-get install {package or name})"
    )


@dataclass(frozen=True)
class Server:
    """A uvicorn that is running, and the file that it writes its log to."""

    port: int
    log: Path

    def requests(self, status: int) -> int:
        """Return how many of its responses had this status."""
        return self.log.read_text("utf-8").count(f' HTTP/1.1" {status} ')


class Certificate:
    """A certificate for 127.0.0.1 and names, in a folder for a server to read it from."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.authority = trustme.CA()
        issued = self.authority.issue_cert("127.0.0.1", *names)
        self.file = folder / "certificate.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(self.file)
        self.public = issued.cert_chain_pems[0].bytes()

    @property
    def public_key_hash(self) -> str:
        """The hash by which Chromium is to accept the certificate for any name."""
        key = x509.load_pem_x509_certificate(self.public).public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def for_server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def for_client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@contextmanager
def uvicorn(
    python: str | Path,
    app: str,
    log: Path,
    certificate: Certificate | None = None,
    *,
    folder: Path,
    **variables: str,
) -> Iterator[Server]:
    """Serve an app of a folder on a free port of 127.0.0.1 until the block ends."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    command = [str(python), "-m", "uvicorn", app, "--port", "0", "--timeout-graceful-shutdown", "3"]
    secured = ["--ssl-certfile", str(certificate.file)] if certificate else []
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, *secured],
            cwd=folder,
            env=own | SETTINGS | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield Server(port_of(process, log), log)
        finally:
            process.terminate()


def port_of(process: subprocess.Popen[bytes], log: Path, longest: float = LONGEST_START) -> int:
    """Return the port that a server says in its log that it runs on, within so many seconds."""
    deadline = time.monotonic() + longest
    while process.poll() is None and time.monotonic() < deadline:
        if running := re.search(r"running on \w+://127\.0\.0\.1:(\d+)", log.read_text("utf-8")):
            return int(running[1])
        time.sleep(0.02)
    raise AssertionError(log.read_text("utf-8"))


def wait_for_server(port: int) -> None:
    """Wait until a server accepts connections on a port of 127.0.0.1."""
    deadline = time.monotonic() + LONGEST_START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.02)
        else:
            return


@contextmanager
def served_in_thread(server: socketserver.BaseServer) -> Iterator[None]:
    """Have a server of the standard library serve, in a thread of its own, until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


class TunnelHandler(socketserver.StreamRequestHandler):
    """Connects a client to the port behind a name, and relays until one side closes."""

    server: "Tunnel"

    def connect(self, host: str, port: int, granted: bytes) -> None:
        """Open the tunnel, and say so to the client."""
        names = (f"{host}:{port}", host, f"*:{port}", "*")
        found = next(self.server.ports[name] for name in names if name in self.server.ports)
        with socket.create_connection(("127.0.0.1", found)) as server:
            self.wfile.write(granted)
            while True:
                for source in select.select([self.connection, server], [], [])[0]:
                    data = source.recv(65_536)
                    if not data:
                        return
                    (server if source is self.connection else self.connection).sendall(data)


class ConnectHandler(TunnelHandler):
    """Implements HTTP's CONNECT."""

    def handle(self) -> None:
        host, _, port = self.rfile.readline().decode().split()[1].rpartition(":")
        while self.rfile.readline().strip():
            pass
        self.connect(host, int(port), b"HTTP/1.1 200 Connected\r\n\r\n")


class SocksHandler(TunnelHandler):
    """Implements SOCKS 5 (RFC 1928), which also passes plain HTTP through unchanged."""

    def handle(self) -> None:
        _, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(b"\5\0")
        *_, kind = self.rfile.read(4)
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = str(ip_address(self.rfile.read(4 if kind == 1 else 16)))
        port = int.from_bytes(self.rfile.read(2))
        host = f"[{host}]" if ":" in host else host
        self.connect(host, port, b"\5\0\0\1" + bytes(6))


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy that maps names to loopback ports: `name:port`, `name`, `*:port` or `*`."""

    daemon_threads = True

    def __init__(self, ports: Mapping[str, int], handler: type[TunnelHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.ports = ports

    def handle_error(self, *args: object) -> None:
        """Keep quiet: a client may close what it has opened."""


@contextmanager
def tunnel_to(
    ports: Mapping[str, int], handler: type[TunnelHandler] = ConnectHandler
) -> Iterator[int]:
    """Run such a proxy until the block ends; give its port."""
    with Tunnel(ports, handler) as tunnel, served_in_thread(tunnel):
        yield int(tunnel.server_address[1])
