"""The template's own workflows: no more rights than they need, and nothing that can be swapped."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TEMPLATE
from linters import schema, zizmor

GITHUB = TEMPLATE / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
GENERATED = sorted(TEMPLATE.glob("*/.github/workflows/*"))
"""Workflows of generated projects, which Dependabot does not see here."""

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", [".github", ".pre-commit-config.yaml"])
def test_findings(path: str) -> None:
    """Nobody finds a weakness in them who looks for all that are known."""
    zizmor(TEMPLATE / path)


@pytest.mark.parametrize("name", ["github-workflows", "dependabot"])
def test_schema(name: str) -> None:
    """The workflows, and Dependabot's file, are what GitHub reads."""
    for path in WORKFLOWS if name == "github-workflows" else [GITHUB / "dependabot.yml"]:
        schema(f"vendor.{name}", path)


@each_workflow
def test_timeouts(path: Path) -> None:
    """Every job ends within a time that it states."""
    schema("custom.github-workflows-require-timeout", path)


def test_weakness_is_found(tmp_path: Path) -> None:
    """The linters whose silence is tested here do find what is wrong."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    weak = folder / "weak.yml"
    weak.write_text("on: push\njobs: {a: {steps: [{uses: actions/checkout@v7}]}}\n", "utf-8")
    with pytest.raises(AssertionError, match="'runs-on' is a required property"):
        schema("vendor.github-workflows", weak)
    weak.write_text(
        "on: push\njobs: {a: {runs-on: x, steps: [{uses: actions/checkout@v7}]}}\n", "utf-8"
    )
    with pytest.raises(AssertionError, match="unpinned-uses"):
        zizmor(tmp_path)
    with pytest.raises(AssertionError, match="timeout-minutes"):
        schema("custom.github-workflows-require-timeout", weak)


def test_one_version() -> None:
    """An action is pinned by one hash, here and in generated projects, its version beside it."""
    texts = [workflow.read_text("utf-8") for workflow in (*WORKFLOWS, *GENERATED)]
    uses = [used for text in texts for used in re.findall(r"uses: (\S+)@(.*)", text)]
    assert len(uses) > len(WORKFLOWS) + len(GENERATED)
    for action, pin in uses:
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), (action, pin)
    assert len({*uses}) == len({action for action, _ in uses})


def test_one_image() -> None:
    """The tests run in one image wherever they run, and no other can be put in its place."""
    texts = [workflow.read_text("utf-8") for workflow in WORKFLOWS]
    images = {image for text in texts for image in re.findall(r"image: (\S+)", text)}
    assert len(images) == 1
    assert re.search("@sha256:[0-9a-f]{64}$", images.pop())


def test_commands() -> None:
    """The tests run by the README's command, and what is generated is checked by the project's."""
    jobs = parsed(GITHUB / "workflows" / "ci.yml")["jobs"]
    assert ".ci/run" in [step.get("run") for step in jobs["tests"]["steps"]]
    generated = [step.get("run", "") for step in jobs["generated"]["steps"]]
    checks = ["uv run ruff check", "uv run ruff format --check", "uv run mypy", "uv run pytest"]
    assert {*checks} <= {*generated}
    systems = {name.split("-")[0] for name in jobs["generated"]["strategy"]["matrix"]["system"]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert not any(set(run) & set("\"'\\$`;&|<>\n") for run in generated)
