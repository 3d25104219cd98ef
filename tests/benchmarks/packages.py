"""How many packages a generated API is deployed with, itself left out.

The unit is the package: what `uv sync --no-dev` installs on this machine.

    python tests/benchmarks/packages.py

Target: at most 26.
"""

import sys
import tempfile
from pathlib import Path

from measuring import UV, generate, installed, report, run


def main() -> None:
    """Install, count and print."""
    with tempfile.TemporaryDirectory() as name:
        project = generate(Path(name, "generated"))
        run(*UV, "venv", "--python", sys.executable, cwd=project)
        run(*UV, "sync", "--no-dev", "--no-install-project", cwd=project)
        versions = installed(project / ".venv")
    report(
        {name: versions[name] for name in ("fastapi", "starlette")},
        ("runtime packages", "number", "target"),
        [(", ".join(sorted(versions)), f"**{len(versions)}**", "at most 26")],
    )


if __name__ == "__main__":
    main()
