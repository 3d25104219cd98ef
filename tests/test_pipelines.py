"""The pipeline of a generated project: checked by its own linters, and run command by command."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from conftest import Project, python
from linters import schema, zizmor
from serving import served_in_thread
from uv import find_uv_bin

Generated = Callable[[str], Project]
Installed = Callable[[str], Project]

GITHUB, GITLAB, NEITHER = "defaults", "dev-credentials", "strict-credentials-five"
"""An answer set for each answer to where the pipeline runs."""

SCHEMAS = {
    ".github/workflows/ci.yml": "vendor.github-workflows",
    ".github/dependabot.yml": "vendor.dependabot",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "renovate.json": "vendor.renovate",
}
FILES = {
    GITHUB: {".github/dependabot.yml", ".github/workflows/ci.yml"},
    GITLAB: {".gitlab-ci.yml", "renovate.json"},
    NEITHER: set[str](),
}


def read(file: Path) -> str:
    return file.read_text("utf-8")


@pytest.mark.parametrize("name", FILES)
def test_files(generated: Generated, name: str) -> None:
    """A project has the files of the place where its pipeline runs, and no folder of another."""
    path = generated(name).path
    assert {x for files in FILES.values() for x in files if (path / x).exists()} == FILES[name]
    assert (path / ".github").exists() is (name == GITHUB)


@pytest.mark.parametrize("name", [GITHUB, GITLAB])
def test_schemas(generated: Generated, name: str) -> None:
    """Each file is as its schema says."""
    for file in FILES[name] & set(SCHEMAS):
        schema(SCHEMAS[file], generated(name).path / file)


def test_github_is_hardened(generated: Generated) -> None:
    """zizmor, at its most pedantic, finds nothing in the workflow and in Dependabot's file."""
    zizmor(generated(GITHUB).path / ".github")


@pytest.mark.parametrize("name", FILES)
def test_owners(generated: Generated, name: str) -> None:
    """Security reviews environments.toml, the template's folders, and the file that says so."""
    project = generated(name)
    text = read(project.path / "CODEOWNERS")
    owned = dict(x.split() for x in text.splitlines() if not x.startswith("#"))
    source = f"/src/{project.package}"
    templates = {f"{source}/cors/", "/tests/cors/"}
    assert set(owned) == {f"{source}/environments.toml", "/CODEOWNERS", *templates}
    for path, owner in owned.items():
        assert (project.path / path.lstrip("/")).is_dir() is (path in templates)
        assert (project.path / path.lstrip("/")).exists()
        assert owner == "@ORGANIZATION/security"


@pytest.mark.parametrize("name", [GITHUB, GITLAB])
def test_same_python(generated: Generated, name: str) -> None:
    """The pipeline tests on the Python of the image."""
    path = generated(name).path
    [version] = set(re.findall(r"^FROM python:([\d.]+)", read(path / "Dockerfile"), re.MULTILINE))
    if name == GITHUB:
        workflow = yaml.safe_load(read(path / ".github/workflows/ci.yml"))
        assert workflow["env"]["UV_PYTHON"] == version
    else:
        pipeline = yaml.safe_load(read(path / ".gitlab-ci.yml"))
        assert pipeline["default"]["image"] == f"python:{version}-slim"


# --- Run ----------------------------------------------------------------------------------------


def commands(project: Project) -> list[str]:
    """Return the commands of a project's pipeline, in their order."""
    workflow, gitlab = project.path / ".github/workflows/ci.yml", project.path / ".gitlab-ci.yml"
    if workflow.exists():
        jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
        return [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    pipeline = yaml.safe_load(gitlab.read_text("utf-8"))
    jobs = [job for job in pipeline.values() if "script" in job]
    return [*pipeline["default"]["before_script"], *(x for job in jobs for x in job["script"])]


class Vulnerabilities(BaseHTTPRequestHandler):
    """Answers as the database of vulnerabilities does: one package, if any, has one."""

    vulnerable = ""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        queries = json.loads(self.rfile.read(length))["queries"]
        found = {"vulns": [{"id": "PYSEC-0", "modified": "2026-01-01T00:00:00Z"}]}
        self.answer(
            {"results": [found if x["package"]["name"] == self.vulnerable else {} for x in queries]}
        )

    def do_GET(self) -> None:
        self.answer({"id": "PYSEC-0", "modified": "2026-01-01T00:00:00Z", "summary": "Bad"})

    def answer(self, told: object) -> None:
        text = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def vulnerabilities(vulnerable: str = "") -> Iterator[str]:
    """Serve a database in which one package is vulnerable, or none; give its URL."""
    handler = type("Handler", (Vulnerabilities,), {"vulnerable": vulnerable})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with server, served_in_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def clone(
    installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Project]:
    """Return what clones the project of an answer set, as a pipeline gets it: without `.env`."""

    def cloned(name: str) -> Project:
        project = installed(name)
        folder = tmp_path_factory.mktemp("clone") / project.path.name
        git(project, "init", "--quiet", "--initial-branch", "main")
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", "Begin")
        git(project, "clone", "--quiet", ".", str(folder))
        shutil.rmtree(project.path / ".git")
        return Project(folder)

    return cloned


def git(project: Project, *words: str) -> None:
    user = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *user, *words], cwd=project.path, check=True)


@pytest.mark.parametrize(
    "name", [pytest.param(x, marks=pytest.mark.xdist_group(x)) for x in (GITHUB, GITLAB)]
)
def test_commands(clone: Callable[[str], Project], name: str, tmp_path: Path) -> None:
    """Every command of the pipeline passes on a fresh clone, and the audit fails when it should."""
    project = clone(name)
    machine = tmp_path / "machine"
    venv = ["venv", "--quiet", "--seed", "--python", python(), str(machine)]
    subprocess.run([find_uv_bin(), *venv], check=True)
    (machine / "bin" / "uv").symlink_to(find_uv_bin())

    def run(command: str, database: str) -> subprocess.CompletedProcess[str]:
        if command.startswith("uv audit "):
            command = f"{command} --service-url {database}"
        environment = {"VIRTUAL_ENV": "", "PATH": f"{machine}/bin{os.pathsep}{os.environ['PATH']}"}
        return project.run("bash", "-euo", "pipefail", "-c", command, **environment)

    with vulnerabilities() as nothing, vulnerabilities("starlette") as something:
        for command in commands(project):
            result = run(command, nothing)
            assert result.returncode == 0, (command, result.stdout, result.stderr)
        [audit] = (x for x in commands(project) if x.startswith("uv audit "))
        assert run(audit, something).returncode != 0


@pytest.mark.xdist_group(GITHUB)
def test_pre_commit(clone: Callable[[str], Project], tmp_path: Path) -> None:
    """Before a commit everything passes as generated, and an unsafe policy is refused."""
    project = clone(GITHUB)

    def pre_commit() -> subprocess.CompletedProcess[str]:
        path = f"{Path(find_uv_bin()).parent}:{os.environ['PATH']}"
        home = {"PRE_COMMIT_HOME": str(tmp_path), "UV_PYTHON": python(), "PATH": path}
        tool = str(Path(find_uv_bin()).with_name("pre-commit"))
        return project.run(tool, "run", "--all-files", **home)

    result = pre_commit()
    assert result.returncode == 0, result.stdout
    file = project.source / "environments.toml"
    unsafe = file.read_text("utf-8").replace("https://app.example.com", "https://*.example.com")
    file.write_text(unsafe, encoding="utf-8")
    result = pre_commit()
    assert result.returncode == 1
    assert "has a wildcard, which would match nothing" in result.stdout
