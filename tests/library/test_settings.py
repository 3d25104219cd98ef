"""Settings in pydantic-settings' own ways: every problem in one message, and no secret in it."""

# mypy: allow-subclassing-any
# ruff: noqa: RUF012 - pydantic copies the default of a field

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from hello_api.cors import ConfigurationError, PolicySettings, SecuredFastAPI
from hello_api.settings import JWTSettings
from hello_api.settings import Settings as GeneratedSettings
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from .apis import DEPLOYED, LOCAL, send

ONE, TWO = "https://one.example", "https://two.example"
GUESSABLE = "correct horse battery staple"
UNKNOWN = "is not a known setting [unknown-setting]"
KEYS = ", ".join(
    f"APP_CORS__{key}"
    for key in (
        "PRESET DOCS ALLOWED_HOSTS ALLOW_ORIGINS ALLOW_APP_ORIGINS ALLOW_METHODS ALLOW_HEADERS "
        "EXPOSE_HEADERS MAX_AGE ALLOW_CREDENTIALS CROSS_SITE_POSTS"
    ).split()
)


class Settings(PolicySettings):
    model_config = SettingsConfigDict(env_prefix="APP_")


def is_even(number: int) -> int:
    if number % 2:
        message = "must be even"
        raise ValueError(message)
    return number


class Token(BaseModel):
    issuer: str = ""
    audience: str = ""


class Stripe(BaseModel):
    secret: SecretStr


class Database(BaseModel):
    url: str
    hosts: list[str]


class Mail(BaseModel):
    key: SecretStr = Field(validation_alias="api_key")
    attempts: int = 3


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


class Tree(BaseModel):
    child: Optional["Tree"] = None
    size: int = 0


class Range(BaseModel):
    low: int = 0
    high: int = 0

    @model_validator(mode="after")
    def check(self) -> "Range":
        if self.low > self.high:
            message = "has a low end above the high one"
            raise ValueError(message)
        return self


class Fields(Settings):
    """Fields of every kind, none of them required."""

    page_size: int = 10
    cookie_max_age: int = 60
    allowed_tenants: list[str] = []
    token: Token = Token()
    stripe: Stripe | None = None
    database: Database | None = None
    flags: dict[str, bool] = {}
    tenants: dict[str, Token] = {}
    anything: Anything = Anything()
    tree: Tree = Tree()
    size: Range = Range()
    even: Annotated[int, AfterValidator(is_even)] = 0
    color: Literal["red", "blue"] = "red"
    pin: Annotated[SecretStr, Field(min_length=32)] = SecretStr(32 * "x")
    dsn: str = Field("", validation_alias="DATABASE_URL")
    retries: int = Field(0, validation_alias=AliasChoices("RETRIES", "APP_RETRY_COUNT"))
    first: int = Field(0, validation_alias=AliasPath("APP_NUMBERS", 0))
    databases: list[Database] = []
    mail: Mail | None = None
    pair: tuple[int, int] = (0, 0)
    numbers: set[int] = set()


class Required(Settings):
    database_url: str
    database: Database
    mail: Mail


Declare = Callable[..., None]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Return what sets variables, in addition to the name of an environment."""

    def declare(**values: str) -> None:
        for name, value in ({"APP_ENVIRONMENT": DEPLOYED} | values).items():
            monkeypatch.setenv(name, value)

    return declare


def problems(settings: type[PolicySettings] = Fields) -> list[str]:
    """Return the lines of the message, without the first one, which counts them."""
    with pytest.raises(ConfigurationError) as raised:
        settings()
    summary, *found = str(raised.value).split("\n  - ")
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    assert summary == f"Cannot start: {count} in the configuration."
    return found


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("token", {"APP_TOKEN__ISSUER": "https://id.example"}, Token(issuer="https://id.example")),
        ("stripe", {"APP_STRIPE__SECRET": "x"}, Stripe(secret=SecretStr("x"))),
        ("cookie_max_age", {"APP_COOKIE_MAX_AGE": "5"}, 5),
        ("allowed_tenants", {"APP_ALLOWED_TENANTS": '["a","b"]'}, ["a", "b"]),
        (
            "database",
            {"APP_DATABASE": '{"url": "x", "hosts": ["y"]}'},
            Database(url="x", hosts=["y"]),
        ),
        (
            "database",
            {"APP_DATABASE__URL": "x", "APP_DATABASE__HOSTS": '["y"]'},
            Database(url="x", hosts=["y"]),
        ),
        (
            "flags",
            {"APP_FLAGS__DARK": "true", "APP_FLAGS__MODE": "0"},
            {"dark": True, "mode": False},
        ),
        ("flags", {"APP_FLAGS": '{"dark": true}'}, {"dark": True}),
        ("tenants", {"APP_TENANTS__A__ISSUER": "x"}, {"a": Token(issuer="x")}),
        ("anything", {"APP_ANYTHING__AT_ALL": "x"}, Anything.model_validate({"at_all": "x"})),
        ("tree", {"APP_TREE__CHILD__SIZE": "1"}, Tree(child=Tree(size=1))),
        ("dsn", {"DATABASE_URL": "x"}, "x"),
        ("retries", {"APP_RETRY_COUNT": "2"}, 2),
        ("first", {"APP_NUMBERS": "[4, 5]"}, 4),
        ("mail", {"APP_MAIL__API_KEY": "k"}, Mail.model_validate({"api_key": "k"})),
        ("page_size", {"app_page_size": "7"}, 7),
    ],
    ids=str,
)
def test_field(variables: Declare, field: str, values: dict[str, str], expected: object) -> None:
    """A field of the team's is set as pydantic-settings documents, and never misspelled."""
    variables(**values)
    assert getattr(Fields(), field) == expected


def test_deep_group(variables: Declare) -> None:
    """Groups within groups are looked into, and left alone where a model contains itself."""
    variables(**{f"APP_TREE__{9 * 'CHILD__'}SIZE": "1"})
    tree: Tree | None = Fields().tree
    for _ in range(9):
        assert tree is not None
        tree = tree.child
    assert tree == Tree(size=1)


MISSPELLED = {
    "APP_PAGESIZE": "write APP_PAGE_SIZE",
    "APP_ENVIROMENT": "write APP_ENVIRONMENT",
    "APP_ENVIRONMENT__NAME": "write APP_ENVIRONMENT",
    "APP_CORS_ORIGINS": "write APP_CORS__ALLOW_ORIGINS",
    "APP_CORS_ALLOW_ORIGINS": "write APP_CORS__ALLOW_ORIGINS",
    "APP_ALLOW_ORIGINS": "write APP_CORS__ALLOW_ORIGINS",
    "APP_CORS_": f"choose from {KEYS}",
    "APP_TOKEN_ISSUER": "write APP_TOKEN__ISSUER",
    "APP_TOKEN__AUDIENCES": "write APP_TOKEN__AUDIENCE",
    "APP_TOKEN__ZZZ": "choose from APP_TOKEN__ISSUER, APP_TOKEN__AUDIENCE",
    "APP_TREE__CHILD__SIZES": "write APP_TREE__CHILD__SIZE",
    "APP_STRIPE_KEY": "write APP_STRIPE__SECRET",
    "APP_MAIL__KEY": "write APP_MAIL__API_KEY",
}


@pytest.mark.parametrize(("variable", "fix"), MISSPELLED.items())
def test_misspelled_variable(variables: Declare, variable: str, fix: str) -> None:
    """A variable that is nearly a setting would do nothing, and is rejected with the right name."""
    variables(**{variable: GUESSABLE})
    assert problems()[0] == f'Variable: "{variable}" {UNKNOWN}; {fix}.'


@pytest.mark.parametrize(
    ("variable", "fix"),
    [
        ("APP_CORS__ALLOW_ORIGIN", "write APP_CORS__ALLOW_ORIGINS"),
        ("APP_CORS__POLICY", f"choose from {KEYS}"),
    ],
)
def test_unknown_override(variables: Declare, variable: str, fix: str) -> None:
    """A variable of a key that does not exist is rejected."""
    variables(**{variable: "true"})
    assert problems() == [f'Variable: "{variable}" is not a known key [unknown-key]; {fix}.']


@pytest.mark.parametrize("preset", ["strict", "dev"])
def test_local_override(variables: Declare, preset: str) -> None:
    """No variable makes an environment local: only the file says which one is."""
    variables(APP_ENVIRONMENT=DEPLOYED, APP_CORS__LOCAL="true", APP_CORS__PRESET=preset)
    assert (
        'Variable: "APP_CORS__LOCAL" can\'t override the file [local-variable]; '
        "set it in environments.toml."
    ) in problems()


@pytest.mark.parametrize(
    "values",
    [
        {"APP_SECRET": "x"},
        {"APP_VERSION": "1"},
        {"APP_PORT": "8000"},
        {"APP_NAME": "x"},
        {"APPLE": "x", "CORS": "x", "ENVIROMENT": "x", "DEV_PAGESIZE": "5"},
        {"APP_CORS_PORT": "tcp://10.0.0.1:80"},
        {
            "APP_CORS_SERVICE_HOST": "10.0.0.1",
            "APP_CORS_SERVICE_PORT": "80",
            "APP_CORS_SERVICE_PORT_HTTP": "80",
            "APP_CORS_PORT_80_TCP": "tcp://10.0.0.1:80",
            "APP_CORS_PORT_80_TCP_ADDR": "10.0.0.1",
            "APP_CORS_PORT_53_UDP_PROTO": "udp",
            "APP_CORS_PORT_9_SCTP": "sctp://10.0.0.1:9",
        },
    ],
    ids=str,
)
def test_variable_of_others(variables: Declare, values: dict[str, str]) -> None:
    """A variable that is nearly no setting is left alone, and so are those that Kubernetes sets."""
    variables(**values)
    assert Fields().environment == DEPLOYED


def test_port_that_is_no_service(variables: Declare) -> None:
    """A variable that ends like one of Kubernetes is left alone only with a value like its own."""
    variables(APP_CORS_PORT="8000")
    [found] = problems()
    assert found.startswith('Variable: "APP_CORS_PORT" is not a known setting [unknown-setting]; ')


def test_names_that_differ_in_case(variables: Declare) -> None:
    """Of two variables that differ only in case, in the process or in `.env`, neither counts."""
    variables(app_page_size="3", APP_PAGE_SIZE="4")
    Path(".env").write_text("APP_EVEN=2\napp_even=4\n", "utf-8")
    reason = "only in case [same-name]; remove one of them."
    assert sorted(problems()) == [
        f'Variable: "APP_PAGE_SIZE" differs from "app_page_size" {reason}',
        f'Variable: "app_even" differs from "APP_EVEN" {reason}',
    ]


def test_line_that_is_not_parsed(variables: Declare, caplog: pytest.LogCaptureFixture) -> None:
    """A line of `.env` that dotenv would skip is a problem, and its number is named."""
    variables()
    Path(".env").write_text("APP_EVEN=2\nAPP EVEN = 4\n", "utf-8")
    assert problems() == ['.env: "line 2" can\'t be parsed [unreadable-line]; write NAME=value.']
    caplog.clear()


def test_byte_order_mark(variables: Declare) -> None:
    """A `.env` that begins with a byte order mark is read like any other."""
    variables()
    Path(".env").write_text("APP_COOKIE_MAX_AGE=9\n", "utf-8-sig")
    assert Fields().cookie_max_age == 9


def test_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a prefix, every variable of the machine may be someone else's."""
    monkeypatch.setenv("ENVIRONMENT", DEPLOYED)
    monkeypatch.setenv("PAGESIZE", "5")

    class Plain(PolicySettings):
        page_size: int = 10

    settings = Plain()
    assert (settings.page_size, settings.policy.environment) == (10, DEPLOYED)


NUMBER = "should be a valid integer, unable to parse string as an integer [int_parsing]"
LIST = "should be a valid list [list_type]; write JSON"
DICTIONARY = "should be a valid dictionary [dict_type]; write JSON"
MISSING = "is not set [missing]; set it, in the environment or in .env"

WRONG = [
    ("APP_PAGE_SIZE", GUESSABLE, f"APP_PAGE_SIZE {NUMBER}"),
    ("RETRIES", GUESSABLE, f"RETRIES {NUMBER}"),
    ("APP_TREE__CHILD__CHILD__SIZE", GUESSABLE, f"APP_TREE__CHILD__CHILD__SIZE {NUMBER}"),
    ("APP_ALLOWED_TENANTS", "a,b", f"APP_ALLOWED_TENANTS {LIST}"),
    ("APP_ALLOWED_TENANTS", 9_999 * "[", f"APP_ALLOWED_TENANTS {LIST}"),
    ("APP_NUMBERS", "[1", "APP_NUMBERS should be a valid set [set_type]; write JSON"),
    ("APP_PAIR", "[1", "APP_PAIR should be a valid tuple [tuple_type]; write JSON"),
    ("APP_PAIR", "[1]", "APP_PAIR: Field required [missing]"),
    ("APP_FLAGS", f'{{"a": "{GUESSABLE}', f"APP_FLAGS {DICTIONARY}"),
    ("APP_CORS", GUESSABLE, f"APP_CORS {DICTIONARY}"),
    (
        "APP_FLAGS__DARK",
        GUESSABLE,
        "APP_FLAGS__DARK should be a valid boolean, unable to interpret input [bool_parsing]",
    ),
    (
        "APP_STRIPE",
        f'{{"secret": "{GUESSABLE}"',
        "APP_STRIPE should be a valid dictionary or instance of Stripe [model_type]; write JSON",
    ),
    (
        "APP_DATABASE__URL",
        GUESSABLE,
        f"APP_DATABASE__HOSTS {MISSING}",
    ),
    ("APP_DATABASES", f'[{{"url": "{GUESSABLE}"}}]', "APP_DATABASES: Field required [missing]"),
    (
        "APP_MAIL__ATTEMPTS",
        "1",
        f"APP_MAIL__API_KEY {MISSING}",
    ),
    ("APP_EVEN", "3", "APP_EVEN must be even"),
    ("APP_SIZE__LOW", "3", "APP_SIZE has a low end above the high one"),
    ("APP_COLOR", GUESSABLE, "APP_COLOR should be 'red' or 'blue' [literal_error]"),
    (
        "APP_PIN",
        GUESSABLE,
        "APP_PIN: Value should have at least 32 items after validation, not 28 [too_short]",
    ),
]


@pytest.mark.parametrize(("variable", "value", "problem"), WRONG)
def test_wrong_value(variables: Declare, variable: str, value: str, problem: str) -> None:
    """A wrong value is reported by its variable, and not shown: it may be a secret."""
    variables(**{variable: value})
    assert problems() == [f"{problem}."]


def test_missing_fields(variables: Declare) -> None:
    """Required settings that are not set are named, with the variables of the groups."""
    variables(APP_DATABASE__URL="x")
    assert problems(Required) == [
        f"APP_DATABASE_URL {MISSING}.",
        f"APP_DATABASE__HOSTS {MISSING}.",
        (
            "APP_MAIL is not set [missing]; set APP_MAIL__API_KEY, APP_MAIL__ATTEMPTS, "
            "in the environment or in .env."
        ),
    ]


def test_all_problems_at_once(variables: Declare) -> None:
    """One message has every problem of variables, fields, environment and policy."""
    variables(
        APP_ENVIRONMENT="prod",
        APP_CORS__MAX_AGE="-1",
        APP_CORS_ORIGINS=ONE,
        APP_PAGESIZE="5",
        APP_MAIL__API_KEY="x",
        APP_DATABASE='{"url": "x", "hosts": []}',
    )

    class Both(Required):
        page_size: int = 10

    assert problems(Both) == [
        f'Variable: "APP_CORS_ORIGINS" {UNKNOWN}; write APP_CORS__ALLOW_ORIGINS.',
        f'Variable: "APP_PAGESIZE" {UNKNOWN}; write APP_PAGE_SIZE.',
        f"APP_DATABASE_URL {MISSING}.",
        (
            'APP_ENVIRONMENT: "prod" is not an environment [unknown-environment]; '
            "write one of development, staging, production."
        ),
        "APP_CORS__MAX_AGE: -1 is not from 0 to 86400 seconds [max-age]; write 0.",
    ]


def test_unsafe_file(variables: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem of the file stands in the same message, and none is shown twice."""
    variables(APP_CORS__PRESET="lax", APP_EVEN="3")
    assert problems() == [
        "APP_EVEN must be even.",
        'APP_CORS__PRESET: "lax" is not a preset [unknown-preset]; write strict or dev.',
    ]
    monkeypatch.delenv("APP_ENVIRONMENT")
    monkeypatch.delenv("APP_CORS__PRESET")
    assert problems() == [
        "APP_EVEN must be even.",
        (
            "APP_ENVIRONMENT is not set [environment-not-set]; write one of development, staging, "
            "production; for local work, run `cp .env.example .env`."
        ),
    ]


@pytest.mark.parametrize("mode", ["before", "after"])
def test_validator_of_the_model(variables: Declare, mode: Literal["before", "after"]) -> None:
    """What a validator of all settings says stands in the message, too."""
    variables()

    class Checked(Settings):
        def check(self: Any) -> Any:
            message = "page_size must be under cookie_max_age"
            raise ValueError(message)

        _check_sizes = model_validator(mode=mode)(check)

    assert problems(Checked) == ["Settings: page_size must be under cookie_max_age."]


LISTS = {
    ONE: {ONE},
    f"{ONE},{TWO}": {ONE, TWO},
    f" {ONE} , {TWO} ": {ONE, TWO},
    f' ["{ONE}"]': {ONE},
    f'["{ONE}", "{TWO}"]': {ONE, TWO},
    "[]": set(),
    "": set(),
    " ": set(),
}


@pytest.mark.parametrize(("text", "origins"), LISTS.items())
def test_list_of_the_policy(variables: Declare, text: str, origins: set[str]) -> None:
    """A list of the policy is comma-separated or JSON, and counts instead of the file's."""
    variables(APP_CORS__ALLOW_ORIGINS=text)
    assert Settings().policy.allow_origins == origins
    assert Settings.policy_source().policy_of(DEPLOYED).allow_origins == origins


def test_overrides(variables: Declare) -> None:
    """Every key of the policy but `local` has a variable, and the API goes by them."""
    variables(
        APP_CORS__ALLOWED_HOSTS="api.example.com",
        APP_CORS__PRESET="strict",
        APP_CORS__ALLOW_ORIGINS=ONE,
        APP_CORS__ALLOW_METHODS='["GET"]',
        APP_CORS__ALLOW_HEADERS="X-One, X-Two",
        APP_CORS__ALLOW_CREDENTIALS="true",
        APP_CORS__EXPOSE_HEADERS="",
        APP_CORS__MAX_AGE="60",
    )
    policy = Settings().policy
    assert policy == Settings.policy_source().policy_of(DEPLOYED)
    assert policy.allowed_hosts == ("api.example.com",)
    assert policy.allow_origins == {ONE}
    assert policy.allow_methods == ("GET",)
    assert policy.allow_headers == ("X-One", "X-Two")
    assert policy.allow_credentials
    assert policy.expose_headers == ()
    assert policy.max_age == 60


def test_overrides_as_json(variables: Declare) -> None:
    """All overrides can be one JSON variable; the variable of a key counts more."""
    variables(APP_CORS='{"max_age": 60, "allow_credentials": true}', APP_CORS__MAX_AGE="61")
    policy = Settings().policy
    assert (policy.max_age, policy.allow_credentials) == (61, True)
    assert policy == Settings.policy_source().policy_of(DEPLOYED)


UNSAFE = {
    "PRESET": {
        "lax": '"lax" is not a preset',
        "": '"" is not a preset',
        "3": '"3" is not a preset',
    },
    "ALLOW_ORIGINS": {
        "*": '"*" would trust every page',
        f"{ONE};{TWO}": f'"{ONE};{TWO}" has a path',
        f"{ONE},": '"" is empty',
        '["x"': r'"[\"x\"" is not a list of strings',
        "[1]": "[1] is not a list of strings",
    },
    "ALLOW_CREDENTIALS": {
        "yes": '"yes" is not true or false',
        "True": '"True" is not true or false',
        "": '"" is not true or false',
        "1": "1 is not true or false",
    },
    "MAX_AGE": {
        "-1": "-1 is not from 0 to 86400",
        "ten": '"ten" is not an integer',
        "600.5": "600.5 is not an integer",
    },
}


@pytest.mark.parametrize(
    ("key", "text", "problem"), [(key, *row) for key in UNSAFE for row in UNSAFE[key].items()]
)
def test_unsafe_override(variables: Declare, key: str, text: str, problem: str) -> None:
    """A variable of the policy that is malformed or unsafe is rejected by its name."""
    variables(**{f"APP_CORS__{key}": text})
    [found] = problems(Settings)
    assert found.startswith(f"APP_CORS__{key}: {problem}")


def test_from_python() -> None:
    """Settings can be made in Python: overrides are lists, or what a variable would hold."""
    made = Settings(environment=DEPLOYED, cors={"allow_origins": [ONE], "allow_methods": "GET,PUT"})
    assert made.policy.allow_origins == {ONE}
    assert made.policy.allow_methods == ("GET", "PUT")
    with pytest.raises(
        ConfigurationError, match='Variable: "APP_CORS__UNKNOWN" is not a known key'
    ):
        Settings(environment=DEPLOYED, cors={"unknown": 1})
    with pytest.raises(ConfigurationError, match="APP_CORS should be a valid dictionary"):
        Settings(environment=DEPLOYED, cors=1)


def test_copy(variables: Declare) -> None:
    """A copy of the settings has the policy of what it says, and none that is stale."""
    variables(APP_CORS__MAX_AGE="60")
    settings = Settings()
    assert settings.policy.max_age == 60
    copy = settings.model_copy(update={"environment": LOCAL, "cors": {"max_age": 5}})
    assert (copy.policy.environment, copy.policy.max_age) == (LOCAL, 5)
    assert settings.policy.max_age == 60
    with pytest.raises(ValidationError, match="frozen"):
        settings.environment = LOCAL


def test_override_reaches_the_api(variables: Declare) -> None:
    """An origin that a variable lists is trusted, and one that it leaves out is not."""
    variables(APP_CORS__ALLOW_ORIGINS=ONE)
    api = SecuredFastAPI(Settings().policy)
    assert send(api, "GET", Origin=ONE).allowed_origins == [ONE]
    assert send(api, "GET", Origin=TWO).allowed_origins == []


def test_variable() -> None:
    """The name of the variable that sets a field is known, for messages of the team's own."""
    assert Settings.variable("page_size") == "APP_PAGE_SIZE"
    assert Settings.variable("jwt", "secret") == "APP_JWT__SECRET"
    assert PolicySettings.variable("environment") == "ENVIRONMENT"


def test_dotenv_file(variables: Declare) -> None:
    """`.env` counts where the process has no such variable, and is searched for misspelled ones."""
    file = Path(".env")
    file.write_text("APP_ENVIRONMENT=of-no-table\nAPP_CORS__MAX_AGE=61\nAPP_PAGE_SIZE=5\n", "utf-8")
    variables(APP_PAGE_SIZE="6")
    settings = Fields()
    assert settings.environment == DEPLOYED
    assert (settings.policy.max_age, settings.page_size) == (61, 6)
    assert Fields.policy_source().policy_of(DEPLOYED).max_age == 61
    variables(APP_CORS__MAX_AGE="62")
    assert Fields().policy.max_age == Fields.policy_source().policy_of(DEPLOYED).max_age == 62

    file.write_text(f"APP_PAGESIZE={GUESSABLE}\n", "utf-8")
    assert problems() == [f'Variable: "APP_PAGESIZE" {UNKNOWN}; write APP_PAGE_SIZE.']
    with pytest.raises(ConfigurationError, match="APP_PAGE_SIZE"):
        Fields.policy_source().policy_of(DEPLOYED)

    file.write_text("APP_PAGE_SIZE=7\nSOMEONE_ELSES=1\n", "utf-8")
    assert Fields(_env_file=None).page_size == 6
    Path("other.env").write_text("APP_COOKIE_MAX_AGE=8\n", "utf-8")
    assert Fields(_env_file="other.env").cookie_max_age == 8


@pytest.mark.parametrize(
    "content",
    ["APP_PAGE_SIZE=3".encode("utf-16"), "# é".encode("latin-1")],
    ids=["UTF-16", "Latin-1"],
)
def test_dotenv_file_that_is_not_text(variables: Declare, content: bytes) -> None:
    """A `.env` that an editor saved in another encoding is one problem in the one message."""
    variables()
    Path(".env").write_bytes(content)
    [found] = problems()
    assert found == 'Variables: ".env" can\'t be read as UTF-8 [unreadable-file]; save it as UTF-8.'
    with pytest.raises(ConfigurationError, match="can't be read as UTF-8"):
        Fields.policy_source().policy_of(DEPLOYED)


def test_policy_of_incomplete_settings(variables: Declare) -> None:
    """A policy can be had without the settings that the team requires."""
    variables(APP_CORS__MAX_AGE="5", APP_ENVIRONMENT="of-no-table")
    assert Required.policy_source().policy_of(DEPLOYED).max_age == 5
    with pytest.raises(ConfigurationError, match="is not an environment"):
        Required.policy_source().policy_of("of-no-table")


@pytest.mark.parametrize("secret", ["", GUESSABLE, 40 * "x", f"x{40 * ' '}", 31 * "\udcff"])
def test_weak_secret(variables: Declare, secret: str) -> None:
    """A JWT secret that can be guessed is rejected, and not shown."""
    variables(APP_JWT__SECRET=secret)
    [found] = problems(GeneratedSettings)
    assert found == (
        "APP_JWT__SECRET is under 32 bytes, or one repeated character [weak-secret]; "
        "write what `openssl rand -base64 32` prints."
    )


@pytest.mark.parametrize(
    "variable",
    ["APP_JWT_SECRET", "APP_JWT__SECRETS", "APP_JWT__SECRET__KEY", "APP_JWT", "APP_JWTSECRET"],
)
def test_secret_is_not_shown(variables: Declare, variable: str) -> None:
    """No message shows a secret, not even one in a misspelled or malformed variable."""
    variables(**{variable: GUESSABLE})
    message = "\n".join(problems(GeneratedSettings))
    assert variable in message
    assert GUESSABLE not in message


def test_strong_secret() -> None:
    """A secret of 32 bytes is strong enough, and is handed out on demand only."""
    secret = f"{15 * 'é'}ab"
    settings = GeneratedSettings(environment=DEPLOYED, jwt=JWTSettings(secret=SecretStr(secret)))
    assert settings.jwt_key == secret
    assert secret not in repr(settings)


def test_missing_secret() -> None:
    """Without a secret the API starts, but no token can be signed or verified."""
    settings = GeneratedSettings(environment=DEPLOYED)
    with pytest.raises(ConfigurationError) as raised:
        _ = settings.jwt_key
    assert str(raised.value) == (
        "Cannot start: 1 problem in the configuration.\n"
        "  - APP_JWT__SECRET is not set; write what `openssl rand -base64 32` prints."
    )


def test_start(variables: Declare) -> None:
    """A server that imports an API with problems ends with their message, and no traceback."""
    variables(APP_ENVIRONMENT="of-no-table", APP_JWT__SECRET=GUESSABLE, APP_CORS__MAX_AGE="-1")
    sys.modules.pop("hello_api.main", None)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module("hello_api.main")
    summary, *found = str(ended.value).split("\n  - ")
    assert summary == "Cannot start: 3 problems in the configuration."
    assert [x.split(" ")[0] for x in found] == [
        "APP_JWT__SECRET",
        "APP_ENVIRONMENT:",
        "APP_CORS__MAX_AGE:",
    ]
