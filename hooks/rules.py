"""What an answer may be, and what was probably meant by any other, independently of cookiecutter.

`answers.py` runs this file. The rules of origins and environments are those of the generated API,
which checks them again whenever it starts.
"""

import json
import keyword
import re
import runpy
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from slugify import slugify

TEMPLATE = Path(__file__).parent.parent
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
RULEBOOK = PROJECT / "src" / "{{cookiecutter.__package}}" / "cors" / "rulebook.py"

rulebook = SimpleNamespace(**runpy.run_path(str(RULEBOOK)))
Problem, Rule, quoted = rulebook.Problem, rulebook.Rule, rulebook.quoted

QUESTIONS: dict[str, Any] = {
    name: default
    for name, default in json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8")).items()
    if not name.startswith("_")
}
"""The questions and their defaults: a string, a list to choose from, or a boolean."""

NAME, VERSION = re.findall(
    r"""^(?:name|version) *= *["'](.+)["']""",
    (TEMPLATE / "pyproject.toml").read_text("utf-8"),
    re.MULTILINE,
)
"""What a project was made with, as its `.cookiecutter.yaml` says."""

NEAR = 0.8
"""How alike two names are, from 0 to 1, for the one to be meant by the other."""

Answers = Mapping[str, Any]


# --- Texts --------------------------------------------------------------------------------------

MAX_TEXT = 200
"""Characters of a text."""

BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that are drawn as nothing, though Unicode has them as letters, marks or symbols."""


def is_blank(text: str) -> bool:
    """Return whether nothing of a text can be seen."""
    return all(unicodedata.category(c)[0] in "CMZ" or c in BLANK for c in text)


def is_noncharacter(c: str) -> bool:
    """Return whether a code point stands for no character, now or later (Unicode, 23.7)."""
    return ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF


TEXT_RULES = (
    Rule("empty", lambda text: not text.strip(), "is empty"),
    Rule("blank", lambda text: text.strip() and is_blank(text), "has no visible character"),
    Rule("too-long", lambda text: len(text) > MAX_TEXT, f"is over {MAX_TEXT} characters long"),
    Rule(
        "control-character",
        lambda text: any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in text),
        "has a line break or a control character",
    ),
    Rule(
        "encoding",
        lambda text: any(unicodedata.category(c) == "Cs" for c in text),
        "has characters that the locale, which isn't UTF-8, can't read",
    ),
    Rule(
        "noncharacter",
        lambda text: any(map(is_noncharacter, text)),
        "has a code point that is not a character",
    ),
)


def text_problems(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with a text that goes into README, pyproject.toml and OpenAPI."""
    reason = " and ".join(rulebook.reasons(TEXT_RULES, answers[name]))
    if reason:
        yield Problem(name, answers[name], reason, f"write {quoted(suggest_text(name, answers))}")


def suggest_text(name: str, answers: Answers) -> str:
    """Return the text in one line of the right length; the default if nothing is left."""
    visible = "".join(c if c.isprintable() else " " for c in as_utf8(answers[name]))
    text = " ".join(visible.split())[:MAX_TEXT]
    return str(QUESTIONS[name]) if is_blank(text) else text


def as_utf8(text: str) -> str:
    """Return a text as it was typed in a terminal that has UTF-8, whatever the locale says."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


# --- Name of the project ------------------------------------------------------------------------

MAX_SLUG = 50
"""Characters of the project's name."""

NOT_IN_ALL_VERSIONS = frozenset(
    "aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt distutils "
    "imghdr imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes profiling smtpd sndhdr spwd "
    "sunau telnetlib uu xdrlib".split()
)
"""Modules of the standard library of some Python since 3.11, but not of all."""

DEPENDENCIES = frozenset(
    "annotated_doc annotated_types anyio ast_serialize certifi click colorama dotenv fastapi h11 "
    "httpcore2 httptools httpx2 idna iniconfig librt mypy mypy_extensions mypyc opentelemetry "
    "opentelemetry_api packaging pathspec pluggy publicsuffixlist py pydantic pydantic_core "
    "pydantic_settings pygments pytest python_dotenv pyyaml ruff starlette truststore "
    "typing_extensions typing_inspection uvicorn uvloop watchfiles websockets yaml "
    "argon2 argon2_cffi argon2_cffi_bindings cffi cryptography jwt multipart pwdlib pycparser "
    "pyjwt python_multipart".split()
)
"""Import names, and names of distributions, of what a project installs, the last two lines with the
JWT chapter; `test_reserved_names` compares them with what is installed."""

RESERVED = frozenset("conftest src test tests".split())
"""Names of the folders next to the package."""


def package(slug: str) -> str:
    """Return the name of the package in a project of this name."""
    return slug.replace("-", "_")


SLUG_RULES = (
    Rule(
        "project-name",
        lambda slug: not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug),
        "must start with a lowercase letter and contain only lowercase letters, digits and single "
        "hyphens",
    ),
    Rule("too-long", lambda slug: len(slug) > MAX_SLUG, f"is over {MAX_SLUG} characters long"),
    Rule(
        "keyword",
        lambda slug: package(slug) in {*keyword.kwlist, *keyword.softkwlist},
        "is a keyword of Python",
    ),
    Rule(
        "standard-library",
        lambda slug: package(slug) in sys.stdlib_module_names | NOT_IN_ALL_VERSIONS,
        "is a module of Python's standard library",
    ),
    Rule(
        "dependency",
        lambda slug: package(slug) in DEPENDENCIES,
        "is the name of a package that the project installs",
    ),
    Rule("device", lambda slug: slug in rulebook.DEVICES, "is a device name on Windows"),
    Rule(
        "reserved", lambda slug: package(slug) in RESERVED, "is reserved by the generated project"
    ),
)


def slug(text: str) -> str:
    """Return a name for folder and distribution, derived from a human name."""
    words = slugify(text).lstrip("-0123456789")
    made = (
        f"{words[: MAX_SLUG - len(suffix)].rstrip('-')}{suffix}".lstrip("-")
        for suffix in ("", "-api", "-service")
    )
    return next(name for name in made if not rulebook.reasons(SLUG_RULES, name))


def numbered(slug: str, number: int) -> str:
    """Return another name, for a folder next to one of this name."""
    return f"{slug[: MAX_SLUG - 1 - len(str(number))].rstrip('-')}-{number}"


def slug_problems(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the name of the project's folder, distribution and package."""
    reason = " and ".join(rulebook.reasons(SLUG_RULES, answers[name]))
    if reason:
        yield Problem(name, answers[name], reason, f"write {quoted(suggest_slug(name, answers))}")


def suggest_slug(name: str, answers: Answers) -> str:
    """Return a valid name derived from the one that was given."""
    return slug(as_utf8(answers[name]))


# --- Environments and origins -------------------------------------------------------------------


def names_in(environments: str) -> list[str]:
    """Return the names of the environments in the answer that lists them."""
    return [name.strip() for name in environments.split(",")]


def groups_in(origins: str) -> list[tuple[str, list[str] | None]]:
    """Return the groups in the answer that lists origins: a name, and None without a `=`."""
    groups: list[tuple[str, list[str] | None]] = []
    for text in origins.split(";"):
        name, equals, listed = text.partition("=")
        trusted = [origin.strip() for origin in listed.split(",")] if listed.strip() else []
        if text.strip():
            groups.append((name.strip(), trusted if equals else None))
    return groups


def line_of(groups: Mapping[str, list[str]]) -> str:
    """Return the answer that lists these origins."""
    return "; ".join(f"{name}={','.join(origins)}" for name, origins in groups.items())


def default_origins(environments: str) -> str:
    """Return the answer for origins that is offered for these environments."""
    names = names_in(environments)
    return line_of({name: default_group(name, first=name == names[0]) for name in names})


def default_group(name: str, *, first: bool) -> list[str]:
    """Return the origins that are offered for one environment; the first is the local one."""
    if first:
        return ["http://localhost", "http://localhost:8080"]
    return [f"https://{'app' if name == 'production' else name}.example.com"]


def environments_problems(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the list of environments."""
    if ";" in answers[name]:
        fix = f"write {quoted(suggest_environments(name, answers))}"
        yield Problem(name, answers[name], "has semicolons instead of commas [separator]", fix)
    else:
        yield from rulebook.environment_problems(name, names_in(answers[name]))


def suggest_environments(name: str, answers: Answers) -> str:
    """Return the list with each name spelled right, and listed once."""
    names = map(rulebook.suggest_environment, names_in(answers[name].replace(";", ",")))
    return ", ".join(dict.fromkeys(filter(None, names))) or str(QUESTIONS[name])


def group_problems(location: str, origins: list[str], *, first: bool) -> list[Any]:
    """Return what is wrong with the origins of one environment."""
    return list(rulebook.origin_problems(location, origins, local=first, patterns=False))


def separated(text: str) -> list[str]:
    """Return the origins in a text that white space or semicolons separate, if they are several."""
    parts = [part for part in re.split(r"[\s;]+", text) if part]
    return parts if all("://" in part for part in parts) else [text]


def suggest_group(origins: list[str], *, first: bool) -> list[str]:
    """Return the origins that are right or can be corrected, apart where spaces separate them.

    A pattern is left out: it goes into environments.toml.
    """
    suggested = [
        origin
        if not rulebook.origin_reasons(origin, local=first)
        else rulebook.suggest_origin(origin, local=first)
        for text in origins
        for origin in separated(text)
        if "*" not in origin
    ]
    return list(dict.fromkeys(origin for origin in suggested if origin))


def origins_problems(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the origins, group by group.

    Which environments have a group is not checked while the environments are wrong.
    """
    if answers[name] == default_origins(answers["environments"]):
        return
    names = names_in(answers["environments"])
    environments_are_right = not any(environments_problems("environments", answers))
    groups = groups_in(answers[name])
    for group, origins in groups:
        if environments_are_right and group not in names:
            fix = f"write {' or '.join(map(quoted, meant_by(group, names) or names))}"
            yield Problem(name, group, "is not one of the environments", fix)
        if origins is None:
            fix = f"write {quoted(f'{group}=')} if it trusts no origin"
            yield Problem(name, group, 'has no "=" after its name', fix)
        yield from group_problems(f"{name}, {group}", origins or [], first=group == names[0])
    given = [group for group, _ in groups]
    yield from rulebook.duplicates(name, given)
    for missing in dict.fromkeys(names):
        if environments_are_right and missing not in given:
            fix = f"add {quoted(f'{missing}=')} if it trusts no origin"
            yield Problem(name, missing, "is an environment without a group of origins", fix)


def meant_by(group: str, names: list[str]) -> list[str]:
    """Return the environments that the name of a group is, but for case and hyphens, or almost."""
    meant = rulebook.suggest_environment(group)
    return [meant] if meant in names else get_close_matches(meant, names, len(names), cutoff=NEAR)


def suggest_origins(name: str, answers: Answers) -> str:
    """Return a group for each environment: the origins that were given for it, spelled right.

    Those of a misspelled group are left out if its environment is in doubt or has a group.
    """
    names = names_in(suggest_environments("environments", answers))
    suggested: dict[str, list[str]] = {group: [] for group in names}
    groups = [(group, meant_by(group, names), listed) for group, listed in groups_in(answers[name])]
    all_meant = [meant for _, meant, _ in groups]
    for group, meant, origins in groups:
        is_sure = [rulebook.suggest_environment(group)] == meant
        if is_sure or (len(meant) == 1 and all_meant.count(meant) == 1):
            suggested[meant[0]] += suggest_group(origins or [], first=meant[0] == names[0])
    return line_of({group: list(dict.fromkeys(origins)) for group, origins in suggested.items()})


# --- All answers --------------------------------------------------------------------------------

YES = frozenset({"1", "true", "t", "yes", "y", "on"})
NO = frozenset({"0", "false", "f", "no", "n", "off"})
"""The words that cookiecutter takes for yes and no."""

PROBLEMS: dict[str, Callable[[str, Answers], Iterator[Any]]] = {
    "project_name": text_problems,
    "project_slug": slug_problems,
    "description": text_problems,
    "team": text_problems,
    "environments": environments_problems,
    "origins": origins_problems,
}
SUGGESTIONS: dict[str, Callable[[str, Answers], str]] = {
    "project_name": suggest_text,
    "project_slug": suggest_slug,
    "description": suggest_text,
    "team": suggest_text,
    "environments": suggest_environments,
    "origins": suggest_origins,
}
"""For every question with a rule: what is wrong with an answer, and what was probably meant."""


def is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def as_answer(name: str, value: Any) -> Any:
    """Return a value as the type that its question takes, where it stands for one.

    A string loses the white space around it. Environments may be given as a list, and origins as a
    mapping of environment to origin, list of origins, or nothing.
    """
    if isinstance(value, str):
        value = value.strip()
        is_word = isinstance(QUESTIONS[name], bool) and value.lower() in YES | NO
        return value.lower() in YES if is_word else value
    if name == "environments" and is_list_of_strings(value):
        return ", ".join(value)
    if name == "origins" and isinstance(value, Mapping):
        groups = {
            group: [] if listed is None else [listed] if isinstance(listed, str) else listed
            for group, listed in value.items()
        }
        if is_list_of_strings([*groups]) and all(map(is_list_of_strings, groups.values())):
            return line_of(groups)
    return value


def type_problems(name: str, answer: Any) -> Iterator[Any]:
    """Yield what is wrong with an answer that is not of the type that its question takes."""
    default = QUESTIONS[name]
    if isinstance(default, list):
        if answer not in default:
            fix = f"write {' or '.join(closest(answer, default) or default)}"
            yield Problem(name, answer, "is not one of the choices", fix)
    elif isinstance(default, bool):
        if not isinstance(answer, bool):
            yield Problem(name, answer, "is neither yes nor no", "write yes or no")
    elif not isinstance(answer, str):
        fix = f"write {quoted(all_suggestions({name: answer})[name])}"
        if name == "origins":
            fix = "write a list of strings for each environment"
        yield Problem(name, answer, "is not a string", fix)


def as_text(answer: Any, depth: int = 3) -> str:
    """Return the string that was probably meant by a value of another type; empty if it is deep."""
    if answer is None or not depth:
        return ""
    if isinstance(answer, Mapping):
        return "; ".join(f"{name}={as_text(value, depth - 1)}" for name, value in answer.items())
    if isinstance(answer, list):
        return ", ".join(as_text(item, depth - 1) for item in answer)
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer if isinstance(answer, str) else str(quoted(answer))


def completed(given: Answers) -> dict[str, Any]:
    """Return the answers to all questions, where those not given are the defaults."""
    answers: dict[str, Any] = {}
    for name, default in QUESTIONS.items():
        if name in given:
            answers[name] = given[name]
        elif name == "project_slug":
            answers[name] = slug(answers["project_name"])
        elif name == "origins":
            answers[name] = default_origins(answers["environments"])
        else:
            answers[name] = default[0] if isinstance(default, list) else default
    return answers


def all_problems(given: Answers) -> list[Any]:
    """Return what is wrong with the answers that were given and those that follow from them."""
    of_type = {name: list(type_problems(name, answer)) for name, answer in given.items()}
    answers = completed(usable(given))
    of_value = {
        name: list(problems(name, answers))
        for name, problems in PROBLEMS.items()
        if not of_type.get(name)
    }
    return [problem for found in (of_type, of_value) for x in found.values() for problem in x]


def all_suggestions(given: Answers) -> dict[str, Any]:
    """Return the answers that were given, and those that follow from them, as probably meant."""
    suggested = usable(given)
    for name, problems in PROBLEMS.items():
        answers = completed(suggested)
        if any(problems(name, answers)):
            suggested[name] = SUGGESTIONS[name](name, answers)
    return {name: suggested[name] for name in QUESTIONS if name in suggested}


def usable(given: Answers) -> dict[str, Any]:
    """Return the answers of the right type, or what comes closest to them."""
    return {name: of_right_type(name, answer) for name, answer in given.items()}


def of_right_type(name: str, answer: Any) -> Any:
    """Return an answer if it is of the type that its question takes, else what comes closest."""
    default = QUESTIONS[name]
    if isinstance(default, list):
        return answer if answer in default else [*closest(answer, default), default[0]][0]
    if isinstance(default, bool):
        return answer if isinstance(answer, bool) else default
    return as_text(answer)


def closest(answer: Any, choices: list[str]) -> list[str]:
    """Return the choice that an answer is almost, in a list; an empty one if it is none."""
    return get_close_matches(as_text(answer), choices, 1)


# --- Answers of a file, and arguments over them -------------------------------------------------

OF_ONE_PROJECT = frozenset({"project_slug", "description"})
"""What holds for one project only: not for another that is made from its file."""


def combined(file: Answers, arguments: Answers) -> dict[str, Any]:
    """Return the answers of a configuration file with those of arguments over them.

    Another project's name drops what holds for the first one only. New environments drop the
    origins of those that are gone. An argument replaces the groups of origins that it names.
    """
    other = arguments.get("project_name", file.get("project_name")) != file.get("project_name")
    dropped = OF_ONE_PROJECT if other and "project_name" in file else frozenset()
    answers = {name: answer for name, answer in file.items() if name not in dropped}
    answers.update(arguments)
    given, listed = arguments.get("origins", ""), file.get("origins")
    if given and not listed and isinstance(file.get("environments"), str):
        listed = default_origins(file["environments"])
    is_over = bool(given) or "environments" in arguments
    if is_over and isinstance(listed, str) and isinstance(given, str):
        environments = suggest_environments("environments", completed(usable(answers)))
        names = {*names_in(environments)} - {name for name, _ in texts_in(given)}
        kept = [text for name, text in texts_in(listed) if name in names]
        answers["origins"] = "; ".join([*kept, *filter(None, [given])])
    return answers


def texts_in(origins: str) -> list[tuple[str, str]]:
    """Return the groups of origins as they are written, each with its name spelled right."""
    texts = [text.strip() for text in origins.split(";") if text.strip()]
    return [(rulebook.suggest_environment(text.partition("=")[0]), text) for text in texts]


# --- What answers mean --------------------------------------------------------------------------


def environments(answers: Answers) -> list[dict[str, Any]]:
    """Return what was answered for each environment; the first is the local one."""
    origins = dict(groups_in(answers["origins"]))
    return [
        {
            "name": name,
            "local": index == 0,
            "preset": "strict" if index else answers["cors_preset"],
            "origins": origins[name],
            "allow_credentials": answers["allow_credentials"],
        }
        for index, name in enumerate(names_in(answers["environments"]))
    ]


def given(answers: Answers) -> dict[str, Any]:
    """Return the answers that a project is made from again: none that follows from another."""
    stated = [name for name in QUESTIONS if name not in {"project_slug", "origins"}]
    implied = completed({name: answers[name] for name in stated})
    return {
        name: answers[name]
        for name in QUESTIONS
        if name in stated or answers[name] != implied[name]
    }
