"""What the cross-origin policy costs, beside the usual ways to wire one.

The unit is what a bare FastAPI takes, on the processor, for the same request. The APIs take turns
in one run, and several processes are compared.

    python tests/benchmarks/request_path.py allowed
    python tests/benchmarks/request_path.py untrusted
    python tests/benchmarks/request_path.py socket
    python tests/benchmarks/request_path.py start

Targets, for the generated project: an allowed request at most 1.12, with 100 patterns 1.3, a
preflight at most 0.20, whatever the number of origins; a blocked request at most 3, also while its
line is logged.
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from asgi_requests import QUESTIONS
from measuring import UV, generate, install, installed, report, run
from turns import Turns, take_turns
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from wirings import (
    ALL,
    ALLOWED,
    BARE,
    CORS_ORIGINS,
    LOGGED,
    UNTRUSTED,
    UNTRUSTED_REQUESTS,
    WITH_ONE_ORIGIN,
    Sent,
)

HERE = Path(__file__).parent
PACKAGES = ("asgi-cross-origin-protection", "secure", "Secweb", "starlette-csrf")
ROUNDS = {"allowed": 60, "untrusted": 60, "socket": 10, "start": 1}
OVER_A_SOCKET = {
    "GET": ALLOWED["GET"],
    "preflight": ALLOWED["preflight"],
    "WebSocket": ALLOWED["WebSocket"],
    "POST of an untrusted origin": UNTRUSTED_REQUESTS["POST"],
    "WebSocket of an untrusted origin": UNTRUSTED_REQUESTS["WebSocket"],
}


@contextmanager
def project() -> Iterator[Path]:
    """Make a project with an environment that holds the other packages too."""
    with tempfile.TemporaryDirectory() as name:
        folder = generate(Path(name, "generated"))
        install(folder, "--no-dev")
        run(*UV, "pip", "install", *PACKAGES, cwd=folder)
        yield folder


def in_process(question: str, folder: Path, rounds: int) -> Turns:
    """Measure in one process, without a server."""
    python = folder / ".venv" / "bin" / "python"
    printed = run(python, HERE / "asgi_requests.py", question, str(rounds), cwd=folder)
    result: Turns = json.loads(printed)
    return result


@contextmanager
def served(folder: Path, wiring: str) -> Iterator[int]:
    """Serve an API; the port is free."""
    command = (folder / ".venv" / "bin" / "python", HERE / "uvicorn_server.py", wiring)
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def used(port: int) -> dict[str, float]:
    """Return what a server has used since it was started: seconds on the processor, and bytes."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/used")
    answer: dict[str, float] = json.load(connection.getresponse())
    connection.close()
    return answer


def send(port: int, sent: Sent, count: int) -> str:
    """Send a request so many times, one after the other, and return what becomes of the last."""
    status = 0
    if sent.method == "WEBSOCKET":
        url = f"ws://127.0.0.1:{port}/measured"
        for _ in range(count):
            try:
                with connect(url, additional_headers=sent.headers, proxy=None) as websocket:
                    list(websocket)
                status = 200
            except InvalidStatus as error:
                status = error.response.status_code
    else:
        connection = HTTPConnection("127.0.0.1", port)
        for _ in range(count):
            connection.request(sent.method, "/measured", headers=dict(sent.headers))
            response = connection.getresponse()
            response.read()
            status = response.status
        connection.close()
    return "allowed" if status == 200 else "fails" if status == 500 else "blocked"


def seconds_of(port: int, sent: Sent) -> float:
    """Return what a request takes the server."""
    count = 10 if sent.method == "WEBSOCKET" else 50
    before = used(port)["seconds"]
    send(port, sent, count)
    return (used(port)["seconds"] - before) / count


def over_a_socket(folder: Path, rounds: int) -> Turns:
    """Start all servers, and measure in turn what requests take them."""
    with ExitStack() as stack:
        ports = {name: stack.enter_context(served(folder, name)) for name in WITH_ONE_ORIGIN}
        return take_turns(
            rounds,
            ports,
            OVER_A_SOCKET,
            outcome=lambda name, sent: send(ports[name], sent, 10),
            seconds=lambda name, sent: seconds_of(ports[name], sent),
        )


def median_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the median, and how far, as a share of it, the others are from it at most."""
    middle = median(values)
    return middle, max(abs(x - middle) for x in values) / middle


def requests_table(
    runs: Sequence[Turns], requests: Mapping[str, Sent]
) -> tuple[list[list[str]], list[float]]:
    """Return the rows of a table of requests, and how much each of its ratios varies."""
    units = [median(run["seconds"][request] for run in runs) for request in requests]
    rows = [[BARE, *(f"1.00 ({1e6 * unit:.0f}\N{NO-BREAK SPACE}µs)" for unit in units)]]
    spreads = []
    for name, outcomes in runs[0]["outcomes"].items():
        row = [name]
        for request, sent in requests.items():
            if outcomes[request] == "fails":
                row.append("fails")
                continue
            ratio, spread = median_and_spread([run["ratios"][name][request] for run in runs])
            spreads.append(spread)
            is_untrusted = sent.headers.get("origin") == UNTRUSTED and sent.method != "GET"
            note = ", not blocked" if is_untrusted and outcomes[request] == "allowed" else ""
            row.append(f"{ratio:.2f}{note}")
        rows.append(row)
    return rows, spreads


def start_table(folder: Path, rounds: int) -> tuple[list[list[str]], list[float]]:
    """Start all servers in turn; return what each has used at its first response."""
    names = [name for name in ALL if name not in (LOGGED, CORS_ORIGINS)]
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds + 1):  # the first one compiles the modules
        for name in names:
            with served(folder, name) as port:
                figures[name].append(used(port))
    rows, spreads = [], []
    for name in names:
        pairs = [*zip(figures[name], figures[BARE], strict=True)][1:]
        ratio, spread = median_and_spread([own["seconds"] / unit["seconds"] for own, unit in pairs])
        spreads.append(spread)
        seconds, size = (median(own[kind] for own, _ in pairs) for kind in ("seconds", "bytes"))
        rows.append([name, f"{seconds:.2f}", f"{ratio:.2f}", f"{size / 2**20:.0f}"])
    return rows, spreads


def main() -> None:
    """Generate, install, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("question", choices=ROUNDS)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--rounds", type=int, help="in each process")
    arguments = parser.parse_args()
    rounds = arguments.rounds or ROUNDS[arguments.question]
    with project() as folder:
        versions = installed(folder)
        if arguments.question == "start":
            header = ["wiring", "seconds", "ratio", "MiB"]
            rows, spreads = start_table(folder, arguments.processes)
        else:
            if arguments.question == "socket":
                requests, measure = OVER_A_SOCKET, over_a_socket
            else:
                requests = QUESTIONS[arguments.question][1]
                measure = partial(in_process, arguments.question)
            header = ["wiring", *requests]
            runs = [measure(folder, rounds) for _ in range(arguments.processes)]
            rows, spreads = requests_table(runs, requests)
    spread = (
        f"medians of {arguments.processes} processes "
        f"(all within {max(spreads):.0%}, half within {median(spreads):.0%})"
    )
    report(versions, ("FastAPI", "Starlette", "uvicorn", *PACKAGES), header, rows, spread)


if __name__ == "__main__":
    main()
