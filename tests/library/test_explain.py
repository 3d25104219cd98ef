"""`explain` tells what a browser would do, from the answers that the API itself gives."""

import re
from pathlib import Path

import pytest

from .apis import HOME, LOOPBACK_PAGE, STRANGER, TABLES
from .subject import ENVIRONMENTS_FILE, Settings, browser, explain

ORIGIN = "https://explained.example"


@pytest.fixture(autouse=True)
def one_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENVIRONMENT", HOME)
    monkeypatch.setenv("APP_CORS__PRESET", "strict")
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", ORIGIN)
    monkeypatch.setenv("APP_CORS__ALLOW_METHODS", "GET,PUT")
    monkeypatch.setenv("APP_CORS__ALLOW_HEADERS", "Authorization")


def rows(text: str) -> list[list[str]]:
    """Return the rows of a table that was printed, the white space between columns being wide."""
    return [[cell for cell in line.strip().split("  ") if cell] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("request_line", "status", "refused"),
    [
        ([ORIGIN], 0, []),
        ([ORIGIN, "POST"], 0, []),
        ([ORIGIN, "PUT", "authorization"], 0, []),
        ([ORIGIN, "DELETE"], 1, ["method"]),
        ([ORIGIN, "PUT", "authorization", "x-trace"], 1, ["header"]),
        ([ORIGIN, "GET", "content-type", "x-trace"], 1, ["header"]),
        ([ORIGIN, "put"], 0, []),
        ([ORIGIN, "patch"], 1, ["method"]),
        ([STRANGER], 1, ["origin"]),
        (["null", "POST"], 1, ["origin"]),
        ([STRANGER, "POST"], 1, ["origin"]),
        ([STRANGER, "DELETE", "x-trace"], 1, ["origin", "method", "header"]),
        ([ORIGIN, "GET", "--path", "/health"], 0, []),
    ],
    ids=str,
)
def test_verdict(
    capsys: pytest.CaptureFixture[str], request_line: list[str], status: int, refused: list[str]
) -> None:
    """The verdict is a browser's, and each line that refuses is named with what decides it."""
    assert explain.main([HOME, *request_line]) == status
    table = rows(capsys.readouterr().out)
    *lines, [verdict] = table
    assert verdict == f"The page {'may not' if status else 'may'} read the answer."
    refusing = [line for line in lines if "refused" in "".join(line[2:3]) and line[0] != "cookies"]
    assert [line[0] for line in refusing] == refused
    for what, _, _, decided_by in refusing:
        assert decided_by.strip() == f"APP_CORS__ALLOW_{what.upper()}S"


def test_cookies(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a browser sends cookies along is told too."""
    for allowed, word in ("true", "allowed"), ("false", "refused"):
        monkeypatch.setenv("APP_CORS__ALLOW_CREDENTIALS", allowed)
        assert explain.main([HOME, ORIGIN]) == 0
        [cookies] = [row for row in rows(capsys.readouterr().out) if row[0] == "cookies"]
        assert cookies[2].strip() == word


def test_policies(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments every environment is told, and where each of its options comes from."""
    assert explain.main([]) == 0
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line and line[0] != " "] == list(TABLES)
    assert f"allow_origins      {ORIGIN}" in printed
    assert "APP_CORS__ALLOW_ORIGINS" in printed


def test_line_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file says is told with its line; what it does not say, with the preset."""
    for variable in "PRESET", "ALLOW_ORIGINS", "ALLOW_METHODS", "ALLOW_HEADERS":
        monkeypatch.delenv(f"APP_CORS__{variable}")
    lines = ENVIRONMENTS_FILE.read_text("utf-8").splitlines()
    for name, table in TABLES.items():
        settings = Settings(environment=name)
        start = lines.index(f"[{name}]") + 1
        for key in table:
            if key in {"allow_origins", "allow_credentials"}:
                said = browser.decided_by(settings, key)
                number = int(said.rpartition(" ")[2])
                assert number > start
                assert lines[number - 1].startswith(f"{key} =")
        if "max_age" not in table:
            preset = settings.policy.preset
            assert browser.decided_by(settings, "max_age") == f"preset {preset}"


def test_variable_of_dotenv_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What `.env` overrides is told as the variable that it is."""
    file = tmp_path / ".env"
    file.write_text("APP_CORS__EXPOSE_HEADERS=Location\n", "utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    assert explain.main([HOME]) == 0
    assert re.search("expose_headers +Location +APP_CORS__EXPOSE_HEADERS", capsys.readouterr().out)


def test_page_of_this_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that no list names, but the preset trusts, is told with the preset."""
    monkeypatch.setenv("APP_CORS__LOCAL", "true")
    monkeypatch.setenv("APP_CORS__PRESET", "dev")
    assert explain.main([HOME, LOOPBACK_PAGE]) == 0
    assert ["origin", LOOPBACK_PAGE, "allowed", "preset dev"] in [
        [cell.strip() for cell in row] for row in rows(capsys.readouterr().out)
    ]


@pytest.mark.parametrize(
    "request_line",
    [[f"{ORIGIN}/"], [ORIGIN, "TRACE"], [ORIGIN, "GET", "cookie"], [ORIGIN, "--path", "health"]],
    ids=str,
)
def test_what_no_browser_sends(capsys: pytest.CaptureFixture[str], request_line: list[str]) -> None:
    """What no browser sends for any page is refused with status 2, and told what to write."""
    assert explain.main([HOME, *request_line]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith(".\n")


def test_wrong_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """An environment that is not there is refused with status 2, and told the others."""
    assert explain.main(["of-no-table", ORIGIN]) == 2
    assert "APP_ENVIRONMENT" in capsys.readouterr().err
