"""The answers: what may be answered, what the files of a project make of it, and who checks when.

cookiecutter runs this file three times in a run, through `secured_fastapi_extension.py`: for the
questions, for the files and for the hook.
"""

import inspect
import json
import keyword
import re
import runpy
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jinja2 import Environment
from slugify import slugify

TEMPLATE = Path(__file__).parent.parent
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
RULEBOOK = PROJECT / "src" / "{{cookiecutter.__package}}" / "cors" / "rulebook.py"

rulebook = runpy.run_path(str(RULEBOOK))
Fault = rulebook["Fault"]
Rule = rulebook["Rule"]
reasons = rulebook["reasons"]
shown = rulebook["shown"]

QUESTIONS: dict[str, Any] = {
    name: default
    for name, default in json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8")).items()
    if not name.startswith("_")
}

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


def text_faults(where: str, text: str) -> Iterator[Any]:
    """Yield what is wrong with a text that goes into README, pyproject.toml and OpenAPI."""
    why = " and ".join(reasons(TEXT_RULES, text))
    if why:
        visible = "".join(c if c.isprintable() else " " for c in text)
        mended = " ".join(visible.split())[:LONGEST_TEXT].strip()
        yield Fault(where, text, why, f"write {shown(mended)}" if mended else "write some words")


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
    "pathspec pluggy pydantic pydantic_core pydantic_settings pygments pytest python_dotenv pyyaml "
    "ruff starlette truststore typing_extensions typing_inspection uvicorn uvloop watchfiles "
    "websockets yaml".split()
)
"""Import names, and names of distributions, of what a generated project installs."""

DEVICES = frozenset("aux con nul prn".split())
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
    if not reasons(SLUG_RULES, made):
        return made
    return f"{made[: LONGEST_SLUG - 4].rstrip('-')}-api".lstrip("-")


def slug_faults(where: str, text: str) -> Iterator[Any]:
    """Yield what is wrong with the name of the project's folder, distribution and package."""
    why = " and ".join(reasons(SLUG_RULES, text))
    if why:
        yield Fault(where, text, why, f"write {shown(slug(text))}")


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
    first, *others = names_in(environments)
    groups = {first: ["http://localhost", "http://localhost:8080"]}
    for name in others:
        groups[name] = [f"https://{'app' if name == 'production' else name}.example.com"]
    return line_of(groups)


def environments_faults(where: str, text: str) -> Iterator[Any]:
    """Yield what is wrong with the list of environments."""
    yield from rulebook["environment_faults"](where, names_in(text))


def origins_faults(where: str, text: str, environments: str) -> Iterator[Any]:
    """Yield what is wrong with the list of origins, given the list of environments."""
    names = names_in(environments)
    groups = groups_in(text)
    for name, origins in groups:
        if name not in names:
            close = get_close_matches(name, names, 1) or names
            why = "is not one of the environments"
            yield Fault(where, name, why, f"write {' or '.join(map(shown, close))}")
        if origins is None:
            why = 'has no "=" after its name'
            yield Fault(where, name, why, f"write {shown(f'{name}=')} if it trusts no origin")
        yield from rulebook["origin_faults"](
            f"{where}, {name}", origins or (), local=name == names[0]
        )
    given = [name for name, _ in groups]
    yield from rulebook["repetitions"](where, given)
    for name in dict.fromkeys(names):
        if name not in given:
            why = "is an environment without a group of origins"
            yield Fault(where, name, why, f"add {shown(f'{name}=')} if it trusts no origin")


# --- Checks -------------------------------------------------------------------------------------


def answer_faults(answers: Answers) -> list[Any]:
    """Return what is wrong with the answers to all questions that have a rule."""
    faults = [
        *text_faults("project_name", answers["project_name"]),
        *slug_faults("project_slug", answers["project_slug"]),
        *text_faults("description", answers["description"]),
        *text_faults("team", answers["team"]),
        *environments_faults("environments", answers["environments"]),
    ]
    if not any(fault.where == "environments" for fault in faults):
        faults += origins_faults("origins", answers["origins"], answers["environments"])
    return faults


def refuse(faults: list[Any]) -> None:
    """End the run with one message for all faults, if there is any: on standard error, status 1."""
    if faults:
        count = "1 answer" if len(faults) == 1 else f"{len(faults)} answers"
        lines = [f"Nothing was generated: {count} can't be used.", *map(str, faults)]
        raise SystemExit("\n  - ".join(lines))


def checked(answers: Answers) -> str:
    """End the run if an answer is wrong; the last question calls it."""
    refuse(answer_faults(answers))
    return "yes"


def take_literally(questions: dict[str, Any]) -> None:
    """Keep Jinja from running what arguments and configuration files answer.

    cookiecutter renders these answers as if they were defaults of the template: they are replaced
    by a template that renders to their text.
    """
    for name, default in QUESTIONS.items():
        answer = questions.get(name)
        if isinstance(answer, str) and answer != default:
            questions[name] = "{{ " + ascii(answer.strip()) + " }}"


def attend_to_answers() -> None:
    """See to the answers as they are where cookiecutter has come to: it needs Jinja twice.

    Before the questions, what was answered beforehand stands among the defaults. Before the files,
    all answers are there, those of a replay for the first time: nothing has been written yet.
    """
    frame = inspect.currentframe()
    while frame := frame and frame.f_back:
        if frame.f_code.co_name == "prompt_for_config":
            take_literally(frame.f_locals["context"]["cookiecutter"])
        if frame.f_code.co_name == "generate_files":
            answers = frame.f_locals["context"]["cookiecutter"]
            refuse(answer_faults(answers))
            answers["__package"] = package(answers["project_slug"])


# --- What the files are made of -----------------------------------------------------------------


@dataclass(frozen=True)
class EnvironmentAnswers:
    """What was answered for one environment."""

    name: str
    local: bool
    preset: str
    origins: list[str]
    allow_credentials: bool


def environments(answers: Answers) -> list[EnvironmentAnswers]:
    """Return what was answered, environment by environment; the first is the developers' own."""
    origins = dict(groups_in(answers["origins"]))
    return [
        EnvironmentAnswers(
            name=name,
            local=index == 0,
            preset="strict" if index else answers["cors_preset"],
            origins=origins[name] or [],
            allow_credentials=answers["allow_credentials"],
        )
        for index, name in enumerate(names_in(answers["environments"]))
    ]


def quoted(text: object) -> str:
    """Return a text in double quotes, as TOML and YAML and JSON all read it."""
    return json.dumps(text, ensure_ascii=False)


def toml_array(items: list[str]) -> str:
    """Return a list for TOML, an item a line, so that a review shows which came and went."""
    lines = "".join(f"    {quoted(item)},\n" for item in items)
    return f"[\n{lines}]" if items else "[]"


def markdown(text: str) -> str:
    """Return a text for Markdown, in a heading or a paragraph, that reads as it was typed."""
    text = re.sub(r"[\\`*_\[\]<>#|~$]", r"\\\g<0>", text)
    text = re.sub(r"&(?=#?\w+;)|:(?=[\w+-]+:)|^[-+=]", r"\\\g<0>", text)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", text)


def code_list(items: list[str]) -> str:
    """Return a list for a cell of a Markdown table, each item as code."""
    return ", ".join(f"`{item}`" for item in items) or "none"


def given(answers: Answers) -> dict[str, Any]:
    """Return the answers that a project is made from again: none that follows from another."""
    derived = {
        "project_slug": slug(answers["project_name"]),
        "origins": default_origins(answers["environments"]),
    }
    return {name: answers[name] for name in QUESTIONS if answers[name] != derived.get(name)}


FILTERS: tuple[Callable[..., Any], ...] = (
    checked,
    code_list,
    default_origins,
    environments,
    given,
    markdown,
    quoted,
    slug,
    toml_array,
)


def install(environment: Environment) -> None:
    """Give an environment of Jinja the filters of this template, and see to the answers."""
    attend_to_answers()
    environment.filters.update({function.__name__: function for function in FILTERS})
