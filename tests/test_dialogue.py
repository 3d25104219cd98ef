"""The questions in a real terminal: a wrong answer is reported, and the question asked again."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import yaml
from conftest import TEMPLATE

WIDE = {"TERM": "dumb", "COLUMNS": "250", "LINES": "50"}
"""A terminal without colors, and so wide that Rich wraps no question."""


class Terminal:
    """cookiecutter in a terminal, where a test types."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.folder = folder
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "cookiecutter", *arguments, str(TEMPLATE)],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), **WIDE, **variables},
            encoding="utf-8",
            dimensions=(50, 250),
            timeout=30,
        )

    def answer(self, question: str, text: str = "") -> str:
        """Wait for a question and answer it; return what was printed before and with it."""
        self.child.expect_exact(question)
        before = str(self.child.before)
        self.child.expect(r": $")
        self.child.sendline(text)
        return " ".join(f"{before}{question}{self.child.before}".split())

    def answer_the_rest(self, *questions: str) -> dict[str, str]:
        """Accept what is offered for the rest; return the answers that the project records."""
        for question in questions:
            self.answer(question)
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert self.child.exitstatus == 0
        [file] = self.folder.glob("*/.cookiecutter.yaml")
        answers: dict[str, str] = yaml.safe_load(file.read_text("utf-8"))["default_context"]
        return answers


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Give a list for the terminals of a test, which are closed after it."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.child.close(force=True)


NAME, SLUG, DESCRIPTION, TEAM = "called?", "Project slug", "What is it for", "Which team"
ENVIRONMENTS, LINE, PRESET, COOKIES = (
    "Environments, comma",
    "All origins",
    "preset of",
    "Allow cookies",
)
CI, KUBERNETES = "Whose pipeline", "Kubernetes manifests"
DEVELOPMENT, STAGING, PRODUCTION = "development: ", "staging: ", "production: "


def test_defaults(tmp_path: Path, terminals: list[Terminal]) -> None:
    """Enter, from the first question to the last, makes the default project."""
    terminals.append(terminal := Terminal(tmp_path))
    answers = terminal.answer_the_rest(
        *(NAME, SLUG, DESCRIPTION, TEAM, ENVIRONMENTS),
        *(DEVELOPMENT, STAGING, PRODUCTION, LINE, PRESET, COOKIES, CI, KUBERNETES),
    )
    assert answers["project_name"] == "Hello API"
    assert "origins" not in answers


def test_asked_again(tmp_path: Path, terminals: list[Terminal]) -> None:
    """A wrong answer is rejected at its question, with one to accept; earlier ones are kept."""
    terminals.append(terminal := Terminal(tmp_path))
    terminal.answer(NAME, " ")
    again = terminal.answer(NAME, "Orders [x] API")
    assert 'project_name: "" is empty [empty]; write "Hello API".' in again
    terminal.answer(SLUG, "import")
    assert 'write "import-api".' in terminal.answer(SLUG, "orders")
    terminal.answer(DESCRIPTION, "x" * 201)
    assert "is over 200 characters long [too-long]" in terminal.answer(
        DESCRIPTION, "Says {{ 7 * 7 }}."
    )
    terminal.answer(TEAM, "Orders")
    terminal.answer(ENVIRONMENTS, "dev, Prod")
    assert "(dev, prod)" in terminal.answer(ENVIRONMENTS)
    terminal.answer("dev: ", "localhost:5173")
    assert "(http://localhost:5173)" in terminal.answer("dev: which")
    terminal.answer("prod: ", "https://App.example.com/, null")
    again = terminal.answer("prod: which")
    assert "ends with a slash [trailing-slash]" in again
    assert '"null" would trust every sandboxed iframe, data: URL and local file [null]' in again
    assert "(https://app.example.com)" in again
    collected = "dev=http://localhost:5173; prod=https://app.example.com"
    assert f"({collected})" in terminal.answer(LINE, "dev=")
    assert 'add "prod="' in terminal.answer(LINE, collected)
    terminal.answer(PRESET, "3")
    assert "select one of the available options" in terminal.answer("Choose from", "2")
    terminal.answer(COOKIES, "perhaps")
    answers = terminal.answer_the_rest(COOKIES, CI, KUBERNETES)
    assert answers == {
        "project_name": "Orders [x] API",
        "project_slug": "orders",
        "description": "Says {{ 7 * 7 }}.",
        "team": "Orders",
        "environments": "dev, prod",
        "origins": collected,
        "cors_preset": "dev",
        "allow_credentials": False,
        "ci": "github",
        "kubernetes": False,
    }


def test_no_origin(tmp_path: Path, terminals: list[Terminal]) -> None:
    """The answer for an environment that trusts no origin is none; the line can be edited."""
    terminals.append(terminal := Terminal(tmp_path))
    for question in NAME, SLUG, DESCRIPTION, TEAM, ENVIRONMENTS, DEVELOPMENT, STAGING:
        terminal.answer(question)
    terminal.answer(PRODUCTION, "none")
    offered = (
        "development=http://localhost,http://localhost:8080; staging=https://staging.example.com"
    )
    assert f"({offered}; production=)" in terminal.answer(LINE, "development=;staging=;production=")
    answers = terminal.answer_the_rest(PRESET, COOKIES, CI, KUBERNETES)
    assert answers["origins"] == "development=;staging=;production="


def test_answers_of_a_file_are_offered(tmp_path: Path, terminals: list[Terminal]) -> None:
    """What a file answers is offered at its question, and rejected there if it is wrong."""
    file = tmp_path / "answers.yaml"
    file.write_text(
        "default_context:\n  project_name: '{{ 7 * 7 }}'\n  team: ''\n  environments: dev, prod\n"
        "  origins: {dev: [], prod: [https://a.example/]}\n",
        encoding="utf-8",
    )
    terminals.append(terminal := Terminal(tmp_path, "--config-file", str(file)))
    assert "({{ 7 * 7 }})" in terminal.answer(NAME, "Orders API")
    for question in SLUG, DESCRIPTION, TEAM:
        terminal.answer(question)
    assert 'team: "" is empty [empty]; write "platform".' in terminal.answer(TEAM, "Orders")
    assert "(dev, prod)" in terminal.answer(ENVIRONMENTS)
    assert "(none)" in terminal.answer("dev: ")
    assert "(https://a.example/)" in terminal.answer("prod: ")
    assert "(https://a.example)" in terminal.answer("prod: which")
    answers = terminal.answer_the_rest(LINE, PRESET, COOKIES, CI, KUBERNETES)
    assert (answers["team"], answers["origins"]) == ("Orders", "dev=; prod=https://a.example")


def test_end_of_input(tmp_path: Path, terminals: list[Terminal]) -> None:
    """A terminal that goes away at a question leaves nothing on disk."""
    terminals.append(terminal := Terminal(tmp_path))
    terminal.answer(NAME, " ")
    terminal.child.expect(r"is empty(?s:.*): $")
    terminal.child.sendeof()
    terminal.child.expect(pexpect.EOF)
    assert not list(tmp_path.glob("*/pyproject.toml"))


def test_existing_folder(tmp_path: Path, terminals: list[Terminal]) -> None:
    """A folder that is there already is reported at the question for its name."""
    (tmp_path / "hello-api").mkdir()
    terminals.append(terminal := Terminal(tmp_path))
    terminal.answer(NAME)
    terminal.answer(SLUG)
    again = terminal.answer(SLUG)
    assert 'project_slug: "hello-api" already exists; choose another project_slug' in again
    assert "(hello-api-2)" in again
    terminal.answer(DESCRIPTION)


def test_long_answer(tmp_path: Path, terminals: list[Terminal]) -> None:
    """Origins of more characters than a terminal passes on in a line are all taken."""
    origins = ",".join(f"https://app-{n:03}.previews.example" for n in range(190))
    terminals.append(terminal := Terminal(tmp_path))
    for question in (NAME, SLUG, DESCRIPTION, TEAM):
        terminal.answer(question)
    terminal.answer(ENVIRONMENTS, "dev, prod")
    terminal.answer("dev: ", "none")
    terminal.answer("prod: ", origins)
    answers = terminal.answer_the_rest(LINE, PRESET, COOKIES, CI, KUBERNETES)
    assert answers["origins"] == f"dev=; prod={origins}"


def test_keys(tmp_path: Path, terminals: list[Terminal]) -> None:
    """An answer is edited with the keys of a line editor."""
    left, home, delete = "\x1b[D", "\x01", "\x1b[3~"
    terminals.append(terminal := Terminal(tmp_path, TERM="xterm"))
    terminal.answer(NAME, f"xOrdrs API{left * 6}e{home}{delete}")
    assert "(orders-api)" in terminal.answer(SLUG)


def test_paste(tmp_path: Path, terminals: list[Terminal]) -> None:
    """A line break in what is pasted is rejected at its own question, and answers no other."""
    terminals.append(terminal := Terminal(tmp_path, TERM="xterm"))
    terminal.answer(NAME, "\x1b[200~Orders API\nOrders\x1b[201~")
    again = terminal.answer(NAME)
    assert 'project_name: "Orders API\\nOrders" has a line break' in again
    assert "(orders-api-orders)" in terminal.answer(SLUG)
