"""What runs a fence of each language, and the state of a page while its fences run."""

import difflib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from browser import chromium
from browser.browsing import served_pages
from conftest import Project
from serving import Certificate, program, tunnel_to

from . import answers, browsers, proxies, shells
from .pages import Fence, Page

WORKER = Path(__file__).with_name("worker.py")
SENT = "// sent: "
API = "api.example.com"
"""The name under which a browser finds the `app` of a page."""


class Wrong(Exception):  # noqa: N818
    """What a page shows is not what happens; the message is the difference."""


class Run:
    """A page that is being run: from top to bottom, in one project, with one process for Python."""

    def __init__(self, page: Page, project: Project, folder: Path, end: ExitStack) -> None:
        self.page = page
        self.project = project
        self.folder = folder
        self.end = end
        self.proxy = end.enter_context(ExitStack())
        self.names: dict[str, int] = {}

    @cached_property
    def worker(self) -> subprocess.Popen[str]:
        return self.end.enter_context(
            subprocess.Popen(
                [self.project.path / ".venv/bin/python", "-W", "error", WORKER],
                cwd=self.project.path,
                env={x: y for x, y in os.environ.items() if not x.startswith("APP_")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def ask(self, function: str, *arguments: Any) -> Any:
        """Have the worker do a task; raise `Wrong` where it can't."""
        assert self.worker.stdin is not None
        assert self.worker.stdout is not None
        print(json.dumps([function, arguments]), file=self.worker.stdin, flush=True)
        reported = self.worker.stdout.readline()
        if not reported:
            raise Wrong("the process that runs Python has ended")
        done = json.loads(reported)
        if "error" in done:
            raise Wrong(done["error"])
        return done["result"]

    @cached_property
    def certificate(self) -> Certificate:
        return Certificate(self.folder, API)

    @cached_property
    def upstream(self) -> int:
        """The port of the API for a proxy in front of it."""
        return int(self.ask("serve", ""))

    @cached_property
    def served(self) -> dict[str, int]:
        """The ports of 127.0.0.1 that names lead to: a proxy's, or else the API's own."""
        return self.names or {API: self.ask("serve", str(self.certificate.file))}

    @cached_property
    def curl(self) -> dict[str, str]:
        """Variables with which curl finds those names."""
        program("curl")
        found = [f'connect-to = "{x}:443:127.0.0.1:{port}"' for x, port in self.served.items()]
        (self.folder / ".curlrc").write_text("\n".join(["insecure", *found]), encoding="utf-8")
        return {"CURL_HOME": str(self.folder)}

    @cached_property
    def probe(self) -> dict[str, str]:
        """Variables with which `probe` finds those names, and trusts their certificate."""
        authority = self.project.path / "company-ca.pem"
        self.certificate.authority.cert_pem.write_to_path(authority)
        ports = {"*": self.served[API], **self.served}
        proxy = f"http://127.0.0.1:{self.end.enter_context(tunnel_to(ports))}"
        return {"https_proxy": proxy, "SSL_CERT_FILE": str(authority)}

    @cached_property
    def browser(self) -> chromium.Chromium:
        """Chromium, for which any other name leads to an empty page."""
        chromium.require()
        certificate, served = self.certificate, self.served
        plain = self.end.enter_context(served_pages())
        pages = self.end.enter_context(served_pages(certificate.for_server()))
        names = {**served, "*:80": plain, "*:8080": plain, "*:5173": plain, "*": pages}
        profile = self.folder / "profile"
        profile.mkdir()
        key = certificate.public_key_hash
        return self.end.enter_context(chromium.launched(profile, names, [], key))


@contextmanager
def running(page: Page, project: Project, folder: Path) -> Iterator[Run]:
    """Run a page in a project; what that needs, in a folder, is over with the block."""
    with ExitStack() as end:
        run = Run(page, project, folder, end)
        try:
            yield run
        finally:
            if "worker" in vars(run):
                run.worker.kill()


def python(run: Run, fence: Fence) -> None:
    """Run it after the blocks above it, or write it to the new file that a mark names."""
    if "file" in fence.marks:
        with (run.project.path / fence.marks["file"]).open("x", encoding="utf-8") as file:
            file.write(fence.text)
    elif failure := run.ask("python", fence.text, run.page.name, fence.line):
        raise Wrong(failure)


def append(run: Run, fence: Fence) -> None:
    """Add it to the end of the file that a mark names."""
    with (run.project.path / fence.marks["append"]).open("a", encoding="utf-8") as file:
        file.write(f"\n{fence.text}")


def http(run: Run, fence: Fence) -> None:
    """Send the request to `app`, and compare the answer."""
    expect(fence.text, run.ask("http", fence.text))


def toml(run: Run, fence: Fence) -> None:
    """Start the API with these policies: it does, or says what the next fence shows."""
    following = run.page.fences[run.page.fences.index(fence) + 1 :][:1]
    messages = [x.text for x in following if x.text.startswith("Cannot start")]
    expect("".join(messages), run.ask("policy", fence.text))


def diff(run: Run, fence: Fence) -> None:
    """Apply it to the project, as git does."""
    change = run.folder / "change.diff"
    change.write_text(fence.text, encoding="utf-8")
    result = run.project.run("git", "apply", str(change))
    if result.returncode:
        raise Wrong(result.stderr)


def sh(run: Run, fence: Fence) -> None:
    """Paste the commands, and compare what is printed with the fence below, if that shows it."""
    if unknown := shells.not_portable(fence.text):
        raise Wrong(f"PowerShell has no {' and no '.join(sorted(unknown))}")
    below = run.page.fences[run.page.fences.index(fence) + 1 :][:2]
    same = shells.in_powershell(fence.text) == fence.text.rstrip()
    if not same and "powershell" not in {x.language for x in below}:
        raise Wrong("PowerShell takes other commands, which no fence below shows")
    variables = run.curl if "curl " in fence.text else {}
    variables = variables | (run.probe if " probe " in fence.text else {})
    expect(*shells.pasted(run.project, fence, run.folder, variables))


def powershell(run: Run, fence: Fence) -> None:
    """Compare it with the commands above it, which are run."""
    above = [x for x in run.page.fences if x.language == "sh" and x.line < fence.line]
    expect(fence.text, shells.in_powershell(above[-1].text) if above else "")


def js(run: Run, fence: Fence) -> None:
    """Run it in a browser, on a page at the origin that it names, and compare what comes of it.

    Part of that are the requests that `app` receives, if the first comment lists them:
    `// sent: OPTIONS /items, PUT /items`.
    """
    try:
        origin, script, comments = browsers.split(fence.text)
    except ValueError as error:
        raise Wrong(str(error)) from None
    listed = comments[0].startswith(SENT)
    browser = run.browser
    run.ask("requests")
    done = browsers.evaluated(browser, origin, script, comments[listed:-1])
    if listed:
        done.insert(0, SENT + ", ".join(run.ask("requests")))
    expect("\n".join(comments), "\n".join(done))


def yaml(run: Run, fence: Fence) -> None:
    """Give it to the generator as a file of answers: it makes a project of them."""
    if rejection := answers.rejected(fence.text, run.folder):
        raise Wrong(rejection)


def nginx(run: Run, fence: Fence) -> None:
    """Start nginx with this configuration in front of `app`, in place of the one above it.

    From here on, the names of its servers lead there, for the browser and for curl.
    """
    proxies.require()
    run.proxy.close()
    port = next(iter(run.names.values()), None) or proxies.free_port()
    names = re.findall(r"server_name (.*);", fence.text)
    if "served" in vars(run) and not run.names.keys() >= set(names):
        raise Wrong("a proxy of another name stands below what has been sent without it")
    places = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/ssl/example.pem": str(run.certificate.file),
        "http://127.0.0.1:8000": f"http://127.0.0.1:{run.upstream}",
        "/srv/": f"{run.folder}/",
    }
    try:
        run.proxy.enter_context(proxies.nginx(fence.text, places, port, run.folder))
    except ValueError as error:
        raise Wrong(str(error)) from None
    run.names |= dict.fromkeys(names, port)


def not_code(run: Run, fence: Fence) -> None:
    """Leave it: a message, what a command prints, a tree of files, or a table of contents."""


RUNNERS: dict[str, Callable[[Run, Fence], None]] = {
    "python": python,
    "http": http,
    "toml": toml,
    "diff": diff,
    "sh": sh,
    "powershell": powershell,
    "js": js,
    "yaml": yaml,
    "nginx": nginx,
    "text": not_code,
    "{toctree}": not_code,
}
"""The languages that a page may show. Another one gets a function here that runs it."""


def expect(shown: str, actual: str) -> None:
    """Raise `Wrong` with the difference, if two texts differ by more than white space at ends."""
    before, after = ([x.rstrip() for x in text.strip().splitlines()] for text in (shown, actual))
    if before != after:
        difference = difflib.unified_diff(before, after, "shown", "happened", lineterm="", n=9)
        raise Wrong("\n".join(difference))


def failures(run: Run) -> Iterator[str]:
    """Run all fences of a page; yield for each that is wrong where it is and how."""
    for fence in run.page.fences:
        where = f"{run.page.name}:{fence.line}: {fence.language or 'code without a language'}"
        runner = append if "append" in fence.marks else RUNNERS.get(fence.language)
        if runner is None:
            yield f"{where}: nothing runs this language; see RUNNERS in {__file__}"
            continue
        try:
            runner(run, fence)
        except Wrong as wrong:
            yield f"{where}\n{wrong}"
