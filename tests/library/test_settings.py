"""Variables override the policy; one that would do nothing, or is unsafe, stops the API instead."""

import importlib
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from .apis import TABLES, Client, granted
from .subject import ConfigurationError, JWTSettings, Settings, create_app

ONE, TWO = "https://one.example", "https://two.example"
GUESSABLE = "correct horse battery staple"

LISTS = {
    ONE: {ONE},
    f"{ONE},{TWO}": {ONE, TWO},
    f" {ONE} , {TWO} ": {ONE, TWO},
    f' ["{ONE}"]': {ONE},
    f'["{ONE}", "{TWO}"]': {ONE, TWO},
    "[]": set(),
    "": set(),
}

UNSAFE = {
    "APP_CORS__PRESET": ["lax", ""],
    "APP_CORS__LOCAL": ["yes"],
    "APP_CORS__ALLOW_ORIGINS": ["*", f"{ONE} {TWO}", f"{ONE};{TWO}", f"{ONE},", f'["{ONE}"', "[1]"],
    "APP_CORS__ALLOW_METHODS": ["*", "get", '{"GET": true}'],
    "APP_CORS__ALLOW_HEADERS": ["*", "Cookie"],
    "APP_CORS__ALLOW_CREDENTIALS": ["yes", "1", "True", ""],
    "APP_CORS__EXPOSE_HEADERS": ["*", "Set-Cookie"],
    "APP_CORS__MAX_AGE": ["-1", "ten", "600.5", '"600"', ""],
    "APP_JWT__SECRET": ["", GUESSABLE, 31 * "x", 31 * "\udcff"],
}

MISSPELT = {
    "APP_ENVIROMENT": "APP_ENVIRONMENT",
    "APP_CORS": "APP_CORS__",
    "APP_CORS__POLICY": "APP_CORS__",
    "APP_CORS__ORIGINS": "APP_CORS__ALLOW_ORIGINS",
    "APP_CORS__ALLOW_ORIGIN": "APP_CORS__ALLOW_ORIGINS",
    "APP_CORS_ALLOW_ORIGINS": "APP_CORS__ALLOW_ORIGINS",
    "APP_ALLOW_ORIGINS": "APP_CORS__ALLOW_ORIGINS",
    "APP_JWT": "APP_JWT__SECRET",
    "APP_JWT_SECRET": "APP_JWT__SECRET",
    "APP_JWT__SECRETS": "APP_JWT__SECRET",
    "APP_JWT__SECRET__KEY": "APP_JWT__SECRET",
}


def refusal() -> str:
    """Return the message with which the settings of the moment are refused."""
    with pytest.raises(ConfigurationError) as refused:
        Settings()
    return str(refused.value)


@pytest.mark.parametrize(("text", "origins"), LISTS.items())
def test_list(monkeypatch: pytest.MonkeyPatch, text: str, origins: set[str]) -> None:
    """A list is comma-separated or JSON, and counts instead of the one in the file."""
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", text)
    assert Settings().policy.allow_origins == origins


def test_override_is_what_the_api_goes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """An origin that a variable lists is trusted, one that it leaves out is not."""
    monkeypatch.setenv("APP_CORS__ALLOW_ORIGINS", ONE)
    monkeypatch.setenv("APP_CORS__ALLOW_CREDENTIALS", "true")
    client = Client(create_app(Settings()))
    response = client.get("/health", headers={"Origin": ONE})
    assert granted(response) == [ONE]
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert granted(client.get("/health", headers={"Origin": TWO})) == []


@pytest.mark.parametrize(
    ("variable", "text"), [(variable, text) for variable in UNSAFE for text in UNSAFE[variable]]
)
def test_unsafe_variable(monkeypatch: pytest.MonkeyPatch, variable: str, text: str) -> None:
    """A variable whose text is malformed or unsafe is refused by its name."""
    monkeypatch.setenv(variable, text)
    assert f"\n  - {variable}: " in refusal()


@pytest.mark.parametrize(("variable", "meant"), MISSPELT.items())
def test_misspelt_variable(monkeypatch: pytest.MonkeyPatch, variable: str, meant: str) -> None:
    """A variable that is nearly one of ours would do nothing, and is told the right name."""
    monkeypatch.setenv(variable, "anything")
    message = refusal()
    assert f'\n  - Variable: "{variable}" ' in message
    assert message.count("\n  - ") == 1
    assert f"; write {meant}" in message


def test_unknown_override() -> None:
    """A key that is no option is refused where it comes from Python, too."""
    with pytest.raises(ConfigurationError, match="APP_CORS__UNKNOWN: 1 belongs to no option"):
        Settings(cors={"unknown": 1})


@pytest.mark.parametrize("variable", ["APP_VERSION", "APP_PORT", "APP_NAME", "APPLE", "CORS"])
def test_variable_of_others(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A variable that is not nearly one of ours is left alone."""
    monkeypatch.setenv(variable, "anything")
    assert Settings().environment in TABLES


@pytest.mark.parametrize("name", [None, "", "of-no-table"])
def test_no_such_environment(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    """There is no default environment: without a name, or with another, the message names them."""
    monkeypatch.delenv("APP_ENVIRONMENT")
    if name is not None:
        monkeypatch.setenv("APP_ENVIRONMENT", name)
    message = refusal()
    assert "\n  - APP_ENVIRONMENT: " in message
    assert all(table in message for table in TABLES)


def test_dotenv_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`.env` counts where the process has no such variable, and is searched for misspelt ones."""
    file = tmp_path / ".env"
    file.write_text("APP_ENVIRONMENT=of-no-table\nAPP_CORS__MAX_AGE=61\n", "utf-8")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    settings = Settings()
    assert settings.environment in TABLES
    assert settings.policy.max_age == 61

    file.write_text("APP_CORS__MAXAGE=61\n", "utf-8")
    assert 'Variable: "APP_CORS__MAXAGE" ' in refusal()


def test_strong_secret() -> None:
    """A secret of 32 bytes is strong enough for HS256, and is handed out on demand alone."""
    secret = 16 * "\u00e9"
    jwt = JWTSettings(secret=SecretStr(secret))
    settings = Settings(jwt=jwt)
    assert settings.jwt.key == secret
    assert secret not in repr(settings)


def test_missing_secret() -> None:
    """Without a secret the API starts, but no token can be signed or verified."""
    settings = Settings(jwt=JWTSettings(secret=None))
    with pytest.raises(ConfigurationError, match="APP_JWT__SECRET: null"):
        _ = settings.jwt.key


@pytest.mark.parametrize("variable", sorted(x for x in MISSPELT if "JWT" in x))
def test_secret_is_not_told(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """No message shows a secret, not even a weak one or one in a misspelt variable."""
    monkeypatch.setenv(variable, GUESSABLE)
    assert GUESSABLE not in refusal()


def test_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that imports the API ends, with one message for all faults."""
    monkeypatch.setenv("APP_ENVIRONMENT", "of-no-table")
    monkeypatch.setenv("APP_CORS__MAX_AGE", "-1")
    monkeypatch.setenv("APP_CORS__ORIGINS", ONE)
    monkeypatch.setenv("APP_JWT__SECRET", GUESSABLE)
    with pytest.raises(SystemExit) as ended:
        importlib.reload(sys.modules[create_app.__module__])
    summary, *faults = str(ended.value).split("\n  - ")
    assert summary == "The API does not start: its configuration has 4 faults."
    assert [fault.split(": ")[0] for fault in faults] == [
        "Variable",
        "APP_JWT__SECRET",
        "APP_ENVIRONMENT",
        "APP_CORS__MAX_AGE",
    ]
    assert GUESSABLE not in str(ended.value)
