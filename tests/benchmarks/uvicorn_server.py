"""Serve one API on a free port, which is printed; `/used` returns what the process has used.

`request_path.py` runs this with the interpreter of a generated project, on Linux.
"""

import argparse
import logging
import os
import resource
import socket
import sys
import time
from pathlib import Path

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from wirings import ALL


def used() -> dict[str, float]:
    """Return what this process has used: seconds on the processor, and bytes of memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {"seconds": time.process_time(), "bytes": pages * resource.getpagesize()}


def main() -> None:
    """Serve until the process is terminated."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wiring", choices=ALL)
    logging.basicConfig(filename=os.devnull)
    api = ALL[parser.parse_args().wiring]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != "/used":
            await api(scope, receive, send)
            return
        await JSONResponse(used())(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
