"""The command shows the policies, and explains what a browser would do with a request."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import hello_api
import pytest
from hello_api.cors.__main__ import main

from .apis import DEPLOYED, LOCAL, UNTRUSTED

ORIGIN = "https://explained.example"
CLOSE = "https://explained.exampl"
HEADER = 'header "x-b" is not in allow_headers [unlisted-header]'


@pytest.fixture(autouse=True)
def one_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", ORIGIN)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Return the exit status, and what was printed to standard output and to standard error."""
    status = main(arguments)
    return status, *capsys.readouterr()


def rows(printed: str) -> list[list[str]]:
    return [re.split(" {2,}", line.strip()) for line in printed.splitlines()]


def test_show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is shown with each key, its value, and what decides it, in a table."""
    monkeypatch.setenv("APP_CORS__ALLOWED_HOSTS", "b.example, *.a.example")
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", f"https://z.example, {ORIGIN}")
    monkeypatch.setenv("APP_CORS__EXPOSE_HEADERS", "")
    file = Path(hello_api.__file__).with_name("environments.toml")
    lines = file.read_text("utf-8").splitlines()
    start = lines.index("[production]")
    preset = next(n for n, x in enumerate(lines, 1) if n > start and x.startswith("preset"))
    cookies = next(n for n, x in enumerate(lines, 1) if n > start and x.startswith("allow_cred"))
    assert run(capsys, "show", DEPLOYED) == (
        0,
        f"""production
  local              false                                         default
  preset             strict                                        environments.toml, line {preset}
  docs               false                                         default
  allowed_hosts      b.example, *.a.example                        APP_CORS__ALLOWED_HOSTS
  allow_origins      https://explained.example, https://z.example  APP_CORS__ALLOW_ORIGINS
  allow_app_origins  none                                          default
  allow_methods      GET, HEAD, POST, PUT, PATCH, DELETE           preset strict
  allow_headers      Authorization, Content-Type                   preset strict
  expose_headers     none                                          APP_CORS__EXPOSE_HEADERS
  max_age            600                                           preset strict
  allow_credentials  false                                         environments.toml, line {cookies}
  cross_site_posts   none                                          default
""",
        "",
    )


def test_show_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments, the policies of all environments are shown, in the order of the file."""
    status, printed, _ = run(capsys)
    assert status == 0
    tables = printed.split("\n\n")
    assert [table.splitlines()[0] for table in tables] == ["development", "staging", "production"]
    assert all(["allowed_hosts", "any host", "default"] in rows(table) for table in tables[1:])
    assert printed == run(capsys, "show")[1]


def test_show_dev_preset(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where any localhost origin is trusted, this is shown beside those that are listed."""
    monkeypatch.setenv("APP_CORS__PRESET", "dev")
    found = rows(run(capsys, "show", LOCAL)[1])
    assert [
        "allow_origins",
        f"{ORIGIN}, any localhost origin",
        "APP_CORS__ALLOW_ORIGINS",
    ] in found
    assert ["preset", "dev", "APP_CORS__PRESET"] in found
    assert ["max_age", "0", "preset dev"] in found
    assert ["allowed_hosts", "localhost, 127.0.0.1, [::1]", "default"] in found


def test_show_dotenv_file(capsys: pytest.CaptureFixture[str]) -> None:
    """What `.env` overrides is shown as the variable that it is."""
    Path(".env").write_text("APP_CORS__EXPOSE_HEADERS=Location\n", "utf-8")
    found = rows(run(capsys, "show", DEPLOYED)[1])
    assert ["expose_headers", "Location", "APP_CORS__EXPOSE_HEADERS"] in found


@pytest.mark.parametrize(
    ("arguments", "blocked"),
    [
        ([ORIGIN], []),
        ([ORIGIN, "POST"], []),
        ([ORIGIN, "HEAD", "accept", "Accept-Language", "Content-Language"], []),
        ([ORIGIN, "PUT", "authorization"], []),
        ([ORIGIN, "GET", "Content-Type"], []),
        ([ORIGIN, "put"], []),
        ([ORIGIN, "GET", "--path", "/health"], []),
        ([ORIGIN, "PURGE"], ["method"]),
        ([ORIGIN, "patch"], ["method"]),
        ([ORIGIN, "PUT", "authorization", "x-trace"], ["header"]),
        ([ORIGIN, "GET", "X-One", "content-type", "X-Two"], ["header", "header"]),
        ([ORIGIN, "PURGE", "x-trace"], ["method", "header"]),
        ([UNTRUSTED], ["origin"]),
        (["null", "POST"], ["origin"]),
        ([UNTRUSTED, "POST"], ["origin"]),
        (["http://localhost:3000"], ["origin"]),
        (["ftp://files.example"], ["origin"]),
        ([UNTRUSTED, "PURGE", "x-trace"], ["origin"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("environment", [LOCAL, DEPLOYED])
def test_verdict(
    capsys: pytest.CaptureFixture[str], environment: str, arguments: list[str], blocked: list[str]
) -> None:
    """The verdict is a browser's, and each row that blocks names what decides it."""
    status, printed, error = run(capsys, "explain", environment, *arguments)
    *table, [sentence] = rows(printed)
    assert status == (1 if blocked else 0)
    assert sentence == f"The page {'may not' if blocked else 'may'} read the response."
    blocking = [row for row in table if "blocked" in row]
    assert [row[0] for row in blocking] == blocked
    sources = {"origin": "APP_CORS__ALLOW_ORIGINS"}
    assert all(row[-1] == sources.get(row[0], "preset strict") for row in blocking)
    assert error.startswith(f"{environment}: blocked ") is bool(blocked)


def test_exchanges(capsys: pytest.CaptureFixture[str]) -> None:
    """Each request is shown, with the response, and what a browser checks in it."""
    arguments = (ORIGIN, "delete", "X-B", "authorization", "ACCEPT", "--path", "/a b%2F?é")
    status, printed, error = run(capsys, "explain", DEPLOYED, *arguments[:3])
    assert (status, error) == (1, f'{DEPLOYED}: blocked preflight for "DELETE /": {HEADER}\n')

    status, printed, error = run(capsys, "explain", DEPLOYED, *arguments[:2], *arguments[3:])
    assert (status, error) == (0, "")
    credentials = rows(printed)[-2]
    assert credentials[:3] == ["credentials", "if cookies are sent", "not allowed"]
    assert credentials[3].startswith("environments.toml, line ")
    assert rows(printed)[:-2] == [
        ["preflight", "OPTIONS /a%20b%2F?%C3%A9", "200"],
        ["origin", ORIGIN, "allowed", "APP_CORS__ALLOW_ORIGINS"],
        ["method", "DELETE", "allowed", "preset strict"],
        ["header", "authorization", "allowed", "preset strict"],
        ["request", "DELETE /a%20b%2F?%C3%A9", "200"],
        ["origin", ORIGIN, "allowed", "APP_CORS__ALLOW_ORIGINS"],
    ]


def test_blocked(capsys: pytest.CaptureFixture[str]) -> None:
    """What the API would log is printed to standard error, with the closest trusted origin."""
    status, printed, error = run(capsys, "explain", DEPLOYED, CLOSE, "POST")
    assert status == 1
    assert rows(printed)[0] == ["request", "POST /", "403"]
    assert error == (
        f'{DEPLOYED}: blocked "POST /": origin "{CLOSE}" is not trusted [untrusted-origin] '
        f'(closest trusted origin: "{ORIGIN}")\n'
    )


@pytest.mark.parametrize(("value", "word"), [("true", "allowed"), ("false", "not allowed")])
def test_credentials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str, word: str
) -> None:
    """Whether the page may read the response if cookies are sent is shown, too."""
    monkeypatch.setenv("APP_CORS__ALLOW_CREDENTIALS", value)
    status, printed, _ = run(capsys, "explain", DEPLOYED, ORIGIN)
    assert status == 0
    assert rows(printed)[-2] == [
        "credentials",
        "if cookies are sent",
        word,
        "APP_CORS__ALLOW_CREDENTIALS",
    ]


def test_any_localhost_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An origin that no list names, but the preset trusts, is shown with the preset."""
    monkeypatch.setenv("APP_CORS__PRESET", "dev")
    origin = "http://127.0.0.1:5173"
    _, printed, _ = run(capsys, "explain", LOCAL, origin, "QUERY", "x-any")
    assert rows(printed)[1:4] == [
        ["origin", origin, "allowed", "preset dev"],
        ["method", "QUERY", "allowed", "preset dev"],
        ["header", "x-any", "allowed", "preset dev"],
    ]
    _, printed, _ = run(capsys, "explain", LOCAL, ORIGIN)
    assert rows(printed)[1] == ["origin", ORIGIN, "allowed", "APP_CORS__ALLOW_ORIGINS"]


def test_pattern_and_app_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that a pattern covers, and a page of an installed app, are shown as trusted."""
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", "https://*.previews.example.com")
    monkeypatch.setenv("APP_CORS__ALLOW_APP_ORIGINS", "capacitor://localhost")
    for origin, source in (
        ("https://pr-7.previews.example.com", "APP_CORS__ALLOW_ORIGINS"),
        ("capacitor://localhost", "APP_CORS__ALLOW_APP_ORIGINS"),
    ):
        status, printed, _ = run(capsys, "explain", DEPLOYED, origin, "PUT")
        assert status == 0
        assert rows(printed)[1] == ["origin", origin, "allowed", source]
    assert run(capsys, "explain", DEPLOYED, "https://a.b.previews.example.com")[0] == 1
    shown = rows(run(capsys, "show", DEPLOYED)[1])
    assert ["allow_app_origins", "capacitor://localhost", "APP_CORS__ALLOW_APP_ORIGINS"] in shown


def test_cross_site_post(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form of any site reaches a listed path, and its page may not read the response."""
    monkeypatch.setenv("APP_CORS__CROSS_SITE_POSTS", "/auth/callback")
    form = ("explain", DEPLOYED, "null", "POST", "--path", "/auth/callback")
    assert run(capsys, *form) == (
        0,
        """request          POST /auth/callback  200
cross-site post  /auth/callback       allowed  APP_CORS__CROSS_SITE_POSTS
origin           null                 blocked  APP_CORS__ALLOW_ORIGINS
The form reaches the API. The page may not read the response.
""",
        "",
    )
    monkeypatch.setenv("APP_CORS__CROSS_SITE_POSTS", "/auth/callback,/r\xfcck")
    for path in "/auth/callback?state=1", "/r\xfcck", "/r%C3%BCck":
        assert run(capsys, *form[:-1], path)[0] == 0
    assert run(capsys, *form[:-1], "/\udcff")[0] == 1
    for other in ("POST", "--path", "/auth"), ("PUT", *form[4:]), ("POST", "x-a", *form[4:]):
        assert run(capsys, "explain", DEPLOYED, "null", *other)[0] == 1
    assert run(capsys, "explain", DEPLOYED, ORIGIN, *form[3:])[1].endswith(
        "may read the response.\n"
    )


def test_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What decides is named by its line: of a table, above the tables, or within a list."""
    monkeypatch.delenv("APP_CORS__ALLOW_ORIGINS")
    shutil.copytree(Path(hello_api.__file__).parent, "hello_api")
    text = """allow_headers = ["X-Trace"]

[production]
allow_origins = [
    "https://a.example",
    "https://*.b.example",
]
"""
    Path("hello_api/environments.toml").write_text(text, "utf-8")
    explained = command("explain", DEPLOYED, "https://x.b.example", "GET", "x-trace")
    sources = {row[0]: row[-1] for row in rows(explained.stdout)}
    assert sources["origin"] == "environments.toml, line 6"
    assert sources["header"] == "environments.toml, line 1"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
def test_closed_output() -> None:
    """A reader of the output may stop reading: no error is printed."""
    shutil.copytree(Path(hello_api.__file__).parent, "hello_api")
    reading, writing = os.pipe()
    os.close(reading)
    assert command("show", stdout=writing).stderr == ""
    os.close(writing)


def test_host(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is sent to a host that the policy allows, and not to that of the page."""
    monkeypatch.setenv("APP_CORS__ALLOWED_HOSTS", "untrusted.invalid, *.example.com")
    _, printed, error = run(capsys, "explain", DEPLOYED, UNTRUSTED, "POST")
    assert rows(printed)[0] == ["request", "POST /", "403"]
    assert "is not trusted" in error
    monkeypatch.setenv("APP_CORS__ALLOWED_HOSTS", "explained.example")
    assert run(capsys, "explain", DEPLOYED, ORIGIN)[0] == 0


FORBIDDEN_METHOD = "is a forbidden method: browsers never let scripts send it [forbidden-method]"
FORBIDDEN_HEADER = (
    "is a forbidden request header: browsers never let scripts set it [forbidden-request-header]"
)


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (
            [f"{ORIGIN}/"],
            [f'Origin: "{ORIGIN}/" ends with a slash [trailing-slash]; write "{ORIGIN}".'],
        ),
        (
            ["a b"],
            ['Origin: "a b" has white space [white-space]; write "https://app.example.com".'],
        ),
        ([ORIGIN, "TRACE"], [f'Method: "TRACE" {FORBIDDEN_METHOD}; write one such as GET.']),
        (
            [ORIGIN, "G T", "Cookie", "x:", "--path", "health"],
            [
                'Method: "G T" is not a method name [method-token]; write one such as GET.',
                'Path: "health" does not begin with a slash [path-slash]; write one such as /.',
                f'Header: "Cookie" {FORBIDDEN_HEADER}; leave it out.',
                'Header: "x:" is not a header name [header-token]; leave it out.',
            ],
        ),
    ],
    ids=str,
)
def test_what_no_browser_sends(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problems: list[str]
) -> None:
    """What no browser sends has exit status 2, and each problem says what to write."""
    expected = "".join(f"{problem}\n" for problem in problems)
    assert run(capsys, "explain", DEPLOYED, *arguments) == (2, "", expected)


@pytest.mark.parametrize("arguments", [("show", "prodution"), ("explain", "prodution", ORIGIN)])
def test_unknown_environment(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """An environment that is not there has exit status 2, and the one that was meant."""
    status, printed, error = run(capsys, *arguments)
    assert (status, printed) == (2, "")
    assert error == (
        "Cannot start: 1 problem in the configuration.\n"
        '  - APP_ENVIRONMENT: "prodution" is not an environment [unknown-environment]; '
        "write production.\n"
    )


@pytest.mark.parametrize("arguments", [("bogus",), ("explain",), ("explain", DEPLOYED)])
def test_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    """An incomplete command line has exit status 2, and prints the usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m hello_api.cors" in capsys.readouterr().err


FIELD = "    jwt: JWTSettings = JWTSettings()\n"
REQUIRED = f"{FIELD}    database_url: str\n"
MADE = "\n\nsettings = Settings()\n"
EXITS = """

try:
    settings = Settings()
except ConfigurationError as error:
    raise SystemExit(str(error)) from None
"""
CLASS = "class Settings(PolicySettings):\n"
BASE = f"class Base(PolicySettings):\n    pass\n\n\n{CLASS.replace('PolicySettings', 'Base')}"

EDITS = {
    "as generated": [],
    "a required field": [(FIELD, REQUIRED)],
    "made at import": [(FIELD, REQUIRED), ("", MADE)],
    "ending the process": [(FIELD, REQUIRED), ("", EXITS)],
    "a base class": [(CLASS, BASE)],
}
"""What a team changes in settings.py: a text, or the end of the file, and its replacement."""


def command(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run the command of the package in the working directory."""
    return subprocess.run(
        [sys.executable, "-m", "hello_api.cors", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_incomplete_settings(edits: list[tuple[str, str]]) -> None:
    """The command needs none of the team's settings, wherever they are made, but their prefix."""
    shutil.copytree(Path(hello_api.__file__).parent, "hello_api")
    file = Path("hello_api/settings.py")
    text = file.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new) if old else text + new
    file.write_text(text, "utf-8")
    shown = command("show", DEPLOYED)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert ["allow_origins", ORIGIN, "APP_CORS__ALLOW_ORIGINS"] in rows(shown.stdout)
