"""Carries out a Dockerfile step by step, without a container engine: each stage in a folder.

A stage's folder stands for its `/`. All stages have it at one path while they are built, so that
what a step writes into a file, such as the path of an interpreter, holds in the stage it is copied
to. The image that a stage begins from is the Python of the tests, in an environment of its own.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from conftest import python
from dockerfile_parse import DockerfileParser
from pathspec import GitIgnoreSpec
from uv import find_uv_bin


@dataclass
class Stage:
    """A stage: its folder, and how a container of it is started."""

    name: str
    root: Path
    variables: dict[str, str]
    folder: str = "/"
    user: str = "root"
    port: str = ""
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def path(self, inside: str) -> Path:
        """Return where a path of the stage is on this machine."""
        return self.root / Path(self.folder, inside).relative_to("/")

    def mapped(self, text: str) -> str:
        """Return a text with paths of this machine for those below /app."""
        return text.replace("/app", f"{self.root}/app")

    def environment(self) -> dict[str, str]:
        """Return the variables of its processes."""
        return {name: self.mapped(value) for name, value in self.variables.items()}


class Image:
    """Builds the image of a project's Dockerfile: `stage` is the last one, which remains."""

    stage: Stage

    def __init__(self, project: Path, scratch: Path) -> None:
        self.project = project
        self.scratch = scratch
        patterns = (project / ".dockerignore").read_text("utf-8").splitlines()
        rooted = [re.sub(r"^(!?)(?=[^#!/])", r"\1/", pattern) for pattern in patterns]
        self.ignored = GitIgnoreSpec.from_lines(rooted)
        self.stages: dict[str, Path] = {}
        for step in DockerfileParser(str(project / "Dockerfile")).structure:
            if step["instruction"] != "COMMENT":
                getattr(self, f"do_{step['instruction'].lower()}")(step["value"])

    def do_from(self, value: str) -> None:
        """Begin a stage; of the one before it only what is copied will be seen."""
        if hasattr(self, "stage"):
            name = self.stage.name
            self.stages[name] = self.stage.root.rename(self.scratch / name)
        _, _, name = value.partition(" AS ")
        folder = self.scratch / f"python-of-{name or 'image'}"
        venv = [find_uv_bin(), "venv", "--quiet", "--seed", "--python", python(), str(folder)]
        subprocess.run(venv, check=True)
        path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
        self.stage = Stage(name, self.scratch / "root", {"PATH": path, "HOME": "/nonexistent"})
        self.stage.root.mkdir()

    def do_env(self, value: str) -> None:
        for assignment in value.split():
            name, _, text = assignment.partition("=")
            self.stage.variables[name] = text.replace("$PATH", self.stage.variables["PATH"])

    def do_workdir(self, value: str) -> None:
        self.stage.folder = value
        self.stage.path(".").mkdir(parents=True)

    def do_copy(self, value: str) -> None:
        *sources, target = value.split()
        root = self.project
        if sources[0].startswith("--from="):
            root = self.stages[sources.pop(0).removeprefix("--from=")]
        for source in sources:
            self.copy(root, source.lstrip("/"), self.stage.path(target))

    def copy(self, root: Path, source: str, target: Path) -> None:
        """Copy a file, or what is in a folder; of the project only what is not ignored."""
        start = root / source
        into = target / start.name if target.is_dir() and start.is_file() else target
        found = [start] if start.is_file() else sorted(start.rglob("*"))
        assert found, f"COPY {source}: there is nothing to copy"
        for file in found:
            context = file.relative_to(root).as_posix()
            if file.is_dir() and not file.is_symlink():
                continue
            if root == self.project and self.ignored.match_file(context):
                assert file != start, f"COPY {source}: .dockerignore keeps it out"
                continue
            copied = into / file.relative_to(start) if file != start else into
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copied, follow_symlinks=False)

    def do_run(self, value: str) -> None:
        home = {"HOME": os.environ["HOME"]}  # where uv and pip have their caches
        subprocess.run(
            ["sh", "-c", self.stage.mapped(value)],
            cwd=self.stage.path("."),
            env=self.stage.environment() | home,
            check=True,
        )

    def do_user(self, value: str) -> None:
        self.stage.user = value

    def do_expose(self, value: str) -> None:
        self.stage.port = value

    def do_healthcheck(self, value: str) -> None:
        self.stage.health = json.loads(value.removeprefix("CMD "))

    def do_cmd(self, value: str) -> None:
        self.stage.command = json.loads(value)
