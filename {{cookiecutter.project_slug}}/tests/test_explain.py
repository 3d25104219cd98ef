"""`explain` tells what a browser would do, from the answers that the API itself gives."""

import pytest

from .apis import HOME, STRANGER, TABLES
from .subject import Settings, explain

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
        ([STRANGER], 1, ["origin"]),
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
    monkeypatch.delenv("APP_CORS__ALLOW_ORIGINS")
    lines = explain.ENVIRONMENTS_FILE.read_text("utf-8").splitlines()
    for name, table in TABLES.items():
        policy = Settings(environment=name, cors={"preset": table["preset"]}).policy
        start = lines.index(f"[{name}]") + 1
        for key in table:
            if key in {"allow_origins", "allow_credentials"}:
                said = explain.decided_by(policy, key)
                number = int(said.rpartition(" ")[2])
                assert number > start
                assert lines[number - 1].startswith(f"{key} =")
        if "max_age" not in table:
            assert explain.decided_by(policy, "max_age") == f"preset {policy.preset}"


def test_wrong_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """An environment that is not there is refused with status 2, and told the others."""
    assert explain.main(["of-no-table", ORIGIN]) == 2
    assert "APP_ENVIRONMENT" in capsys.readouterr().err
