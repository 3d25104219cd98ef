"""The settings: variables whose names start with `APP_`, of the process or else of `.env`."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, PrivateAttr, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    SettingsConfigDict,
)

from .cors.policy import KEYS, ConfigurationError, Policy, load_policy
from .cors.rulebook import Fault

VARIABLES = ("APP_ENVIRONMENT", "APP_JWT__SECRET", *(f"APP_CORS__{key.upper()}" for key in KEYS))
SHORTEST_SECRET = 32
"""Bytes: a key of HMAC with SHA-256 is at least as long as its hash (RFC 7518, section 3.2)."""
MAKE_KEY = "write what `openssl rand -base64 32` prints"

a_group = BeforeValidator(lambda value: {} if isinstance(value, str) else value)
a_text = BeforeValidator(lambda value: None if isinstance(value, dict) else value)
"""A variable for all of a group, or for a part of a text, is told among the misspelt names."""


class JWTSettings(BaseModel):
    """What the JWT chapter needs to know: the secret that tokens are signed with."""

    secret: Annotated[SecretStr | None, a_text] = None

    @property
    def key(self) -> str:
        """The secret, for whatever signs or verifies; raises `ConfigurationError` without one."""
        if self.secret is None:
            fault = Fault("APP_JWT__SECRET", None, "signs no token", MAKE_KEY)
            raise ConfigurationError([fault])
        return self.secret.get_secret_value()


class Settings(BaseSettings):
    """The settings, checked: `environment` names a table of `environments.toml`.

    `cors` holds what overrides that table, key by key; in a variable a list is JSON or
    comma-separated. Raises `ConfigurationError` with every fault of the settings and the table.
    """

    model_config = SettingsConfigDict(
        env_prefix="APP_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        enable_decoding=False,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: str = ""
    cors: Annotated[dict[str, Any], a_group] = {}
    jwt: Annotated[JWTSettings, a_group] = JWTSettings()

    _policy: Policy = PrivateAttr()

    @property
    def policy(self) -> Policy:
        """The cross-origin policy of the environment."""
        return self._policy

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = [*_misspelt_variables(), *_weak_secret(self.jwt)]
        overrides = {
            key: _decoded(key, value)
            for key, value in self.cors.items()
            if key in KEYS or not _is_variable(f"app_cors__{key}")
        }
        try:
            self._policy = load_policy(self.environment, overrides)
        except ConfigurationError as error:
            faults += error.faults
        if faults:
            raise ConfigurationError(faults)
        return self


def _variables() -> set[str]:
    """Return the names of all variables that are set, in lower case."""
    return {*EnvSettingsSource(Settings).env_vars, *DotEnvSettingsSource(Settings).env_vars}


def _is_variable(name: str) -> bool:
    """Tell whether a variable of this name, or of a part of what it would hold, is set."""
    return any(x == name or x.startswith(f"{name}__") for x in _variables())


def _misspelt_variables() -> Iterator[Fault]:
    """Yield a fault for each variable that is set and nearly ours: it would do nothing."""
    for name in sorted(name.upper() for name in _variables() if name.startswith("app_")):
        ours = name.startswith("APP_CORS__") or name in {"APP_CORS", "APP_JWT"}
        close = get_close_matches(name, VARIABLES, 1, cutoff=0 if ours else 0.75)
        if close and name not in VARIABLES:
            yield Fault("Variable", name, "is none of this API's", f"write {close[0]}")


def _weak_secret(jwt: JWTSettings) -> Iterator[Fault]:
    if jwt.secret is None:
        return
    length = len(jwt.secret.get_secret_value().encode(errors="surrogateescape"))
    if length < SHORTEST_SECRET:
        why = f"of {length} bytes can be guessed"
        yield Fault("APP_JWT__SECRET", str(jwt.secret), why, MAKE_KEY)


def _decoded(key: str, value: Any) -> Any:
    """Return what a variable's text stands for; the text itself if it does not stand for that."""
    if not isinstance(value, str) or KEYS.get(key, "text") == "text":
        return value
    if KEYS[key] == "a list of texts" and not value.lstrip().startswith("["):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    try:
        return json.loads(value)
    except ValueError:
        return value
