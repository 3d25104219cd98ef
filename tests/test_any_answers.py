"""Whatever is answered, and in whichever way: a project that works, or a message and no file."""

import importlib
import json
import os
import shutil
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import TEMPLATE
from cookiecutter.main import cookiecutter
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from markdown_it import MarkdownIt

from hooks import rules

settings.register_profile("ci", max_examples=70)
settings.register_profile("long", max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

ODD = "{}%#\"'\\`$()<>&;=,:|*_[]-+!~ aé\u05e2\u200f\N{ROCKET}e\u0301"
FAIR_TEXTS = st.one_of(
    st.text(alphabet=ODD, min_size=1, max_size=30),
    st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]).filter(
            lambda c: not rules.is_noncharacter(c)
        ),
        max_size=200,
    ),
).filter(lambda text: text.strip() == text and not rules.is_blank(text))
FAIR_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)
FAIR_ORIGINS = st.builds(
    "https://{}{}".format,
    st.one_of(
        st.from_regex("[a-z0-9]{1,9}(-[a-z0-9]{1,9})?[.]example", fullmatch=True),
        st.sampled_from(["8.8.8.8", "[2606:4700::1111]", "xn--bcher-kva.example"]),
    ),
    st.one_of(st.just(""), st.integers(444, 65_535).map(":{}".format)),
)
CHOICES = {
    "cors_preset": st.sampled_from(["strict", "dev"]),
    "allow_credentials": st.sampled_from(["yes", "no", "true", "0"]),
    "ci": st.sampled_from(["github", "gitlab", "none"]),
    "kubernetes": st.sampled_from(["yes", "no"]),
}
ANY_TEXTS = st.one_of(
    FAIR_TEXTS, st.text(max_size=30), st.text(alphabet=ODD + "\x1b\n\u2028"), st.text(min_size=195)
)


def line_of(groups: dict[str, list[str]]) -> str:
    """Write groups of origins as the line of text that answers the question."""
    return "; ".join(f"{name}={','.join(listed)}" for name, listed in groups.items())


@st.composite
def places(
    draw: st.DrawFn, names: st.SearchStrategy[str], origins: st.SearchStrategy[str]
) -> dict[str, Any]:
    """Draw environments, and groups of origins for them: as a line or as a mapping."""
    drawn = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    groups = {name: draw(st.lists(origins, max_size=3, unique=True)) for name in drawn}
    as_line = draw(st.booleans())
    return {"environments": ", ".join(drawn), "origins": line_of(groups) if as_line else groups}


FAIR_ANSWERS = st.builds(
    lambda texts, places, choices: {**texts, **places, **choices},
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["project_name", "description", "team"], FAIR_TEXTS)
    ),
    st.one_of(st.just({}), places(FAIR_NAMES, FAIR_ORIGINS)),
    st.fixed_dictionaries({}, optional=CHOICES),
)
ANY_ANSWERS = st.builds(
    lambda fair, places, other: {**fair, **places, **other},
    FAIR_ANSWERS,
    st.one_of(
        st.just({}),
        places(st.one_of(FAIR_NAMES, ANY_TEXTS), st.one_of(FAIR_ORIGINS, ANY_TEXTS)),
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "project_name": ANY_TEXTS,
            "project_slug": st.one_of(st.from_regex("[a-z][a-z0-9-]*", fullmatch=True), ANY_TEXTS),
            "team": st.one_of(ANY_TEXTS, st.integers(), st.none(), st.lists(ANY_TEXTS, max_size=2)),
        },
    ),
)


def by_function(answers: dict[str, Any], _: Path) -> dict[str, Any]:
    return {"extra_context": answers, "no_input": True}


def by_file(answers: dict[str, Any], scratch: Path) -> dict[str, Any]:
    configuration = yaml.safe_load((scratch / "config.yaml").read_text("utf-8"))
    configuration["default_context"] = answers
    text = yaml.safe_dump(configuration, allow_unicode=False, sort_keys=False)
    (scratch / "config.yaml").write_text(text, encoding="utf-8")
    return {"no_input": True}


def by_replay(answers: dict[str, Any], scratch: Path) -> dict[str, Any]:
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))
    del questions["__prompts__"]
    stated = {
        "project_slug": "replayed",
        "origins": "development=; staging=; production=",
        "cors_preset": "strict",
        "ci": "github",
        "__package": "replayed",
    }
    replay = {"cookiecutter": {**questions, **stated, **answers}}
    (scratch / "replay.json").write_text(json.dumps(replay), encoding="utf-8")
    return {"replay": str(scratch / "replay.json")}


def by_arguments(answers: dict[str, Any], _: Path) -> dict[str, Any]:
    """Give every answer as text, as a shell would: origins as a line."""
    origins = answers.get("origins")
    if isinstance(origins, dict):
        answers = answers | {"origins": line_of(origins)}
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in answers.items()}
    return {"extra_context": texts, "no_input": True}


@contextmanager
def imported(project: Path) -> Iterator[Any]:
    """Import a project's main module from its source, as in a process of its own."""
    [package] = (path.name for path in (project / "src").iterdir())
    sys.path.insert(0, str(project / "src"))
    try:
        with chdir(project):
            yield importlib.import_module(f"{package}.main")
    finally:
        sys.path.remove(str(project / "src"))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


parse_markdown = lru_cache(maxsize=10)(MarkdownIt().parse)


@lru_cache(maxsize=500)
def parse(suffix: str, text: str) -> None:
    """Parse the text of a file, which most projects have in common."""
    if suffix == ".py":
        compile(text, "", "exec")
    elif suffix == ".toml":
        tomllib.loads(text)
    elif suffix in {".yaml", ".yml", ".json"}:
        yaml.safe_load(text)
    elif suffix == ".md":
        parse_markdown(text)


def assert_works(project: Path) -> None:
    """Parse every file of a project, import it, and send it requests."""
    for file in project.rglob("*"):
        if file.suffix in {".py", ".toml", ".yaml", ".yml", ".json", ".md"}:
            parse(file.suffix, file.read_text("utf-8"))
    [environments] = project.glob("src/*/environments.toml")
    trusted = next(iter(tomllib.loads(environments.read_text("utf-8")).values()))["allow_origins"]
    with imported(project) as main:
        client = TestClient(main.app, "http://127.0.0.1")
        for origin in trusted:
            answer = client.get("/", headers={"Origin": origin})
            assert answer.headers.get_list("Access-Control-Allow-Origin") == [origin]
        assert client.get("/openapi.json").json()["info"]["title"] == main.app.title


Way = Callable[[dict[str, Any], Path], dict[str, Any]]


@contextmanager
def generated(way: Way, answers: dict[str, Any]) -> Iterator[tuple[Path | None, str]]:
    """Generate in a scratch folder; give the project, or what was said instead."""
    scratch = Path(tempfile.mkdtemp())
    output = scratch / "output"
    output.mkdir()
    config = {name: str(scratch / name) for name in ("replay_dir", "cookiecutters_dir")}
    (scratch / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            project = cookiecutter(
                str(TEMPLATE),
                config_file=str(scratch / "config.yaml"),
                output_dir=str(output),
                **way(answers, scratch),
            )
    except SystemExit as rejection:
        yield None, str(rejection)
        assert not list(output.iterdir())
    else:
        assert Path(project).parent == output
        yield Path(project), ""
    finally:
        shutil.rmtree(scratch)


@pytest.fixture(scope="module", autouse=True)
def compiled_once() -> Iterator[None]:
    """Have Jinja compile each text once: that takes most of the time of a run."""
    compiled: dict[object, Any] = {}
    compile_ = Environment.compile

    def compile_once(environment: Environment, *arguments: Any, **options: Any) -> Any:
        key = (environment.keep_trailing_newline, *arguments, *options.items())
        if key not in compiled:
            compiled[key] = compile_(environment, *arguments, **options)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compile_once)
        yield


each_way = pytest.mark.parametrize("way", [by_function, by_arguments, by_file, by_replay])


@each_way
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=FAIR_ANSWERS)
def test_fair_answers(way: Way, answers: dict[str, Any]) -> None:
    """Fair answers always make a project that works, with every text as it was given."""
    with generated(way, answers) as (project, said):
        assert project is not None, said
        assert_works(project)
        recorded = yaml.safe_load((project / ".cookiecutter.yaml").read_text("utf-8"))
        metadata = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
        readme = parse_markdown((project / "README.md").read_text("utf-8"))
        title, description, *_ = (
            "".join(part.content for part in token.children or ())
            for token in readme
            if token.type == "inline"
        )
        for name, text in answers.items():
            match name:
                case "project_name":
                    assert recorded["default_context"][name] == text == title
                case "description":
                    assert recorded["default_context"][name] == metadata[name] == text
                    assert description == text
                case "team":
                    assert recorded["default_context"][name] == text
                    assert metadata["authors"] == [{"name": text}]


@each_way
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(answers=ANY_ANSWERS)
def test_any_answers(way: Way, answers: dict[str, Any]) -> None:
    """Any answers make a project that parses, imports and serves, or are rejected and gone."""
    with generated(way, answers) as (project, said):
        if project:
            event("generated")
            assert_works(project)
        else:
            event("rejected")
            assert said.startswith("Nothing was generated: ")
