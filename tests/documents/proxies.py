"""Debian's nginx with the configuration that a page shows, in front of the page's `app`."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from serving import program

LONGEST_START = 10
"""Seconds that it may take to start."""

AROUND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ text/html html; }}
{text}
}}
"""
"""What stands around a site's configuration: all that it writes is in one folder."""


def require() -> str:
    """Return where nginx is: Debian puts it where only root's PATH leads."""
    return program("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def nginx(text: str, places: Mapping[str, str], port: int, folder: Path) -> Iterator[None]:
    """Run nginx with a site's configuration, in which `places` stand for those of a real machine.

    Raises ValueError with what nginx says, if it does not take the configuration.
    """
    for real, here in places.items():
        text = text.replace(real, here)
    file, log = folder / "nginx.conf", folder / "nginx.log"
    file.write_text(AROUND.format(folder=folder, text=text), encoding="utf-8")
    command = [str(x) for x in (require(), "-p", folder, "-c", file, "-e", log)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(process, port, log)
            yield
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise ValueError(log.read_text("utf-8"))
