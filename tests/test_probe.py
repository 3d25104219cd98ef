"""`probe` says what a proxy makes of the policy of a deployed API, through a real nginx."""

import json
import re
import socket
import socketserver
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import Result, run_all
from conftest import TEMPLATE, Project
from documents.proxies import free_port, nginx, require
from serving import Certificate, Server, served_in_thread, uvicorn

pytestmark = pytest.mark.xdist_group("probe")

APP, SHOP = "https://app.example.com", "https://shop.example.com"
UNTRUSTED = "https://untrusted.example"
ORIGINS = {"APP_CORS__ALLOW_ORIGINS": f"{APP},{SHOP}"}
LOCALHOST = "http://localhost:8080"
MANY = sorted(f"https://a{number}.example.com" for number in range(1000))

POLICIES: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "production": ("production", ORIGINS, [APP, SHOP]),
    "dev": ("development", {"APP_CORS__PRESET": "dev"}, ["http://localhost", LOCALHOST]),
    "no-origin": ("production", {"APP_CORS__ALLOW_ORIGINS": ""}, []),
    "many-origins": ("production", {"APP_CORS__ALLOW_ORIGINS": ",".join(MANY)}, MANY[:5]),
    "patterns": (
        "production",
        {"APP_CORS__ALLOW_ORIGINS": "https://*.previews.example.com"},
        ["https://preview.previews.example.com"],
    ),
    "app-origins": (
        "staging",
        {"APP_CORS__ALLOW_APP_ORIGINS": "capacitor://localhost"},
        ["https://staging.example.com", "capacitor://localhost"],
    ),
    "credentials": ("production", {"APP_CORS__ALLOW_CREDENTIALS": "true"}, [APP]),
    "cross-site-posts": ("production", {"APP_CORS__CROSS_SITE_POSTS": "/orders"}, [APP]),
    "hosts": ("production", ORIGINS | {"APP_CORS__ALLOWED_HOSTS": "api.example.com"}, [APP, SHOP]),
}
"""An environment, variables that change its policy, and the trusted origins that are tried."""

SERVED = f"""
import os

from fastapi import Response

import hello_api.cors
from hello_api.main import create_app
from hello_api.settings import Settings

apps = {{}}
for name, (environment, variables, _) in {POLICIES!r}.items():
    os.environ.update(variables)
    apps[name] = create_app(Settings(environment=environment))
    for variable in variables:
        del os.environ[variable]

    @apps[name].get("/catalog")
    async def read_catalog(response: Response) -> str:
        response.headers["Cache-Control"] = "max-age=600"
        return "lamp"

    @apps[name].api_route("/orders", methods=["GET", "POST"])
    async def orders() -> str:
        return "none"

    @apps[name].get("/too-large", status_code=413)
    async def read_too_large() -> str:
        return "At most 4 MB"


async def app(scope, receive, send):
    if scope["type"] == "http":
        _, name, path = scope["path"].split("/", 2)
        await apps[name]({{**scope, "path": "/" + path}}, receive, send)
"""
"""Every API, below a path with the name of its policy."""

SITE = """
proxy_cache_path /srv/cache keys_zone=responses:1m;
proxy_set_header Host $http_host;
map "$request_method $http_origin" $methods {
    "~^OPTIONS https://(app|shop)" "DELETE,PATCH,PUT,POST,HEAD,GET";
}
map $request_method $fewer {
    OPTIONS "GET,POST";
}

server {
    listen 8001;
    error_page 413 = /production/too-large;
    location ~ ^/(?<policy>[a-z-]+)/ {
        error_page 413 = /$policy/too-large;
        proxy_pass http://127.0.0.1:8000;
    }
    location ~ ^/[a-z-]+/too-large$ {
        internal;
        proxy_pass http://127.0.0.1:8000;
        proxy_pass_request_body off;
        proxy_set_header Host $http_host;
        proxy_set_header Content-Length "";
    }
    LOCATIONS
}

server {
    listen 8002;
    large_client_header_buffers 4 4k;
    location / {
        proxy_pass http://127.0.0.1:8000;
    }
}

server {
    listen 443 ssl;
    ssl_certificate     /etc/ssl/example.pem;
    ssl_certificate_key /etc/ssl/example.pem;
    client_max_body_size 0;
    location / {
        proxy_pass http://127.0.0.1:8000;
    }
}
"""
"""nginx with a location for each mistake, limits without error pages of the API, and TLS."""

FORWARD = "proxy_pass http://127.0.0.1:8000/production/;"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
EXPOSE = "Access-Control-Expose-Headers"
ALLOW_METHODS = "Access-Control-Allow-Methods"
HIDE = f"proxy_hide_header {ALLOW_ORIGIN};"
HIDE_METHODS = f"proxy_hide_header {ALLOW_METHODS};"
CACHE = "proxy_cache responses; proxy_cache_key $request_uri;"
PREFLIGHT = "if ($request_method = OPTIONS)"


def add(value: str, name: str = ALLOW_ORIGIN) -> str:
    return f"add_header {name} {value} always;"


REDIRECT = "The response is a redirect to"
EXPOSED = "WWW-Authenticate, Location, Retry-After"
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"

MISTAKES: dict[str, tuple[str, list[str]]] = {
    "added-again": (
        f"{FORWARD} {add(APP)}",
        [
            f'{ALLOW_ORIGIN} is "{APP}, {APP}" instead of "{APP}" once [repeated-header]',
            f'{ALLOW_ORIGIN} is "{SHOP}, {APP}" instead of "{SHOP}" once [repeated-header]',
            f'{ALLOW_ORIGIN} is "{APP}", and the policy sends none [extra-header]',
        ],
    ),
    "any-origin": (
        f"{FORWARD} {HIDE} {add('*')}",
        [
            f'{ALLOW_ORIGIN} is "*" instead of "{APP}" [changed-header]',
            f'{ALLOW_ORIGIN} is "*" instead of "{SHOP}" [changed-header]',
            f'{ALLOW_ORIGIN} is "*", and the policy sends none [extra-header]',
        ],
    ),
    "reflected": (
        f"{FORWARD} {HIDE} {add('$http_origin')}",
        [f'{ALLOW_ORIGIN} is "{UNTRUSTED}", and the policy sends none [extra-header]'],
    ),
    "credentials-added": (
        f"{FORWARD} {add('true', 'Access-Control-Allow-Credentials')}",
        ['Access-Control-Allow-Credentials is "true", and the policy sends none [extra-header]'],
    ),
    "fewer-methods": (
        f"{FORWARD} {HIDE_METHODS} {add('$fewer', ALLOW_METHODS)}",
        [
            f'{ALLOW_METHODS} is "GET,POST" instead of "{METHODS}" [changed-header]',
            f'{ALLOW_METHODS} is "GET,POST", and the policy sends none [extra-header]',
        ],
    ),
    "dropped": (
        f"{FORWARD} {HIDE} proxy_hide_header Access-Control-Expose-Headers;",
        [
            "There is no Access-Control-Allow-Origin, no Access-Control-Expose-Headers [no-header]",
            "There is no Access-Control-Allow-Origin [no-header]",
        ],
    ),
    "vary-dropped": (
        f"{FORWARD} proxy_hide_header Vary;",
        ["Vary does not name Origin [no-vary]"],
    ),
    "origin-dropped": (
        f'{FORWARD} proxy_set_header Origin "";',
        [
            "There is no Access-Control-Allow-Origin, no Access-Control-Expose-Headers [no-header]",
            "OPTIONS gets the status 405 instead of 200 [preflight]",
            "OPTIONS gets the status 405 instead of 400 [preflight]",
        ],
    ),
    "preflight-answered": (
        f"{PREFLIGHT} {{ return 204; }} {FORWARD}",
        [
            "OPTIONS gets the status 204 instead of 200 [preflight]",
            "OPTIONS gets the status 204 instead of 400 [preflight]",
        ],
    ),
    "preflight-answered-with-headers": (
        f"{PREFLIGHT} {{ {add('$http_origin')} {add('Origin', 'Vary')} return 204; }} {FORWARD}",
        [
            "OPTIONS gets the status 204 instead of 200 [preflight]",
            "OPTIONS gets the status 204 instead of 400 [preflight]",
        ],
    ),
    "login-before-preflight": (
        f"{PREFLIGHT} {{ return 401; }} {FORWARD}",
        [
            "OPTIONS gets the status 401 instead of 200 [preflight]",
            "OPTIONS gets the status 401 instead of 400 [preflight]",
        ],
    ),
    "preflight-redirected": (
        f"{PREFLIGHT} {{ return 308 /elsewhere; }} {FORWARD}",
        [f'{REDIRECT} "http://127.0.0.1:8001/elsewhere" [redirect]'],
    ),
    "redirected-to-https": (
        "return 301 https://$http_host$request_uri;",
        [
            f'{REDIRECT} "https://127.0.0.1:8001/redirected-to-https/catalog" [redirect]',
        ],
    ),
    "api-is-down": (
        "proxy_pass http://127.0.0.1:1;",
        ["The 502 response does not come from the API [error-page]"],
    ),
    "headers-too-large": (
        f'if ($request_uri ~ "x{{2000}}") {{ return 400; }} {FORWARD}',
        ["The 400 response does not come from the API [error-page]"],
    ),
    "cached-without-vary": (
        f"{FORWARD} {CACHE} proxy_ignore_headers Vary;",
        [
            f'The response for "{APP}" is a cached one for another origin [cached]',
            f'The response for "{SHOP}" is a cached one for another origin [cached]',
        ],
    ),
    "cached-without-query": (
        f"{FORWARD} proxy_cache responses; proxy_cache_key $uri; proxy_ignore_headers Vary;",
        [
            f'{ALLOW_ORIGIN} is "{APP}" instead of "{SHOP}" [changed-header]',
            f'{ALLOW_ORIGIN} is "{APP}", and the policy sends none [extra-header]',
            f'{EXPOSE} is "{EXPOSED}", and the policy sends none [extra-header]',
        ],
    ),
}
"""What a location of nginx does, and what is wrong with its responses."""

RIGHT = {
    "cached-by-vary": f"{FORWARD} {CACHE}",
    "list-in-another-order": f"{FORWARD} {HIDE_METHODS} {add('$methods', ALLOW_METHODS)}",
}
"""What is not wrong."""

LOCATIONS = {name: directives for name, (directives, _) in MISTAKES.items()} | RIGHT

NO_SENDER = f'{FORWARD} proxy_set_header Origin ""; proxy_set_header Sec-Fetch-Site "";'


@dataclass(frozen=True)
class Deployment:
    """The APIs, what stands before them by the ports of `SITE`, and the project to probe from."""

    project: Project
    api: Server
    ports: dict[str, int]
    certificate: Certificate
    authority: Path

    def url(self, path: str, port: str = "8001") -> str:
        return f"{'https' if port == '443' else 'http'}://127.0.0.1:{self.ports[port]}{path}"

    def probe(self, url: str, *arguments: str, policy: str = "production", **more: str) -> Result:
        """Run the command with the variables of a policy, in the environment of it."""
        environment, variables, _ = POLICIES[policy]
        command = [sys.executable, "-W", "error", "-m", "hello_api.cors", "probe", url, environment]
        return self.project.run(*command, *arguments, **(self.variables | variables | more))

    def probe_all(self, urls: Iterable[str], *arguments: str) -> list[Result]:
        """Run the command for each URL in production, in one process: its start takes longest."""
        words = [["probe", url, "production", *arguments] for url in urls]
        return run_all(self.project, words, **(self.variables | ORIGINS))

    @property
    def variables(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.project.path / "src"), "no_proxy": "127.0.0.1,localhost"}


@pytest.fixture(scope="module")
def deployment(
    generated: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Deploy the APIs behind nginx."""
    require()
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "served.py").write_text(SERVED, encoding="utf-8")
    project = generated("defaults")
    certificate, authority = Certificate(folder), folder / "authority.pem"
    certificate.authority.cert_pem.write_to_path(authority)
    ports = {port: free_port() for port in ("8001", "8002", "443")}
    texts = LOCATIONS | {"no-sender": NO_SENDER}
    locations = [f"location ^~ /{name}/ {{ {text} }}" for name, text in texts.items()]
    places = {f"listen {port}": f"listen 127.0.0.1:{here}" for port, here in ports.items()}
    places |= {"/etc/ssl/example.pem": str(certificate.file), "/srv/": f"{folder}/"}
    with ExitStack() as end:
        api = end.enter_context(
            uvicorn(
                sys.executable,
                "served:app",
                folder / "api.log",
                folder=folder,
                PYTHONPATH=str(project.path / "src"),
                APP_ENVIRONMENT="production",
            )
        )
        places["127.0.0.1:8000"] = f"127.0.0.1:{api.port}"
        site = SITE.replace("LOCATIONS", "\n    ".join(locations))
        end.enter_context(nginx(site, places, ports["8001"], folder))
        yield Deployment(project, api, ports, certificate, authority)


def rows(result: Result) -> list[list[str]]:
    """Return the table that is printed."""
    table = [re.split(" {2,}", line) for line in result.stdout.splitlines()]
    return [row for row in table if len(row) == 4]


def sentences(result: Result) -> list[str]:
    """Return what is printed below the table, without what to do."""
    below = [line for line in result.stdout.splitlines() if "  " not in line]
    assert all(re.search(r" \[[a-z-]+\]; .*\.$", line) for line in below), below
    return [line.partition("; ")[0] for line in below]


def failed(result: Result) -> str:
    """Return the one line of standard error with which a run has ended that found out nothing."""
    assert (result.returncode, result.stdout) == (2, ""), result
    [line] = result.stderr.splitlines()
    return line


# --- A proxy ------------------------------------------------------------------------------------


def test_right(deployment: Deployment) -> None:
    """A proxy that leaves the responses as they are passes, and each request is shown."""
    result = deployment.probe(deployment.url("/production/catalog"))
    assert (result.returncode, result.stderr) == (0, "")
    assert rows(result) == [
        ["GET", APP, "200", "ok"],
        ["preflight", APP, "200", "ok"],
        ["GET", SHOP, "200", "ok"],
        ["preflight", SHOP, "200", "ok"],
        ["GET", UNTRUSTED, "200", "ok"],
        ["preflight", UNTRUSTED, "400", "ok"],
        ["GET of the same URL", UNTRUSTED, "200", "ok"],
        ["GET of the same URL", APP, "200", "ok"],
        ["GET of the same URL", SHOP, "200", "ok"],
        ["GET of a long URL", APP, "200", "ok"],
        ["GET with a large body", APP, "413", "ok"],
    ]
    assert sentences(result) == []


@pytest.fixture(scope="module")
def probed(deployment: Deployment) -> dict[str, Result]:
    """Return what is printed of each location, by one run each."""
    urls = [deployment.url(f"/{name}/catalog") for name in LOCATIONS]
    return dict(zip(LOCATIONS, deployment.probe_all(urls), strict=True))


@pytest.mark.parametrize("name", RIGHT)
def test_allowed(probed: dict[str, Result], name: str) -> None:
    """A cache that heeds Vary, or a list in another order, is not wrong."""
    result = probed[name]
    assert (result.returncode, sentences(result), result.stderr) == (0, [], "")


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(deployment: Deployment, probed: dict[str, Result], name: str) -> None:
    """Each mistake of a proxy is found, in a sentence that says what is wrong and what to do."""
    result = probed[name]
    port = str(deployment.ports["8001"])
    assert (result.returncode, result.stderr) == (1, "")
    assert sentences(result) == [x.replace("8001", port) for x in MISTAKES[name][1]]
    names = dict.fromkeys(x for row in rows(result) for x in row[3].split(", ") if x != "ok")
    assert [*names] == [*dict.fromkeys(x[x.index("[") + 1 : -1] for x in sentences(result))]


def test_rows(probed: dict[str, Result]) -> None:
    """The table says which requests a mistake concerns."""
    wrong = [row for row in rows(probed["preflight-answered"]) if row[3] != "ok"]
    assert wrong == [["preflight", x, "204", "preflight"] for x in (APP, SHOP, UNTRUSTED)]


def test_limits(deployment: Deployment) -> None:
    """Limits for URLs and bodies are found where the proxy itself says that they are exceeded."""
    result = deployment.probe(deployment.url("/production/catalog", "8002"))
    assert (result.returncode, result.stderr) == (1, "")
    assert [row for row in rows(result) if row[3] != "ok"] == [
        ["GET of a long URL", APP, "414", "error-page"],
        ["GET with a large body", APP, "413", "error-page"],
    ]


def test_other_policy(deployment: Deployment) -> None:
    """An API that runs with another policy than the file's is found."""
    result = deployment.probe(deployment.url("/production/catalog"), policy="patterns")
    assert result.returncode == 1
    assert "[other-policy]; deploy the API with this policy, or" in result.stdout


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "hosts"])
def test_policy(deployment: Deployment, policy: str) -> None:
    """An API passes with every kind of policy; of many trusted origins, a few are tried."""
    result = deployment.probe(deployment.url(f"/{policy}/orders"), "--post", policy=policy)
    assert (result.returncode, sentences(result), result.stderr) == (0, [], "")
    preflights = [row[1] for row in rows(result) if row[0] == "preflight"]
    assert preflights == [*POLICIES[policy][2], UNTRUSTED]


@pytest.mark.parametrize(("host", "status"), [("api.example.com", 0), ("other.example.com", 1)])
def test_host(deployment: Deployment, host: str, status: int) -> None:
    """A host that allowed_hosts lacks is found; requests go through the proxy of `http_proxy`."""
    proxy = deployment.url("")
    url = f"http://{host}/hosts/orders"
    result = deployment.probe(url, policy="hosts", http_proxy=proxy)
    assert (result.returncode, result.stderr) == (status, "")
    reason = 'GET gets the status 400, as if "other.example.com" were no allowed host [host]'
    assert sentences(result) == [reason] * status


# --- State-changing requests --------------------------------------------------------------------


def methods(deployment: Deployment, path: str) -> list[str]:
    """Return the methods with which a path was requested from the API."""
    return re.findall(rf'"(\w+) {path}[? ]', deployment.api.log.read_text("utf-8"))


def test_safe_methods(deployment: Deployment) -> None:
    """No state-changing request is sent, unless it is asked for."""
    url = deployment.url("/production/orders/1")
    assert deployment.probe(url).returncode == 0
    assert {*methods(deployment, "/production/orders/1")} == {"GET", "OPTIONS"}
    result = deployment.probe(url, "--post")
    assert rows(result)[-1] == ["POST", UNTRUSTED, "403", "ok"]
    assert methods(deployment, "/production/orders/1").count("POST") == 1


def test_post(deployment: Deployment) -> None:
    """A proxy that hides from the API who sends a state-changing request is found."""
    result = deployment.probe(deployment.url("/no-sender/orders"), "--post")
    assert result.returncode == 1
    assert rows(result)[-1] == ["POST", UNTRUSTED, "200", "post"]
    assert "POST gets the status 200 instead of 403 [post]" in sentences(result)


# --- TLS, and no response -----------------------------------------------------------------------


def test_certificate(deployment: Deployment) -> None:
    """The certificate of a private authority is trusted by option or by `SSL_CERT_FILE`."""
    url = deployment.url("/production/orders", "443")
    authority = str(deployment.authority)
    for result in (
        deployment.probe(url, "--cacert", authority),
        deployment.probe(url, SSL_CERT_FILE=authority),
    ):
        assert (result.returncode, sentences(result), result.stderr) == (0, [], "")
        assert rows(result)[-1][0] == "GET of a long URL"  # no limit, so a body is waited for


def test_untrusted_certificate(deployment: Deployment) -> None:
    """A certificate that is not trusted, or of another host, ends it in one sentence."""
    url = deployment.url("/production/orders", "443")
    assert failed(deployment.probe(url)) == (
        f'URL: "{url}" does not respond, unable to get local issuer certificate [no-response];'
        " check the URL, and where need be set --timeout or --cacert."
    )
    other = url.replace("127.0.0.1", "localhost")
    result = deployment.probe(other, "--cacert", str(deployment.authority))
    assert "Hostname mismatch, certificate is not valid for 'localhost' [" in failed(result)


@dataclass(frozen=True)
class Failing:
    """What a server does with a connection, and the message."""

    handle: Callable[[socket.socket], object]
    reason: str
    scheme: str = "http"


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


FAILING = {
    "silent": Failing(lambda x: x.recv(65_536) and x.recv(1), "timed out after 0.2 seconds"),
    "silent TLS": Failing(lambda x: x.recv(65_536) and x.recv(1), "timed out after 0.2", "https"),
    "closed": Failing(
        lambda x: x.recv(65_536), "Remote end closed connection without response [no-response]"
    ),
    "reset": Failing(reset, "Connection reset by peer [no-response]"),
    "no HTTP": Failing(lambda x: x.sendall(b"SSH-2.0-x\r\n"), "not HTTP [no-response]"),
    "no TLS": Failing(
        lambda x: x.sendall(b"HTTP/1.1 400 No\r\n\r\n"), "[SSL: WRONG_VERSION_NUMBER]", "https"
    ),
    "endless": Failing(lambda x: x.sendall(b"HTTP/1.1 200 OK\r\na: " + b"x" * 70_000), "not HTTP"),
}


@pytest.fixture(scope="module")
def unanswered(deployment: Deployment) -> dict[str, Result]:
    """Return what is printed of each of these servers."""

    def handler(failing: Failing) -> type[socketserver.BaseRequestHandler]:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                failing.handle(self.request)

        return Handler

    with ExitStack() as end:
        urls = {}
        for name, failing in FAILING.items():
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler(failing))
            end.enter_context(server)
            end.enter_context(served_in_thread(server))
            urls[name] = f"{failing.scheme}://127.0.0.1:{server.server_address[1]}/health"
        return dict(zip(urls, deployment.probe_all(urls.values(), "--timeout=0.2"), strict=True))


@pytest.mark.parametrize("name", FAILING)
def test_no_response(unanswered: dict[str, Result], name: str) -> None:
    """A server that does not respond in HTTP, or not in time, ends it in one sentence."""
    line = failed(unanswered[name])
    assert line.startswith(f'URL: "{FAILING[name].scheme}://127.0.0.1:')
    assert f'/health" does not respond, {FAILING[name].reason}' in line


def test_unknown_host(deployment: Deployment) -> None:
    """A host that does not exist ends it in one sentence."""
    line = failed(deployment.probe("http://unknown.invalid/", no_proxy="*"))
    assert line.startswith('URL: "http://unknown.invalid/" does not respond, ')


# --- Arguments ----------------------------------------------------------------------------------

NO_URLS = (
    *(
        "",
        "api.example.com",
        "//api.example.com",
        "ftp://api.example.com",
        "https://",
        "https:///x",
    ),
    *("http://api.example.com:99999", "http://api.example.com:0", "http://api.example.com:x"),
    *("https://user@api.example.com", "https://[::g]", "https://a b", "https://é.example/"),
    *("file:///etc/passwd", "https://api.example.com/a b", "https://api.example.com/\n"),
)


NO_URL = "is not a URL of http or https [probe-url]; write one such as https://api.example.com"


def test_urls(deployment: Deployment) -> None:
    """What is not a URL of http or https is rejected, in one sentence each."""
    for url, result in zip(NO_URLS, deployment.probe_all(NO_URLS), strict=True):
        shown = json.dumps(url, ensure_ascii=not url.isprintable())
        assert failed(result) == f"URL: {shown} {NO_URL}/health."


@pytest.mark.parametrize("timeout", ["0", "nan", "1e9"])
def test_arguments(deployment: Deployment, timeout: str) -> None:
    """All arguments that can't be used are reported at once."""
    result = deployment.probe("x", f"--timeout={timeout}", "--cacert", "missing.pem")
    assert (result.returncode, result.stdout) == (2, "")
    url, seconds, cacert = result.stderr.splitlines(keepends=True)
    assert url == f'URL: "x" {NO_URL}/health.\n'
    assert seconds.endswith(" is not above 0 and at most 3600 seconds [timeout]; write 10.\n")
    assert cacert.startswith('--cacert: "missing.pem" has no certificate [cacert]; name a file ')


def test_no_certificate(deployment: Deployment) -> None:
    """A file without a certificate is rejected, in one sentence."""
    result = deployment.probe(deployment.url("/production/orders"), "--cacert", "README.md")
    assert failed(result) == (
        '--cacert: "README.md" has no certificate [cacert]; name a file with certificates as PEM.'
    )


def test_unknown_environment(deployment: Deployment) -> None:
    """An environment that the file does not have is rejected before anything is sent."""
    command = [sys.executable, "-m", "hello_api.cors", "probe", "http://127.0.0.1:1/", "produktion"]
    result = deployment.project.run(*command, **deployment.variables)
    assert (result.returncode, result.stdout) == (2, "")
    assert '"produktion" is not an environment [unknown-environment]; write production' in (
        result.stderr
    )


# --- The page -----------------------------------------------------------------------------------


def test_page(deployment: Deployment) -> None:
    """The page about it says of everything that can be wrong what it means and how to fix it."""
    code = "from hello_api.cors.probe import FIXES; print(*FIXES)"
    names = deployment.project.run(sys.executable, "-c", code, **deployment.variables).stdout
    page = (TEMPLATE / "docs/how-to/check-a-deployment.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == names.split()
