"""A policy is one table of the file, completed from its preset, or one message for all problems."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hello_api.cors import ConfigurationError, Policy, load_policy

ORIGIN = "https://app.example.com"
LONG_NAME = 32 * "x"
NAME = (
    "must start with a lowercase letter and contain only lowercase letters, digits and single "
    "hyphens [environment-name]"
)
KEYS = (
    "local, preset, docs, allowed_hosts, allow_origins, allow_app_origins, allow_methods, "
    "allow_headers, expose_headers, max_age, allow_credentials, cross_site_posts"
)
VARIABLES = ", ".join(f"APP_CORS__{key.upper()}" for key in KEYS.split(", ")[1:])


def toml(name: str, **options: Any) -> str:
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in options.items())
    return f"[{name}]\n{''.join(lines)}"


def load(text: str, environment: str = "production", **overrides: Any) -> Policy:
    file = Path("environments.toml")
    file.write_text(text, "utf-8")
    return load_policy(environment, overrides, file, env_prefix="APP_")


def problems(text: str, environment: str = "production", **overrides: Any) -> list[str]:
    """Return the lines of the message for this file, without the first, which counts them."""
    with pytest.raises(ConfigurationError) as raised:
        load(text, environment, **overrides)
    summary, *found = str(raised.value).split("\n  - ")
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    assert summary == f"Cannot start: {count} in the configuration."
    return found


def test_empty_table() -> None:
    """An empty table is the strictest policy."""
    policy = load(toml("production"))
    assert vars(policy) == {
        "environment": "production",
        "local": False,
        "allowed_hosts": None,
        "preset": "strict",
        "docs": False,
        "allow_origins": frozenset(),
        "allow_app_origins": frozenset(),
        "cross_site_posts": frozenset(),
        "allow_origin_regex": None,
        "allow_methods": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        "allow_headers": ("Authorization", "Content-Type"),
        "allow_credentials": False,
        "expose_headers": ("WWW-Authenticate", "Location", "Retry-After"),
        "max_age": 600,
        "source": policy.source,
    }
    assert not policy.trusts(ORIGIN)
    assert not policy.trusts("http://localhost")


def test_dev_preset() -> None:
    """The `dev` preset allows every method, every header and any localhost origin."""
    policy = load(toml("home", local=True, preset="dev"), "home")
    methods = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY"}
    assert {*policy.allow_methods} == methods
    assert policy.allow_headers == ("*",)
    assert policy.expose_headers == ("WWW-Authenticate", "Location", "Retry-After")
    assert policy.max_age == 0
    assert policy.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    for origin in (
        "http://localhost",
        "https://127.0.0.1:65535",
        "http://127.255.0.9",
        "http://[::1]:5173",
        "http://app.localhost:3000",
        f"https://{63 * 'a'}.b_c.localhost",
    ):
        assert policy.trusts(origin), origin
    for origin in (
        "http://localhost:0",
        "http://127.0.0.256",
        "http://127.0.0.01",
        "http://127.1000.0.1",
        "http://localhost:100000",
        "http://127.0.0",
        "http://.localhost",
        "http://a..localhost",
        f"http://{64 * 'a'}.localhost",
        "http://evil-localhost",
        "http://localhost.evil.example",
        ORIGIN,
    ):
        assert not policy.trusts(origin), origin


def test_table() -> None:
    """What a table says counts instead of the preset."""
    options: dict[str, Any] = {
        "allowed_hosts": ["api.example.com"],
        "allow_origins": [ORIGIN],
        "allow_methods": ["GET"],
        "allow_headers": ["X-One"],
        "allow_credentials": True,
        "expose_headers": ["X-Two"],
        "max_age": 60,
    }
    policy = load(toml("home", local=True, preset="dev", **options), "home")
    for key, value in options.items():
        found = getattr(policy, key)
        assert (found if isinstance(value, bool | int) else [*found]) == value, key
    assert policy.trusts(ORIGIN)
    assert policy.trusts("http://localhost")


SHARED = """allow_headers = ["X-Trace"]
max_age = 60
allow_origins = [
  "https://a.example.com",
  "https://*.previews.example.com",
]
"""


def test_shared_keys() -> None:
    """A key above the tables holds for every environment whose table does not say otherwise."""
    tables = toml("home", local=True, preset="dev", max_age=5) + toml(
        "production", allow_origins=[]
    )
    home, production = (load(SHARED + tables, name) for name in ("home", "production"))
    assert (home.allow_headers, production.allow_headers) == (("X-Trace",), ("X-Trace",))
    assert (home.max_age, production.max_age) == (5, 60)
    assert (len(home.allow_origins), len(production.allow_origins)) == (2, 0)
    assert load(SHARED + tables, max_age=7).max_age == 7
    assert home.source_of("max_age") == "environments.toml, line 10"
    assert production.source_of("max_age") == "environments.toml, line 2"
    assert production.source_of("allow_origins") == "environments.toml, line 12"
    assert home.source_of("allow_origins") == "environments.toml, line 3"
    for line, item in (4, "https://a.example.com"), (5, "https://*.previews.example.com"):
        assert home.source_of("allow_origins", item) == f"environments.toml, line {line}"


def test_unsafe_shared_keys() -> None:
    """A key above the tables is checked for the environments that it holds for, and named."""
    shared = 'max_age = -1\nlocal = true\nunknown = 1\nallow_origins = ["http://localhost"]\n'
    assert [*map(short, problems(shared + toml("home", local=True) + toml("production")))] == [
        "environments.toml max_age: [max-age]",
        'environments.toml: "local" [shared-local]',
        'environments.toml: "unknown" [unknown-key]',
        "environments.toml allow_origins: [loopback]",
    ]
    plain = 'allow_origins = ["http://localhost"]\n'
    assert load(plain + toml("home", local=True) + toml("production", allow_origins=[]), "home")


def short(problem: str) -> str:
    """Return where a problem is, and its name."""
    place = re.match(r"environments\.toml( \w+:|: \"\w+\")", problem)
    return f"{place[0] if place else problem} {problem[problem.index('[') :].partition(';')[0]}"


PATTERN = "https://*.previews.example.com"


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        ("https://pr-1.previews.example.com", True),
        ("https://a_b.previews.example.com", True),
        ("https://xn--mnchen-3ya.previews.example.com", True),
        (f"https://{63 * 'a'}.previews.example.com", True),
        (f"https://{64 * 'a'}.previews.example.com", False),
        ("https://previews.example.com", False),
        ("https://.previews.example.com", False),
        ("https://a.b.previews.example.com", False),
        ("https://a.previews.example.com:8443", False),
        ("https://a.previews.example.com.evil.example", False),
        ("https://a.previews.example.comevil", False),
        ("https://a.evilpreviews.example.com", False),
        ("https://evil.example/.previews.example.com", False),
        ("https://evil.example#.previews.example.com", False),
        ("https://a@b.previews.example.com", False),
        ("https://A.previews.example.com", False),
        ("https://a\n.previews.example.com", False),
        ("https://a.previews.example.com\n", False),
        ("https://\u00e4.previews.example.com", False),
        ("http://a.previews.example.com", False),
        ("HTTPS://a.previews.example.com", False),
        ("a.previews.example.com", False),
        ("https://https://a.previews.example.com", False),
        (PATTERN, False),
        ("https://.*.previews.example.com", False),
    ],
)
def test_pattern(origin: str, trusted: bool) -> None:  # noqa: FBT001
    """A pattern trusts origins with exactly one label instead of its asterisk, and no others."""
    policy = load(toml("production", allow_origins=[PATTERN]))
    assert policy.trusts(origin) is trusted


def test_pattern_with_port() -> None:
    """A pattern's port is the port of the origins."""
    policy = load(toml("production", allow_origins=[f"{PATTERN}:8443", ORIGIN]))
    assert policy.trusts("https://a.previews.example.com:8443")
    assert not policy.trusts("https://a.previews.example.com")
    assert policy.trusts(ORIGIN)


def test_pattern_with_credentials() -> None:
    """Cookies are not for patterns, whether table, keys above it or variables combine them."""
    reason = f'true can\'t be combined with the pattern "{PATTERN}" [pattern-credentials]'
    problem = f"environments.toml [production] allow_credentials: {reason}; write exact origins."
    table = toml("production", allow_origins=[ORIGIN, PATTERN], allow_credentials=True)
    assert problems(table) == [problem]
    above = f'allow_origins = ["{PATTERN}"]\n'
    assert problems(above + toml("production", allow_credentials=True)) == [problem]
    assert problems(above + toml("production"), allow_credentials=True) == [problem]
    assert load(above + toml("production", allow_credentials=True, allow_origins=[ORIGIN]))


def test_app_origins() -> None:
    """The origins of installed apps are trusted as they are, in any environment."""
    listed = ["capacitor://localhost", "https://localhost"]
    policy = load(toml("production", allow_app_origins=listed))
    assert all(map(policy.trusts, listed))
    for origin in "capacitor://localhost:80", "http://localhost", "https://localhost:3000", "null":
        assert not policy.trusts(origin)


def test_override() -> None:
    """An override counts instead of the file, for its key and its environment only."""
    text = toml("production", allow_origins=[ORIGIN], max_age=60) + toml("staging", max_age=70)
    policy = load(text, allow_origins=["https://other.example.com"])
    assert policy.allow_origins == {"https://other.example.com"}
    assert policy.max_age == 60
    assert load(text, "staging").max_age == 70


def test_override_of_unsafe_value() -> None:
    """An override replaces an invalid value of the file, in the table of its environment only."""
    text = toml("production", max_age=-1)
    assert load(text, max_age=1).max_age == 1
    [problem] = problems(text + toml("staging"), "staging", max_age=1)
    assert problem.startswith("environments.toml [production] max_age: -1 ")


def test_override_needs_local() -> None:
    """What is allowed in the local environment only can't come into another by a variable."""
    where_local = toml("production", local=True)
    assert load(where_local, preset="dev", allow_origins=["http://localhost"]).preset == "dev"
    assert [x.partition(":")[0] for x in problems(toml("production"), preset="dev")] == [
        "APP_CORS__PRESET"
    ]


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            {"allow_origins": ["*"]},
            'APP_CORS__ALLOW_ORIGINS: "*" would trust every page on the web',
        ),
        ({"allowed_hosts": ["*"]}, 'APP_CORS__ALLOWED_HOSTS: "*" would accept any host [any-host]'),
        (
            {"local": True},
            'Variable: "APP_CORS__LOCAL" can\'t override the file [local-variable]; set it in env',
        ),
        (
            {"unknown": 1},
            f'Variable: "APP_CORS__UNKNOWN" is not a known key [unknown-key]; {VARIABLES}',
        ),
        (
            {"max_ag": 1},
            'Variable: "APP_CORS__MAX_AG" is not a known key [unknown-key]; write APP_CORS__MAX_A',
        ),
    ],
    ids=str,
)
def test_unsafe_override(overrides: dict[str, Any], problem: str) -> None:
    """An override is checked as the file is, and named as the variable that it is."""
    [found] = problems(toml("production"), **overrides)
    assert found.replace("choose from ", "").startswith(problem)


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("alow_origins", "write allow_origins"),
        ("allow_origin_regex", "write allow_origins"),
        ("description", f"choose from {KEYS}"),
    ],
)
def test_unknown_key(key: str, fix: str) -> None:
    """A key that is not known is rejected by its name, with the one that was meant."""
    problem = f'environments.toml [production]: "{key}" is not a known key [unknown-key]; {fix}.'
    assert problems(toml("production", **{key: "secret"})) == [problem]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"[production",
            "\"environments.toml\" can't be read as TOML, Expected ']' at the end of ",
        ),
        (b"\xff", "\"environments.toml\" can't be read as TOML, 'utf-8' codec can't decode byte "),
        (b"", '"environments.toml" has no table [no-table]; write one such as [production].'),
        (b"max_age = 600", '"environments.toml" has no table [no-table]; write one such as [prod'),
        (b"[[x]]", '"environments.toml" has no table [no-table]; write one such as [production].'),
        (b"max_age = " + b"9" * 5_000, "can't be read as TOML, Exceeds the limit (4300 digits)"),
        (b"max_age = " + b"[" * 20_000, "can't be read as TOML, maximum recursion depth exceeded"),
        (b"[x]\nmax_age = 0x" + b"f" * 9_000, "max_age: an integer of thousands of digits is not"),
        (b"[x]\nlocal = " + b"[" * 200 + b"]" * 200, f"local: {'[' * 200}... is not true or false"),
        (b"[x]\npreset = '" + b"a" * 201 + b"'", f'preset: "{"a" * 200}"... is not a preset'),
        (b"[x]\npreset = '" + b"a" * 200 + b"'", f'preset: "{"a" * 200}" is not a preset'),
    ],
)
def test_unreadable_file(content: bytes, problem: str) -> None:
    """A file that holds no policies is named, with what to do."""
    Path("policies.toml").write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        load_policy("production", None, Path("policies.toml"))
    message = str(raised.value).replace("policies.toml", "environments.toml")
    assert problem in message
    if "TOML" in message:
        assert message.endswith(" [unreadable-file]; fix the file.")


def test_missing_file() -> None:
    """A file that is not there is named."""
    with pytest.raises(
        ConfigurationError, match=r'"none\.toml" can\'t be read as TOML, \[Errno 2\]'
    ):
        load_policy("production", None, Path("none.toml"))


UNKNOWN = "is not an environment [unknown-environment]"
NOT_SET = "APP_ENVIRONMENT is not set [environment-not-set]; write one of development, production"


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ("", f"{NOT_SET}; for local work, run `cp .env.example .env`."),
        ("prodution", f'APP_ENVIRONMENT: "prodution" {UNKNOWN}; write production.'),
        ("qa", f'APP_ENVIRONMENT: "qa" {UNKNOWN}; write one of development, production.'),
    ],
)
def test_unknown_environment(environment: str, problem: str) -> None:
    """There is no default environment: without a name, or with another, the message helps."""
    assert problems(toml("development") + toml("production"), environment) == [problem]


@pytest.mark.parametrize(
    ("name", "reason", "better"),
    [
        ("Staging", NAME, "staging"),
        ("pre_live", NAME, "pre-live"),
        ("1st-floor", NAME, "env-1st-floor"),
        ("a--b-", NAME, "a-b"),
        ("0", NAME, "env-0"),
        (LONG_NAME, "is over 31 characters long [long-name]", LONG_NAME[:31]),
        (f"{30 * 'x'}-y", "is over 31 characters long [long-name]", 30 * "x"),
        (f"X{LONG_NAME}", f"{NAME} and is over 31 characters long [long-name]", LONG_NAME[:31]),
    ],
)
def test_name_of_environment(name: str, reason: str, better: str) -> None:
    """A name that no variable or DNS label could hold is rejected, with a better one."""
    problem = f'environments.toml: "{name}" {reason}; write "{better}".'
    assert problems(toml("production") + toml(name)) == [problem]
    assert load(toml(better), better).environment == better


def test_second_local_environment() -> None:
    """There is one local environment at most."""
    tables = [toml(name, local=True) for name in ("home", "production", "other")]
    reason = 'is a second local environment beside "home" [second-local]'
    assert problems("".join(tables)) == [
        f'environments.toml: "{name}" {reason}; keep `local = true` in one of them.'
        for name in ("production", "other")
    ]
    assert load(toml("home", local=True) + toml("production", local=False)).local is False


def test_all_problems_at_once() -> None:
    """One message has every problem of every environment, of the overrides and of the name."""
    tables = (
        toml("home", local=True, allow_origins=["*", "https://app.example.com/"]),
        toml("production", max_age=-1, alow_methods=["GET"]),
    )
    found = problems("".join(tables), "prodution", max_age=-2)
    assert [problem.split(": ")[0] for problem in found] == [
        "APP_ENVIRONMENT",
        "environments.toml [home] allow_origins",
        "environments.toml [home] allow_origins",
        "environments.toml [production] max_age",
        "environments.toml [production]",
        "APP_CORS__MAX_AGE",
    ]


def test_quoted_value() -> None:
    """A value in a message is one line of printable text, and stays readable in any language."""
    [found] = problems(toml("production", allow_methods=["b\nX\x1b[2K", "größe"]))[:1]
    assert found.startswith('environments.toml [production] allow_methods: "b\\nX\\u001b[2K" ')
    assert '"größe"' in problems(toml("production", allow_methods=["größe"]))[0]
    assert "1979-05-27 is not an integer" in problems("[production]\nmax_age = 1979-05-27")[0]


def test_source() -> None:
    """What decides a value is named: a line of the file, a variable, the preset, or the default."""
    text = (
        "[staging]\nmax_age = 1\n"
        "[ 'production' ]  # the one that counts\n"
        "allow_origins = [\n  'https://app.example.com',\n  'https://app.example',\n]\n"
        '"max_age"=2\n[other]\nallow_origins = ["https://app.example"]\n'
    )
    policy = load(text, allow_methods=["GET"])
    assert policy.source_of("allow_origins") == "environments.toml, line 4"
    assert policy.source_of("allow_origins", "https://app.example") == "environments.toml, line 6"
    assert policy.source_of("max_age") == "environments.toml, line 8"
    assert policy.source_of("allow_methods") == "APP_CORS__ALLOW_METHODS"
    assert policy.source_of("allow_headers") == "preset strict"
    assert policy.source_of("allow_credentials") == "default"
    assert load("production = { max_age = 3 }").source_of("max_age") == "environments.toml"


def test_source_of_similar_key() -> None:
    """A key is not mistaken for another one that starts like it."""
    text = "[production]\nallow_credentials = true\nallow_origins = []\n[other]\nmax_age = 1\n"
    policy = load(text)
    assert policy.source_of("allow_origins") == "environments.toml, line 3"
    assert policy.source_of("max_age") == "preset strict"


@pytest.mark.parametrize("key", ["allowed_hosts", "allow_methods"])
def test_list_that_allows_nothing(key: str) -> None:
    """A list that would allow nothing is rejected: to leave it out is what is meant."""
    location = f"environments.toml [production] {key}"
    reason = "would allow nothing [empty-list]; leave the key out, or list what is allowed"
    assert problems(toml("production", **{key: []})) == [f"{location}: [] {reason}."]


@pytest.mark.parametrize(
    ("trusted", "untrusted", "closest"),
    [
        ([ORIGIN], "https://app.example.co", ORIGIN),
        ([ORIGIN], "http://app.example.com", ORIGIN),
        ([ORIGIN, "https://zoo.example.org"], "https://wpp.example.com", ORIGIN),
        (
            [ORIGIN, "https://www.apa.com", "https://www.aq.com"],
            "https://www.app.example.com",
            ORIGIN,
        ),
        ([ORIGIN], "https://" + 10_000 * "x", None),
        ([ORIGIN], "null", None),
        ([ORIGIN], ORIGIN + 190 * "x", None),
        ([], ORIGIN, None),
        ([f"https://{i}.com" for i in range(500)], "https://499.co", "https://499.com"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_closest_origin(trusted: list[str], untrusted: str, closest: str | None) -> None:
    """The trusted origin that an untrusted one resembles is found, of however many."""
    assert load(toml("production", allow_origins=trusted)).closest_origin(untrusted) == closest


def test_read_again() -> None:
    """A policy can be loaded as a new start would load it, with the same variables."""
    policy = load(toml("production", allow_origins=[ORIGIN]), max_age=5)
    assert policy.source.read_again().policy_of("production") == policy
    Path("environments.toml").write_text(toml("production") + toml("staging"), "utf-8")
    source = policy.source.read_again()
    assert source.policy_of("production") != policy
    assert source.policy_of("staging").max_age == 5
    Path("environments.toml").write_text(toml("staging"), "utf-8")
    with pytest.raises(ConfigurationError, match=re.escape('APP_ENVIRONMENT: "production" is not')):
        policy.source.read_again().policy_of("production")
