"""Where cookiecutter and the rules meet: who asks again, what is refused, and when.

`secured_fastapi_extension.py` runs this file whenever cookiecutter makes an environment of Jinja:
before the questions, before the files, and before the hook. cookiecutter hands an extension neither
the answers nor whether there is anybody to ask: both are read from its frames on the stack.
"""

import inspect
import json
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, Template

if TYPE_CHECKING:
    from hooks import folders, rendering, rules
else:
    folders, rendering, rules = (
        SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name(name))))
        for name in ("folders.py", "rendering.py", "rules.py")
    )


def frame_of(function: str) -> FrameType | None:
    """Return the innermost frame of a function of cookiecutter or cruft, None if none is called."""
    frame = inspect.currentframe()
    while frame:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if frame.f_code.co_name == function and package in {"cookiecutter", "cruft"}:
            return frame
        frame = frame.f_back
    return None


def variables_of(*functions: str) -> dict[str, Any]:
    """Return the local variables of the first of these functions that is being called."""
    frames = (frame_of(function) for function in functions)
    return next((frame.f_locals for frame in frames if frame), {})


def configuration() -> dict[str, Any]:
    """Return cookiecutter's configuration, as it was read from the user's file if there is one."""
    run = variables_of("generate_cookiecutter_context", "cookiecutter")
    return dict(run.get("config_dict", {}))


def somebody_is_there() -> bool:
    """Tell whether questions are asked, and in a terminal: then a wrong answer is asked again."""
    asks = variables_of("prompt_for_config").get("no_input") is False
    return asks and sys.stdin.isatty()


# --- Given beforehand: arguments, configuration files, replays ----------------------------------


def given_beforehand(questions: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the configuration file answers, and what the arguments do.

    cookiecutter drops what follows a bad choice in a configuration file: so they are taken from
    the function that has read both. Elsewhere whatever is not the default was an argument.
    """
    run = variables_of("generate_cookiecutter_context", "cookiecutter")
    if run:
        return dict(configuration()["default_context"]), dict(run["extra_context"] or {})
    merged = {
        name: answer[0] if isinstance(default, list) and isinstance(answer, list) else answer
        for name, default in rules.QUESTIONS.items()
        if (answer := questions.get(name, default)) != default
    }
    return {}, merged


def question(name: str, cutoff: float) -> str | None:
    """Return the question that a name is, or is this near to being, from 0 to 1."""
    return next(iter(get_close_matches(name, rules.QUESTIONS, 1, cutoff=cutoff)), None)


def name_faults(where: str, names: Mapping[str, Any], *, cutoff: float) -> Iterator[Any]:
    """Yield a fault for each name that is no question but is this near to being one."""
    own = json.loads((rules.TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    for name in names:
        if name in own and name not in rules.QUESTIONS:
            yield rules.Problem(where, name, "is the template's own", "remove it")
        elif name not in rules.QUESTIONS and (near := question(name, cutoff)):
            yield rules.Problem(where, name, "is not a question", f"write {near}, or remove it")


def before_questions(questions: dict[str, Any]) -> None:
    """Take what was answered beforehand: literally, completely, or not at all.

    cookiecutter would render these answers as templates: each gets replaced by a template that
    renders to its text.
    """
    file, arguments = given_beforehand(questions)
    faults = list(name_faults("Configuration file", file, cutoff=0.8))
    meant = rules.still_meant(file, arguments)
    questions |= {name: rules.QUESTIONS[name] for name in file.keys() - meant.keys()}
    if not frame_of("_generate_output"):  # cruft's update gives the answers to an older template
        faults += name_faults("Argument", arguments, cutoff=0)
    given = {
        near: rules.taken(near, answer)
        for name, answer in {**meant, **arguments}.items()
        if (near := question(name, 0.8))
    }
    if somebody_is_there():
        faults += [x for name, answer in given.items() for x in rules.type_faults(name, answer)]
    else:
        faults += rules.all_faults(given)
    refuse(faults, given)
    for name in rules.FAULTS:
        if name in given and name in questions:
            literal = ascii(given[name])
            text = f"cookiecutter | offered_origins({literal})" if name == "origins" else literal
            questions[name] = f"{{{{ {text} }}}}"


def before_files(run: dict[str, Any]) -> None:
    """Check all answers once more, as a replay comes here without a question; then the folder.

    The hook's environment comes here too: by then the folder is the project's own.
    """
    answers = run["context"]["cookiecutter"]
    given = {name: rules.taken(name, answers.get(name)) for name in rules.QUESTIONS}
    refuse(rules.all_faults(given), given)
    answers.update(given, __package=rules.package(given["project_slug"]))
    folder = Path(run["output_dir"], given["project_slug"])
    if "project_dir" not in run and folder.exists():
        paths = (x.relative_to(rules.PROJECT) for x in rules.PROJECT.rglob("*") if x.is_file())
        files = [Template(x.as_posix()).render(run["context"]) for x in paths]
        overwrite = run["overwrite_if_exists"]
        reason = folders.reason_to_keep(folder, files, rules.NAME, overwrite=overwrite)
        if reason:
            raise SystemExit(f"Nothing was generated: {rules.quoted(str(folder))} {reason}.")


# --- Asked in a terminal ------------------------------------------------------------------------


def say(text: object) -> None:
    """Print a line below the question that it is about."""
    sys.stdout.write(f"        {text}\n")


def ask(question: str, default: str) -> str:
    """Ask as cookiecutter does."""
    from cookiecutter.prompt import read_user_variable

    asking = variables_of("prompt_for_config")
    return str(read_user_variable(question, default, asking["prompts"], asking["prefix"])).strip()


def checked(answers: dict[str, Any], name: str) -> str:
    """Ask a question again until its answer is right, if there is somebody to ask."""
    if somebody_is_there() and name in answers:
        while faults := list(rules.FAULTS[name](name, answers)):
            for fault in faults:
                say(fault)
            answers[name] = ask(name, rules.MENDED[name](name, answers))
    return ""


def all_checked(answers: dict[str, Any]) -> str:
    """End the run if an answer is wrong, after the last question."""
    given = {name: answer for name, answer in answers.items() if name in rules.QUESTIONS}
    refuse(rules.all_faults(given), given)
    return ""


def offered_origins(answers: dict[str, Any], given: str = "") -> str:
    """Return the origins to offer as default; in a terminal they are asked for one by one before.

    `given` is what was answered beforehand: its groups are offered instead of examples.
    """
    names = rules.names_in(answers["environments"])
    if not somebody_is_there():
        return given or rules.default_origins(answers["environments"])
    offered = {
        **{name: rules.default_group(name, first=name == names[0]) for name in names},
        **{name: origins or [] for name, origins in rules.groups_in(given) if name in names},
    }
    return str(rules.line_of({name: ask_group(name, offered[name], names) for name in names}))


def ask_group(name: str, offered: list[str], names: list[str]) -> list[str]:
    """Ask which origins one environment trusts until the answer is right; "none" is one."""
    first = name == names[0]
    while True:
        question = f"{name}: which browser origins, with commas between, or none?"
        answer = ask(question, ",".join(offered) or "none")
        origins = [] if answer == "none" else [origin.strip() for origin in answer.split(",")]
        faults = rules.group_faults(name, origins, first=first)
        if not faults:
            return origins
        for fault in faults:
            say(fault)
        offered = rules.mended_group(origins, first=first)


# --- Refused ------------------------------------------------------------------------------------


def refuse(faults: list[Any], given: Mapping[str, Any]) -> None:
    """End the run, if there are faults, with one message on standard error and status 1."""
    if faults:
        count = "1 answer" if len(faults) == 1 else f"{len(faults)} answers"
        told = "\n  - ".join([f"Nothing was generated: {count} can't be used.", *map(str, faults)])
        raise SystemExit(f"{told}\nThis would do:\n  {command(rules.all_mended(given))}")


def command(answers: Mapping[str, Any]) -> str:
    """Return the command line that generates from these answers what was to be generated."""
    if frame_of("_generate_output"):
        return shlex.join(updating(answers))
    run = variables_of("create", "cookiecutter")
    cruft = "template_git_url" in run
    words = ["cruft", "create"] if cruft else ["cookiecutter"]
    words.append(str(run.get("template_git_url") or run.get("template") or "TEMPLATE"))
    words += options(run, "checkout", "directory", "output_dir")
    if run.get("overwrite_if_exists"):
        words.append("--overwrite-if-exists")
    if configuration().get("default_context"):
        words.append("--default-config")
    words.append("--no-input")
    if cruft:
        words += ["--extra-context", json.dumps(answers, ensure_ascii=False)]
    else:
        spelt = {True: "yes", False: "no"}
        words += [f"{name}={spelt.get(answer, answer)}" for name, answer in answers.items()]
    return shlex.join(words)


def updating(answers: Mapping[str, Any]) -> list[str]:
    """Return the words that have cruft update with these answers."""
    run = variables_of("update")
    stated = options(run, "project_dir", "template_path", "checkout")
    answered = json.dumps(answers, ensure_ascii=False)
    return ["cruft", "update", *stated, "--variables-to-update", answered]


def options(run: Mapping[str, Any], *names: str) -> list[str]:
    """Return the words of those options that a run was started with, and not by default."""
    stated = [name for name in names if str(run.get(name) or ".") != "."]
    return [word for name in stated for word in (f"--{name.replace('_', '-')}", str(run[name]))]


# --- Rendered -----------------------------------------------------------------------------------


class PlainText:
    """A template without Jinja: it renders to its text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, *_: object, **__: object) -> str:
        """Return the text, whatever the answers are."""
        return self.text


def quick(from_string: Callable[[str], Template]) -> Callable[[str], Template | PlainText]:
    """Return what makes templates as this function does, but compiles none that is plain text.

    cookiecutter makes one of every path and every answer: a twentieth of what a run takes.
    """
    return lambda text: from_string(text) if "{" in text else PlainText(text)


def install(environment: Environment) -> None:
    """Give an environment of Jinja the filters of this template, and see to the answers."""
    if asking := frame_of("prompt_for_config"):
        before_questions(asking.f_locals["context"]["cookiecutter"])
    elif writing := frame_of("generate_files"):
        before_files(writing.f_locals)
    environment.filters.update(
        all_checked=all_checked,
        checked=checked,
        code_list=rendering.code_list,
        environments=rules.environments,
        given=rules.given,
        markdown=rendering.markdown,
        offered_origins=offered_origins,
        quoted=rendering.quoted,
        slug=rules.slug,
        toml_array=rendering.toml_array,
    )
    environment.from_string = quick(environment.from_string)  # type: ignore[method-assign,assignment]
    environment.globals["template"] = f"{rules.NAME} {rules.VERSION}"
