"""A generated project as its owners find it: clean, tested, served."""

import itertools
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import Project, answer_sets, generate, python
from uv import find_uv_bin

Installed = Callable[[str], Project]


def passed(result: subprocess.CompletedProcess[str]) -> str:
    """Return what a command printed, which must have succeeded."""
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@contextmanager
def served(project: Project) -> Iterator[str]:
    """Serve a project as its README says, on a free port; give the URL of its root."""
    with subprocess.Popen(
        [project.path / ".venv/bin/uvicorn", f"{project.package}.main:app", "--port", "0"],
        cwd=project.path,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        try:
            [running] = itertools.islice((x for x in server.stderr if "running on" in x), 1)
            yield re.findall(r"http://\S+", running)[0]
        finally:
            server.terminate()


def fetch(url: str, origin: str, *, data: bytes | None = None) -> tuple[int, list[str]]:
    """Return the status of an answer, and what it says to which origin may read it."""
    request = Request(url, data, {"Origin": origin})  # noqa: S310
    try:
        with urlopen(request) as response:  # noqa: S310
            headers = response.headers
            status = response.status
    except HTTPError as error:
        headers, status = error.headers, error.code
    return status, headers.get_all("Access-Control-Allow-Origin", [])


@pytest.mark.parametrize("name", answer_sets())
@pytest.mark.parametrize("command", ["ruff check", "ruff format --check", "mypy", "pytest -q"])
def test_checks(installed: Installed, name: str, command: str) -> None:
    """Linter, formatter, type checker and tests pass on a project exactly as generated."""
    passed(installed(name).run(*command.split()))


@pytest.mark.parametrize("name", answer_sets())
def test_serves(installed: Installed, name: str) -> None:
    """Served as the README says, it grants its trusted origins, and stops writes of another."""
    project = installed(name)
    tables = tomllib.loads((project.source / "environments.toml").read_text("utf-8"))
    first = next(iter(tables.values()))
    with served(project) as url:
        for origin in first["allow_origins"]:
            assert fetch(url, origin) == (200, [origin])
        assert fetch(url, "https://evil.example") == (200, [])
        assert fetch(f"{url}/auth/token", "https://evil.example", data=b"") == (403, [])
        with urlopen(url) as response:  # noqa: S310
            assert json.load(response) == {"message": "Hello World"}


@pytest.mark.parametrize("name", answer_sets())
def test_runtime_packages(installed: Installed, name: str) -> None:
    """A deployed project installs few packages: at most 26 beside itself."""
    exported = installed(name).run(
        find_uv_bin(), "export", "--no-dev", "--no-emit-project", "--no-hashes", "--no-annotate"
    )
    assert 4 < len(re.findall(r"^\S+==", passed(exported), re.MULTILINE)) <= 26


def test_pip(tmp_path: Path) -> None:
    """Without uv, the README's commands for pip install a project that serves and passes."""
    project = generate(tmp_path / "out")
    passed(project.run(python("3.11"), "-m", "venv", ".venv"))
    passed(project.run("pip", "install", "--quiet", "pip>=25.1"))
    passed(project.run("pip", "install", "--quiet", "--editable", ".", "--group", "dev"))
    passed(project.run("pytest", "-q"))
