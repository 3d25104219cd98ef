"""The image of a generated API, made step by step as its Dockerfile says, and run."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from conftest import Project, answer_sets, generate
from images import Image, Stage
from linters import run
from serving import LONGEST_START, port_of
from uv import find_uv_bin

Generated = Callable[[str], Project]

WITHOUT_PRIVILEGES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
"""Makes root a user like any other; a user of that number could not reach root's Python here."""

PROXY = "203.0.113.7"


class Container:
    """A process of an image, as a container engine would start it with a root that is read-only."""

    def __init__(self, stage: Stage, log: Path, **variables: str) -> None:
        self.stage = stage
        self.log = log
        self.variables = stage.environment() | variables
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command(stage.command, port=0),
                cwd=stage.path("."),
                env=self.variables,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @cached_property
    def port(self) -> int:
        return port_of(self.process, self.log)

    def command(self, words: list[str], port: int) -> list[str]:
        """Return a command of the image, for a port of this machine, 0 for any that is free."""
        assert any(self.stage.port in x for x in words), "it is not the port that is exposed"
        unprivileged = WITHOUT_PRIVILEGES if os.geteuid() == 0 else []
        ours = [
            x.replace(self.stage.port, str(port)).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            for x in words
        ]
        return [*unprivileged, *ours]

    def is_healthy(self) -> bool:
        """Return the result of the image's own health check."""
        command = self.command(self.stage.health, self.port)
        checked = subprocess.run(command, env=self.variables, capture_output=True, check=False)
        return checked.returncode == 0

    def ask(self, **headers: str) -> bytes:
        """Return the response to GET /."""
        request = Request(f"http://127.0.0.1:{self.port}/", headers=headers)
        with urlopen(request) as response:  # noqa: S310
            return bytes(response.read())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Build the image of the default project, and make all of it read-only."""
    scratch = tmp_path_factory.mktemp("image")
    project = generate(scratch / "out")
    locked = project.run(find_uv_bin(), "lock", "--quiet")
    assert locked.returncode == 0, locked.stderr
    built = Image(project.path, scratch).stage
    subprocess.run(["chmod", "-R", "a-w", built.root], check=True)
    yield built
    subprocess.run(["chmod", "-R", "u+w", built.root], check=True)


@pytest.fixture
def started(stage: Stage, tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Give what starts containers, which are stopped after the test."""
    containers: list[Container] = []

    def start(**variables: str) -> Container:
        containers.append(Container(stage, tmp_path / "log", **variables))
        return containers[-1]

    yield start
    for container in containers:
        container.process.terminate()
        container.process.wait()


pytestmark = pytest.mark.xdist_group("image")


@pytest.mark.parametrize("name", answer_sets())
def test_lint(generated: Generated, name: str) -> None:
    """A linter for Dockerfiles finds nothing."""
    assert run("hadolint", generated(name).path / "Dockerfile") == ""


def test_contents(stage: Stage) -> None:
    """The image holds the API and its dependencies: no secret, no source tree, no tool."""
    assert [x.relative_to(stage.root).as_posix() for x in stage.root.glob("*/*")] == ["app/.venv"]
    names = {x.name for x in stage.root.rglob("*")}
    assert {"environments.toml", "openapi.toml", "main.py", "uvicorn"} <= names
    assert not {".env", "uv", "pip", "pytest", "ruff", "pyproject.toml"} & names
    assert any(name.endswith(".pyc") for name in names)


def test_user(stage: Stage) -> None:
    """The API runs as a user by number, so that an orchestrator can see that it is not root."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.user)


def test_serves(started: Callable[..., Container]) -> None:
    """It serves without privileges and from a read-only root, and reports that it is healthy."""
    container = started(APP_ENVIRONMENT="production", APP_CORS__ALLOWED_HOSTS="api.example.com")
    assert container.ask(Host="api.example.com") == b'{"message":"Hello World"}'
    assert container.is_healthy()
    container.process.terminate()
    container.process.wait()
    assert "Finished server process" in container.log.read_text("utf-8")
    assert not container.is_healthy()


def test_environment_is_required(started: Callable[..., Container]) -> None:
    """Without APP_ENVIRONMENT it does not start, and says which names there are."""
    container = started()
    assert container.process.wait(LONGEST_START) == 1
    said = container.log.read_text("utf-8")
    assert "write one of development, staging, production" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("proxies", "client"), [("127.0.0.0/8", PROXY), ("10.0.0.0/8,192.0.2.1", "127.0.0.1")]
)
def test_proxy_headers(started: Callable[..., Container], proxies: str, client: str) -> None:
    """The client's address that a proxy sends is trusted if the proxy is listed."""
    container = started(APP_ENVIRONMENT="production", FORWARDED_ALLOW_IPS=proxies)
    container.ask(**{"X-Forwarded-For": PROXY, "X-Forwarded-Proto": "https"})
    assert re.findall(r'(\S+):\d+ - "GET / HTTP', container.log.read_text("utf-8")) == [client]
