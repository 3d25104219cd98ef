"""Other programs that run the template, as the documents say."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from conftest import TEMPLATE, Project, commit, copy_template, git
from jsonschema import Draft7Validator

from hooks import rules

BACKSTAGE = (TEMPLATE / "docs" / "how-to" / "backstage.md").read_text("utf-8")
CONTRIBUTING = (TEMPLATE / "CONTRIBUTING.md").read_text("utf-8")


def block(text: str, name: str) -> str:
    """Return the code below a comment with this name."""
    [code] = re.findall(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    return str(code)


def backstage_form() -> dict[str, Any]:
    """Return the form's questions about the API, as a JSON schema."""
    template = yaml.safe_load(block(BACKSTAGE, "template.yaml"))
    form: dict[str, Any] = template["spec"]["parameters"][0]["properties"]["answers"]
    return form


def test_backstage_form() -> None:
    """Backstage's form asks the template's questions, with the template's choices."""
    form = backstage_form()
    Draft7Validator.check_schema(form)
    assert [*form["properties"]] == [*rules.QUESTIONS]
    for name, default in rules.QUESTIONS.items():
        question = form["properties"][name]
        assert question.get("enum") == (default if isinstance(default, list) else None)
        assert question["type"] == ("boolean" if isinstance(default, bool) else "string")


def test_backstage_action(tmp_path: Path) -> None:
    """The action's command makes a project of what the form gives, and it has an .env to remove."""
    template = tmp_path / "git" / "template"
    copy_template(template)
    commit(template)
    [step, _] = yaml.safe_load(block(BACKSTAGE, "template.yaml"))["spec"]["steps"]
    git(template, "tag", step["input"]["version"])
    form = backstage_form()["properties"]
    answers = {name: asked["default"] for name, asked in form.items() if "default" in asked}
    answers |= {"project_name": "Orders API", "team": "Orders"}
    config = {"default_context": answers, "cookiecutters_dir": str(tmp_path / "clones")}
    values = {
        "TEMPLATE": f"file://{template}",
        "input.version": step["input"]["version"],
        "config": str(tmp_path / "config.json"),
        "output": str(tmp_path / "output"),
    }
    Path(values["config"]).write_text(json.dumps(config | {"replay_dir": str(tmp_path)}), "utf-8")
    Path(values["output"]).mkdir()
    [arguments] = re.findall(r"args: \[(.*)\]", block(BACKSTAGE, "action"))
    words = [values.get(word, word.strip("'")) for word in arguments.split(", ")]
    command = [sys.executable, "-m", "cookiecutter", *words]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    [made] = Path(values["output"]).iterdir()
    assert {"README.md", ".env"} <= {*Project(made).files()}


def test_fork(tmp_path: Path) -> None:
    """The tests that CONTRIBUTING.md shows pass in a fork with the configuration that it shows."""
    copy_template(tmp_path)
    project = '[project]\nname = "fork"\nversion = "1.0.0"\n\n'
    configuration = project + block(CONTRIBUTING, "fork: pyproject.toml")
    (tmp_path / "pyproject.toml").write_text(configuration, "utf-8")
    test = block(CONTRIBUTING, "fork: test_fork.py")
    (tmp_path / "test_fork.py").write_text(test, "utf-8")
    command = [sys.executable, *shlex.split("-m pytest -q -W error test_fork.py")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout
