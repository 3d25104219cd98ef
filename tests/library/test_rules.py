"""Every value of a policy that is unsafe, or would do nothing, is rejected in words of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from hello_api.cors import ConfigurationError, load_policy

NO_ORIGIN = "write an origin such as https://app.example.com, or remove it"
NO_PATTERN = "write a pattern such as https://*.previews.example.com, or remove it"
APP_ORIGIN = "if an installed app is meant, list it in allow_app_origins of environments.toml"
NO_APP = "write one such as capacitor://localhost"
NO_PATH = "write one such as /auth/callback"
NO_HOST = "write a host such as api.example.com, or remove it"
WRITE = 'write "https://app.example.com"'
REMOVE = "remove it"

REASONS = {
    "empty": "is empty",
    "any-origin": "would trust every page on the web",
    "null": "would trust every sandboxed iframe, data: URL and local file",
    "wildcard": "has a wildcard",
    "white-space": "has white space",
    "unprintable": "has an unprintable character",
    "no-scheme": "has no scheme",
    "no-host": "has no host",
    "scheme": "does not use https",
    "loopback": "is the browser's own machine, which only a local environment may trust",
    "plain-http": "uses http, which an attacker on the network can read and modify",
    "upper-case": "has uppercase letters",
    "non-ascii": "has non-ASCII characters",
    "user": "has a user name",
    "backslash": "has a backslash",
    "punycode": "has a label that is not valid Punycode",
    "trailing-slash": "ends with a slash",
    "path": "has a path",
    "query": "has a query",
    "fragment": "has a fragment",
    "default-port": "has the default port, which browsers omit",
    "port": "has a port that is not a number from 1 to 65535 without leading zeros",
    "empty-label": "has an empty label (a leading, trailing or doubled dot)",
    "host": "has a character that is not allowed in a host name",
    "long-label": "has a label of over 63 characters",
    "long-host": "has a host of over 253 characters",
    "address": "has an IP address that is not written as browsers write it",
    "ipv4-in-ipv6": "is an IPv4-mapped IPv6 address",
    "private-address": "is an address in a private network",
    "method-token": "is not a method name",
    "any-method": "would allow every method",
    "method-case": "has lowercase letters",
    "forbidden-method": "is a forbidden method: browsers never let scripts send it",
    "header-token": "is not a header name",
    "any-header": "would allow every header",
    "forbidden-request-header": "is a forbidden request header: browsers never let scripts set it",
    "response-header": "is a response header",
    "forbidden-response-header": (
        "is a forbidden response header: browsers never let scripts read it"
    ),
    "protocol-header": "is part of the CORS protocol itself",
    "not-a-host": "is not a host name or an address in lowercase",
    "any-host": "would accept any host",
    "host-with-port": "has a port, which is ignored",
    "public-suffix": "covers names that anyone can get or point to any address",
    "file-origin": "stands for no app: it is sent as null",
    "webview-origin": "is a random origin that no list can know",
    "web-origin": "is a web page",
    "app-origin": "is not an installed app's origin",
    "exact-path": "is not an exact path as it stands in the API's routes",
}
"""What is wrong with a value that breaks the rule of this name."""

DEPLOYED_RULES = {"loopback", "private-address"}
"""The rules that are not for the local environment."""

FORBIDDEN_REQUEST_HEADERS = (
    "Accept-Charset Accept-Encoding Access-Control-Request-Headers Access-Control-Request-Method "
    "Access-Control-Request-Private-Network Connection Content-Length Cookie2 Date DNT Expect Host "
    "Keep-Alive Origin Referer Set-Cookie TE Trailer Transfer-Encoding Upgrade Via Sec- Proxy-"
).split()
"""Fetch, "forbidden request-header", but for those listed below."""

UNSAFE_ITEMS = {
    "allow_origins": [
        ("", "empty", NO_ORIGIN),
        ("*", "any-origin", NO_ORIGIN),
        ("null", "null", NO_ORIGIN),
        ("NULL", "null", NO_ORIGIN),
        ("https://pr-*.example.com", "wildcard", NO_PATTERN),
        ("https://*.*.example.com", "wildcard", NO_PATTERN),
        ("https://app.*.example.com", "wildcard", NO_PATTERN),
        ("https://*", "wildcard", NO_PATTERN),
        ("https://*:8443", "wildcard", NO_PATTERN),
        ("http://*.example.com", "wildcard", NO_PATTERN),
        ("HTTPS://*.example.com", "wildcard", NO_PATTERN),
        ("https://*.com", "public-suffix", NO_PATTERN),
        ("https://*.co.uk", "public-suffix", NO_PATTERN),
        ("https://*.vercel.app", "public-suffix", NO_PATTERN),
        ("https://*.github.io", "public-suffix", NO_PATTERN),
        ("https://*.nip.io", "public-suffix", NO_PATTERN),
        ("https://*.", "empty-label", NO_PATTERN),
        ("https://*.10.0.0.1", "address", NO_PATTERN),
        ("https://*.example.com/", "trailing-slash", 'write "https://*.example.com"'),
        ("https://*.Example.com:443", "upper-case default-port", 'write "https://*.example.com"'),
        ("https://*.x.example.com/", "trailing-slash", 'write "https://*.x.example.com"'),
        ("https://app.example.com ", "white-space", WRITE),
        ("https://app.example.com\u200b", "unprintable", WRITE),
        ("app.example.com", "no-scheme", WRITE),
        ("file:///srv/app", "no-host", NO_ORIGIN),
        ("file://", "no-host", NO_ORIGIN),
        ("https://", "no-host", NO_ORIGIN),
        ("capacitor://localhost", "scheme", APP_ORIGIN),
        ("http://app.example.com", "plain-http", WRITE),
        ("https://App.example.com", "upper-case", WRITE),
        ("HTTPS://app.example.com", "upper-case", WRITE),
        ("https://\u00e4pp.example", "non-ascii", 'write "https://xn--pp-uia.example"'),
        ("https://me@app.example.com", "user", NO_ORIGIN),
        ("https://app.example.com\\@evil.example", "backslash", NO_ORIGIN),
        ("https://xn--a.example", "punycode", NO_ORIGIN),
        ("https://app.example.com/", "trailing-slash", WRITE),
        ("https://app.example.com/shop", "path", WRITE),
        ("https://app.example.com?q", "query", WRITE),
        ("https://app.example.com#top", "fragment", WRITE),
        ("https://app.example.com:443", "default-port", WRITE),
        ("https://app.example.com:08443", "port", 'write "https://app.example.com:8443"'),
        ("https://app.example.com:008443", "port", 'write "https://app.example.com:8443"'),
        ("htps://app.example.com", "scheme", WRITE),
        ("htts://app.example.com", "scheme", WRITE),
        ("htsp://app.example.com", "scheme", WRITE),
        ("https://app.example.com:65536", "port", NO_ORIGIN),
        ("https://app.example.com:", "port", WRITE),
        ("https://app.example.com:0", "port", WRITE),
        ("https://app.example.com.", "empty-label", NO_ORIGIN),
        ("https://[2606:4700::1]x", "path", 'write "https://[2606:4700::1]"'),
        ("https://app..example.com", "empty-label", NO_ORIGIN),
        ("https://app,example.com", "host", NO_ORIGIN),
        ("https://xn--app-.example.com", "punycode", NO_ORIGIN),
        (f"https://{64 * 'a'}.example.com", "long-label", NO_ORIGIN),
        (f"https://{121 * 'a.'}examples.com", "long-host", NO_ORIGIN),
        ("https://1.1", "address", NO_ORIGIN),
        ("https://127.1", "address", NO_ORIGIN),
        ("https://[2606:4700:0::1]", "address", 'write "https://[2606:4700::1]"'),
        ("https://[::ffff:101:101]", "ipv4-in-ipv6", NO_ORIGIN),
        ("https://app.example.com, https://b.example.com", "white-space", NO_ORIGIN),
        ("https://a.example/ https://b.example", "white-space", NO_ORIGIN),
        ("https://a.example/,https://b.example", "path", NO_ORIGIN),
        ("https://a.example/ b.example", "white-space", NO_ORIGIN),
        ("https://https://app.example.com", "path port", NO_ORIGIN),
        ("http://App.example.com:80/", "upper-case trailing-slash default-port plain-http", WRITE),
        ("app.example.com:8443", "no-scheme", 'write "https://app.example.com:8443"'),
        ("localhost:3000", "no-scheme", NO_ORIGIN),
        ("frontend", "no-scheme", NO_ORIGIN),
        ("https://xn--abc-.example", "punycode", NO_ORIGIN),
        ("https://xn--MNCHEN-3ya.example", "upper-case", 'write "https://xn--mnchen-3ya.example"'),
        ("https://app.example.com:443/", "trailing-slash default-port", WRITE),
        ("https://\u05d0.\u05d1.", "non-ascii empty-label", NO_ORIGIN),
        ("https://1.2.3.4.", "empty-label", NO_ORIGIN),
        ("https://[::1", "port address", NO_ORIGIN),
        ("https://0x7f.1", "address", NO_ORIGIN),
        ("https://[fe80::1%25eth0]", "address private-address", NO_ORIGIN),
    ],
    "allow_app_origins": [
        ("", "app-origin", NO_APP),
        ("null", "null", NO_APP),
        ("file://", "file-origin", NO_APP),
        ("vscode-webview://1b2c", "webview-origin", NO_APP),
        ("https://app.example.com", "web-origin", "list it in allow_origins"),
        ("http://localhost:8080", "web-origin", "list it in allow_origins"),
        ("https://a.tauri.localhost", "web-origin", "list it in allow_origins"),
        ("capacitor://localhost/", "app-origin", NO_APP),
        ("capacitor://app", "app-origin", NO_APP),
        ("Capacitor://localhost", "app-origin", NO_APP),
        ("app://*", "app-origin", NO_APP),
        ("app://a/b", "app-origin", NO_APP),
        (f"chrome-extension://{31 * 'a'}", "app-origin", NO_APP),
        (f"chrome-extension://{32 * 'q'}", "app-origin", NO_APP),
        (f"moz-extension://{32 * 'a'}", "app-origin", NO_APP),
        ("app://.hidden", "app-origin", NO_APP),
        (f"chrome-extension://{33 * 'a'}", "app-origin", NO_APP),
        ("moz-extension://1234567-1234-1234-1234-123456789abc", "app-origin", NO_APP),
        ("moz-extension://12345678-1234-1234-1234-123456789abcd", "app-origin", NO_APP),
    ],
    "cross_site_posts": [
        ("", "exact-path", NO_PATH),
        ("auth", "exact-path", NO_PATH),
        ("/auth/*", "exact-path", NO_PATH),
        ("/auth/{provider}", "exact-path", NO_PATH),
        ("/auth/callback?state=1", "exact-path", NO_PATH),
        ("/auth//callback", "exact-path", NO_PATH),
        ("/auth/../callback", "exact-path", NO_PATH),
        ("/%61uth", "exact-path", NO_PATH),
        ("/auth callback", "exact-path", NO_PATH),
        ("/auth\\callback", "exact-path", NO_PATH),
        (f"/{60 * 'a'}#top", "exact-path", NO_PATH),
        ("https://api.example.com/auth", "exact-path", NO_PATH),
    ],
    "allow_methods": [
        ("", "method-token", REMOVE),
        ("*", "any-method", REMOVE),
        ("get", "method-case", 'write "GET"'),
        ("patch", "method-case", 'write "PATCH"'),
        ("TRACE", "forbidden-method", REMOVE),
        ("trace", "forbidden-method method-case", REMOVE),
        ("CONNECT", "forbidden-method", REMOVE),
        ("track", "forbidden-method method-case", REMOVE),
        ("GET, POST", "method-token", REMOVE),
    ],
    "allow_headers": [
        ("", "header-token", REMOVE),
        ("*", "any-header", REMOVE),
        ("Cookie", "forbidden-request-header", REMOVE),
        ("sec-fetch-site", "forbidden-request-header", REMOVE),
        ("Proxy-Authorization", "forbidden-request-header", REMOVE),
        ("Access-Control-Allow-Origin", "response-header", REMOVE),
        ("Access-Control-Expose-Headers", "response-header", REMOVE),
        ("X-One\r\nX-Two", "header-token", REMOVE),
        *((name, "forbidden-request-header", REMOVE) for name in FORBIDDEN_REQUEST_HEADERS),
    ],
    "expose_headers": [
        ("", "header-token", REMOVE),
        ("*", "any-header", REMOVE),
        ("Set-Cookie", "forbidden-response-header", REMOVE),
        ("set-cookie2", "forbidden-response-header", REMOVE),
        ("Access-Control-Max-Age", "protocol-header", REMOVE),
        ("Origin", "protocol-header", REMOVE),
        ("X One", "header-token", REMOVE),
    ],
    "allowed_hosts": [
        ("", "not-a-host", NO_HOST),
        ("*", "any-host", NO_HOST),
        ("*.", "not-a-host", NO_HOST),
        ("https://api.example.com", "not-a-host", 'write "api.example.com"'),
        ("api.example.com:8443", "host-with-port", 'write "api.example.com"'),
        ("API.example.com", "not-a-host", 'write "api.example.com"'),
        ("api.example.com.", "not-a-host", 'write "api.example.com"'),
        ("api.example.com/", "not-a-host", 'write "api.example.com"'),
        ("*.example.com:80", "host-with-port", 'write "*.example.com"'),
        ("*.*.example.com", "not-a-host", NO_HOST),
        ("a b", "not-a-host", NO_HOST),
        ("[::1", "not-a-host", NO_HOST),
        ("2606:4700::1", "not-a-host", NO_HOST),
        ("*.API.example.com", "not-a-host", 'write "*.api.example.com"'),
        ("*.com", "public-suffix", NO_HOST),
        ("*.co.uk", "public-suffix", NO_HOST),
        ("*.vercel.app", "public-suffix", NO_HOST),
        ("*.nip.io", "public-suffix", NO_HOST),
        ("*.127-0-0-1.nip.io", "public-suffix", NO_HOST),
        ("*.sslip.io", "public-suffix", NO_HOST),
        ("*.xip.io", "public-suffix", NO_HOST),
        ("*.traefik.me", "public-suffix", NO_HOST),
        ("*.rbndr.us", "public-suffix", NO_HOST),
        ("*.1u.ms", "public-suffix", NO_HOST),
        ("https://API.example.com:8443/x", "not-a-host", 'write "api.example.com"'),
    ],
}
"""By key: an item of the list, the rules that it breaks, and what to do instead."""

UNSAFE = [(key, *row) for key, rows in UNSAFE_ITEMS.items() for row in rows]
FIXED = [(key, item, fix) for key, item, _, fix in UNSAFE if fix.startswith('write "')]

UNSAFE_VALUES: list[tuple[str, Any, str]] = [
    (key, [item, item], f'"{item}" is listed twice [duplicate]; remove the duplicate')
    for key, item in {
        "allow_origins": "https://app.example.com",
        "allow_methods": "GET",
        "expose_headers": "x-one",
        "allowed_hosts": "api.example.com",
    }.items()
]
UNSAFE_VALUES += [
    (
        "allow_headers",
        ["x-one", "X-One"],
        '"x-one" is listed twice [duplicate]; remove the duplicate',
    ),
    (
        "expose_headers",
        ["X-One", "x-one"],
        '"x-one" is listed twice [duplicate]; remove the duplicate',
    ),
    ("allow_methods", "GET", '"GET" is not a list of strings [type]; write ["GET"]'),
    ("allow_methods", "[GET", '"[GET" is not a list of strings [type]; write a list of strings'),
    (
        "allow_methods",
        ["GET", 1],
        '["GET", 1] is not a list of strings [type]; write a list of strings',
    ),
    ("allow_methods", 1, "1 is not a list of strings [type]; write a list of strings"),
    ("max_age", -1, "-1 is not from 0 to 86400 seconds [max-age]; write 0"),
    ("max_age", 86_401, "86401 is not from 0 to 86400 seconds [max-age]; write 86400"),
    ("max_age", "600", '"600" is not an integer [type]; write 600'),
    ("max_age", 1.5, "1.5 is not an integer [type]; write an integer"),
    ("max_age", True, "true is not an integer [type]; write an integer"),
    ("max_age", "ten", '"ten" is not an integer [type]; write an integer'),
    (
        "allow_methods",
        "GET, PUT",
        '"GET, PUT" is not a list of strings [type]; write ["GET", "PUT"]',
    ),
    ("allow_credentials", "true", '"true" is not true or false [type]; write true'),
    ("allow_credentials", "yes", '"yes" is not true or false [type]; write true or false'),
    ("allow_credentials", 1, "1 is not true or false [type]; write true or false"),
    ("preset", "lax", '"lax" is not a preset [unknown-preset]; write strict or dev'),
    ("preset", ["dev"], '["dev"] is not a string [type]; write a string'),
]

ONLY_LOCAL: list[tuple[str, Any, str, str]] = [
    ("preset", "dev", "is only for the local environment [dev-preset]", 'write "strict"'),
    ("allow_origins", ["http://localhost:8080"], "loopback", NO_ORIGIN),
    ("allow_origins", ["http://evil.localhost"], "loopback", NO_ORIGIN),
    ("allow_origins", ["https://localhost"], "loopback", APP_ORIGIN),
    ("allow_origins", ["http://frontend:3000"], "plain-http", NO_ORIGIN),
    ("allow_origins", ["http://shop.test:3000"], "plain-http", NO_ORIGIN),
    ("allow_origins", ["http://a.b.home.arpa:3000"], "plain-http", NO_ORIGIN),
    ("allow_origins", ["http://shop.internal"], "plain-http", 'write "https://shop.internal"'),
    ("allow_origins", ["http://shop.local"], "plain-http", 'write "https://shop.local"'),
    ("allow_origins", ["https://127.0.0.2"], "loopback", NO_ORIGIN),
    ("allow_origins", ["https://[::1]:8443"], "loopback", NO_ORIGIN),
    ("allow_origins", ["https://10.0.0.1"], "private-address", NO_ORIGIN),
    ("allow_origins", ["https://169.254.1.1"], "private-address", NO_ORIGIN),
    ("allow_origins", ["https://[fd00::1]"], "private-address", NO_ORIGIN),
]

SAFE: list[tuple[str, Any]] = [
    ("allow_origins", ["https://app.example.com", "https://app.example.com:8443"]),
    ("allow_origins", ["https://xn--mnchen-3ya.example", "https://xn--ls8h.example"]),
    ("allow_origins", ["https://8.8.8.8", "https://[2606:4700::1]", "https://a_1.b--c.example"]),
    ("allow_origins", [f"https://{63 * 'a'}.example", f"https://{121 * 'a.'}example.com"]),
    ("allow_origins", ["https://app.example.com:65535", "https://app.example.com:1"]),
    ("allow_origins", ["https://app.example.com:80"]),
    ("allow_origins", ["https://*.previews.example.com", "https://*.example.co.uk:8443"]),
    ("allow_app_origins", ["capacitor://localhost", "ionic://localhost", "tauri://localhost"]),
    ("allow_app_origins", ["http://localhost", "https://localhost", "app://obsidian.md"]),
    ("allow_app_origins", ["http://tauri.localhost", "https://tauri.localhost"]),
    ("allow_app_origins", [f"chrome-extension://{16 * 'ap'}"]),
    ("allow_app_origins", ["moz-extension://01234567-89ab-4def-8123-456789abcdef"]),
    ("allow_app_origins", ["safari-web-extension://01234567-89AB-4DEF-8123-456789ABCDEF"]),
    ("cross_site_posts", ["/", "/auth/callback", "/saml/acs/", "/r\u00fcck"]),
    ("docs", True),
    ("allow_methods", ["GET", "PURGE", "M-SEARCH"]),
    ("allow_headers", ["X-One", "x_two"]),
    ("expose_headers", ["X-One", "ETag"]),
    (
        "allowed_hosts",
        ["api.example.com", "*.ownip.io", "*.example.com", "10.0.0.1", "[fd00::1]", "api"],
    ),
    ("max_age", 0),
    ("max_age", 86_400),
    ("allow_credentials", True),
]


def named(value: Any) -> str:
    return str(value)[:50]


def problems(key: str, value: Any, *, local: bool = False) -> list[str]:
    """Return the problems with a value of a key, without their location."""
    table = f"[production]\nlocal = {json.dumps(local)}\n{key} = {json.dumps(value)}\n"
    file = Path("environments.toml")
    file.write_text(table, "utf-8")
    try:
        load_policy("production", None, file)
    except ConfigurationError as error:
        place = f"environments.toml [production] {key}: "
        found = [str(problem) for problem in error.problems]
        assert all(x.startswith(place) for x in found)
        return [x.removeprefix(place) for x in found]
    return []


def reason_of(rules: str) -> str:
    return " and ".join(f"{REASONS[name]} [{name}]" for name in rules.split())


@pytest.mark.parametrize(("key", "item", "rules", "fix"), UNSAFE, ids=named)
def test_unsafe_item(key: str, item: str, rules: str, fix: str) -> None:
    """An unsafe item is named, with every rule that it breaks, and with what to write instead."""
    [problem] = problems(key, [item])
    shown, end = json.JSONDecoder().raw_decode(problem)
    assert shown == item[:200]
    omitted = "..." if shown != item else ""
    assert problem[end:] == f"{omitted} {reason_of(rules)}; {fix}."


@pytest.mark.parametrize(("key", "item", "rules"), [row[:3] for row in UNSAFE], ids=named)
def test_unsafe_item_where_local(key: str, item: str, rules: str) -> None:
    """What is unsafe anywhere is rejected in the local environment, too."""
    [problem] = problems(key, [item], local=True)
    left = " ".join(name for name in rules.split() if name not in DEPLOYED_RULES)
    assert f" {reason_of(left)}; " in problem


@pytest.mark.parametrize(
    ("item", "is_safe"),
    [
        ("http://192.168.1.20:3000", True),
        ("http://10.1.2.3", True),
        ("http://192.168.200.1", True),
        ("http://172.31.0.1", True),
        ("http://169.254.1.1", True),
        ("http://[fd00::1]:5173", True),
        ("http://[fe80::1]", True),
        ("http://172.32.0.1", False),
        ("http://192.169.1.1", False),
        ("http://100.64.0.1", False),
        ("http://0.0.0.0", False),
        ("http://[2606:4700::1]", False),
        ("http://shop.testing", False),
        ("http://home.arpa", False),
        ("http://local.example.com", False),
    ],
)
def test_plain_http_where_local(item: str, is_safe: bool) -> None:  # noqa: FBT001
    """In the local environment, http is accepted for what can only be in the local network."""
    found = problems("allow_origins", [item], local=True)
    assert [reason_of("plain-http") in x for x in found] == ([] if is_safe else [True])


@pytest.mark.parametrize(("key", "item", "fix"), FIXED, ids=named)
def test_fix(key: str, item: str, fix: str) -> None:
    """What a message says to write instead is accepted."""
    assert problems(key, [item])
    assert problems(key, [json.loads(fix.removeprefix("write "))]) == []


@pytest.mark.parametrize(("key", "value", "problem"), UNSAFE_VALUES, ids=named)
@pytest.mark.parametrize("local", [True, False])
def test_unsafe_value(key: str, value: Any, problem: str, local: bool) -> None:  # noqa: FBT001
    """A value that is listed twice, out of range or of another type is rejected everywhere."""
    assert problems(key, value, local=local) == [f"{problem}."]


@pytest.mark.parametrize(("key", "value", "rule", "fix"), ONLY_LOCAL, ids=named)
def test_only_local(key: str, value: Any, rule: str, fix: str) -> None:
    """What is of use on a developer's machine only is accepted there, and nowhere else."""
    item = value[0] if isinstance(value, list) else value
    reason = reason_of(rule) if rule in REASONS else rule
    assert problems(key, value) == [f'"{item}" {reason}; {fix}.']
    assert problems(key, value, local=True) == []


@pytest.mark.parametrize(("key", "value"), SAFE, ids=named)
def test_safe_value(key: str, value: Any) -> None:
    """What browsers send, and no page can abuse, is accepted."""
    assert problems(key, value) == []


@pytest.mark.parametrize("label", ["a\u200db", "\u05d0a", "\u0301a"], ids=ascii)
def test_invalid_label(label: str) -> None:
    """A label that browsers would not make, by joiner, direction or first mark, is no Punycode."""
    origin = f"https://xn--{label.encode('punycode').decode()}.example"
    [found] = problems("allow_origins", [origin])
    assert "has a label that is not valid Punycode [punycode]" in found
