"""How answers are checked, asked again, rejected and rendered.

`requires_cookiecutter_2_2.py` runs this file whenever cookiecutter makes an environment of Jinja:
before the questions, before the files, and before the hook.
"""

import contextlib
import json
import os
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, Template

if TYPE_CHECKING:
    from hooks import folders, rendering, rules
    from hooks.run import Run
else:
    folders, rendering, rules, run = (
        SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name(name))))
        for name in ("folders.py", "rendering.py", "rules.py", "run.py")
    )
    Run = run.Run

MAX_LINE = 4095
"""The most bytes of a line that a program gets from a terminal without editing the line."""

Answers = dict[str, Any]


# --- Before the questions -----------------------------------------------------------------------


def before_questions(run: Run, questions: Answers) -> None:
    """Take the answers that were given beforehand: literally, all of them, or none.

    cookiecutter would render them as templates, drop those after a bad choice in a file, and take
    a list for a choice: each is replaced by what it takes for the answer.
    """
    check_surroundings(run)
    file, arguments = run.file, run.arguments
    if arguments is None:
        merged = {name: value_of(x) for name, x in questions.items() if name in rules.QUESTIONS}
        arguments = {name: x for name, x in merged.items() if x != value_of(rules.QUESTIONS[name])}
    problems = list(name_problems(run.file_name or user_file(), file))
    if not run.file_name:  # the user's own, which is meant for all templates
        sys.stderr.writelines(f"Warning: {problem}\n" for problem in problems)
        problems = []
    with_file = not problems
    if not run.is_update:  # cruft gives the answers to an older template as well
        problems += name_problems("Argument", arguments, any_name=True)
    answers = rules.combined(answers_of_file(run), named(arguments))
    if run.asks_in_terminal:
        enable_line_editing()
        problems += [
            x for name, answer in answers.items() for x in rules.type_problems(name, answer)
        ]
    else:
        problems += all_problems(run, answers)
    reject(run, problems, answers, with_file=with_file)
    questions |= {name: rules.QUESTIONS[name] for name in file if name in rules.QUESTIONS}
    questions |= {name: as_default(name, answer) for name, answer in answers.items()}


def value_of(question: Any) -> Any:
    """Return the answer that a question offers: of choices, the first."""
    return question[0] if isinstance(question, list) and question else question


def check_surroundings(run: Run) -> None:
    """End the run if it can't write, can't ask, or may not run the hook."""
    reason = "" if run.is_update else folders.output_problem(run.output_folder)
    if not run.has_hooks:
        reason = "a project needs the template's hook; leave --accept-hooks out"
    if run.asks and sys.stdin is None:
        reason = "standard input is closed, so no question can be asked; add --no-input"
    if reason:
        raise SystemExit(f"Nothing was generated: {reason}.")


def user_file() -> str:
    """Return the name of the user's configuration file."""
    from cookiecutter.config import USER_CONFIG_PATH

    return os.environ.get("COOKIECUTTER_CONFIG", str(USER_CONFIG_PATH))


def near(name: object) -> str | None:
    """Return the question that a name is, or is almost."""
    return next(iter(get_close_matches(str(name), rules.QUESTIONS, 1, cutoff=rules.NEAR)), None)


def named(given: Mapping[str, Any]) -> Answers:
    """Return what was given for the questions, each as its type.

    What was given by an almost right name counts, unless the right one was given as well.
    """
    meant = {name: near(name) for name in given}
    return {
        own: rules.as_answer(own, given[name])
        for name, own in meant.items()
        if own and (own == name or own not in given)
    }


def answers_of_file(run: Run) -> Answers:
    """Return the answers of the configuration file; of the user's own, by their exact names."""
    return named({x: run.file[x] for x in run.file if run.file_name or x in rules.QUESTIONS})


def name_problems(
    location: str, names: Mapping[str, Any], *, any_name: bool = False
) -> Iterator[Any]:
    """Yield a problem for each name that is almost a question, or for any that is none."""
    own = json.loads((rules.TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    for name in names:
        if name in rules.QUESTIONS:
            continue
        if name in own:
            yield rules.Problem(location, name, "is the template's own", "remove it")
        elif any_name or near(name):
            fix = f"write {near(name)}, or remove it" if near(name) else "remove it"
            yield rules.Problem(location, name, "is not a question", fix)


def as_default(name: str, answer: Any) -> Any:
    """Return what cookiecutter takes for a question whose answer was given."""
    question = rules.QUESTIONS[name]
    if isinstance(question, list):
        return [answer, *(choice for choice in question if choice != answer)]
    if isinstance(question, bool):
        return answer
    literal = ascii(answer)
    text = f"cookiecutter | offered_origins({literal})" if name == "origins" else literal
    return f"{{{{ {text} }}}}"


# --- Asked in a terminal ------------------------------------------------------------------------


def enable_line_editing() -> None:
    """Have answers edited, pasted with line breaks, and longer than a terminal's line."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401

        from rich.prompt import PromptBase

        PromptBase.get_input = staticmethod(read_line)  # type: ignore[method-assign]


def read_line(console: Any, prompt: Any, *_: Any, **__: Any) -> str:
    """Ask as Rich does, and have readline print the line that the answer is on.

    It has to know that line: otherwise Enter alone leaves the next question on the same one, and
    the Home key goes to the margin.
    """
    with console.capture() as captured:
        console.print(prompt, end="")
    *above, line = captured.get().split("\n")
    sys.stdout.write("".join(f"{text}\n" for text in above))
    return input(re.sub(r"\x1b\[[\d;]*m", lambda style: f"\1{style[0]}\2", line))


def say(text: object) -> None:
    """Print a line below the question that it is about."""
    sys.stdout.write(f"        {text}\n")


def ask(question: str, default: str) -> str:
    """Ask as cookiecutter does."""
    from cookiecutter.prompt import read_user_variable

    asking = Run().of("prompt_for_config")
    words = (asking[name] for name in ("prompts", "prefix") if name in asking)
    return str(read_user_variable(question, default, *words)).strip()


def checked(answers: Answers, name: str) -> str:
    """Ask a question again until its answer is right, if it is asked in a terminal."""
    run = Run()
    if run.asks_in_terminal and name in answers:
        while problems := problems_of(run, name, answers):
            for problem in problems:
                say(problem)
            answers[name] = ask(name, suggestions(run, answers)[name])
    return ""


def offered_origins(answers: Answers, given: str = "") -> str:
    """Return the origins to offer as default; in a terminal they are asked for one by one before.

    `given` is what was answered beforehand: its groups are offered instead of examples.
    """
    names = rules.names_in(answers["environments"])
    if not Run().asks_in_terminal:
        return given or str(rules.default_origins(answers["environments"]))
    offered = {
        **{name: rules.default_group(name, first=name == names[0]) for name in names},
        **{name: origins or [] for name, origins in rules.groups_in(given) if name in names},
    }
    return str(rules.line_of({name: ask_group(name, offered[name], names) for name in names}))


def ask_group(name: str, offered: list[str], names: list[str]) -> list[str]:
    """Ask which origins one environment trusts until the answer is right; "none" is one."""
    first = name == names[0]
    while True:
        question = f'{name}: which origins may call it from a browser? (comma-separated, or "none")'
        answer = ask(question, ",".join(offered) or "none")
        origins = [] if answer == "none" else [origin.strip() for origin in answer.split(",")]
        problems = cut_problems(name, answer)
        problems = problems or rules.group_problems(name, origins, first=first)
        if not problems:
            return origins
        for problem in problems:
            say(problem)
        offered = rules.suggest_group(origins, first=first)


def all_checked(answers: Answers) -> str:
    """End the run if an answer is wrong, after the last question."""
    run = Run()
    given = {name: answer for name, answer in answers.items() if name in rules.QUESTIONS}
    reject(run, all_problems(run, given), given)
    return ""


# --- Before the files ---------------------------------------------------------------------------


def before_files(run: Run, context: Mapping[str, Any]) -> None:
    """Check all answers again, because a replay asks no questions; then check the folder.

    The hook's environment comes here too: by then the folder is the project's own.
    """
    answers = context["cookiecutter"]
    given = {name: rules.as_answer(name, answers.get(name)) for name in rules.QUESTIONS}
    if "project_dir" in run.of("generate_files"):
        return
    check_surroundings(run)
    reject(run, all_problems(run, given), given)
    answers.update(given, __package=rules.package(given["project_slug"]))
    paths = (x.relative_to(rules.PROJECT) for x in rules.PROJECT.rglob("*") if x.is_file())
    files = [Template(x.as_posix()).render(context) for x in paths]
    started = run.of("create", "cookiecutter")
    if started.get("no_input") and run.arguments is not None:
        given = rules.combined(answers_of_file(run), named(run.arguments))
    problems = folder_problems(run, context["cookiecutter"], files)
    reject(run, problems, given, lead="After that")


# --- Problems -----------------------------------------------------------------------------------


def all_problems(run: Run, given: Answers) -> list[Any]:
    """Return what is wrong with the answers that were given, and those that follow from them."""
    answers = rules.completed(rules.usable(given))
    return [*rules.all_problems(given), *folder_problems(run, answers)]


def problems_of(run: Run, name: str, answers: Answers) -> list[Any]:
    """Return what is wrong with the answer to a question that is asked in a terminal."""
    problems = cut_problems(name, answers[name]) or list(rules.PROBLEMS[name](name, answers))
    return problems or (folder_problems(run, answers) if name == "project_slug" else [])


def cut_problems(location: str, answer: str) -> list[Any]:
    """Return why an answer is not what was typed: a terminal cuts long lines silently."""
    if "readline" in sys.modules or len(answer.encode(errors="replace")) < MAX_LINE:
        return []
    reason = f"may have been cut: this terminal passes on {MAX_LINE} bytes of a line"
    return [rules.Problem(location, answer, reason, "write it to a file for --config-file")]


def folder_problems(run: Run, answers: Answers, files: list[str] | None = None) -> list[Any]:
    """Return why the project can't be written to its folder."""
    if run.is_update or any(rules.slug_problems("project_slug", answers)):
        return []
    folder = run.output_folder / answers["project_slug"]
    try:
        found = folders.project_problem(
            folder, files or [], rules.NAME, overwrite=run.overwrites, skip=run.skips
        )
    except OSError as error:
        found = f"can't be read, {folders.shown(error)}", folders.ELSEWHERE
    return [rules.Problem("project_slug", str(folder), *found)] if found else []


def suggestions(run: Run, given: Answers) -> Answers:
    """Return the answers as probably meant, with a name for which there is no folder yet."""
    known = {name: answer for name, answer in given.items() if name in rules.QUESTIONS}
    suggested: Answers = rules.all_suggestions(known)
    answers = rules.completed(suggested)
    slug, number = answers["project_slug"], 2
    while folder_problems(run, answers):
        suggested["project_slug"] = answers["project_slug"] = rules.numbered(slug, number)
        number += 1
    return suggested


def reject(
    run: Run,
    problems: list[Any],
    given: Answers,
    *,
    with_file: bool = True,
    lead: str = "Corrected command",
) -> None:
    """End the run, if there are problems, with one message on standard error and status 1.

    It ends with the command that generates from the answers that were meant: with the file of
    answers, if there is one and its names are right, only what is said over it is an argument.
    """
    if not problems:
        return
    suggested, file = suggestions(run, given), answers_of_file(run)
    is_renamed = file.get("project_name") != suggested.get("project_name")
    dropped = rules.OF_ONE_PROJECT if is_renamed else ()
    over_file = {x: y for x, y in suggested.items() if x in dropped or file.get(x) != y}
    with_file = with_file and all(is_replaceable(name, run.file.get(name)) for name in over_file)
    if with_file:
        suggested = over_file
    count = "1 answer" if len(problems) == 1 else f"{len(problems)} answers"
    lines = [f"Nothing was generated: {count} can't be used.", *map(str, problems)]
    command = run.command(suggested, with_file=with_file)
    try:
        command.encode(sys.getfilesystemencoding())
    except UnicodeError:  # the locale can't read the command
        command = f"LC_ALL=C.UTF-8 {command}"
        sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    raise SystemExit("\n  - ".join(lines) + f"\n{lead}:\n  {command}")


def is_replaceable(name: str, value: object) -> bool:
    """Return whether cookiecutter takes any argument over this value of a file.

    It takes a list for choices, and a boolean for a question with yes or no as answer.
    """
    is_boolean = isinstance(value, bool) and not isinstance(rules.QUESTIONS[name], bool)
    return not isinstance(value, list) and not is_boolean


# --- For Jinja ----------------------------------------------------------------------------------


def install(environment: Environment) -> None:
    """Give an environment of Jinja the filters of this template, and check the answers."""
    run = Run()
    if run.questions is not None:
        before_questions(run, run.questions)
    elif generating := run.of("generate_files"):
        before_files(run, generating["context"])
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
    environment.globals["template"] = f"{rules.NAME} {rules.VERSION}"
    escaped = run.report.encode("unicode_escape").decode()
    environment.globals["report"] = escaped.replace('"', r"\"")
