"""A policy that is unsafe, or would do nothing, never starts: the message tells what to write."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .subject import ConfigurationError, Policy, load_policy

ORIGIN = "https://app.example.com"
WRITE_ORIGIN = f'write "{ORIGIN}"'
NO_TELLING = f"write an origin such as {ORIGIN}, or remove it"
ONE_OF_TWO = "remove one of the two"

UNSAFE_ITEMS: dict[str, list[tuple[str, str, str]]] = {
    "allow_origins": [
        ("", "empty", NO_TELLING),
        ("*", "every page", NO_TELLING),
        ("null", "sandboxed", NO_TELLING),
        ("https://*.example.com", "wildcard", NO_TELLING),
        ("https://app.example.com ", "white space", WRITE_ORIGIN),
        ("https://app.example.com\u200b", "unprintable", WRITE_ORIGIN),
        ("app.example.com", "no scheme", WRITE_ORIGIN),
        ("file:///srv/app", "no host", NO_TELLING),
        ("ftp://app.example.com", "scheme https", WRITE_ORIGIN),
        ("http://app.example.com", "plain http", WRITE_ORIGIN),
        ("https://App.example.com", "upper-case", WRITE_ORIGIN),
        ("https://\u00e4pp.example", "not ASCII", 'write "https://xn--pp-uia.example"'),
        ("https://me@app.example.com", "user name", NO_TELLING),
        ("https://app.example.com\\@evil.example", "backslash", NO_TELLING),
        ("https://xn--a.example", "Punycode", NO_TELLING),
        ("https://app.example.com/", "slash", WRITE_ORIGIN),
        ("https://app.example.com/shop", "path", WRITE_ORIGIN),
        ("https://app.example.com?q", "query", WRITE_ORIGIN),
        ("https://app.example.com#top", "fragment", WRITE_ORIGIN),
        ("https://app.example.com:443", "default port", WRITE_ORIGIN),
        ("https://app.example.com:08443", "leading zeros", f'write "{ORIGIN}:8443"'),
        ("https://app.example.com:65536", "65535", NO_TELLING),
        ("https://app.example.com.", "dot", WRITE_ORIGIN),
        ("https://app,example.com", "character", NO_TELLING),
        ("https://xn--app-.example.com", "Punycode", NO_TELLING),
        (f"https://{64 * 'a'}.example.com", "63 characters", NO_TELLING),
        (f"https://{125 * 'a.'}example", "253 characters", NO_TELLING),
        ("https://1.1", "IP address", NO_TELLING),
        ("https://[2606:4700:0::1]", "IP address", 'write "https://[2606:4700::1]"'),
        ("https://[::ffff:101:101]", "dressed as IPv6", NO_TELLING),
    ],
    "allow_methods": [
        ("*", "every method", "remove it"),
        ("get", "lower-case", 'write "GET"'),
        ("TRACE", "no browser", "remove it"),
        ("GET, POST", "not the name", "remove it"),
    ],
    "allow_headers": [
        ("*", "every header", "remove it"),
        ("Cookie", "no page", "remove it"),
        ("sec-fetch-site", "no page", "remove it"),
        ("Access-Control-Allow-Origin", "of answers", "remove it"),
        ("X-One\r\nX-Two", "not the name", "remove it"),
    ],
    "expose_headers": [
        ("*", "every header", "remove it"),
        ("Set-Cookie", "no page", "remove it"),
        ("Access-Control-Max-Age", "protocol", "remove it"),
        ("Origin", "protocol", "remove it"),
        ("X One", "not the name", "remove it"),
    ],
}
UNSAFE_VALUES = [
    ("allow_origins", [ORIGIN, ORIGIN], "twice", ONE_OF_TWO),
    ("allow_methods", ["GET", "GET"], "twice", ONE_OF_TWO),
    ("allow_headers", ["x-one", "X-One"], "twice", ONE_OF_TWO),
    ("expose_headers", ["x-one", "X-One"], "twice", ONE_OF_TWO),
    ("allow_origins", ORIGIN, "a list", f'write ["{ORIGIN}"]'),
    ("max_age", -1, "0 to 86400", "write 0"),
    ("max_age", 86_401, "0 to 86400", "write 86400"),
    ("max_age", "600", "a whole number", "write a whole number"),
    ("max_age", True, "a whole number", "write a whole number"),
    ("allow_credentials", "yes", "true or false", "write true or false"),
    ("preset", "lax", "a preset", "write strict or dev"),
    ("alow_origins", ORIGIN, "no option", "write allow_origins"),
    ("allow_origin_regex", "https://.*", "no option", "write allow_origins"),
]
UNSAFE: list[tuple[str, Any, str, str]] = [
    *((key, [item], why, mend) for key in UNSAFE_ITEMS for item, why, mend in UNSAFE_ITEMS[key]),
    *UNSAFE_VALUES,
]
"""Key, value, a word of the reason, and what to do instead."""

UNSAFE_WHEN_DEPLOYED = [
    ("allow_origins", ["http://localhost:8080"], "own machine", NO_TELLING),
    ("allow_origins", ["https://127.0.0.1"], "own machine", NO_TELLING),
    ("allow_origins", ["https://10.0.0.1"], "private", NO_TELLING),
    ("allow_origins", ["https://[fd00::1]"], "private", NO_TELLING),
    ("preset", "dev", "a local environment", 'write "strict"'),
]

WRITTEN = re.compile(r'write (["[0-9].*)')
MENDED = [(key, value, x[1]) for key, value, _, mend in UNSAFE if (x := WRITTEN.fullmatch(mend))]
"""Key and value, and the value that the message says to write."""

UNREADABLE = {
    "no TOML": (b"[production", "mend the file"),
    "no text": (b"\xff", "mend the file"),
    "nothing": (b"", "write one such as [production]"),
    "no table": (b"max_age = 600\n[production]", "write it below a line such as [max_age]"),
    "several tables of one name": (b"[[production]]", "write it below a line such as [production]"),
}


def shortened(value: Any) -> str:
    return str(value)[:50]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a file that every test writes anew."""
    return tmp_path_factory.mktemp("policies") / "environments.toml"


def load(file: Path, text: str, environment: str = "production", **overrides: Any) -> Policy:
    file.write_text(text, "utf-8")
    return load_policy(environment, overrides, file)


def faults(file: Path, text: str, environment: str = "production", **overrides: Any) -> list[str]:
    """Return what the message says of each fault."""
    with pytest.raises(ConfigurationError) as refusal:
        load(file, text, environment, **overrides)
    summary, *told = str(refusal.value).split("\n  - ")
    count = "1 fault" if len(told) == 1 else f"{len(told)} faults"
    assert summary == f"The API does not start: its configuration has {count}."
    return told


def toml(table: str, **options: Any) -> str:
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in options.items())
    return f"[{table}]\n{''.join(lines)}"


@pytest.mark.parametrize(
    ("key", "value", "reason", "mend"), [*UNSAFE, *UNSAFE_WHEN_DEPLOYED], ids=shortened
)
def test_unsafe_value(file: Path, key: str, value: Any, reason: str, mend: str) -> None:
    """Production does not start with it, and is told where it stands, why not, and what to do."""
    [fault] = faults(file, toml("production", **{key: value}))
    where = f"environments.toml [production] {key}: "
    assert fault.startswith(where)
    told, end = json.JSONDecoder().raw_decode(fault, len(where))
    assert told == (value[0] if isinstance(value, list) else value)
    assert reason in fault[end:]
    assert fault.endswith(f"; {mend}.")


@pytest.mark.parametrize(("key", "value"), [row[:2] for row in UNSAFE], ids=shortened)
def test_unsafe_value_on_developers_machines(file: Path, key: str, value: Any) -> None:
    """What is unsafe is refused in a local environment too."""
    [fault] = faults(file, toml("home", local=True, **{key: value}), "home")
    assert fault.startswith(f"environments.toml [home] {key}: ")


@pytest.mark.parametrize(("key", "value"), [row[:2] for row in UNSAFE_WHEN_DEPLOYED], ids=shortened)
def test_safe_value_on_developers_machines(file: Path, key: str, value: Any) -> None:
    """What is of use on developers' machines alone is accepted there."""
    assert load(file, toml("home", local=True, **{key: value}), "home").local


@pytest.mark.parametrize(("key", "value", "mended"), MENDED, ids=shortened)
def test_mend(file: Path, key: str, value: Any, mended: str) -> None:
    """What the message says to write is good to write."""
    text = f"[{mended}]" if isinstance(value, list) else mended
    policy = load(file, f"[production]\n{key} = {text}")
    assert policy.environment == "production"


@pytest.mark.parametrize(("content", "mend"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_file(file: Path, content: bytes, mend: str) -> None:
    """A file that does not hold policies is named, with what to do."""
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"environments\.toml") as refusal:
        load_policy("production", {}, file)
    assert str(refusal.value).endswith(f"; {mend}.")


def test_missing_file(file: Path) -> None:
    """A file that is not there is named."""
    file.unlink(missing_ok=True)
    with pytest.raises(ConfigurationError, match=r"environments\.toml"):
        load_policy("production", {}, file)


def test_unknown_environment(file: Path) -> None:
    """An environment without a table is told the nearest one, no environment is told them all."""
    text = toml("development") + toml("production")
    [fault] = faults(file, text, "prodution")
    assert fault.startswith('APP_ENVIRONMENT: "prodution" ')
    assert fault.endswith("; write production.")
    [fault] = faults(file, text, "")
    assert fault.startswith('APP_ENVIRONMENT: "" ')
    assert fault.endswith("; write development or production.")


def test_name_of_an_environment(file: Path) -> None:
    """A table that no variable could well name is told a better name."""
    [fault] = faults(file, toml("production") + toml("Staging"))
    assert fault.startswith('environments.toml: "Staging" ')
    assert fault.endswith('; write "staging".')


def test_second_local_environment(file: Path) -> None:
    """There are developers' machines in one environment at most."""
    text = toml("home", local=True) + toml("production", local=True)
    [fault] = faults(file, text)
    assert fault.startswith('environments.toml: "production" ')
    assert '"home"' in fault


def test_all_faults_are_told_at_once(file: Path) -> None:
    """One start tells every fault of every environment, of the variables and of the name."""
    tables = (
        toml("home", local=True, allow_origins=["*", "https://app.example.com/"]),
        toml("production", max_age=-1, alow_methods=["GET"]),
    )
    told = faults(file, "".join(tables), "prodution", max_age=-2)
    assert sorted(fault.split(": ")[0] for fault in told) == [
        "APP_CORS__MAX_AGE",
        "APP_ENVIRONMENT",
        "environments.toml [home] allow_origins",
        "environments.toml [home] allow_origins",
        "environments.toml [production] alow_methods",
        "environments.toml [production] max_age",
    ]


def test_override(file: Path) -> None:
    """An override counts instead of what the file says, for that key and that environment alone."""
    text = toml("production", allow_origins=[ORIGIN], max_age=60) + toml("staging", max_age=70)
    policy = load(file, text, allow_origins=["https://other.example.com"])
    assert policy.allow_origins == {"https://other.example.com"}
    assert policy.max_age == 60
    assert load(file, text, "staging").max_age == 70


def test_unsafe_override(file: Path) -> None:
    """An override is checked as the file is, and told by the name of its variable."""
    [fault] = faults(file, toml("production"), allow_origins=["*"])
    assert fault.startswith('APP_CORS__ALLOW_ORIGINS: "*" ')


def test_table_that_says_nothing(file: Path) -> None:
    """An empty table is the strictest policy: no origin is trusted, no cookie sent."""
    policy = load(file, toml("production"))
    assert (policy.preset, policy.local, policy.allow_credentials) == ("strict", False, False)
    assert not policy.trusts("https://app.example.com")
    assert not policy.trusts("http://localhost")
