"""`update`: a branch in each repository, with the team's edits, and nothing else anywhere."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import commit, copy_template
from updating import Workplace, edit

from .conftest import FIRST, NEWER, OLDER

pytestmark = pytest.mark.xdist_group("fleet")

BRANCH = f"template-update-{NEWER}"
STAYS = {"src/orders_api/environments.toml", "src/orders_api/openapi.toml"}


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Mapping[str, Path]:
    """Return a project of each version, from the same answers."""
    workplace = Workplace(tmp_path_factory.mktemp("generated"), template)
    for version in FIRST, OLDER, NEWER:
        options = f"--checkout {version} --output-dir {version} --no-input --default-config"
        workplace.do(f"cookiecutter TEMPLATE {options} project_name='Orders API'")
        (workplace.path / version / "orders-api" / ".env").unlink()
    return {x: workplace.path / x / "orders-api" for x in (FIRST, OLDER, NEWER)}


class Teams(Workplace):
    """The projects of some teams, below `apis`, and the platform team's command."""

    def project(self, name: str, source: Path) -> Path:
        """Copy a generated project, and commit it."""
        folder = self.path / "apis" / name
        shutil.copytree(source, folder)
        commit(folder)
        return folder

    def git(self, name: str, commands: str) -> str:
        """Run commands of git in a project; return what they print."""
        lines = "\n".join(f"git {line}" for line in commands.splitlines())
        return self.do(lines, f"apis/{name}")

    def update(self, *words: str, before: str = "", **variables: str) -> tuple[int, str, str]:
        """Update all projects from a clone of the template: status, output and errors."""
        own = " ".join(f"{name}={x}" for name, x in variables.items())
        command = " ".join(words or (f"{self.path}/apis --to {NEWER}",))
        done = self.run(f"{before}\n{own} python -m fleet update {command}", str(self.template))
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def teams(tmp_path: Path, template: Path) -> Teams:
    return Teams(tmp_path, template)


def outcomes(output: str) -> dict[str, list[str]]:
    """Return what a table says of each project: the outcome, the versions, and the rest."""
    rows = [re.split("  +", line, maxsplit=3) for line in output.splitlines()]
    return {row[0].partition("/apis/")[2].strip('"'): row[1:] for row in rows}


def files(folder: Path) -> dict[str, str]:
    """Return the files of a folder, with those of git."""
    found = (x for x in folder.rglob("*") if x.is_file())
    return {x.relative_to(folder).as_posix(): x.read_text("latin-1") for x in found}


def in_branch(teams: Teams, name: str, branch: str = BRANCH, prefix: str = "") -> dict[str, str]:
    """Return the files of a branch, as they are checked out."""
    output = teams.path / "checked-out"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    teams.git(name, f"archive --output ../../branch.tar {branch}:{shlex.quote(prefix)}")
    teams.do("tar -xf branch.tar -C checked-out")
    return files(output)


def work(project: Path) -> None:
    """Edit a project as a team would, and commit that."""
    with (project / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\nAsk Ada.\n")
    edit(project / "src/orders_api/environments.toml", "https://app.", "https://shop.")
    edit(project / "tests/test_hello.py", '"""', '"""Edited. ')
    (project / "src/orders_api/orders.py").write_text("ORDERS = 1\n", encoding="utf-8")
    commit(project)


def expected(generated: Mapping[str, Path], project: Path) -> dict[str, str]:
    """Return the files that an update is to make of a project with that work."""
    newer, own = files(generated[NEWER]), files(project)
    kept = {*STAYS, "src/orders_api/orders.py"}
    test = newer["tests/test_api.py"].replace('"""', '"""Edited. ', 1)
    readme = f"{newer['README.md']}\nAsk Ada.\n"
    edits = {"README.md": readme, "tests/test_api.py": test}
    return {**newer, **edits, **{name: own[name] for name in kept}}


def test_update(teams: Teams, generated: Mapping[str, Path]) -> None:
    """Each repository gets one branch: the newer template with the team's edits, and no more."""
    mono = teams.path / "apis" / "mono"
    shutil.copytree(generated[OLDER], mono / "a b" / "orders")
    (mono / "other.txt").write_text("Other\n", encoding="utf-8")
    for name in "neither", "git", "cruft":
        teams.project(name, generated[OLDER])
    commit(mono)
    teams.git("git", "branch template")
    link = f"cruft link TEMPLATE --checkout {OLDER} --no-input --config-file .cookiecutter.yaml"
    teams.do(link, "apis/cruft")
    for name in "neither", "git", "cruft", "mono/a b/orders":
        work(teams.path / "apis" / name)
    shutil.rmtree(mono / "a b" / "orders" / ".git")
    commit(mono)
    odd = "line\nbreak"
    teams.do("cp -r apis/neither source\nrm -rf source/.git")
    teams.do("git init -q --object-format=sha256\ngit add -A\ngit commit -qm 1", "source")
    teams.do("git commit -qm 2 --allow-empty", "source")
    teams.do(f"git clone -q --depth 1 file://{teams.path}/source apis/{shlex.quote(odd)}")
    state = "status --short\nworktree list\nstash list\nrev-parse HEAD\nfor-each-ref"
    names = ["cruft", "git", "mono", "neither"]
    before = {name: teams.git(name, state) for name in names}

    status, output, errors = teams.update()
    assert status == 0, output + errors
    branches = dict.fromkeys(names, BRANCH) | {"mono": f"{BRANCH}-a-b-orders"}
    reported = {
        name: ["updated", f"{OLDER} -> {NEWER}", f"branch {x}"] for name, x in branches.items()
    }
    reported["mono/a b/orders"] = reported.pop("mono")
    assert outcomes(output) == {**reported, "line\\nbreak": reported["neither"]}
    assert len(re.findall(r"^\[\d/5] \S.*  updated$", errors, re.MULTILINE)) == 5
    for name in names:
        after = teams.git(name, state).splitlines()
        new = [line for line in after if line not in before[name].splitlines()]
        assert [line.split("\t")[1] for line in new] == [f"refs/heads/{branches[name]}"]
        teams.git(name, "fsck --strict --no-dangling")
    wanted = expected(generated, teams.path / "apis" / "neither")
    assert in_branch(teams, "neither") == wanted
    assert in_branch(teams, "git") == wanted
    assert in_branch(teams, "mono", branches["mono"], "a b/orders") == wanted
    assert in_branch(teams, "mono", branches["mono"])["other.txt"] == "Other\n"
    updated = in_branch(teams, "cruft")
    assert json.loads(updated.pop(".cruft.json"))["checkout"] == NEWER
    assert updated == wanted
    assert (teams.path / "apis" / odd / ".git" / "shallow").exists()

    teams.do(f"cruft update --checkout {NEWER} --skip-apply-ask\ngit add -A", "apis/cruft")
    teams.git("cruft", f"diff --cached --exit-code {BRANCH}")
    teams.git("git", f"merge -q {BRANCH}\nbranch --force template {BRANCH}^2")
    teams.git("git", "diff --exit-code template... -- src/orders_api/cors tests/cors")
    teams.git("git", "merge-base --is-ancestor template HEAD")
    status, output, _ = teams.update("--to", NEWER, f"{teams.path}/apis/git")
    assert (status, outcomes(output)["git"][0]) == (0, "current")
    status, output, _ = teams.update("--to", NEWER, f"{teams.path}/apis/neither")
    assert status == 1
    assert outcomes(output)["neither"] == [
        "left alone",
        f"{OLDER} -> {NEWER}",
        f"has a branch {BRANCH}, to merge or to delete first",
    ]


def rewrite(name: str, old: str, new: str) -> Callable[[Teams, Path], object]:
    """Return what edits a file of a project, and commits it."""

    def make(_: Teams, project: Path) -> None:
        edit(project / name, old, new)
        commit(project)

    return make


LEFT_ALONE: dict[str, tuple[Callable[[Teams, Path], object], list[str]]] = {
    "changed": (
        lambda _, x: edit(x / "README.md", "", "Edited. "),
        ["left alone", "has uncommitted changes in README.md"],
    ),
    "added": (
        lambda _, x: (x / "src" / "new.py").touch(),
        ["left alone", "has uncommitted changes in src/new.py"],
    ),
    "hidden": (
        lambda teams, x: teams.do(
            "git update-index --assume-unchanged README.md\necho >> README.md", str(x)
        ),
        ["left alone", "has uncommitted changes in README.md"],
    ),
    "edited": (
        rewrite("src/orders_api/cors/policy.py", "", "# Edited.\n"),
        [
            "left alone",
            "has edits in the template's folders, src/orders_api/cors/policy.py; move them first",
        ],
    ),
    "conflict": (
        rewrite("src/orders_api/main.py", "Older. ", "Ours. "),
        [
            "conflicts",
            "in src/orders_api/main.py; update by hand, as docs/how-to/updating.md shows",
        ],
    ),
    "newer": (rewrite(".cookiecutter.yaml", f" {OLDER}", " 99.0.0"), ["left alone", "is newer"]),
    "no repository": (
        lambda _, x: shutil.rmtree(x / ".git"),
        ["left alone", "is in no git repository"],
    ),
    "no commit": (
        lambda teams, x: teams.do("rm -rf .git\ngit init -q", str(x)),
        ["left alone", "has no commit"],
    ),
}
"""Changes to a project before an update, and the result for each."""


UNKNOWN: dict[str, tuple[Callable[[Teams, Path], object], str]] = {
    "answers": (
        rewrite(".cookiecutter.yaml", "development,", "DEV,"),
        f"can't be generated by {OLDER}: Nothing was generated: ",
    ),
    "broken": (
        lambda _, x: (x / ".git" / "HEAD").write_text("?", "utf-8"),
        'git rev-parse failed: "fatal: ',
    ),
    "cruft": (
        rewrite(".cruft.json", "", '{"commit": "--help"}'),
        ".cruft.json is not what cruft writes; restore the file.",
    ),
    "version": (
        rewrite(".cookiecutter.yaml", f" {OLDER}", " 2.0.99"),
        '"2.0.99" is not a version of the template; run `git fetch --tags` in the template\'s',
    ),
}
"""The same for projects for which it can't be determined what to update."""


def test_left_alone(teams: Teams, generated: Mapping[str, Path]) -> None:
    """A project that can't be updated is reported with the reason, and no byte of it changes."""
    for name, (change, _) in {**LEFT_ALONE, **UNKNOWN}.items():
        project = teams.project(name, generated[OLDER])
        if name == "cruft":
            (project / ".cruft.json").touch()
        change(teams, project)
    before = files(teams.path / "apis")
    status, output, errors = teams.update()
    assert status == 2
    reported = {name: [x[0], x[2]] for name, x in outcomes(output).items()}
    assert reported == {name: x for name, (_, x) in LEFT_ALONE.items()}
    problems = [line.partition("/apis/")[2] for line in errors.splitlines() if line[0] != "["]
    assert len(problems) == len(UNKNOWN)
    for (name, (_, message)), problem in zip(UNKNOWN.items(), problems, strict=True):
        assert problem.startswith(f"{name}: {message}")
    assert files(teams.path / "apis") == before


def test_json(teams: Teams, generated: Mapping[str, Path]) -> None:
    """With --json, the files in the way are a list, and the status is 1."""
    edit(teams.project("one", generated[OLDER]) / "README.md", "", "Edited. ")
    status, output, _ = teams.update(f"{teams.path}/apis", "--to", NEWER, "--json")
    assert status == 1
    [result] = json.loads(output)["results"]
    assert result | {"path": ""} == {
        "path": "",
        "outcome": "left alone",
        "before": OLDER,
        "after": NEWER,
        "branch": None,
        "commit": None,
        "template": None,
        "reason": "has uncommitted changes in README.md",
        "files": ["README.md"],
    }


PROGRAMS = """\
[core]
    hooksPath = hooks
    fsmonitor = "touch RAN"
    sshCommand = touch RAN
    pager = touch RAN
    editor = touch RAN
[filter "evil"]
    clean = "touch RAN; cat"
    smudge = "touch RAN; cat"
[merge "evil"]
    driver = touch RAN
[diff "evil"]
    textconv = touch RAN
    command = touch RAN
[diff]
    external = touch RAN
[commit]
    gpgSign = true
[gpg]
    program = touch RAN
"""


def test_configuration(teams: Teams, generated: Mapping[str, Path]) -> None:
    """No program that a checkout's configuration, hooks or answers name is run."""
    project = teams.project("hostile", generated[OLDER])
    ran = teams.path / "ran"
    (project / ".gitattributes").write_text("* filter=evil merge=evil diff=evil\n", "utf-8")
    answers = project / ".cookiecutter.yaml"
    answers.write_text(f'{answers.read_text("utf-8")}\n  _extensions: ["evil.Evil"]\n', "utf-8")
    edit(project / "pyproject.toml", "skip = [\n", f'skip = [\n    "{teams.path}/*", "../*",\n')
    (project / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n", encoding="utf-8")
    work(project)
    with (project / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(PROGRAMS.replace("RAN", str(ran)))
    for folder in project / ".git" / "hooks", project / "hooks":
        folder.mkdir(exist_ok=True)
        for hook in "reference-transaction", "post-index-change", "post-checkout", "post-commit":
            (folder / hook).write_text(f"#!/bin/sh\ntouch {ran}\n", encoding="utf-8")
            (folder / hook).chmod(0o755)
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text("/hooks/\n", "utf-8")
    status, output, errors = teams.update(PYTHONPATH=f"'{project}'")
    assert status == 0, output + errors
    assert not ran.exists()
    teams.run("git status", "apis/hostile")
    assert ran.exists()


def test_first_versions(teams: Teams, generated: Mapping[str, Path]) -> None:
    """A project of 1.1.0 becomes one of 2.x; where the team edited it, the page is named."""
    teams.project("plain", generated[FIRST])
    edited = teams.project("edited", generated[FIRST])
    rewrite("src/orders_api/settings.py", '"""', '"""Ours. ')(teams, edited)
    status, output, errors = teams.update()
    assert status == 1, output + errors
    reported = outcomes(output)
    assert reported["plain"] == ["updated", f"{FIRST} -> {NEWER}", f"branch {BRANCH}"]
    page = "docs/how-to/from-1-to-2.md"
    conflict = f"in src/orders_api/settings.py; update by hand, as {page} shows"
    assert reported["edited"] == ["conflicts", f"{FIRST} -> {NEWER}", conflict]
    kept = {name: x for name, x in files(generated[FIRST]).items() if name in STAYS}
    assert in_branch(teams, "plain") == {**files(generated[NEWER]), **kept}


INTERRUPTED = """
import signal, sys
from fleet.__main__ import main

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""
"""Runs the command where an interruption may be ignored, as it is in the background of a shell."""


def test_interrupted(teams: Teams, generated: Mapping[str, Path]) -> None:
    """An update that is interrupted at its last step leaves nothing behind, here or elsewhere."""
    teams.project("one", generated[OLDER])
    (teams.path / "bin").mkdir()
    (teams.path / "tmp").mkdir()
    real = shutil.which("git")
    wrapper = teams.path / "bin" / "git"
    stop = 'case "$*" in *unpack-objects*) kill -INT $PPID; exit 1;; esac'
    wrapper.write_text(f'#!/bin/sh\n{stop}\nexec {real} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    before = files(teams.path / "apis")
    own = f"PATH={teams.path}/bin{os.pathsep}$PATH TMPDIR={teams.path / 'tmp'}"
    command = f"{own} python -c '{INTERRUPTED}' update {teams.path}/apis --to {NEWER}"
    done = teams.run(command, str(teams.template))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == "Interrupted."
    assert files(teams.path / "apis") == before
    assert list((teams.path / "tmp").iterdir()) == []


def test_version(teams: Teams) -> None:
    """A version that the template's repository lacks, or no repository, is a line and status 2."""
    status, output, errors = teams.update("--to", "3.0.0", ".")
    assert (status, output) == (2, "")
    fix = "run `git fetch --tags` in the template's clone, or write another"
    assert errors == f'"3.0.0" is not a version of the template; {fix}.\n'
    copy_template(teams.path / "copy", NEWER)
    done = teams.run(f"python -m fleet update --to {NEWER} .", "copy")
    assert done.returncode == 2
    assert done.stderr == "The template is not a git clone; clone it to update projects.\n"
