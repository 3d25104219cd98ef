"""The rulebook: what a policy may contain, and what to write instead of anything else.

It uses only the standard library, because two programs run this file: the API when it starts, and
the generator when it checks the answers that a project is made from.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Generic, TypeVar
from unicodedata import bidirectional

import idna

Subject = TypeVar("Subject")

MAX_VALUE = 200
"""Characters of a value that a message shows."""


@dataclass(frozen=True)
class Problem:
    """A configuration problem: where it is, the value, what is wrong with it, and how to fix it."""

    location: str
    value: object
    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.location}: {truncated(self.value)} {self.reason}; {self.fix}."


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """Something that a value must not be: its name, the check, and the reason to report."""

    name: str
    is_broken_by: Callable[[Subject], bool]
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} [{self.name}]"


def quoted(value: object) -> str:
    """Return a value on one line, as JSON and TOML write it."""
    try:
        return json.dumps(value, ensure_ascii=not str(value).isprintable())
    except TypeError:
        return str(value)
    except ValueError:  # Python refuses to write such an integer
        return "an integer of thousands of digits"


def truncated(value: object) -> str:
    """Return the beginning of a value, quoted, on one line."""
    text = value if isinstance(value, str) else quoted(value)
    beginning = text[:MAX_VALUE]
    shown = quoted(beginning) if text is value else beginning
    return shown if beginning == text else f"{shown}..."


def reasons(rules: Iterable[Rule[Subject]], subject: Subject) -> list[str]:
    """Return the reason and the name of every rule that a subject breaks."""
    return [str(rule) for rule in rules if rule.is_broken_by(subject)]


def list_problems(
    location: str,
    values: Iterable[str],
    reasons_of: Callable[[str], list[str]],
    fix: Callable[[str], str],
) -> Iterator[Problem]:
    """Yield what is wrong with each value of a list, and with those that are listed twice."""
    values = [*values]
    for value in values:
        if found := reasons_of(value):
            yield Problem(location, value, " and ".join(found), fix(value))
    yield from duplicates(location, values)


def duplicates(location: str, values: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each value that an earlier one equals."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield Problem(location, value, "is listed twice [duplicate]", "remove the duplicate")
        seen.add(value)


# --- Environments -------------------------------------------------------------------------------

MAX_NAME = 31
"""Characters: a name fits into a DNS label, with room for what a deployment adds to it."""

DEVICES = frozenset(
    ["aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)
"""Names that no file or folder can have on Windows."""


def suggest_environment(name: str) -> str:
    """Return a valid name close to the one given; empty if it has no ASCII letter or digit."""
    words = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    if words[:1].isdigit() or words in DEVICES:
        words = f"env-{words}"
    return words[:MAX_NAME].rstrip("-")


ENVIRONMENT_RULES: tuple[Rule[str], ...] = (
    Rule(
        "environment-name",
        lambda name: not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name),
        "must start with a lowercase letter and contain only lowercase letters, digits and single "
        "hyphens",
    ),
    Rule("long-name", lambda name: len(name) > MAX_NAME, f"is over {MAX_NAME} characters long"),
    Rule("device", lambda name: name in DEVICES, "is a device name on Windows"),
)


def environment_problems(location: str, names: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of environments."""

    def fix(name: str) -> str:
        meant = suggest_environment(name)
        return f"write {quoted(meant)}" if meant else "write a name such as production"

    return list_problems(location, names, partial(reasons, ENVIRONMENT_RULES), fix)


# --- Origins ------------------------------------------------------------------------------------
# An entry is compared byte for byte with the Origin header, so one that no browser sends would
# silently match nothing. It must be the ASCII serialization of an origin: Fetch, "`Origin`
# header"; HTML, "Origin"; URL, "Host parsing" and "Host serializing".

DEFAULT_PORTS = {"http": ":80", "https": ":443"}

LOOPBACK_ORIGIN = (
    r"https?://(?:(?:[a-z0-9_-]{1,63}\.)*localhost|127(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|"
    r"[1-9]?[0-9])){3}|\[::1\])(?::[1-9][0-9]{0,4})?"
)
"""Any localhost origin, on any port, which the `dev` preset trusts beside those listed."""

PATTERN_START = "https://*."
"""A pattern trusts the origins that have exactly one label instead of the asterisk."""

PRIVATE_NETWORKS = [*map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))]
"""RFC 1918 and 4193."""

LOCAL_DOMAINS = (".test", ".localhost", ".local", ".internal", ".home.arpa")
"""Names that no public DNS has: RFC 6761, 6762 and 8375, and ICANN's reservation of internal."""

_URL = re.compile(
    r"(?:([^:/?#]*)://)?([^/?#]*@)?(\[[^]/?#]*]|[^:/?#]*)(:[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Url:
    """A string split where a URL would be; a part that it does not have is empty."""

    text: str
    scheme: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str

    @classmethod
    def split(cls, text: str) -> "Url":
        """Split any string; the path takes whatever is left over."""
        match = _URL.fullmatch(text)
        return cls(text, *(match.groups("") if match else ("",) * 7))

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The IP address if the host is one, None if it is a name."""
        try:
            return ip_address(self.host.strip("[]"))
        except ValueError:
            return None

    @property
    def labels(self) -> list[str]:
        """The labels of a host name; empty if the host is an address or looks like one."""
        labels = self.host.lower().split(".")
        return [] if self.host.startswith("[") or labels[-1][:1].isdigit() else labels

    @property
    def is_loopback(self) -> bool:
        """Whether the host is the browser's own machine (Secure Contexts, section 3.1)."""
        if self.address:
            return self.address.is_loopback
        return self.labels[-1:] == ["localhost"]

    @property
    def is_local(self) -> bool:
        """Whether the host can only be the browser's own machine, or be in its own network."""
        if address := self.address:
            is_private = any(address in network for network in PRIVATE_NETWORKS)
            return is_private or address.is_loopback or address.is_link_local
        return len(self.labels) == 1 or self.host.lower().endswith(LOCAL_DOMAINS)

    @property
    def is_mapped(self) -> bool:
        """Whether the host is an IPv4 address written as IPv6 (RFC 4291, section 2.5.5.2)."""
        return getattr(self.address, "ipv4_mapped", None) is not None

    @property
    def canonical_address(self) -> str:
        """The address as browsers write it, empty if the host is a name."""
        if isinstance(self.address, IPv6Address):
            return f"[{IPv6Address(int(self.address))}]"
        return str(self.address or "")


def _decoded(label: str) -> str:
    is_punycode = label.startswith("xn--")
    return label[4:].encode("ascii").decode("punycode") if is_punycode else label


def _is_bad_punycode(label: str) -> bool:
    """Return whether browsers would reject a label, or write it otherwise: UTS 46, section 4.1."""
    try:
        decoded = _decoded(label)
        joiners = [i for i, character in enumerate(decoded) if character in "\u200c\u200d"]
        idna.check_initial_combiner(decoded)
        idna.check_bidi(decoded)
        return (
            decoded.isascii()
            or idna.uts46_remap(decoded, std3_rules=False) != decoded
            or not all(idna.valid_contextj(decoded, i) for i in joiners)
            or decoded.encode("punycode").decode("ascii") != label[4:]
        )
    except UnicodeError:
        return True


def _is_port(port: str) -> bool:
    return bool(re.fullmatch(r":[1-9][0-9]{0,4}", port)) and int(port[1:]) <= 65_535


OriginRules = tuple[Rule[Url], ...]

NULL = "would trust every sandboxed iframe, data: URL and local file"

SHAPE_RULES: OriginRules = (
    Rule("empty", lambda url: not url.text, "is empty"),
    Rule("any-origin", lambda url: url.text == "*", "would trust every page on the web"),
    Rule("null", lambda url: url.text.lower() == "null", NULL),
    Rule("wildcard", lambda url: "*" in url.text, "has a wildcard"),
    Rule("white-space", lambda url: url.text.split() != [url.text], "has white space"),
    Rule("unprintable", lambda url: not url.text.isprintable(), "has an unprintable character"),
    Rule("backslash", lambda url: "\\" in url.text, "has a backslash"),
    Rule("no-scheme", lambda url: not url.scheme, "has no scheme"),
    Rule("no-host", lambda url: not url.host, "has no host"),
)
"""A string that breaks one of these is not an origin; the other rules do not apply."""

PLAIN_HTTP = "uses http, which an attacker on the network can read and modify"

PART_RULES: OriginRules = (
    Rule("scheme", lambda url: url.scheme.lower() not in DEFAULT_PORTS, "does not use https"),
    Rule("upper-case", lambda url: url.text != url.text.lower(), "has uppercase letters"),
    Rule("non-ascii", lambda url: not url.text.isascii(), "has non-ASCII characters"),
    Rule("user", lambda url: bool(url.user), "has a user name"),
    Rule("trailing-slash", lambda url: url.path == "/", "ends with a slash"),
    Rule("path", lambda url: url.path not in ("", "/"), "has a path"),
    Rule("query", lambda url: bool(url.query), "has a query"),
    Rule("fragment", lambda url: bool(url.fragment), "has a fragment"),
    Rule(
        "port",
        lambda url: bool(url.port) and not _is_port(url.port),
        "has a port that is not a number from 1 to 65535 without leading zeros",
    ),
    Rule(
        "default-port",
        lambda url: url.port == DEFAULT_PORTS.get(url.scheme.lower()),
        "has the default port, which browsers omit",
    ),
    Rule("long-host", lambda url: len(url.host) > 253, "has a host of over 253 characters"),
    Rule(
        "empty-label",
        lambda url: "" in url.labels,
        "has an empty label (a leading, trailing or doubled dot)",
    ),
    Rule(
        "long-label",
        lambda url: any(len(label) > 63 for label in url.labels),
        "has a label of over 63 characters",
    ),
    Rule(
        "host",
        lambda url: url.text.isascii() and any(re.search(r"[^a-z0-9_-]", x) for x in url.labels),
        "has a character that is not allowed in a host name",
    ),
    Rule(
        "punycode",
        lambda url: any(x.startswith("xn--") and _is_bad_punycode(x) for x in url.labels),
        "has a label that is not valid Punycode",
    ),
    Rule(
        "address",
        lambda url: not (url.labels or url.is_mapped) and url.host.lower() != url.canonical_address,
        "has an IP address that is not written as browsers write it",
    ),
    Rule("ipv4-in-ipv6", lambda url: url.is_mapped, "is an IPv4-mapped IPv6 address"),
)
"""A string may break several of these, and each is reported."""

LOCAL_RULES: OriginRules = (
    Rule("plain-http", lambda url: url.scheme.lower() == "http" and not url.is_local, PLAIN_HTTP),
)
"""Additional rules where `local = true`: phones, containers and the like may have no TLS."""

DEPLOYED_RULES: OriginRules = (
    Rule(
        "plain-http", lambda url: url.scheme.lower() == "http" and not url.is_loopback, PLAIN_HTTP
    ),
    Rule(
        "loopback",
        lambda url: url.is_loopback and url.scheme.lower() in DEFAULT_PORTS,
        "is the browser's own machine, which only a local environment may trust",
    ),
    Rule(
        "private-address",
        lambda url: bool(url.address and not url.address.is_global and not url.is_loopback),
        "is an address in a private network",
    ),
)
"""Additional rules wherever `local = true` is not set."""


WILDCARD_DNS = frozenset({"nip.io", "sslip.io", "xip.io", "traefik.me", "rbndr.us", "1u.ms"})
"""Domains whose subdomains lead to whichever address their name says: DNS rebinding for anyone."""


def is_public(domain: str) -> bool:
    """Return whether anyone can get a name below a domain: by the Public Suffix List, for one.

    Its private section counts.
    """
    is_wildcard = any(f".{domain}".endswith(f".{name}") for name in WILDCARD_DNS)
    return is_wildcard or _public_suffixes().privatesuffix(domain) is None


@cache
def _public_suffixes() -> Any:
    """Return the Public Suffix List, loaded only where needed: that takes about 80 ms."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415

    return PublicSuffixList()


PUBLIC = "covers names that anyone can get or point to any address"

PATTERN_RULES: tuple[Rule[str], ...] = (Rule("public-suffix", is_public, PUBLIC),)


def origin_reasons(text: str, *, local: bool, patterns: bool = False) -> list[str]:
    """Return why a string is not an origin that an environment, local or deployed, can trust.

    With `patterns`, it may be a pattern: what follows the asterisk is a registrable domain, or is
    below one, so that all pages that it covers have one owner.
    """
    if patterns and text.startswith(PATTERN_START):
        domain = Url.split(text).host.removeprefix("*.")
        broken = origin_reasons(text.replace("*", "x", 1), local=False)
        return broken or reasons(PATTERN_RULES, domain)
    url = Url.split(text)
    rules = PART_RULES + (LOCAL_RULES if local else DEPLOYED_RULES)
    return reasons(SHAPE_RULES, url)[:1] or reasons(rules, url)


def _ascii_host(host: str) -> str:
    encoded = idna.encode(host, uts46=True).decode("ascii")
    labels = [_decoded(label) for label in encoded.split(".") if label]
    if any(bidirectional(character) in ("R", "AL", "AN") for x in labels for character in x):
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
    return encoded


MISSPELLED_HTTPS = re.compile(r"h+t+p+s*|http?sp?|htt?sp")
"""What is meant for http or https. Any other scheme stands for something else than a web site."""


def suggest_origin(text: str, *, local: bool) -> str | None:
    """Return the origin that was meant, as browsers write it; None where anything is in doubt.

    The host is converted as browsers do: UTS 46, non-transitional (URL, "domain to ASCII").
    """
    text = text.strip()
    if text.startswith(PATTERN_START):
        pattern = suggest_origin(text.replace("*", "x", 1), local=False) or ""
        pattern = pattern.replace("x", "*", 1)
        return None if origin_reasons(pattern, local=local, patterns=True) else pattern
    url = Url.split(text if "://" in text else f"https://{text}")
    scheme = url.scheme.lower()
    are_several = len(text.split()) > 1 or text.count("://") > 1
    if url.user or "\\" in text or are_several or not MISSPELLED_HTTPS.fullmatch(scheme):
        return None
    try:
        host = url.host.lower() if url.host.isascii() else _ascii_host(url.host)
    except UnicodeError:
        return None
    meant = replace(url, host=host)
    if "://" not in text and "." not in host and not meant.is_loopback:
        return None
    is_near = meant.is_local if local else meant.is_loopback
    is_plain = scheme == "http" or ("://" not in text and is_near)
    port = re.sub("^:0*", ":", url.port)
    if is_plain and not is_near and port not in ("", ":", ":80"):
        return None  # a page over https would be on another port
    written = "http" if is_plain and is_near else "https"
    if port in (":", DEFAULT_PORTS[written], DEFAULT_PORTS.get(scheme)):
        port = ""
    origin = f"{written}://{meant.canonical_address or host}{port}"
    return None if origin_reasons(origin, local=local) else origin


def origin_problems(
    location: str, origins: Iterable[str], *, local: bool, patterns: bool = True
) -> Iterator[Problem]:
    """Yield what is wrong with the origins that an environment trusts.

    Without `patterns`, the generator asks, which takes exact origins.
    """

    def fix(origin: str) -> str:
        if APP_ORIGIN.fullmatch(origin):
            return "if an installed app is meant, list it in allow_app_origins of environments.toml"
        if "*" in origin[1:] and not patterns:
            return "write exact origins; patterns go into environments.toml"
        if meant := suggest_origin(origin, local=local):
            return f"write {quoted(meant)}"
        if "*" in origin[1:]:
            return "write a pattern such as https://*.previews.example.com, or remove it"
        return "write an origin such as https://app.example.com, or remove it"

    check = partial(origin_reasons, local=local, patterns=patterns)
    return list_problems(location, origins, check, fix)


# --- App origins --------------------------------------------------------------------------------

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

APP_ORIGIN = re.compile(
    r"(capacitor|ionic|tauri|https?)://localhost|https?://tauri\.localhost"
    r"|app://[a-z0-9][a-z0-9._-]*|chrome-extension://[a-p]{32}"
    rf"|moz-extension://{_UUID}|safari-web-extension://{_UUID.replace('a-f', 'A-Fa-f')}"
)
"""Origins of pages that an installed app, or an extension of the browser, brings along."""

APP_RULES: tuple[Rule[str], ...] = (
    Rule("null", lambda text: text.lower() == "null", NULL),
    Rule(
        "file-origin",
        lambda text: text.startswith("file:"),
        "stands for no app: it is sent as null",
    ),
    Rule(
        "webview-origin",
        lambda text: text.startswith("vscode-webview:"),
        "is a random origin that no list can know",
    ),
    Rule(
        "web-origin",
        lambda text: text.startswith(("http:", "https:")) and not APP_ORIGIN.fullmatch(text),
        "is a web page",
    ),
    Rule(
        "app-origin",
        lambda text: not APP_ORIGIN.fullmatch(text),
        "is not an installed app's origin",
    ),
)
"""The first that is broken counts."""


def app_origin_problems(location: str, origins: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the origins of installed apps that an environment trusts."""

    def fix(origin: str) -> str:
        web = origin.startswith(("http:", "https:"))
        return "list it in allow_origins" if web else "write one such as capacitor://localhost"

    return list_problems(location, origins, lambda x: reasons(APP_RULES, x)[:1], fix)


# --- Cross-site posts ---------------------------------------------------------------------------

POST_PATH = r"/([^/\s?#%*{}\\]+(/|$))*"

POST_PATH_RULES: tuple[Rule[str], ...] = (
    Rule(
        "exact-path",
        lambda path: (
            not re.fullmatch(POST_PATH, path) or not {".", ".."}.isdisjoint(path.split("/"))
        ),
        "is not an exact path as it stands in the API's routes",
    ),
)


def post_path_problems(location: str, paths: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the paths at which forms of any site may arrive."""
    check = partial(reasons, POST_PATH_RULES)
    return list_problems(location, paths, check, lambda _: "write one such as /auth/callback")


# --- Hosts --------------------------------------------------------------------------------------
# The Host header names the API itself, without a scheme; a port after it is ignored.

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

HOST_RULES: tuple[Rule[str], ...] = (
    Rule("any-host", lambda host: host == "*", "would accept any host"),
    Rule(
        "not-a-host",
        lambda host: bool(origin_reasons(f"https://{host.removeprefix('*.')}", local=True)),
        "is not a host name or an address in lowercase",
    ),
    Rule(
        "host-with-port",
        lambda host: bool(Url.split(f"https://{host}").port),
        "has a port, which is ignored",
    ),
    Rule(
        "public-suffix",
        lambda host: host.startswith("*.") and is_public(host.removeprefix("*.")),
        PUBLIC,
    ),
)
"""An entry is a host, or `*.` and a domain, for all of its subdomains."""


def host_problems(location: str, hosts: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the hosts that an environment allows."""

    def fix(host: str) -> str:
        meant = Url.split(host if "://" in host else f"https://{host}").host.lower().rstrip(".")
        example = "a host such as api.example.com, or remove it"
        return f"write {example if reasons(HOST_RULES, meant) else quoted(meant)}"

    return list_problems(location, hosts, lambda host: reasons(HOST_RULES, host)[:1], fix)


# --- Methods ------------------------------------------------------------------------------------

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The syntax of a method and of a header name: RFC 9110, section 5.6.2."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""All others change state: those that Go's CrossOriginProtection lets pass (RFC 9110, 9.2.1)."""

SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})
"""Methods that need no preflight: Fetch, "CORS-safelisted method"."""

NORMALIZED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})
"""The methods that browsers convert to uppercase: Fetch, "normalize a method"."""

FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
"""Methods that browsers never send for a page: Fetch, "forbidden method"."""

METHOD_RULES: tuple[Rule[str], ...] = (
    Rule("method-token", lambda name: not TOKEN.fullmatch(name), "is not a method name"),
    Rule("any-method", lambda name: name == "*", "would allow every method"),
    Rule(
        "forbidden-method",
        lambda name: name.upper() in FORBIDDEN_METHODS,
        "is a forbidden method: browsers never let scripts send it",
    ),
    Rule("method-case", lambda name: name != name.upper(), "has lowercase letters"),
)
"""Fetch, section "Methods": names are case-sensitive."""


def method_problems(location: str, methods: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the methods that an environment allows."""

    def fix(method: str) -> str:
        meant = method.upper()
        return "remove it" if reasons(METHOD_RULES, meant) else f"write {quoted(meant)}"

    return list_problems(location, methods, partial(reasons, METHOD_RULES), fix)


# --- Headers ------------------------------------------------------------------------------------

FORBIDDEN_REQUEST_HEADER = re.compile(
    r"accept-(charset|encoding)|access-control-request-(headers|method|private-network)|connection"
    r"|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer"
    r"|transfer-encoding|upgrade|via|(proxy|sec)-.*"
)
"""Fetch, "forbidden request-header", in lowercase."""

_ANY_HEADER = Rule[str]("any-header", lambda name: name == "*", "would allow every header")
_HEADER_TOKEN = Rule[str](
    "header-token", lambda name: not TOKEN.fullmatch(name), "is not a header name"
)

REQUEST_HEADER_RULES: tuple[Rule[str], ...] = (
    _HEADER_TOKEN,
    _ANY_HEADER,
    Rule(
        "forbidden-request-header",
        lambda name: bool(FORBIDDEN_REQUEST_HEADER.fullmatch(name.lower())),
        "is a forbidden request header: browsers never let scripts set it",
    ),
    Rule(
        "response-header",
        lambda name: re.fullmatch("access-control-(?!request-).*", name.lower()) is not None,
        "is a response header",
    ),
)
"""Fetch, section "Headers": forbidden request-headers."""

EXPOSED_HEADER_RULES: tuple[Rule[str], ...] = (
    _HEADER_TOKEN,
    _ANY_HEADER,
    Rule(
        "forbidden-response-header",
        lambda name: name.lower() in {"set-cookie", "set-cookie2"},
        "is a forbidden response header: browsers never let scripts read it",
    ),
    Rule(
        "protocol-header",
        lambda name: name.lower() == "origin" or name.lower().startswith("access-control-"),
        "is part of the CORS protocol itself",
    ),
)
"""Fetch, section "Headers": forbidden response-header names."""


def header_problems(
    location: str, names: Iterable[str], rules: tuple[Rule[str], ...]
) -> Iterator[Problem]:
    """Yield what is wrong with the request headers or the exposed headers of an environment."""
    names = list(names)
    check = partial(reasons, rules)
    yield from list_problems(location, dict.fromkeys(names), check, lambda _: "remove it")
    yield from duplicates(location, (name.lower() for name in names))


# --- Preflight cache ----------------------------------------------------------------------------

MAX_MAX_AGE = 86_400
"""Seconds. Chromium keeps a preflight response for at most 7,200, Safari for 600."""


def max_age_problems(location: str, seconds: int) -> Iterator[Problem]:
    """Yield what is wrong with the seconds for which browsers may cache a preflight response."""
    if not 0 <= seconds <= MAX_MAX_AGE:
        nearest = min(max(seconds, 0), MAX_MAX_AGE)
        reason = f"is not from 0 to {MAX_MAX_AGE} seconds [max-age]"
        yield Problem(location, seconds, reason, f"write {nearest}")
