"""A generated project as its owners find it: clean, tested, served."""

import itertools
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import TEMPLATE, Project, answer_sets, install, python
from serving import port_of
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


CHECKS = [
    "ruff check",
    "ruff format --check",
    "ruff check --extend-ignore T201,TID252 src/PACKAGE/cors tests/cors",
    "ruff format --check src/PACKAGE/cors tests/cors",
    "mypy",
    "mypy tests",
    "pytest -q",
]
"""With the template's folders too, which a team's own linter and formatter leave alone."""


@pytest.mark.parametrize("name", answer_sets())
@pytest.mark.parametrize("command", CHECKS)
def test_checks(installed: Installed, name: str, command: str) -> None:
    """Linter, formatter, type checker and tests pass on a project exactly as generated."""
    project = installed(name)
    passed(project.run(*command.replace("PACKAGE", project.package).split()))


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_newer_python(project: Project, version: str) -> None:
    """Types and tests pass on newer Pythons too, as do the tests of the template's folders."""
    install(project, version)
    for command in "mypy", "mypy tests", "pytest -q":
        passed(project.run(*command.split()))
    tests = str(TEMPLATE / "tests" / "library")
    options = ["--config-file", "pyproject.toml", "--confcutdir", tests]
    passed(project.run("pytest", "-q", *options, tests))


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


def test_size(generated: Installed) -> None:
    """The machinery that every team keeps without editing it stays small."""
    library = generated("defaults").source / "cors"
    assert sum(len(x.read_text("utf-8").splitlines()) for x in library.rglob("*.py")) <= 3_000


def commands(project: Project, heading: str) -> list[list[str]]:
    """Return the commands below a heading of a project's README, block by block."""
    readme = (project.path / "README.md").read_text("utf-8")
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [block.splitlines() for block in blocks]


def test_pip(project: Project) -> None:
    """Without uv, the README's commands install a project by the pip that its Python brings."""
    *installing, serving, testing = commands(project, "Two commands")[1]
    assert serving == commands(project, "Two commands")[0][0].removeprefix("uv run ")
    path = f"{Path(python()).parent}{os.pathsep}{os.environ['PATH']}"
    passed(project.run("bash", "-ec", "\n".join([*installing, f"{testing} -q"]), PATH=path))


def test_add_a_setting(installed: Installed) -> None:
    """The field that the README adds is set by the variable that it names, and type-checks."""
    project = installed("defaults")
    file = project.source / "settings.py"
    text = file.read_text("utf-8")
    readme = (project.path / "README.md").read_text("utf-8")
    [written] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    class_, *fields = written.splitlines()
    added = [line for line in fields if line and line not in text]
    assert class_ in text.splitlines()
    assert len(added) == 1
    last = next(line for line in reversed(fields) if line in text and line.strip())
    try:
        file.write_text(text.replace(last, f"{last}\n{added[0]}"), encoding="utf-8")
        show = f"from {project.package}.settings import Settings; print(Settings().page_size)"
        assert passed(project.run("python", "-c", show, APP_PAGE_SIZE="7")) == "7\n"
        misspelled = project.run("python", "-c", show, APP_PAGESIZE="7")
        assert "write APP_PAGE_SIZE" in misspelled.stderr
        passed(project.run("mypy"))
        passed(project.run("ruff", "check"))
    finally:
        file.write_text(text, encoding="utf-8")


def test_no_secret_in_a_build(project: Project, tmp_path: Path) -> None:
    """No `.env` file gets into a wheel, an sdist or a commit, wherever it stands."""
    secrets = [project.path / ".env", project.path / ".env.production", project.source / ".env"]
    for file in secrets:
        file.write_text("APP_JWT__SECRET=secret\n", encoding="utf-8")
    passed(project.run(find_uv_bin(), "build", "--quiet", "--out-dir", str(tmp_path / "dist")))
    [sdist], [wheel] = (tmp_path / "dist").glob("*.tar.gz"), (tmp_path / "dist").glob("*.whl")
    with tarfile.open(sdist) as tar, zipfile.ZipFile(wheel) as archive:
        names = [*tar.getnames(), *archive.namelist()]
    assert any(name.endswith("/environments.toml") for name in names)
    assert not [name for name in names if "/.env" in name]
    passed(project.run("git", "init", "--quiet"))
    listed = passed(project.run("git", "ls-files", "--others", "--exclude-standard"))
    assert [name for name in listed.split() if ".env" in name] == [".env.example"]


def test_entrypoint(installed: Installed, tmp_path: Path) -> None:
    """FastAPI's own command finds the app without a hint where it is."""
    project = installed("defaults")
    command = ["run", "--no-sync", "--with", "fastapi-cli", "python", "-m", "fastapi", "run"]
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [find_uv_bin(), *command, "--host", "127.0.0.1", "--port", "0"],
            cwd=project.path,
            env=project.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            port_of(server, log)
        finally:
            server.terminate()
    assert f"Using import string: {project.package}.main:app" in log.read_text("utf-8")


EXPECTED = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]
"""
"""What is not implemented yet says so with 501, and the OpenAPI document says that it does."""


@pytest.mark.parametrize("name", answer_sets())
def test_openapi(installed: Installed, name: str, tmp_path: Path) -> None:
    """Every response is as the OpenAPI document says: schemathesis finds nothing."""
    (tmp_path / "schemathesis.toml").write_text(EXPECTED, encoding="utf-8")
    with served(installed(name)) as url:
        tool = Path(sys.executable).with_name("schemathesis")
        options = ["--max-examples", "25"]
        command: list[str | Path] = [tool, "run", f"{url}/openapi.json", *options]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
