"""A generated project as its owners find it: clean, tested, served, ready for its JWT chapter."""

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
from conftest import Project, answer_sets, generate, install, python
from uv import find_uv_bin

Installed = Callable[[str], Project]

PYJWT_VERIFIER = '''"""Tells valid tokens from others: HMAC with SHA-256, by PyJWT."""

import jwt

from .auth import InvalidToken
from .settings import JWTSettings


class PyJWTVerifier:
    def __init__(self, settings: JWTSettings) -> None:
        self.key = settings.key

    def verify(self, token: str) -> str:
        try:
            claims = jwt.decode(
                token, self.key, algorithms=["HS256"], options={"require": ["exp", "sub"]}
            )
        except jwt.InvalidTokenError as error:
            raise InvalidToken from error
        return str(claims["sub"])
'''


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


def test_jwt_chapter(tmp_path: Path) -> None:
    """The chapter's tests are skipped by its name, and run unedited once a verifier is wired in."""
    project = generate(tmp_path / "out")
    install(project, "3.11")
    before = passed(project.run("pytest", "-q", "-rs"))
    assert "JWT authentication chapter" in before

    passed(project.run(find_uv_bin(), "add", "--quiet", "pyjwt"))
    (project.source / "pyjwt_verifier.py").write_text(PYJWT_VERIFIER, encoding="utf-8")
    auth = project.source / "auth.py"
    stub = auth.read_text("utf-8")
    wired = stub.replace("    return None\n", "    return PyJWTVerifier(settings)\n").replace(
        "TokenVerifier | None:  # noqa: ARG001\n",
        "TokenVerifier | None:\n    from .pyjwt_verifier import PyJWTVerifier\n\n",
    )
    assert wired.count("PyJWTVerifier") == 2
    auth.write_text(wired, encoding="utf-8")
    after = passed(project.run("pytest", "-q", "-rs"))
    [skipped, skipped_after] = (
        int(re.findall(r"(\d+) skipped", x)[0]) if " skipped" in x else 0 for x in (before, after)
    )
    assert skipped_after < skipped

    (project.path / ".env").write_text("APP_ENVIRONMENT=development\n", encoding="utf-8")
    keyless = project.run("python", "-c", f"import {project.package}.main")
    assert keyless.returncode == 1
    assert "APP_JWT__SECRET: null" in keyless.stderr
    assert "Traceback" not in keyless.stderr
