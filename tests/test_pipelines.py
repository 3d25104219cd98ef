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
from typing import Any

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
    """The pipeline runs on the Python of the image."""
    path = generated(name).path
    [version] = set(re.findall(r"^FROM python:([\d.]+)", read(path / "Dockerfile"), re.MULTILINE))
    if name == GITHUB:
        workflow = yaml.safe_load(read(path / ".github/workflows/ci.yml"))
        assert workflow["env"]["UV_PYTHON"] == version
    else:
        jobs = yaml.safe_load(read(path / ".gitlab-ci.yml"))
        images = {job["image"] for job in jobs.values() if "image" in job}
        assert images == {f"python:{version}-slim", f"python:{version}"}


# --- Run ----------------------------------------------------------------------------------------


def pipeline(project: Project) -> dict[str, Any]:
    """Return a project's pipeline as it is written."""
    github, gitlab = project.path / ".github/workflows/ci.yml", project.path / ".gitlab-ci.yml"
    read: dict[str, Any] = yaml.safe_load(
        (github if github.exists() else gitlab).read_text("utf-8")
    )
    return read


def commands(project: Project) -> dict[str, list[str]]:
    """Return the commands of each job of a project's pipeline, in their order."""
    read = pipeline(project)
    if "jobs" in read:
        return {
            name: [step["run"] for step in job["steps"] if "run" in step]
            for name, job in read["jobs"].items()
        }
    before = read["default"]["before_script"]
    return {name: [*before, *job["script"]] for name, job in read.items() if "script" in job}


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

    def answer(self, reported: object) -> None:
        text = json.dumps(reported).encode()
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


class Machine:
    """A machine that runs a pipeline: it has pip and uv, and nothing is installed."""

    def __init__(self, folder: Path) -> None:
        venv = ["venv", "--quiet", "--seed", "--python", python(), str(folder)]
        subprocess.run([find_uv_bin(), *venv], check=True)
        (folder / "bin" / "uv").symlink_to(find_uv_bin())
        path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
        self.variables = {"VIRTUAL_ENV": "", "PATH": path}

    def run(
        self, project: Project, command: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        own = self.variables | variables
        return project.run("bash", "-euo", "pipefail", "-c", command, **own)


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
    machine = Machine(tmp_path / "machine")
    jobs = commands(project)
    del jobs["policy"]  # needs a change: see below

    def run(command: str, database: str) -> subprocess.CompletedProcess[str]:
        if command.startswith("uv audit "):
            command = f"{command} --service-url {database}"
        return machine.run(project, command)

    with vulnerabilities() as nothing, vulnerabilities("starlette") as something:
        for command in dict.fromkeys(x for job in jobs.values() for x in job):
            result = run(command, nothing)
            assert result.returncode == 0, (command, result.stdout, result.stderr)
        assert run(jobs["audit"][-1], something).returncode != 0


# --- A change of the policy ---------------------------------------------------------------------

SHOP = "https://shop.example.com"


@pytest.fixture
def requested(clone: Callable[[str], Project], tmp_path: Path) -> Callable[[str], Project]:
    """Return what adds two branches to a project: `change`, and `merged` with what main has since.

    The change trusts another origin; since it began, main has another lifetime of preflights.
    """

    def with_change(name: str) -> Project:
        project = Project(tmp_path / "origin" / clone(name).path.name)
        shutil.copytree(clone(name).path, project.path)
        file = project.source / "environments.toml"
        text = read(file)
        git(project, "checkout", "--quiet", "-b", "change")
        file.write_text(re.sub(r"allow_origins = \[", rf'\g<0>"{SHOP}", ', text), encoding="utf-8")
        git(project, "commit", "--quiet", "--all", "--message", "Trust the shop")
        git(project, "checkout", "--quiet", "main")
        file.write_text(f"max_age = 60\n{text}", encoding="utf-8")
        git(project, "commit", "--quiet", "--all", "--message", "Shorten")
        git(project, "checkout", "--quiet", "-b", "merged")
        git(project, "merge", "--quiet", "--message", "Merge", "change")
        return project

    return with_change


def checked_out(project: Project, branch: str, depth: int, folder: Path) -> Project:
    """Return a clone of a branch as a pipeline makes it, of so many commits, or of all."""
    path = folder / "clone" / project.path.name
    options = ["--depth", str(depth)] if depth else []
    url = project.path.as_uri()
    git(project, "clone", "--quiet", "--branch", branch, *options, url, str(path))
    return Project(path)


def revision(project: Project, name: str) -> str:
    return project.run("git", "rev-parse", name).stdout.strip()


@pytest.mark.xdist_group(GITHUB)
def test_github_summary(requested: Callable[[str], Project], tmp_path: Path) -> None:
    """The summary of a pull request says what it changes, and not what its base has changed."""
    origin = requested(GITHUB)
    [checkout] = (
        step["with"]
        for step in pipeline(origin)["jobs"]["policy"]["steps"]
        if step.get("uses", "").startswith("actions/checkout@")
    )
    project = checked_out(origin, "merged", checkout["fetch-depth"], tmp_path)
    machine = Machine(tmp_path / "machine")
    *before, compare = commands(project)["policy"]
    summary = tmp_path / "summary.md"

    def run(command: str) -> subprocess.CompletedProcess[str]:
        summary.write_text("", encoding="utf-8")
        return machine.run(project, command, GITHUB_STEP_SUMMARY=str(summary))

    assert [run(command).returncode for command in before] == [0]
    assert run(compare).returncode == 0
    assert f"**production** allow_origins: + `{SHOP}`" in read(summary)
    assert "max_age" not in read(summary)
    file = project.source / "environments.toml"
    git(project, "checkout", "--quiet", "HEAD^1", "--", str(file))
    assert run(compare).returncode == 0
    assert "Nothing changes in effect." in read(summary)
    file.write_text(read(file).replace("max_age = 60", "max_age = -1"), encoding="utf-8")
    result = run(compare)
    assert result.returncode != 0
    assert "[max-age]" in result.stderr


@pytest.mark.xdist_group(GITLAB)
def test_gitlab_report(requested: Callable[[str], Project], tmp_path: Path) -> None:
    """The report that a merge request links says what it changes, with its target merged or not."""
    origin = requested(GITLAB)
    job = pipeline(origin)["policy"]
    assert job["rules"] == [
        {
            "if": '$CI_PIPELINE_SOURCE == "merge_request_event"',
            "changes": [f"src/{origin.package}/environments.toml"],
        }
    ]
    [report] = job["artifacts"]["paths"]
    depth = int(job["variables"]["GIT_DEPTH"])
    project = checked_out(origin, "change", depth, tmp_path)
    machine = Machine(tmp_path / "machine")
    *before, compare = commands(project)["policy"]
    base, change = revision(project, "HEAD^"), revision(project, "HEAD")

    def run(command: str, source: str) -> subprocess.CompletedProcess[str]:
        (project.path / report).unlink(missing_ok=True)
        shas = {"DIFF_BASE": base, "SOURCE_BRANCH": source}
        variables = {f"CI_MERGE_REQUEST_{x}_SHA": y for x, y in shas.items()}
        return machine.run(project, command, **variables)

    assert [run(command, "").returncode for command in before] == [0] * len(before)
    for branch, source in ("change", ""), ("merged", change):
        git(project, "checkout", "--quiet", branch)
        assert run(compare, source).returncode == 0
        text = read(project.path / report)
        assert f"**local** allow_origins: + `{SHOP}`" in text
        assert "max_age" not in text
    result = run(compare, "0" * 40)
    assert result.returncode != 0
    assert "[unreadable-revision]" in result.stderr


# --- Before a commit ----------------------------------------------------------------------------


@pytest.mark.xdist_group(GITHUB)
def test_pre_commit(clone: Callable[[str], Project], tmp_path: Path) -> None:
    """Before a commit everything passes as generated, and an unsafe policy is rejected."""
    project = clone(GITHUB)

    def pre_commit() -> subprocess.CompletedProcess[str]:
        path = f"{Path(find_uv_bin()).parent}:{os.environ['PATH']}"
        home = {"PRE_COMMIT_HOME": str(tmp_path), "UV_PYTHON": python(), "PATH": path}
        tool = str(Path(find_uv_bin()).with_name("pre-commit"))
        return project.run(tool, "run", "--all-files", **home)

    result = pre_commit()
    assert result.returncode == 0, result.stdout
    file = project.source / "environments.toml"
    unsafe = file.read_text("utf-8").replace("https://app.example.com", "https://*.vercel.app")
    file.write_text(unsafe, encoding="utf-8")
    result = pre_commit()
    assert result.returncode == 1
    assert "[public-suffix]" in result.stdout
