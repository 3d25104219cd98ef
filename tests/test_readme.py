"""What the README shows, and what the documents show of the generator, is what happens."""

import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from conftest import TEMPLATE, copy_template
from serving import port_of

README = (TEMPLATE / "README.md").read_text("utf-8")
LONGEST_INSTALLATION = 300
"""Seconds for all that the first command does before it serves."""


def test_serve_command(tmp_path: Path) -> None:
    """The first command, in a checkout, leads to a page with an allowed and a blocked call."""
    [command] = re.findall(r"<!-- serve command -->\n```sh\n(.*)\n```", README)
    checkout = tmp_path / "checkout"
    copy_template(checkout)
    own = {name: x for name, x in os.environ.items() if not name.startswith("APP_")}
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["bash", "-c", f"{command} --port 0"],
            cwd=checkout,
            env=own | {"HOME": str(tmp_path), "VIRTUAL_ENV": ""},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            port = port_of(process, log, LONGEST_INSTALLATION)
            with urlopen(f"http://127.0.0.1:{port}/") as answer:
                assert json.load(answer) == {"message": "Hello World"}
            with urlopen(f"http://127.0.0.1:{port}/docs/cors") as answer:
                page = answer.read().decode()
            assert re.findall(r"<b>(Allowed|Blocked)\.</b>", page) == ["Allowed", "Blocked"]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def test_test_command() -> None:
    """The README has one test command, which .ci/run finds and runs as it stands."""
    [command] = re.findall(r"<!-- test command -->\n```sh\n(.*)\n```", README)
    script = (TEMPLATE / ".ci" / "run").read_text("utf-8").split("command=$(")[1].split("\n")[0]
    found = subprocess.run(
        ["bash", "-c", script.removesuffix(")")],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == command
    assert command.endswith(" run pytest")


def test_packages() -> None:
    """The README names the packages that .ci/run installs for the tests."""
    [named] = re.findall(r"`apt-get install ([^`]+)`", README)
    script = (TEMPLATE / ".ci" / "run").read_text("utf-8")
    [installed] = re.findall(r"^packages=\((.*)\)$", script, re.MULTILINE)
    assert named.split() == installed.split()


def test_links() -> None:
    """Every link to a file of the repository leads to one."""
    for document in [*TEMPLATE.glob("*.md"), *(TEMPLATE / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), (document.name, link)
