"""What the tests share: the command that generates, and projects generated once for them all."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from uv import find_uv_bin

TEMPLATE = Path(__file__).parent.parent

CI = os.environ.get("CI") == "true"
"""Whether the tests decide about a change: nothing may be missing, and nothing is skipped."""

OWN_PYTHON = "{}.{}".format(*sys.version_info)
"""The version of the Python that runs the tests."""


@dataclass(frozen=True)
class AnswerSet:
    """Answers to generate a project from, and the name of its folder."""

    answers: dict[str, str]
    slug: str = "hello-api"


ANSWER_SETS = {
    "defaults": AnswerSet({}),
    "dev-credentials": AnswerSet(
        {
            "project_name": "Hello, World!",
            "environments": "local",
            "origins": "local=http://localhost:5173",
            "cors_preset": "dev",
            "allow_credentials": "yes",
            "ci": "gitlab",
            "kubernetes": "yes",
        },
        slug="hello-world",
    ),
    "strict-credentials-five": AnswerSet(
        {
            "project_name": "An API whose name is as long as a name of an API can be",
            "environments": "dev,test,qa-1,staging,production",
            "origins": (
                "dev=; test=https://test.example.com:8443; qa-1=; staging=https://[2606:4700::1111],"
                "https://xn--mnchen-3ya.example; production=https://a.example.com,https://example.com"
            ),
            "cors_preset": "strict",
            "allow_credentials": "yes",
            "ci": "none",
            "kubernetes": "yes",
        },
        slug="an-api-whose-name-is-as-long-as-a-name-of-an-api-c",
    ),
    "dev-quotes": AnswerSet(
        {
            "project_name": """Zoë's "quoted" `API` \\ <b>""",
            "description": """It's 100 % "odd": {braces} & {{ more }}, $HOME, # and مرحبا 🚀.""",
            "team": "R&D {% team %}",
            "environments": "dev, prod",
            "origins": "dev=http://[::1]:3000; prod=",
            "cors_preset": "dev",
        },
        slug="zoe-s-quoted-api-b",
    ),
}
"""A few that cover every choice, one to five environments, empty groups, odd texts."""


@dataclass(frozen=True)
class Project:
    """A generated project."""

    path: Path

    @property
    def package(self) -> str:
        return self.path.name.replace("-", "_")

    @property
    def source(self) -> Path:
        return self.path / "src" / self.package

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the variables of a machine that has this project's own environment."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
        own |= {"PATH": f"{self.path / '.venv' / 'bin'}{os.pathsep}{own['PATH']}"} | variables
        own.pop("VIRTUAL_ENV", None)
        return own

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, as on a machine of its own."""
        own = self.environment(**variables)
        return subprocess.run(
            command, cwd=self.path, env=own, capture_output=True, text=True, check=False
        )

    def files(self) -> dict[str, bytes]:
        """Return what was generated: the content of each file by its path."""
        return {
            file.relative_to(self.path).as_posix(): file.read_bytes()
            for file in sorted(self.path.rglob("*"))
            if file.is_file()
        }


def run_cookiecutter(
    output: Path, *arguments: str, **answers: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in an empty home, without a terminal to ask in."""
    home = output.parent / f"{output.name}-home"
    home.mkdir(exist_ok=True)
    output.mkdir(exist_ok=True)
    given = [f"{name}={answer}" for name, answer in answers.items()]
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", *arguments, str(TEMPLATE), *given],
        cwd=output,
        env={**os.environ, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def generate(output: Path, **answers: str) -> Project:
    """Generate a project, without questions, from the template as it stands."""
    result = run_cookiecutter(output, "--no-input", **answers)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    [path] = output.iterdir()
    return Project(path)


def git(folder: Path, *arguments: str) -> None:
    """Run git there, as somebody."""
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def commit(folder: Path) -> None:
    """Commit a project as it stands, to a repository of its own."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it stands")


def copy_template(folder: Path, version: str = "") -> None:
    """Copy the template's files as they are here to a folder, under the name of a version."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (TEMPLATE / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TEMPLATE / name, folder / name)
    if version:
        pyproject = folder / "pyproject.toml"
        text = pyproject.read_text("utf-8")
        text = re.sub(r'(?m)^version = ".*"', f'version = "{version}"', text)
        pyproject.write_text(text, encoding="utf-8")


def lack(reason: str) -> NoReturn:
    """Skip a test for what this machine lacks; fail it in CI, which has everything."""
    (pytest.fail if CI else pytest.skip)(reason)


def python(version: str = OWN_PYTHON) -> str:
    """Return an interpreter of a version; in CI, uv installs the version if there is none."""
    if version == OWN_PYTHON:
        return str(Path(sys.base_prefix, "bin", "python3"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if found := sorted(pyenv.glob(f"{version}.*/bin/python")):
        return str(found[-1])
    search = [find_uv_bin(), "python", "find", "--system", version]
    result = subprocess.run(search, capture_output=True, text=True, check=False)
    if result.returncode and not CI:
        pytest.skip(f"there is no Python {version}: install it (`uv python install {version}`)")
    return result.stdout.strip() or version


def install(project: Project, version: str = OWN_PYTHON) -> None:
    """Make the project's environment, by the first command of its README."""
    result = project.run(find_uv_bin(), "sync", "--quiet", "--python", python(version))
    assert result.returncode == 0, result.stderr
    environment = project.path / ".venv"
    first = INSTALLED.setdefault(version, environment)
    if environment != first and first.exists():
        link_bytecode(first, environment)


INSTALLED: dict[str, Path] = {}
"""The first environment of this process by its version of Python."""


def link_bytecode(source: Path, target: Path) -> None:
    """Have an environment share what another one has compiled of the files that both link."""
    for folder in source.glob("lib/python*/site-packages/**/__pycache__"):
        beside = target / folder.relative_to(source)
        if beside.parent.exists() and not beside.exists():
            shutil.copytree(folder, beside, copy_function=os.link)


@pytest.fixture(scope="session", autouse=True)
def folders_of_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep temporary files, which not every program deletes, and caches where pytest does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("tmp")))
        patch.setattr(tempfile, "tempdir", None)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)  # a package is compiled once
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy")))  # most of it is shared
        yield


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Return what generates the project of an answer set: once for all tests of a process."""
    projects: dict[str, Project] = {}

    def project_of(name: str) -> Project:
        if name not in projects:
            output = tmp_path_factory.mktemp(name)
            projects[name] = generate(output, **ANSWER_SETS[name].answers)
        return projects[name]

    return project_of


def copy_of(project: Project, folder: Path) -> Project:
    """Return a copy of a generated project, in a folder."""
    return Project(shutil.copytree(project.path, folder / project.path.name))


@pytest.fixture
def project(generated: Callable[[str], Project], tmp_path: Path) -> Project:
    """Return a project as generated from the defaults, in a folder of its own."""
    return copy_of(generated("defaults"), tmp_path / "out")


@pytest.fixture(scope="session")
def installed(
    generated: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Project]:
    """Return what generates and installs a project of an answer set: once, apart from the above."""
    projects: dict[str, Project] = {}

    def project_of(name: str) -> Project:
        if name not in projects:
            output = tmp_path_factory.mktemp(f"{name}-installed")
            projects[name] = copy_of(generated(name), output)
            install(projects[name])
        return projects[name]

    return project_of


def answer_sets() -> list[object]:
    """Return a parameter for each answer set, all tests of one of them in one process."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ANSWER_SETS]
