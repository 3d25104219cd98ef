"""Updates by the commands of the how-to pages: the team's edits stay, the template's arrive."""

import re
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import updating
import yaml
from conftest import TEMPLATE, Project, copy_template
from updating import PACKAGE, PRODUCT, Workplace, commit_version, edit

Begin = Callable[[str], Project]

OLDER, NEWER, NEWEST = "2.0.0", "2.1.0", "2.2.0"
ORIGIN = "https://edited.example"
LAST_LINE = (TEMPLATE / PRODUCT / "README.md").read_text("utf-8").splitlines(keepends=True)[-1]

TEAMS_EDITS: Mapping[str, tuple[str, str]] = {
    "src/orders_api/environments.toml": (
        '    "https://shop.example",\n',
        f'    "https://shop.example",\n    "{ORIGIN}",\n',
    ),
    "src/orders_api/main.py": (
        "    return app\n",
        "    app.include_router(orders.router)\n    return app\n",
    ),
    "src/orders_api/settings.py": (
        "    jwt: JWTSettings = JWTSettings()\n",
        "    jwt: JWTSettings = JWTSettings()\n    page_size: int = 50\n",
    ),
    "src/orders_api/auth.py": ("    return None\n", "    return None  # not yet\n"),
    "README.md": (LAST_LINE, f"{LAST_LINE}\nAsk Ada.\n"),
    "tests/conftest.py": ("VARIABLES = {\n", 'VARIABLES = {\n    "APP_PAGE_SIZE": "10",\n'),
    "tests/test_hello.py": ('"""', '"""Edited by the team. '),
}
"""Edits of the team: a line of a generated file, and what stands in its place."""

TEAMS_FILES = {
    "src/orders_api/orders.py": '''"""What the shop has sold."""

from fastapi import APIRouter

router = APIRouter()


@router.get("/orders")
async def read_orders() -> list[str]:
    return []
''',
    "tests/test_orders.py": """from fastapi.testclient import TestClient

from orders_api.main import app


def test_orders() -> None:
    assert TestClient(app).get("/orders").json() == []
""",
}
"""Files that the team adds."""

FOLDERS = ("src/orders_api/cors", "tests/cors")
"""The template's."""


def block(name: str, language: str = "sh") -> str:
    """Return the code on the pages below a comment with this name."""
    return updating.block(name, language, pages=("another-api.md", "updating.md"))


def defaults(version: str = OLDER) -> str:
    """Return the command that generates a project from the defaults of an organization."""
    return re.sub(r"--checkout \S+", f"--checkout {version}", block("defaults"))


def make_older(repository: Path) -> None:
    """Turn the template as it stands into an earlier one, which differs in every way there is."""
    product, package = repository / PRODUCT, repository / PACKAGE
    edit(repository / "hooks" / "answers.py", "        code_list=rendering.code_list,\n", "")
    edit(
        product / "README.md", "environment.origins | code_list", "environment.origins | join(' ')"
    )
    edit(product / "README.md", "## Two commands", "## Commands")
    edit(product / ".env.example", "Copy this file", "Please copy this file")
    for module in "main.py", "settings.py", "auth.py":
        edit(package / module, '"""', '"""Older. ')
    edit(package / "environments.toml", "# Which", "# Older. Which")
    edit(package / "cors" / "middleware.py", '"""', '"""Older. ')
    edit(product / "tests" / "cors" / "probes.py", '"""', '"""Older. ')
    (product / "tests" / "cors" / "test_requests.py").unlink()
    (product / "tests" / "test_api.py").rename(product / "tests" / "test_hello.py")
    for folder in product / "tests", product / "tests" / "cors", package / "cors":
        (folder / "test_old.py").write_text("OLD = 'and deleted since'\n", encoding="utf-8")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template: an older version, what stands here, a new question."""
    repository = tmp_path_factory.mktemp("updating") / "template.git"
    workplace = Workplace(repository.parent, repository)
    for version in OLDER, NEWER, NEWEST:
        if repository.exists():
            workplace.do("git rm -rq .", "template.git")
        copy_template(repository, version)
        if version == OLDER:
            make_older(repository)
        if version == NEWEST:
            last = '"kubernetes": false,\n'
            edit(repository / "cookiecutter.json", last, f'{last}  "audience": "everyone",\n')
        commit_version(workplace, version)
    workplace.do(f"git reset -q --hard {NEWER}", "template.git")
    return repository


@pytest.fixture
def workplace(tmp_path: Path, template: Path) -> Workplace:
    return Workplace(tmp_path, template)


def generate(workplace: Workplace, version: str = OLDER, output: str = ".") -> Project:
    """Generate a project by a version of the template, from the defaults of an organization."""
    (workplace.path / "our-apis.yaml").write_text(block("our-apis.yaml", "yaml"), encoding="utf-8")
    workplace.do(defaults(version).replace("--no-input", f"--no-input --output-dir {output}"))
    return Project(workplace.path / output / "orders-api")


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Mapping[str, Path]:
    """Return a workplace with a project of the older template, and its history for each tool."""
    folder = tmp_path_factory.mktemp("begun")
    tools = {name: folder / name for name in ("none", "git", "cruft")}
    tools["none"].mkdir()
    generate(Workplace(tools["none"], template))
    shutil.copytree(tools["none"], tools["git"])
    Workplace(tools["git"], template).do(block("git: begin"))
    shutil.copytree(tools["git"], tools["cruft"])
    Workplace(tools["cruft"], template).do(block("cruft: begin"), "orders-api")
    return tools


@pytest.fixture
def begin(begun: Mapping[str, Path], workplace: Workplace) -> Begin:
    """Return what begins a project in the workplace as the page of a tool says."""

    def begin(tool: str) -> Project:
        shutil.copytree(begun[tool], workplace.path, dirs_exist_ok=True)
        return Project(workplace.path / "orders-api")

    return begin


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Mapping[str, str]:
    """Return the files that the newer template makes of the same answers."""
    files = generate(Workplace(tmp_path_factory.mktemp("newer"), template), NEWER).files()
    return {name: content.decode() for name, content in files.items() if name != ".env"}


def work(project: Project) -> None:
    """Edit the project as a team would."""
    for name, (old, new) in TEAMS_EDITS.items():
        edit(project.path / name, old, new)
    for name, text in TEAMS_FILES.items():
        (project.path / name).write_text(text, encoding="utf-8")
    edit(project.source / "main.py", "from . import auth\n", "from . import auth, orders\n")


def commit(workplace: Workplace) -> None:
    """Commit what has changed, if anything has."""
    commands = "git add --all\ngit diff --cached --quiet || git commit -qm Work"
    workplace.do(commands, "orders-api")


def tracked(workplace: Workplace, folder: str = "orders-api") -> dict[str, str]:
    """Return the files of the project that git knows, without what tools keep there."""
    names = workplace.do("git ls-files", folder).split()
    own = {"uv.lock", ".cruft.json"}
    return {x: (workplace.path / folder / x).read_text("utf-8") for x in names if x not in own}


def expected(newer: Mapping[str, str]) -> dict[str, str]:
    """Return the files that an update is to leave: the newer template's, with the team's edits."""
    files = dict(newer)
    files["src/orders_api/environments.toml"] = files["src/orders_api/environments.toml"].replace(
        "# Which", "# Older. Which"
    )
    files["src/orders_api/main.py"] = files["src/orders_api/main.py"].replace(
        "import auth\n", "import auth, orders\n"
    )
    for name, (old, new) in TEAMS_EDITS.items():
        renamed = name.replace("test_hello", "test_api")
        assert old in files[renamed]
        files[renamed] = files[renamed].replace(old, new, 1)
    return files | TEAMS_FILES


each_tool = pytest.mark.parametrize("tool", ["git", "cruft"])


@each_tool
def test_update(workplace: Workplace, begin: Begin, newer: Mapping[str, str], tool: str) -> None:
    """An update keeps every edit, brings every change, and leaves a project that passes."""
    project = begin(tool)
    work(project)
    commit(workplace)
    secret = (project.path / ".env").read_bytes()
    said = workplace.do(block(f"{tool}: update"), "orders-api")
    assert " passed" in said
    commit(workplace)
    assert tracked(workplace) == expected(newer)
    assert (project.path / ".env").read_bytes() == secret
    assert (
        f"template: cookiecutter-secured-fastapi {NEWER}"
        in tracked(workplace)[".cookiecutter.yaml"].splitlines()
    )


def test_update_of_an_older_project(
    workplace: Workplace, begin: Begin, newer: Mapping[str, str]
) -> None:
    """A project whose first commit held edits already gets its branch later, and is updated."""
    project = begin("none")
    work(project)
    workplace.do("git init -q -b main", "orders-api")
    commit(workplace)
    workplace.do(block("git: a branch for an older project"), "orders-api")
    update = block("git: update").replace("uv run pytest\n", "")
    workplace.do(update, "orders-api")
    assert tracked(workplace) == expected(newer)


def first_lines(tool: str) -> str:
    """Return the commands that update, without those that check and commit."""
    return block(f"{tool}: update").partition("uv run pytest")[0]


@each_tool
@pytest.mark.parametrize("folder", FOLDERS)
def test_edit_in_a_folder_of_the_template(
    workplace: Workplace, begin: Begin, newer: Mapping[str, str], tool: str, folder: str
) -> None:
    """An edit there is shown before anything changes; restored, the update replaces the folder."""
    project = begin(tool)
    work(project)
    commit(workplace)
    files = {name for name in tracked(workplace) if name.startswith(folder)}
    edited = next(name for name in files if "Older. " in tracked(workplace)[name])
    deleted = next(name for name in files if name.endswith(("rulebook.py", "lookalikes.py")))
    edit(project.path / edited, '"""Older. ', '"""Ours. ')
    (project.path / deleted).unlink()
    (project.path / folder / "added.py").write_text("ADDED = 1\n", encoding="utf-8")
    commit(workplace)
    state = "git rev-parse HEAD template\ngit status --short\ngit worktree list"
    before = workplace.do(state, "orders-api")
    result = workplace.run(block(f"{tool}: update"), "orders-api")
    assert result.returncode == 1
    assert set(re.findall(r"^diff --git a/(\S+)", result.stdout, re.MULTILINE)) == {
        edited,
        deleted,
        f"{folder}/added.py",
    }
    assert '+"""Ours. ' in result.stdout
    assert workplace.do(state, "orders-api") == before
    workplace.do(block(f"{tool}: restore") + first_lines(tool), "orders-api")
    commit(workplace)
    assert tracked(workplace) == expected(newer)


@each_tool
def test_conflict(workplace: Workplace, begin: Begin, newer: Mapping[str, str], tool: str) -> None:
    """Where both sides edited a line it gets markers and is reported; all the rest is as ever."""
    project = begin(tool)
    work(project)
    edit(project.source / "settings.py", '"""Older. ', '"""Ours. ')
    commit(workplace)
    result = workplace.run(first_lines(tool), "orders-api")
    if tool == "git":
        assert result.returncode == 1
        assert "CONFLICT (content): Merge conflict in src/orders_api/settings.py" in result.stdout
    else:
        assert result.returncode == 0, result.stderr
        assert "UU src/orders_api/settings.py" in result.stdout
    left, expects = tracked(workplace), expected(newer)
    settings = "src/orders_api/settings.py"
    [(ours, theirs)] = re.findall(
        r"<{7} .*\n(.*\n)(?:\|{7} .*\n.*\n)?={7}\n(.*\n)>{7} ", left[settings]
    )
    assert ours.startswith('"""Ours. The settings')
    assert theirs.startswith('"""The settings')
    assert left | {settings: ""} == expects | {settings: ""}
    assert not list(project.path.rglob("*.rej"))


@each_tool
def test_edited_and_deleted(
    workplace: Workplace, begin: Begin, newer: Mapping[str, str], tool: str
) -> None:
    """A file edited by one side and deleted by the other is reported, or stays deleted."""
    project = begin(tool)
    work(project)
    edit(project.path / "tests" / "test_old.py", "OLD", "OURS")
    (project.path / ".env.example").unlink()
    commit(workplace)
    result = workplace.run(first_lines(tool), "orders-api")
    if tool == "git":
        assert "CONFLICT (modify/delete): tests/test_old.py" in result.stdout
        assert "CONFLICT (modify/delete): .env.example" in result.stdout
        (project.path / ".env.example").unlink()
    else:
        assert "error: tests/test_old.py: patch does not apply" in result.stderr
    commit(workplace)
    left = {"tests/test_old.py": "OURS = 'and deleted since'\n"}
    files = expected(newer)
    del files[".env.example"]
    assert tracked(workplace) == files | left


def test_never_committed_as_generated(workplace: Workplace, begin: Begin) -> None:
    """Where cruft can't merge, its .rej files are reported; with the branch, git merges."""
    project = begin("none")
    work(project)
    edit(project.source / "settings.py", '"""Older. ', '"""Ours. ')
    workplace.do("git init -q -b main", "orders-api")
    commit(workplace)
    workplace.do(block("cruft: begin"), "orders-api")
    said = workplace.do(first_lines("cruft"), "orders-api")
    assert "*.rej files" in said
    assert "?? src/orders_api/settings.py.rej" in said
    workplace.do("git reset -q --hard\ngit clean -qfd", "orders-api")
    workplace.do(block("git: a branch for an older project"), "orders-api")
    said = workplace.do(first_lines("cruft"), "orders-api")
    assert "UU src/orders_api/settings.py" in said
    assert not list(project.path.rglob("*.rej"))


@each_tool
def test_new_question(workplace: Workplace, tool: str) -> None:
    """A question that the newer template adds is answered by its default, in the file as well."""
    generate(workplace, NEWER)
    workplace.do(block("git: begin").replace(OLDER, NEWER))
    workplace.do(block("cruft: begin").replace(OLDER, NEWER), "orders-api")
    workplace.do(first_lines(tool).replace(NEWER, NEWEST), "orders-api")
    answers = yaml.safe_load(tracked(workplace)[".cookiecutter.yaml"])
    assert answers["default_context"]["audience"] == "everyone"
    assert answers["template"] == f"cookiecutter-secured-fastapi {NEWEST}"


def test_rejected_update(workplace: Workplace, begin: Begin) -> None:
    """An update with wrong answers changes nothing, and names the command that would do."""
    begin("cruft")
    [update] = re.findall("cruft update .*", block("cruft: update"))
    wrong = ' --variables-to-update \'{"environments": "development, live"}\''
    result = workplace.run(update + wrong, "orders-api")
    assert result.returncode == 1
    assert result.stderr.startswith("Nothing was generated: 3 answers can't be used.\n")
    assert "Traceback" not in result.stdout + result.stderr
    assert workplace.do("git status --short", "orders-api") == ""
    command = result.stderr.splitlines()[-1]
    assert command.startswith("  cruft update --checkout 2.1.0 --variables-to-update ")
    workplace.do(f"{command} --skip-apply-ask", "orders-api")
    answers = (workplace.path / "orders-api" / ".cookiecutter.yaml").read_text("utf-8")
    assert 'environments: "development, live"' in answers


def test_update_in_a_bigger_repository(workplace: Workplace, newer: Mapping[str, str]) -> None:
    """A project that is one folder of a repository is updated by cruft as any other."""
    folder = "apis/orders-api"
    project = generate(workplace, output="apis")
    workplace.do("git init -q -b main\ngit add --all\ngit commit -qm Begin", "apis")
    workplace.do(block("cruft: begin"), folder)
    work(project)
    workplace.do("git add --all\ngit commit -qm Work", folder)
    workplace.do(first_lines("cruft"), folder)
    assert tracked(workplace, folder) == expected(newer)


def test_next_team(workplace: Workplace, begin: Begin) -> None:
    """Another team gets a project from the first one's answers that names it alone and passes."""
    begin("git")
    workplace.do(block("another team"))
    project = Project(workplace.path / "billing-api")
    for name, content in project.files().items():
        assert not re.search("Orders|orders[-_]", f"{name} {content.decode()}"), name
    assert " passed" in workplace.do("uv run pytest -q", "billing-api")
    answers = yaml.safe_load((project.path / ".cookiecutter.yaml").read_text("utf-8"))
    shared = yaml.safe_load(block("our-apis.yaml", "yaml"))["default_context"]
    origins = "; ".join(f"{name}={','.join(x)}" for name, x in shared["origins"].items())
    assert answers["default_context"] == {
        "project_name": "Billing API",
        "description": "An API that answers the browser origins it trusts.",
        "team": "Billing",
        "environments": shared["environments"],
        "origins": origins,
        "cors_preset": shared["cors_preset"],
        "allow_credentials": False,
        "ci": "github",
        "kubernetes": False,
    }


@pytest.mark.parametrize("command", [0, 1])
def test_commands_in_the_file(workplace: Workplace, begin: Begin, command: int) -> None:
    """The commands that .cookiecutter.yaml writes above the answers do what it says."""
    begin("git")
    answers = workplace.path / "orders-api" / ".cookiecutter.yaml"
    lines = re.findall(r"^#   (cookiecutter .*)", answers.read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 2
    if command == 0:
        said = workplace.do(f"yes '' | {lines[0]} --output-dir again || true")
        assert "(Orders API)" in said
        again = workplace.path / "again" / "orders-api" / ".cookiecutter.yaml"
        assert again.read_bytes() == answers.read_bytes().replace(OLDER.encode(), NEWER.encode())
    else:
        workplace.do(lines[1])
        assert (workplace.path / "billing-api" / ".cookiecutter.yaml").exists()


def test_folders_of_the_template(generated: Callable[[str], Project]) -> None:
    """The folders that the commands compare and restore are those that the project names."""
    project = generated("defaults")
    for name in ("git: update", "cruft: update", "git: restore", "cruft: restore"):
        [line] = [x for x in block(name).splitlines() if x.endswith(" ".join(FOLDERS))]
        assert line.startswith(("git diff --exit-code ", "git restore --source "))
    pyproject = tomllib.loads((project.path / "pyproject.toml").read_text("utf-8"))
    own = [folder.replace("orders_api", project.package) for folder in FOLDERS]
    assert pyproject["tool"]["ruff"]["extend-exclude"][:2] == own
    assert all((project.path / folder).is_dir() for folder in own)
    readme = (project.path / "README.md").read_text("utf-8")
    assert all(f"`{folder}/`" in readme for folder in own)


def test_files_of_the_team(generated: Callable[[str], Project]) -> None:
    """The files that the way by git takes back are those that cruft skips, and all exist."""
    project = generated("defaults")
    pyproject = tomllib.loads((project.path / "pyproject.toml").read_text("utf-8"))
    [restored] = re.findall(r" restore --staged --worktree (.*)", block("git: update"))
    names = restored.replace("orders_api", project.package).split()
    assert pyproject["tool"]["cruft"]["skip"] == [".env", *names]
    assert all((project.path / name).is_file() for name in [".env", *names])
