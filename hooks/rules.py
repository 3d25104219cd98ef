"""What may be answered, and what was probably meant by the rest: nothing here knows cookiecutter.

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
"""The questions and their defaults: a text, a list to choose from, or yes and no as a boolean."""

NAME, VERSION = re.findall(
    r'^(?:name|version) = "(.+)"$', (TEMPLATE / "pyproject.toml").read_text("utf-8"), re.MULTILINE
)
"""What every project says it was made with, in its `.cookiecutter.yaml`."""

Answers = Mapping[str, Any]


# --- Texts --------------------------------------------------------------------------------------

LONGEST_TEXT = 200

TEXT_RULES = (
    Rule("empty", lambda text: not text.strip(), "is empty"),
    Rule("long", lambda text: len(text) > LONGEST_TEXT, f"is over {LONGEST_TEXT} characters long"),
    Rule(
        "control-character",
        lambda text: any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text),
        "holds a line break or a control character",
    ),
)


def text_faults(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with a text that goes into README, pyproject.toml and OpenAPI."""
    why = " and ".join(rulebook.reasons(TEXT_RULES, answers[name]))
    if why:
        yield Problem(name, answers[name], why, f"write {quoted(mended_text(name, answers))}")


def mended_text(name: str, answers: Answers) -> str:
    """Return the text in one line of the right length; the default if nothing is left."""
    visible = "".join(c if c.isprintable() else " " for c in answers[name])
    return " ".join(visible.split())[:LONGEST_TEXT].strip() or str(QUESTIONS[name])


# --- Name of the project ------------------------------------------------------------------------

LONGEST_SLUG = 50

NOT_IN_ALL_VERSIONS = frozenset(
    "aifc annotationlib asynchat asyncore audioop cgi cgitb chunk compression crypt distutils "
    "imghdr imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes profiling smtpd sndhdr spwd "
    "sunau telnetlib uu xdrlib".split()
)
"""Modules of the standard library of some Python since 3.11, but not of all."""

DEPENDENCIES = frozenset(
    "annotated_doc annotated_types anyio ast_serialize certifi click dotenv fastapi h11 httpcore2 "
    "httptools httpx2 idna iniconfig librt mypy mypy_extensions mypyc opentelemetry packaging "
    "pathspec pluggy publicsuffixlist pydantic pydantic_core pydantic_settings pygments pytest "
    "python_dotenv pyyaml ruff starlette truststore typing_extensions typing_inspection uvicorn "
    "uvloop watchfiles websockets yaml".split()
)
"""Import names, and names of distributions, of what a generated project installs."""

DEVICES = frozenset(
    ["aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))]
)
"""Names that are no folder on Windows."""

TAKEN = frozenset("conftest src test tests".split())
"""Names that the project itself has another use for."""


def package(slug: str) -> str:
    """Return the name of the package in a project of this name."""
    return slug.replace("-", "_")


SLUG_RULES = (
    Rule(
        "pattern",
        lambda slug: not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug),
        "is not made of lower-case letters and digits, a letter first, with single hyphens between",
    ),
    Rule("long", lambda slug: len(slug) > LONGEST_SLUG, f"is over {LONGEST_SLUG} characters long"),
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
    Rule("dependency", lambda slug: package(slug) in DEPENDENCIES, "is a package it depends on"),
    Rule("device", lambda slug: slug in DEVICES, "is no name for a folder on Windows"),
    Rule("taken", lambda slug: package(slug) in TAKEN, "is a name that the project has a use for"),
)


def slug(text: str) -> str:
    """Return a name for folder and distribution, made of a name for people."""
    words = slugify(text).lstrip("-0123456789")
    made = words[:LONGEST_SLUG].rstrip("-")
    if not rulebook.reasons(SLUG_RULES, made):
        return made
    return f"{made[: LONGEST_SLUG - 4].rstrip('-')}-api".lstrip("-")


def slug_faults(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the name of the project's folder, distribution and package."""
    why = " and ".join(rulebook.reasons(SLUG_RULES, answers[name]))
    if why:
        yield Problem(name, answers[name], why, f"write {quoted(mended_slug(name, answers))}")


def mended_slug(name: str, answers: Answers) -> str:
    """Return a name made of the one that was given."""
    return slug(answers[name])


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
    groups = {name: default_group(name, first=False) for name in names_in(environments)}
    first = names_in(environments)[0]
    return line_of({**groups, first: default_group(first, first=True)})


def default_group(name: str, *, first: bool) -> list[str]:
    """Return the origins that are offered for one environment; the first is the developers' own."""
    if first:
        return ["http://localhost", "http://localhost:8080"]
    return [f"https://{'app' if name == 'production' else name}.example.com"]


def environments_faults(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the list of environments."""
    if ";" in answers[name]:
        mend = f"write {quoted(mended_environments(name, answers))}"
        yield Problem(name, answers[name], "has semicolons where commas belong", mend)
    else:
        yield from rulebook.environment_problems(name, names_in(answers[name]))


def mended_environments(name: str, answers: Answers) -> str:
    """Return the list with each name spelt right, and there once."""
    names = names_in(answers[name].replace(";", ","))
    mended = [rulebook.suggest_environment(x) for x in names if x]
    return ", ".join(dict.fromkeys(mended)) or str(QUESTIONS[name])


def group_faults(where: str, origins: list[str], *, first: bool) -> list[Any]:
    """Return what is wrong with the origins of one environment."""
    return list(rulebook.origin_problems(where, origins, local=first, patterns=False))


def separated(text: str) -> list[str]:
    """Return the origins in a text that white space or semicolons separate, if they are several."""
    parts = [part for part in re.split(r"[\s;]+", text) if part]
    return parts if all("://" in part for part in parts) else [text]


def mended_group(origins: list[str], *, first: bool) -> list[str]:
    """Return the origins that are right or can be corrected, apart where spaces separate them.

    A pattern is left out: it goes into environments.toml.
    """
    mended = [
        origin
        if not rulebook.origin_reasons(origin, local=first)
        else rulebook.suggest_origin(origin, local=first)
        for text in origins
        for origin in separated(text)
        if "*" not in origin
    ]
    return list(dict.fromkeys(origin for origin in mended if origin))


def origins_faults(name: str, answers: Answers) -> Iterator[Any]:
    """Yield what is wrong with the origins, group by group.

    Whether a group belongs to an environment is not told while the environments are wrong.
    """
    if answers[name] == default_origins(answers["environments"]):
        return
    names = names_in(answers["environments"])
    environments_are_right = not any(environments_faults("environments", answers))
    groups = groups_in(answers[name])
    for group, origins in groups:
        if environments_are_right and group not in names:
            close = get_close_matches(group, names, 1) or names
            why = "is not one of the environments"
            yield Problem(name, group, why, f"write {' or '.join(map(quoted, close))}")
        if origins is None:
            mend = f"write {quoted(f'{group}=')} if it trusts no origin"
            yield Problem(name, group, 'has no "=" after its name', mend)
        yield from group_faults(f"{name}, {group}", origins or [], first=group == names[0])
    given = [group for group, _ in groups]
    yield from rulebook.duplicates(name, given)
    for missing in dict.fromkeys(names):
        if environments_are_right and missing not in given:
            mend = f"add {quoted(f'{missing}=')} if it trusts no origin"
            yield Problem(name, missing, "is an environment without a group of origins", mend)


def mended_origins(name: str, answers: Answers) -> str:
    """Return a group for each environment: the origins that were given for it, spelt right."""
    names = names_in(mended_environments("environments", answers))
    mended: dict[str, list[str]] = {group: [] for group in names}
    for group, origins in groups_in(answers[name]):
        for close in get_close_matches(group, names, 1, cutoff=0.5):
            mended[close] += mended_group(origins or [], first=close == names[0])
    return line_of({group: list(dict.fromkeys(origins)) for group, origins in mended.items()})


# --- All answers --------------------------------------------------------------------------------

YES = frozenset({"1", "true", "t", "yes", "y", "on"})
NO = frozenset({"0", "false", "f", "no", "n", "off"})
"""The words that cookiecutter takes for yes and no."""

FAULTS: dict[str, Callable[[str, Answers], Iterator[Any]]] = {
    "project_name": text_faults,
    "project_slug": slug_faults,
    "description": text_faults,
    "team": text_faults,
    "environments": environments_faults,
    "origins": origins_faults,
}
MENDED: dict[str, Callable[[str, Answers], str]] = {
    "project_name": mended_text,
    "project_slug": mended_slug,
    "description": mended_text,
    "team": mended_text,
    "environments": mended_environments,
    "origins": mended_origins,
}
"""For every question with a rule: what is wrong with the answer, and what was probably meant."""


def taken(name: str, answer: Any) -> Any:
    """Return an answer as the type that its question takes, where it stands for one.

    Text loses the white space around it. Origins may be given as a mapping of environment to list.
    """
    default = QUESTIONS[name]
    if isinstance(default, bool) and isinstance(answer, str) and answer.lower() in YES | NO:
        return answer.lower() in YES
    if isinstance(answer, str):
        return answer.strip()
    if name == "origins" and isinstance(answer, Mapping):
        groups = {group: [] if listed is None else listed for group, listed in answer.items()}
        if all(
            isinstance(group, str)
            and isinstance(listed, list)
            and all(isinstance(origin, str) for origin in listed)
            for group, listed in groups.items()
        ):
            return line_of(groups)
    return answer


def type_faults(name: str, answer: Any) -> Iterator[Any]:
    """Yield what is wrong with an answer that is not of the type that its question takes."""
    default = QUESTIONS[name]
    if isinstance(default, list):
        if answer not in default:
            close = get_close_matches(str(answer), default, 1) or default
            mend = f"write {' or '.join(close)}"
            yield Problem(name, answer, "is not one of the choices", mend)
    elif isinstance(default, bool):
        if not isinstance(answer, bool):
            yield Problem(name, answer, "is neither yes nor no", "write yes or no")
    elif not isinstance(answer, str):
        text = as_text(answer) or completed({})[name]
        yield Problem(name, answer, "is not text", f"write {quoted(text)}")


def as_text(answer: Any) -> str:
    """Return the text that was probably meant by something that is not text."""
    if isinstance(answer, Mapping):
        return "; ".join(f"{name}={as_text(value)}" for name, value in answer.items())
    if isinstance(answer, list):
        return ", ".join(as_text(item) for item in answer)
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return "" if answer is None else str(answer)


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


def all_faults(given: Answers) -> list[Any]:
    """Return what is wrong with the answers that were given and those that follow from them."""
    wrong_type = {name: list(type_faults(name, answer)) for name, answer in given.items()}
    answers = completed(usable(given))
    return [
        *(fault for faults in wrong_type.values() for fault in faults),
        *(
            fault
            for name, faults in FAULTS.items()
            if not wrong_type.get(name)
            for fault in faults(name, answers)
        ),
    ]


def all_mended(given: Answers) -> dict[str, Any]:
    """Return the answers that were given, and those that follow from them, as probably meant."""
    mended = usable(given)
    answers = completed(mended)
    for name, faults in FAULTS.items():
        if any(faults(name, answers)):
            mended[name] = answers[name] = MENDED[name](name, answers)
    return {name: mended[name] for name in QUESTIONS if name in mended}


def usable(given: Answers) -> dict[str, Any]:
    """Return the answers of the right type, and text for what should be text."""
    return {
        name: as_text(answer) if name in FAULTS else answer
        for name, answer in given.items()
        if name in FAULTS or not any(type_faults(name, answer))
    }


# --- Answers of an earlier project --------------------------------------------------------------

OF_ONE_PROJECT = frozenset({"project_slug", "description"})
"""What is said of one project only: not of another that is made from its file."""


def still_meant(file: Answers, arguments: Answers) -> dict[str, Any]:
    """Return what a configuration file answers, as far as the arguments leave it standing.

    Another project's name takes away what was said of the first. New environments take away the
    origins of those that are gone; those that came have none yet, which is refused as ever.
    """
    other = arguments.get("project_name", file.get("project_name")) != file.get("project_name")
    gone = OF_ONE_PROJECT if other and "project_name" in file else frozenset()
    kept = {name: answer for name, answer in file.items() if name not in gone}
    environments, origins = arguments.get("environments"), taken("origins", file.get("origins"))
    if isinstance(environments, str) and isinstance(origins, str):
        names = names_in(environments)
        groups = [x for x in origins.split(";") if x.partition("=")[0].strip() in names]
        kept["origins"] = ";".join(groups).strip()
    return kept


# --- What answers mean --------------------------------------------------------------------------


def environments(answers: Answers) -> list[dict[str, Any]]:
    """Return what was answered for each environment; the first is the developers' own."""
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
