"""How many packages are deployed with a generated API.

The unit is the package: what `uv sync --no-dev` installs on this machine.

    python tests/benchmarks/packages.py

Target: at most 26.
"""

import tempfile
from pathlib import Path

from measuring import generate, install, report


def main() -> None:
    """Install, count and print."""
    with tempfile.TemporaryDirectory() as name:
        project = generate(Path(name, "generated"))
        versions = install(project, "--no-dev", "--no-install-project")
    names = ", ".join(sorted(versions, key=str.lower))
    report(
        versions,
        ("FastAPI", "Starlette"),
        ("runtime packages", "number", "target"),
        [(names, str(len(versions)), "at most 26")],
    )


if __name__ == "__main__":
    main()
