"""The rulebook: what a cross-origin policy may hold, and what to write instead of the rest.

It needs the standard library alone, because two programs run this very file: the API when it
starts, and the generator when it checks the answers that a project is made from.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Generic, TypeVar

Subject = TypeVar("Subject")


@dataclass(frozen=True)
class Fault:
    """One value that can't stay as it is: where it stands, why, and what to do instead."""

    where: str
    value: object
    why: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {shown(self.value)} {self.why}; {self.mend}."


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """One thing that a value must not be: its name, how to tell, and the words for it."""

    name: str
    breaks: Callable[[Subject], bool]
    why: str


def shown(value: object) -> str:
    """Return a value on one line, as JSON and TOML write it."""
    try:
        return json.dumps(value, ensure_ascii=not str(value).isprintable())
    except TypeError:
        return str(value)


def reasons(rules: Iterable[Rule[Subject]], subject: Subject) -> list[str]:
    """Return why a subject is refused: the words of every rule that it breaks."""
    return [rule.why for rule in rules if rule.breaks(subject)]


def repetitions(where: str, values: Iterable[str]) -> Iterator[Fault]:
    """Yield a fault for each value that has stood there before."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield Fault(where, value, "stands there twice", "remove one of the two")
        seen.add(value)


# --- Environments -------------------------------------------------------------------------------


def mended_environment(name: str) -> str:
    """Return the name for an environment that was probably meant."""
    words = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    return words.lstrip("-0123456789")[:31].rstrip("-") or "production"


def environment_faults(where: str, names: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong with the names of environments."""
    names = list(names)
    for name in names:
        if not name:
            yield Fault(where, name, "names no environment", "write a name such as production")
        elif not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            why = "is not a lower-case letter and up to 30 lower-case letters, digits and hyphens"
            yield Fault(where, name, why, f"write {shown(mended_environment(name))}")
    yield from repetitions(where, names)


# --- Origins ------------------------------------------------------------------------------------
# An entry is compared byte for byte with the Origin header, and one that no browser sends would
# match nothing, in silence. So it has to be the ASCII serialisation of an origin: Fetch, "`Origin`
# header"; HTML, "Origin"; URL, "Host parsing" and "Host serializing".

DEFAULT_PORTS = {"http": ":80", "https": ":443"}

LOOPBACK_ORIGIN = r"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?"
"""The pages of this machine on any port, which the `dev` preset trusts beside those listed."""

_URL = re.compile(
    r"(?:([^:/?#]*)://)?([^/?#]*@)?(\[[^]/?#]*]|[^:/?#]*)(:[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Url:
    """A text taken apart where a URL would be; a part that it does not have is empty."""

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
        """Take any text apart; no text is refused, since the path takes what is left."""
        match = _URL.fullmatch(text)
        return cls(text, *(match.groups("") if match else ("",) * 7))

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The IP address that the host is, None if it is a name."""
        try:
            return ip_address(self.host.strip("[]"))
        except ValueError:
            return None

    @property
    def labels(self) -> list[str]:
        """The labels of a host that is a name, none if it is an address or meant as one."""
        labels = self.host.lower().split(".")
        return [] if self.host.startswith("[") or labels[-1][:1].isdigit() else labels

    @property
    def is_loopback(self) -> bool:
        """Whether the host is the browser's own machine (Secure Contexts, section 3.1)."""
        if self.address:
            return self.address.is_loopback
        return self.labels[-1:] == ["localhost"]

    @property
    def canonical_address(self) -> str:
        """The host as browsers write it if it is an address, else empty."""
        if isinstance(self.address, IPv6Address):
            return f"[{IPv6Address(int(self.address))}]"
        return str(self.address or "")


def _is_bad_punycode(label: str) -> bool:
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        written = unicodedata.normalize("NFC", decoded.lower())
        return (
            not decoded.isprintable()
            or decoded.isascii()
            or written.encode("punycode").decode("ascii") != label[4:]
        )
    except UnicodeError:
        return True


def _is_port(port: str) -> bool:
    return bool(re.fullmatch(r":[1-9][0-9]{0,4}", port)) and int(port[1:]) <= 65_535


OriginRules = tuple[Rule[Url], ...]

SHAPE_RULES: OriginRules = (
    Rule("empty", lambda url: not url.text, "is empty"),
    Rule("any-origin", lambda url: url.text == "*", "would trust every page on the web"),
    Rule("null", lambda url: url.text.lower() == "null", "is what any sandboxed page sends"),
    Rule("wildcard", lambda url: "*" in url.text, "has a wildcard, which would match nothing"),
    Rule("white-space", lambda url: url.text.split() != [url.text], "has white space"),
    Rule("unprintable", lambda url: not url.text.isprintable(), "has an unprintable character"),
    Rule("backslash", lambda url: "\\" in url.text, "has a backslash"),
    Rule("no-scheme", lambda url: not url.scheme, "has no scheme"),
    Rule("no-host", lambda url: not url.host, "has no host"),
)
"""A text that breaks one of these is no origin at all, and the rest does not apply."""

PART_RULES: OriginRules = (
    Rule("scheme", lambda url: url.scheme.lower() not in DEFAULT_PORTS, "is not of scheme https"),
    Rule(
        "plain-http",
        lambda url: url.scheme.lower() == "http" and not url.is_loopback,
        "is plain http, which anyone on the way can read and rewrite",
    ),
    Rule("upper-case", lambda url: url.text != url.text.lower(), "has upper-case letters"),
    Rule("non-ascii", lambda url: not url.text.isascii(), "has letters that are not ASCII"),
    Rule("user", lambda url: bool(url.user), "has a user name"),
    Rule("trailing-slash", lambda url: url.path == "/", "ends with a slash"),
    Rule("path", lambda url: len(url.path) > 1, "has a path"),
    Rule("query", lambda url: bool(url.query), "has a query"),
    Rule("fragment", lambda url: bool(url.fragment), "has a fragment"),
    Rule(
        "port",
        lambda url: bool(url.port) and not _is_port(url.port),
        "has a port that is not 1 to 65535 without leading zeros",
    ),
    Rule(
        "default-port",
        lambda url: url.port == DEFAULT_PORTS.get(url.scheme.lower()),
        "names the default port, which browsers leave out",
    ),
    Rule("long-host", lambda url: len(url.host) > 253, "has a host of over 253 characters"),
    Rule("empty-label", lambda url: "" in url.labels, "has a dot too many"),
    Rule(
        "long-label",
        lambda url: any(len(label) > 63 for label in url.labels),
        "has a label of over 63 characters",
    ),
    Rule(
        "host",
        lambda url: url.text.isascii() and any(re.search(r"[^a-z0-9_-]", x) for x in url.labels),
        "has a character that no host name has",
    ),
    Rule(
        "punycode",
        lambda url: any(x.startswith("xn--") and _is_bad_punycode(x) for x in url.labels),
        "has a label that is not valid Punycode",
    ),
    Rule(
        "address",
        lambda url: not url.labels and url.host.lower() != url.canonical_address,
        "has an IP address that is not written as browsers write it",
    ),
    Rule(
        "ipv4-in-ipv6",
        lambda url: bool(url.address and getattr(url.address, "ipv4_mapped", None)),
        "has an IPv4 address dressed as IPv6",
    ),
)
"""A text breaks any number of these, and each is told."""

DEPLOYED_RULES: OriginRules = (
    Rule(
        "loopback",
        lambda url: url.is_loopback,
        "is the browser's own machine, which only a local environment trusts",
    ),
    Rule(
        "private-address",
        lambda url: bool(url.address and not url.address.is_global and not url.is_loopback),
        "is an address of a private network",
    ),
)
"""What holds besides wherever `local = true` is not set."""


def origin_reasons(text: str, *, local: bool) -> list[str]:
    """Return why an environment, local or deployed, can't trust a text as an origin."""
    url = Url.split(text)
    return reasons(SHAPE_RULES, url)[:1] or reasons(
        PART_RULES if local else PART_RULES + DEPLOYED_RULES, url
    )


def mended_origin(text: str, *, local: bool) -> str | None:
    """Return the origin that was probably meant, None if there is no telling."""
    text = text.strip().lower()
    url = Url.split(text if "://" in text else f"https://{text}")
    if url.user or "\\" in text:
        return None
    try:
        host = url.host.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return None
    meant = replace(url, host=host)
    if "://" not in text and "." not in host and not meant.is_loopback:
        return None
    scheme = "http" if meant.is_loopback and not text.startswith("https") else "https"
    port = "" if url.port == DEFAULT_PORTS.get(url.scheme) else re.sub("^:0*", ":", url.port)
    port = "" if port in (":", DEFAULT_PORTS[scheme]) else port
    origin = f"{scheme}://{meant.canonical_address or host}{port}"
    return None if origin_reasons(origin, local=local) else origin


def origin_faults(where: str, origins: Iterable[str], *, local: bool) -> Iterator[Fault]:
    """Yield what is wrong with the origins that an environment trusts."""
    origins = list(origins)
    for origin in origins:
        why = " and ".join(origin_reasons(origin, local=local))
        if why:
            mended = mended_origin(origin, local=local)
            instead = "write an origin such as https://app.example.com, or remove it"
            yield Fault(where, origin, why, f"write {shown(mended)}" if mended else instead)
    yield from repetitions(where, origins)


# --- Hosts --------------------------------------------------------------------------------------
# The Host header names the API itself, without a scheme; a port after it is not looked at.

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")

HOST_RULES: tuple[Rule[str], ...] = (
    Rule("any-host", lambda host: host == "*", "would let any name lead here"),
    Rule(
        "not-a-host",
        lambda host: bool(origin_reasons(f"https://{host.removeprefix('*.')}", local=True)),
        "is not a host name or an address, in lower case",
    ),
    Rule(
        "host-with-port",
        lambda host: bool(Url.split(f"https://{host}").port),
        "has a port, which is not looked at",
    ),
)
"""An entry is a host, or `*.` and the domain whose subdomains are meant."""


def host_faults(where: str, hosts: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong with the hosts under which an environment answers."""
    hosts = list(hosts)
    for host in hosts:
        for why in reasons(HOST_RULES, host)[:1]:
            url = Url.split(host if "://" in host else f"https://{host}")
            mended = url.host.lower().rstrip(".")
            fits = not reasons(HOST_RULES, mended)
            instead = "write a host such as api.example.com, or remove it"
            yield Fault(where, host, why, f"write {shown(mended)}" if fits else instead)
    yield from repetitions(where, hosts)


# --- Methods ------------------------------------------------------------------------------------

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a method or the name of a header is made of: RFC 9110, section 5.6.2."""

METHOD_RULES: tuple[Rule[str], ...] = (
    Rule("method-token", lambda name: not TOKEN.fullmatch(name), "is not the name of a method"),
    Rule("any-method", lambda name: name == "*", "would allow every method"),
    Rule(
        "forbidden-method",
        lambda name: name.upper() in {"CONNECT", "TRACE", "TRACK"},
        "is a method that no browser sends for a page",
    ),
    Rule("method-case", lambda name: name != name.upper(), "has lower-case letters"),
)
"""Fetch, section "Methods": forbidden methods, and that names differ by case."""


def method_faults(where: str, methods: Iterable[str]) -> Iterator[Fault]:
    """Yield what is wrong with the methods that an environment allows."""
    methods = list(methods)
    for method in methods:
        why = " and ".join(reasons(METHOD_RULES, method))
        if why:
            mended = method.upper()
            fits = not reasons(METHOD_RULES, mended)
            yield Fault(where, method, why, f"write {shown(mended)}" if fits else "remove it")
    yield from repetitions(where, methods)


# --- Headers ------------------------------------------------------------------------------------

_FORBIDDEN_REQUEST_HEADERS = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)


def _is_forbidden_request_header(name: str) -> bool:
    return name in _FORBIDDEN_REQUEST_HEADERS or name.startswith(("proxy-", "sec-"))


_ANY_HEADER = Rule[str]("any-header", lambda name: name == "*", "would allow every header")
_HEADER_TOKEN = Rule[str](
    "header-token", lambda name: not TOKEN.fullmatch(name), "is not the name of a header"
)

REQUEST_HEADER_RULES: tuple[Rule[str], ...] = (
    _HEADER_TOKEN,
    _ANY_HEADER,
    Rule(
        "forbidden-request-header",
        lambda name: _is_forbidden_request_header(name.lower()),
        "is a header that browsers let no page set",
    ),
    Rule(
        "response-header",
        lambda name: name.lower().startswith(("access-control-allow-", "access-control-expose-")),
        "is a header of answers, not of requests",
    ),
)
"""Fetch, section "Headers": forbidden request-headers."""

EXPOSED_HEADER_RULES: tuple[Rule[str], ...] = (
    _HEADER_TOKEN,
    _ANY_HEADER,
    Rule(
        "forbidden-response-header",
        lambda name: name.lower() in {"set-cookie", "set-cookie2"},
        "is a header that browsers show to no page",
    ),
    Rule(
        "protocol-header",
        lambda name: name.lower() == "origin" or name.lower().startswith("access-control-"),
        "is a header of the protocol itself",
    ),
)
"""Fetch, section "Headers": forbidden response-header names."""


def header_faults(
    where: str, names: Iterable[str], rules: tuple[Rule[str], ...]
) -> Iterator[Fault]:
    """Yield what is wrong with the request headers or the exposed headers of an environment."""
    names = list(names)
    for name in names:
        why = " and ".join(reasons(rules, name))
        if why:
            yield Fault(where, name, why, "remove it")
    yield from repetitions(where, (name.lower() for name in names))


# --- Preflight cache ----------------------------------------------------------------------------

LONGEST_MAX_AGE = 86_400
"""Seconds. Chromium keeps a preflight for at most 7,200, Safari for 600."""


def max_age_faults(where: str, seconds: int) -> Iterator[Fault]:
    """Yield what is wrong with the seconds for which browsers keep the answer to a preflight."""
    if not 0 <= seconds <= LONGEST_MAX_AGE:
        nearest = min(max(seconds, 0), LONGEST_MAX_AGE)
        yield Fault(where, seconds, f"is not 0 to {LONGEST_MAX_AGE} seconds", f"write {nearest}")
