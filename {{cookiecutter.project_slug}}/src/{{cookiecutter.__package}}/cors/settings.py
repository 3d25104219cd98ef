"""Settings that name a policy, and report every problem at once."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from io import StringIO
from pathlib import Path
from types import UnionType
from typing import Any, Self, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .document import ConfigurationError, Document
from .policy import KEYS, Policy, Source, decoded
from .rulebook import Problem, quoted

PROBLEMS = ":problems"
"""The name, which no field can have, under which the sources hand over the problems they find."""

NEARLY = 0.81
"""How similar to a setting, from 0 to 1, a variable has to be to count as misspelled."""

RELATED = 0.6
"""How similar one key of a group has to be to be the one that is suggested."""

JSON_TYPES = ("list_type", "tuple_type", "set_type", "dict_type", "model_type", "dataclass_type")
"""The errors of pydantic that a value gets that should have been JSON."""

MAX_DEPTH = 5
"""Groups within groups that are looked at: a model may contain itself."""

SERVICE_LINK = re.compile(r".*_(service_(host|port(_\w+)?)|port_\d+_(tcp|udp|sctp)(_\w+)?)")
"""What Kubernetes sets in a pod for each Service of its namespace, along with `…_PORT`, a URL."""


class Variables(EnvSettingsSource):
    """The variables of the process; a value that is not the JSON it should be is left as it is."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (ValueError, RecursionError):
            return value

    def names(self) -> dict[str, list[type]]:
        """Return each variable that sets a field, in lowercase, with the types of the field."""
        found: dict[str, list[type]] = {}
        for name, field in self.settings_cls.model_fields.items():
            for _, variable, _ in self._extract_field_info(field, name):
                found |= _names(variable, field.annotation)
        return found

    def ambiguous(self, names: Iterable[str]) -> Iterator[Problem]:
        """Yield a problem for each variable that differs from another one only in case."""
        seen: dict[str, str] = {}
        prefix = self.env_prefix.lower()
        for name in names:
            first = seen.setdefault(name.lower(), name)
            if first != name and prefix and name.lower().startswith(prefix):
                reason = f"differs from {quoted(first)} only in case [same-name]"
                yield Problem("Variable", name, reason, "remove one of them")

    def misspelled(self, variables: Mapping[str, str | None]) -> Iterator[Problem]:
        """Yield a problem for each variable that is nearly a setting, and so would do nothing."""
        if not self.env_prefix:
            return
        names = self.names()
        prefix = self.env_prefix.lower()
        free = tuple(f"{x}__" for x, types in names.items() if _takes_any_key(x, types))
        names |= {f"{prefix}cors__{key}": [] for key in KEYS if key != "local"}
        groups = {x.rpartition("__")[0] for x in names}
        for variable, value in sorted(variables.items()):
            known = variable in names or variable.startswith(free)
            if known or not variable.startswith(prefix) or _is_service_link(variable, value):
                continue
            group = max((x for x in groups if variable.startswith(f"{x}_")), key=len, default="")
            is_group = len(group) > len(prefix)  # then the variable can only be meant for it
            start = f"{group}__" if is_group else prefix
            scores = {
                x: _similarity(variable[len(start) - is_group :], x[len(start) :])
                for x in names
                if x.startswith(start)
            }
            closest = max(scores, key=lambda x: scores[x])
            if is_group or scores[closest] >= NEARLY:
                fix = f"write {closest.upper()}"
                if scores[closest] < RELATED and len(scores) > 1:
                    fix = f"choose from {', '.join(scores).upper()}"
                reason = "is not a known setting [unknown-setting]"
                yield Problem("Variable", variable.upper(), reason, fix)

    def field_problem(self, error: ErrorDetails) -> str:
        """Return what is wrong with a field: never its value, which may be a secret."""
        names = self.names()
        name, *path = error["loc"] or ("",)
        variable = str(name).lower()
        for field_name, field in self.settings_cls.model_fields.items():
            for key, found, _ in self._extract_field_info(field, field_name):
                if name in (key, field_name):
                    variable = found
        inside = False  # of the value of a variable
        for part in path:
            inner = f"{variable}__{part}".lower()
            if inner in names or _takes_any_key(variable, names.get(variable, [])):
                variable = inner
            else:
                inside = True
        kind = error["type"]
        if kind == "missing" and not inside:
            within = [x for x in names if x.startswith(f"{variable}__")]
            fix = f"set {', '.join(within).upper() or 'it'}, in the environment or in .env"
            return f"{variable.upper()} is not set [{kind}]; {fix}."
        reason = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
        fix = "; write JSON" if kind.endswith(JSON_TYPES) else ""
        name = "" if kind == "value_error" else f" [{kind}]"  # a validator's own words
        if not error["loc"]:
            return f"Settings: {reason}{name}."
        separator = " " if reason[:1].islower() else ": "
        return f"{variable.upper()}{separator}{reason}{name}{fix}."


class DotEnvVariables(Variables, DotEnvSettingsSource):
    """The variables of `.env`, likewise; a file or a line that can't be read is a problem."""

    def _read_env_files(self) -> Mapping[str, str | None]:
        self.problems: list[Problem] = []
        return super()._read_env_files()

    def _read_env_file(self, file_path: Path) -> Mapping[str, str | None]:
        name = file_path.name
        try:
            text = file_path.read_text(encoding=self.env_file_encoding)
        except (OSError, UnicodeError):
            reason, fix = "can't be read as UTF-8 [unreadable-file]", "save it as UTF-8"
            self.problems.append(Problem("Variables", name, reason, fix))
            return {}
        bindings = [*parse_stream(StringIO(text))]
        for line in (x.original.line for x in bindings if x.error):
            reason, fix = "can't be parsed [unreadable-line]", "write NAME=value"
            self.problems.append(Problem(name, f"line {line}", reason, fix))
        self.problems += self.ambiguous(x.key for x in bindings if x.key)
        return super()._read_env_file(file_path)


class PolicySettings(BaseSettings):
    """Settings of an API with a policy; a subclass adds fields, in pydantic-settings' own ways.

    `environment` names a table of `environments.toml`. `cors` overrides keys of that table: each by
    a variable of its own, `…CORS__MAX_AGE`, where a list is comma-separated or JSON.

    Raises `ConfigurationError` with every problem of the variables, the fields and all policies; a
    variable with the prefix that is nearly the name of a setting is one, too.
    """

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: str = ""
    cors: dict[str, Any] = {}

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except UnicodeError:  # of pydantic-settings' own source, which has read the file before
            raise ConfigurationError(DotEnvVariables(type(self)).problems) from None
        except ValidationError as error:  # of a validator of the whole model
            found = map(Variables(type(self)).field_problem, error.errors(include_input=False))
            raise ConfigurationError([*found]) from None

    @property
    def policy(self) -> Policy:
        """The policy of the environment."""
        return self._source(self.cors).policy_of(self.environment)

    @classmethod
    def variable(cls, *path: str) -> str:
        """Return the name of the variable that sets a field, or a field within groups."""
        return f"{cls.model_config.get('env_prefix', '')}{'__'.join(path)}".upper()

    @classmethod
    def policy_source(cls) -> Source:
        """Return what any environment's policy is loaded from, whatever other fields need.

        Raises `ConfigurationError` as the settings themselves do.
        """
        sources = DotEnvVariables(cls), Variables(cls)
        if problems := _problems_of(*sources):
            raise ConfigurationError(problems)
        given = [source().get("cors") for source in sources]
        tables = [each for each in given if isinstance(each, dict)]
        return cls._source({key: value for each in tables for key, value in each.items()})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Instead of pydantic-settings' own sources, which stop at the first problem.
        dotenv = DotEnvVariables(settings_cls, getattr(dotenv_settings, "env_file", None))
        env = Variables(settings_cls)
        found = InitSettingsSource(settings_cls, {PROBLEMS: _problems_of(dotenv, env)})
        return init_settings, env, dotenv, file_secret_settings, found

    @model_validator(mode="wrap")
    @classmethod
    def _check(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        given = values if isinstance(values, dict) else {}
        problems: list[object] = [*given.pop(PROBLEMS, ())]
        settings = None
        try:
            settings = handler(values)
        except ValidationError as error:
            problems += map(Variables(cls).field_problem, error.errors(include_input=False))
        environment = settings.environment if settings else given.get("environment", "")
        overrides = settings.cors if settings else given.get("cors", {})
        try:
            source = cls._source(overrides if isinstance(overrides, dict) else {})
            source.policy_of(environment)
        except ConfigurationError as error:
            problems += error.problems
        if settings is None or problems:
            raise ConfigurationError(problems)
        return settings

    @classmethod
    def _source(cls, overrides: Mapping[str, Any]) -> Source:
        values = {key: decoded(key, value) for key, value in overrides.items()}
        return Source(Document.read(), values, cls.model_config.get("env_prefix", ""))


def _problems_of(dotenv: DotEnvVariables, env: Variables) -> list[Problem]:
    misspelled = env.misspelled({**dotenv.env_vars, **env.env_vars})
    return [*dotenv.problems, *env.ambiguous(os.environ), *misspelled]


def _names(variable: str, annotation: Any) -> dict[str, list[type]]:
    """Return the variables that set a field of this type, and the fields within it."""
    names = {variable: [*_types(annotation)]}
    if variable.count("__") < MAX_DEPTH:
        for model in names[variable]:
            if issubclass(model, BaseModel):
                for name, field in model.model_fields.items():
                    alias = field.validation_alias
                    key = alias if isinstance(alias, str) else name
                    names |= _names(f"{variable}__{key}".lower(), field.annotation)
    return names


def _types(annotation: Any) -> Iterator[type]:
    annotation = getattr(annotation, "__value__", annotation)  # of a `type` statement
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and not issubclass(origin, UnionType):
        yield origin
    else:
        for argument in get_args(annotation):
            yield from _types(argument)


def _takes_any_key(variable: str, types: Iterable[type]) -> bool:
    """Return whether the variable of a field of these types may be followed by any key."""
    return any(
        issubclass(x, Mapping)
        or (issubclass(x, BaseModel) and x.model_config.get("extra") == "allow")
        or (issubclass(x, BaseModel) and variable.count("__") == MAX_DEPTH)
        for x in types
    )


def _is_service_link(variable: str, value: str | None) -> bool:
    url = variable.endswith("_port") and "://" in (value or "")
    return url or SERVICE_LINK.fullmatch(variable) is not None


def _similarity(one: str, other: str) -> float:
    return SequenceMatcher(None, one.replace("_", ""), other.replace("_", "")).ratio()
