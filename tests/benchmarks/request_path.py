"""What the cross-origin policy adds to a request, in process, compared with the usual wiring.

The unit is what a bare FastAPI takes for the same JSON route. Every API runs next to the bare one
in a fresh interpreter, where `asgi_requests.py` sends requests to both in turn. The median of
several interpreters counts; the APIs take turns.

    python tests/benchmarks/request_path.py

Targets: a request at most 1.12, with 100 patterns 1.3, a preflight at most 0.20, whatever the
number of origins; a blocked request at most 3 times an allowed one, also while its line is logged.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from measuring import UV, generate, install, report, run

REQUESTS = Path(__file__).with_name("asgi_requests.py")
APIS = {
    "generated": ("generated", "1"),
    "generated, 100 origins": ("generated", "100"),
    "generated, 10,000 origins": ("generated", "10000"),
    "generated, 100 patterns": ("patterned", "100"),
    "generated, 1,000 origins, all is logged": ("logged", "1000"),
    "CORSMiddleware": ("wired", "1"),
    "CORSMiddleware, 10,000 origins": ("wired", "10000"),
    "CORSMiddleware, 3 BaseHTTPMiddlewares": ("wrapped", "1"),
}
TARGETS = {
    "GET of an untrusted origin": "at most 3",
    "POST of an untrusted origin": "at most 3",
    "preflight": "at most 0.20",
    "preflight that names 64 KiB of headers": "",
}


def main() -> None:
    """Generate, install, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--interpreters", type=int, default=5)
    interpreters = parser.parse_args().interpreters
    ratios: dict[str, list[dict[str, float]]] = {api: [] for api in APIS}
    with tempfile.TemporaryDirectory() as name:
        project = generate(Path(name, "generated"))
        versions = install(project, "--no-dev")
        command = (*UV, "run", "--no-sync", "python", REQUESTS)
        for _ in range(interpreters):
            for api, arguments in APIS.items():
                printed = run(*command, *arguments, cwd=project, APP_ENVIRONMENT="production")
                ratios[api].append(json.loads(printed))
    rows = []
    for request in ratios["generated"][0]:
        medians = [median(each[request] for each in ratios[api]) for api in APIS]
        target = TARGETS.get(request, "at most 1.12")
        rows.append((request, *(f"{ratio:.2f}" for ratio in medians), target))
    report(versions, ("FastAPI", "Starlette"), ("request", *APIS, "target"), rows)


if __name__ == "__main__":
    main()
