"""What the documents show is what happens: every piece of code on every page is run."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from conftest import TEMPLATE, Project, copy_of, install
from documents.pages import Page
from documents.running import RUNNERS, failures, running

PAGES = {
    file.relative_to(TEMPLATE).as_posix(): file for file in sorted(TEMPLATE.glob("docs/**/*.md"))
}

EXCEPTIONS = {
    ("docs/benchmarks.md", "sh"): "takes minutes, and a machine that does nothing else",
    ("docs/index.md", "sh"): "tests/test_getting_started.py compares it",
    ("docs/how-to/another-api.md", "sh"): "tests/test_updating.py runs it",
    ("docs/how-to/updating.md", "sh"): "tests/test_updating.py runs it",
    **{
        ("docs/how-to/backstage.md", language): "tests/test_front_doors.py tests what it can"
        for language in ("ts", "yaml")
    },
    **{
        ("docs/how-to/from-1-to-2.md", language): "tests/test_migration.py carries it out"
        for language in ("diff", "sh")
    },
    **{
        ("docs/how-to/platform-team.md", language): "fleet/tests/test_page.py carries it out"
        for language in ("sh", "yaml")
    },
    **{
        ("docs/jwt.md", language): "tests/test_jwt_chapter.py carries it out"
        for language in ("diff", "js", "python", "sh")
    },
    **{
        ("docs/jwt-provider.md", language): "tests/test_jwt_chapter.py carries it out"
        for language in ("diff", "python", "sh")
    },
}
"""What is not run here, and why."""


CHANGES = {"file", "append"}
"""The marks of what becomes part of a project."""

Installed = Callable[[str], Project]
Runner = Callable[[Page, Path], list[str]]


@pytest.fixture(scope="session")
def wrong(generated: Callable[[str], Project], installed: Installed) -> Runner:
    """Return what runs a page, in a folder, and says what is wrong.

    It runs in a project of its own if its commands could change it.
    """

    def wrong(page: Page, folder: Path) -> list[str]:
        if page.languages <= {"text", "{toctree}"}:
            return []
        marks = {mark for fence in page.fences for mark in fence.marks}
        if "diff" in page.languages or marks & CHANGES:
            project = copy_of(generated("defaults"), folder / "own")
            install(project)
        else:
            project = installed("defaults")
        with running(page, project, folder) as run:
            return list(failures(run))

    return wrong


@pytest.mark.parametrize("name", PAGES)
def test_page(wrong: Runner, tmp_path: Path, name: str) -> None:
    """Every piece of code of the page does what the page says."""
    page = Page.read(PAGES[name], name)
    run = [
        fence
        for fence in page.fences
        if (name, fence.language) not in EXCEPTIONS and "tested-by" not in fence.marks
    ]
    reported = wrong(Page(name, run), tmp_path)
    assert not reported, "\n\n".join(reported)


VERDICT = re.compile(r"\(http://127\.0\.0\.1:8000(/docs/cors\?\S+)#verdict\):\n\n((?:> .*\n)+)")
"""A link to the page at /docs/cors with its form filled in, and its verdict."""


def test_solutions(installed: Installed, tmp_path: Path) -> None:
    """The solutions of the exercises are what the page at /docs/cors says."""
    page = PAGES["docs/cors/exercises.md"].read_text("utf-8")
    found = VERDICT.findall(page)
    assert len(found) == len(re.findall(r"\[Try\sit\]", page)) > 0
    with running(Page("", []), installed("defaults"), tmp_path) as run:
        run.ask("python", LOCAL, "", 0)
        for target, quoted in found:
            shown = run.ask("http", f"GET {target} HTTP/1.1\n\nHTTP/1.1 200 OK\n\nthe page")
            text = unescape(re.sub(r"<.*?>", "", shown.partition('id="verdict"')[2]))
            words = re.sub(r"^> |\*\*", "", quoted, flags=re.MULTILINE).split()
            assert " ".join(words) in text, target


def test_nothing_was_generated() -> None:
    """What the page shows of wrong answers is what the generator says of them."""
    page = Page.read(PAGES["docs/reference/messages.md"], "")
    [fence] = [x for x in page.fences if x.marks.get("tested-by") == "test_nothing_was_generated"]
    command = shlex.split(fence.text.replace("uvx ", f"{sys.executable} -m "))
    result = subprocess.run(command, cwd=TEMPLATE, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, fence.output)


def test_named_files() -> None:
    """A reader sees the name of each file to write, above what is in it."""
    for page in PAGES.values():
        text = page.read_text("utf-8")
        for mark in re.finditer(r"<!-- (?:file|append|replace): (.+) -->", text):
            above = text[: mark.start()].split("\n\n")[-4:]
            assert f"`{mark[1]}`" in "".join(above), f"{page}: {mark[1]}"


@pytest.mark.parametrize(("name", "language"), EXCEPTIONS)
def test_exception(name: str, language: str) -> None:
    """What is not run is still there: a page that is gone needs no exception."""
    assert language in Page.read(PAGES[name], name).languages


# --- The runner itself --------------------------------------------------------------------------

LOCAL = """
from hello_api.main import create_app
from hello_api.settings import Settings

app = create_app(Settings(environment="development"))
"""

APP = """
```python
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"])


@app.get("/")
async def read_root() -> dict[str, str]:
    return {"message": "Hello World"}
```
"""

ASKED = "GET / HTTP/1.1\nOrigin: https://app.example.com\n\n"
GRANTED = "Access-Control-Allow-Origin: https://app.example.com\nVary: Origin\n"
BODY = '\n{"message":"Hello World"}\n'
FETCH = '(await fetch("https://api.example.com/")).status\n'
NO_HEADER = (
    "// Access to fetch at 'https://api.example.com/' from origin 'https://other.example' has been"
    "\n//   blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the"
    " requested resource.\n"
)
POLICY = '[production]\nallow_origins = ["https://app.example.com"]\n'
SLASH = (
    "Cannot start: 1 problem in the configuration.\n"
    '  - environments.toml [production] allow_origins: "https://app.example.com/" ends with a'
    ' slash [trailing-slash]; write "https://app.example.com".\n'
)

GET = f"```http\n{ASKED}HTTP/1.1 200 OK\n{GRANTED}{BODY}```"
SH = "```sh\nuv run python -c 'print(1)'\n\nuv run python -c 'print(2)'\n```"
PRINTED = f"{SH}\n\n```text\n1\n...\n```"
POWERSHELL = """```sh
ONE=1 TWO='[2]' \\
uv run python -c 'import os; print(os.environ["ONE"], os.environ["TWO"])'
```

```text
1 [2]
```

```powershell
$env:ONE = "1"
$env:TWO = '[2]'
uv run python -c 'import os; print(os.environ["ONE"], os.environ["TWO"])'
```"""
REJECTION = f"```toml\n{POLICY.replace('.com', '.com/')}```\n\n```text\n{SLASH}```"
JS = f"```js\n// on https://app.example.com\n{FETCH}// 200\n```"
NGINX = """```nginx
server {
    listen 443 ssl;
    server_name api.example.com;
    ssl_certificate     /etc/ssl/example.pem;
    ssl_certificate_key /etc/ssl/example.pem;

    location / {
        proxy_pass http://127.0.0.1:8000;
        add_header X-Proxy 1;
    }
}
```"""
CURL = "```sh\ncurl -si https://api.example.com/\n```\n\n```text\n...\nX-Proxy: 1\n...\n```"
DIFF = """```diff
--- a/tests/__init__.py
+++ b/tests/__init__.py
@@ -0,0 +1 @@
+# A comment.
```"""
ADDED = "<!-- append: tests/__init__.py -->\n```toml\n# Another one.\n```"
FILE = "<!-- file: tests/new.py -->\n```python\none =\n```"
ANSWERS = "```yaml\ndefault_context:\n  team: Orders\n```"
SENT = JS.replace("// 200", "// sent: GET /\n// 200")
ERROR = f"```js\n// on https://other.example\n{FETCH}{NO_HEADER}// TypeError: Failed to fetch\n```"

RIGHT = [
    "```python\none = 1\n```\n\n```python\nassert one + one == 2\n```",
    APP,
    GET,
    GET.replace(BODY, ""),
    GET.replace(GRANTED, "...\n"),
    SH,
    PRINTED,
    POWERSHELL,
    "<!-- exit: 3 -->\n```sh\nuv run python -c 'exit(3)'\n```",
    f"```toml\n{POLICY}```",
    REJECTION,
    DIFF,
    FILE,
    ADDED,
    NGINX,
    CURL,
    ANSWERS,
    JS,
    SENT,
    ERROR,
    "```text\nnot code\n```",
]
"""What is as it is shown."""

WRONG = {
    "no app": ("```http\nGET / HTTP/1.1\n\nHTTP/1.1 200 OK\n```", "no Python above it"),
    "assertion": (f"{APP}\n```python\n1\nassert 1 == 3\n```", "\nline {2}: AssertionError"),
    "syntax": ("```python\n1 +\n```", "SyntaxError"),
    "warning": (
        "```python\nimport warnings\nwarnings.warn('!')\n```",
        "\nline {2}: UserWarning: !",
    ),
    "status": (GET.replace("200 OK", "201 Created"), "-HTTP/1.1 201 Created\n+HTTP/1.1 200 OK"),
    "reason": (GET.replace("200 OK", "200 Fine"), "-HTTP/1.1 200 Fine\n+HTTP/1.1 200 OK"),
    "value": (GET.replace("Vary: Origin", "Vary: *"), "-Vary: *\n+Vary: Origin"),
    "header too many": (GET.replace("Vary", "X-No: 1\nVary"), "-X-No: 1"),
    "header not shown": (GET.replace("Vary: Origin\n", ""), "+Vary: Origin"),
    "body": (GET.replace("Hello", "Good-bye"), '+{"message":"Hello World"}'),
    "request": (GET.replace("Origin: https", "Origin: http"), "-Access-Control-Allow-Origin: "),
    "no answer": ("```http\nGET / HTTP/1.1\n```", "no line that begins an answer"),
    "printed": (PRINTED.replace("text\n1\n...", "text\n2"), "+1\n 2"),
    "not printed": (PRINTED.replace("...", "3\n..."), "-3"),
    "failing command": ("```sh\ngit nothing\n```", "-[exit status 0]\n+[exit status 1]"),
    "not the last": (SH.replace("1)", "x)"), "-[exit status 0]\n+[exit status 1]"),
    "no uv run": ("```sh\npytest\n```", "PowerShell has no pytest"),
    "prompt": ("```sh\n$ git status\n```", "PowerShell has no $"),
    "only bash": ("```sh\ngit log | tail -n 1\n```", "PowerShell has no tail"),
    "no PowerShell": (POWERSHELL.partition("\n\n```p")[0], "which no fence below shows"),
    "other PowerShell": (POWERSHELL.replace("'[2]'\nuv", "'[3]'\nuv"), "-$env:TWO = '[3]'"),
    "accepted": (f"```toml\n{POLICY}```\n\n```text\n{SLASH}```", "-Cannot start"),
    "rejected": (REJECTION.partition("\n\n")[0], "+Cannot start"),
    "other rejection": (REJECTION.replace("1 problem", "2 problems"), "-Cannot start: 2 problems"),
    "diff": (DIFF.replace("-0,0 +1", "-1 +1,2"), "corrupt patch"),
    "proxy": (NGINX.replace("listen", "hear"), 'unknown directive "hear"'),
    "value of js": (JS.replace("// 200", "// 201"), "-// 201\n+// 200"),
    "sent by js": (SENT.replace("GET", "PUT"), "-// sent: PUT /\n+// sent: GET /"),
    "error of js": (ERROR.replace("to fetch\n```", "to do\n```"), "+// TypeError: Failed to fetch"),
    "message of js": (ERROR.replace("No '", "Some '"), "policy: No 'Access-Control-Allow-"),
    "no origin": (JS.replace("// on ", "// "), "does not name an origin"),
    "no outcome": (JS.replace("// 200\n", ""), "no comment at its end"),
    "late proxy": (NGINX, "stands below what has been sent without it"),
    "answers": (ANSWERS.replace("Orders", '""'), "Nothing was generated"),
    "language": ("```fortran\nEND\n```", "fortran: nothing runs this language"),
    "no language": ("```\n1\n```", "code without a language: nothing runs this language"),
    "indented": ("    1\n", "code without a language: nothing runs this language"),
}
"""What is not as it is shown, and the message; a number in braces is a line of the code."""


@pytest.mark.xdist_group("runner of documents")
def test_right(wrong: Runner, tmp_path: Path) -> None:
    """Code that does what is shown is no failure, in whatever language, and there is no other."""
    page = Page.parse("right.md", "\n\n".join(RIGHT))
    assert wrong(page, tmp_path) == []
    assert page.languages == RUNNERS.keys() - {"{toctree}"}


@pytest.fixture(scope="module")
def reported(wrong: Runner, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the message about everything that is wrong with a page."""
    page = Page.parse("wrong.md", "\n\n".join(text for text, _ in WRONG.values()))
    return wrong(page, tmp_path_factory.mktemp("wrong"))


@pytest.mark.xdist_group("runner of documents")
@pytest.mark.parametrize("name", WRONG)
def test_wrong(reported: list[str], name: str) -> None:
    """Code that does something else is a failure that names the page, the line, the difference."""
    number = list(WRONG).index(name)
    text, difference = WRONG[name]
    above = "".join(f"{text}\n\n" for text, _ in [*WRONG.values()][:number])
    fence = [x for x in Page.parse("", above + text).fences if x.language != "text"][-1]
    assert len(reported) == len(WRONG)
    assert reported[number].startswith(f"wrong.md:{fence.line}: ")
    assert difference.replace("{2}", str(fence.line + 2)) in reported[number]
