"""Prints what a generated project reports of the causes in `problems.json`, as JSON by their names.

Run with the project's own Python; the file is its argument.
"""

import contextlib
import html
import io
import json
import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastapi.testclient import TestClient
from hello_api.cors import ConfigurationError, load_policy
from hello_api.cors.__main__ import main
from hello_api.main import create_app
from hello_api.settings import Settings


def start(cause: dict[str, Any]) -> None:
    """Start with a text of `environments.toml` or of `.env`, or with variables."""
    with tempfile.TemporaryDirectory() as folder:
        if "environments" in cause:
            file = Path(folder, "environments.toml")
            file.write_text("\n".join(cause["environments"]), encoding="utf-8")
            load_policy("production", {}, file)
        if "dotenv" in cause:
            file = Path(folder, ".env")
            file.write_text("\n".join(cause["dotenv"]), encoding="utf-8")
            Settings(_env_file=file)
    before = dict(os.environ)
    os.environ.update(cause["variables"])
    try:
        Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def reported(cause: dict[str, Any]) -> list[str]:
    """Return every line that is reported."""
    command = cause.get("command", "")
    if command.startswith("GET "):
        app = create_app(Settings(environment="development"))
        page = TestClient(app, "http://localhost:8000").get(command.removeprefix("GET ")).text
        return html.unescape(page).replace("<p>", "\n").replace("</p>", "\n").splitlines()
    if command:
        variables = patch.dict(os.environ, cause.get("variables", {}))
        with variables, contextlib.redirect_stderr(io.StringIO()) as errors:
            assert main(shlex.split(command)[3:]) == 2
        return errors.getvalue().splitlines()
    try:
        start(cause)
    except ConfigurationError as error:
        return [str(problem) for problem in error.problems]
    return []


if __name__ == "__main__":
    causes = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    json.dump({name: reported(cause) for name, cause in causes.items()}, sys.stdout)
