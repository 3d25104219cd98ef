"""From 1.1.0 to 2.0.0, by the commands of its page, on a project that a team has worked on."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import updating
from conftest import TEMPLATE, Project, copy_template, lack
from updating import PAGES, Workplace, commit_version, edit

PAGE = "from-1-to-2.md"
OLD, NEW = "1.1.0", "2.0.0"
OLD_COMMIT = "e3bfb6a"
"""The last commit of 1.1.0."""

LAST = {"git": "template...", "cruft": "$(git log -1 --format=%h .cruft.json)"}
"""The template that was taken in last, as the page says."""

each_tool = pytest.mark.parametrize("tool", LAST)

ORIGIN = "https://edited.example"

TEAMS_EDITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "src/orders_api/environments.toml": (
        ('    "https://shop.example",\n', f'    "https://shop.example",\n    "{ORIGIN}",\n'),
    ),
    "src/orders_api/main.py": (
        ("from . import auth\n", "from . import auth, orders\n"),
        ("    return app\n", "    app.include_router(orders.router)\n    return app\n"),
    ),
    "src/orders_api/settings.py": (
        (
            "JWTSettings, a_group] = JWTSettings()\n",
            "JWTSettings, a_group] = JWTSettings()\n    page_size: int = 50\n",
        ),
    ),
    "src/orders_api/cors/policy.py": (('"max_age": 600', '"max_age": 60'),),
    "tests/test_cors.py": (('"""', '"""Of the shop. '),),
    "tests/test_api.py": (
        ('"""The API greets."""', '"""The shop greets."""'),
        ("whoever watches it that it runs", "the load balancer that it runs"),
    ),
    ".env": (("", "APP_CORS__MAX_AGE=60\n"),),
}
"""Edits of the team in files of the template: what is there, and what the team writes."""

TEAMS_FILES = {
    "src/orders_api/orders.py": '''"""What the shop has sold."""

from fastapi import APIRouter

from .auth import CurrentSubject

router = APIRouter()


@router.get("/orders")
async def read_orders(subject: CurrentSubject) -> dict[str, str]:
    return {"buyer": subject}
''',
    "tests/test_orders.py": '''"""Buyers and their orders."""

from .apis import Client
from .subject import app
from .tokens import SUBJECT, VALID


def test_orders() -> None:
    """Buyers see their orders."""
    response = Client(app).get("/orders", headers={"Authorization": f"Bearer {VALID}"})
    assert response.json() == {"buyer": SUBJECT}
''',
}
"""Files that the team adds."""

EDITS_AGAIN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "src/orders_api/main.py": TEAMS_EDITS["src/orders_api/main.py"],
    "src/orders_api/settings.py": (
        ("JWTSettings = JWTSettings()\n", "JWTSettings = JWTSettings()\n    page_size: int = 50\n"),
    ),
    "src/orders_api/auth.py": (
        (
            "from .settings import Settings\n",
            "from .settings import Settings\nfrom .tokens import InvalidToken, Tokens\n",
        ),
    ),
    "tests/test_api.py": (
        ('"""The API greets."""', '"""The shop greets."""'),
        ("Monitors see", "Load balancers see"),
    ),
}
"""The team's edits in the files that it takes from the newer template."""


def block(name: str, language: str = "sh") -> str:
    """Return the code on the page below a comment with this name."""
    return updating.block(name, language, pages=("another-api.md", "updating.md", PAGE))


def step(name: str, tool: str) -> str:
    """Return the commands of a step of the page, which may differ between git and cruft."""
    text = updating.block(name, pages=(PAGE,))
    return text.replace("LAST", LAST[tool])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the template: 1.1.0 as it was, and 2.0.0 as the template stands."""
    archive = subprocess.run(
        ["git", "archive", OLD_COMMIT], cwd=TEMPLATE, capture_output=True, check=False
    )
    if archive.returncode:
        lack(f"1.1.0 ({OLD_COMMIT}) is not in this clone: run `git fetch --unshallow`")
    repository = tmp_path_factory.mktemp("migration") / "template.git"
    repository.mkdir()
    workplace = Workplace(repository.parent, repository)
    subprocess.run(["tar", "-x"], cwd=repository, input=archive.stdout, check=True)
    commit_version(workplace, OLD)
    workplace.do("git rm -rq .", "template.git")
    copy_template(repository, NEW)
    commit_version(workplace, NEW)
    return repository


@pytest.fixture
def workplace(tmp_path: Path, template: Path) -> Workplace:
    return Workplace(tmp_path, template)


def generate(workplace: Workplace, version: str) -> Project:
    """Generate a project by a version of the template, from the defaults of an organization."""
    (workplace.path / "our-apis.yaml").write_text(block("our-apis.yaml", "yaml"), encoding="utf-8")
    command = re.sub(r"--checkout \S+", f"--checkout {version}", block("defaults"))
    workplace.do(command)
    return Project(workplace.path / "orders-api")


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Path:
    """Return a workplace with a project of 1.1.0, begun as the page about updates says."""
    workplace = Workplace(tmp_path_factory.mktemp("begun"), template)
    generate(workplace, OLD)
    workplace.do(block("git: begin").replace(NEW, OLD))
    return workplace.path


@pytest.fixture
def project(begun: Path, workplace: Workplace) -> Project:
    shutil.copytree(begun, workplace.path, dirs_exist_ok=True)
    return Project(workplace.path / "orders-api")


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Mapping[str, bytes]:
    """Return the files that 2.0.0 makes of the same answers."""
    return generate(Workplace(tmp_path_factory.mktemp("fresh"), template), NEW).files()


def work(workplace: Workplace, project: Project) -> None:
    """Edit the project as a team would, and implement JWT by the chapter of 1.1.0."""
    for name, edits in TEAMS_EDITS.items():
        for old, new in edits:
            edit(project.path / name, old, new)
    for name, text in TEAMS_FILES.items():
        (project.path / name).write_text(text, encoding="utf-8")
    chapter = workplace.do(f"git show {OLD}:docs/jwt.md", str(workplace.template))
    chapter = chapter.replace("hello_api", "orders_api")
    module = re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", chapter, re.DOTALL)[0]
    (project.path / module[0]).write_text(module[1], encoding="utf-8")
    change = re.findall(r"```diff\n(.*?)```", chapter, re.DOTALL)[0]
    (workplace.path / "change.diff").write_text(change, encoding="utf-8")
    workplace.do("git apply ../change.diff\nuv add -q pyjwt", "orders-api")
    assert " passed" in workplace.do("uv run pytest -q tests/test_[ajo]*.py", "orders-api")
    workplace.do("git add --all\ngit commit -qm Work", "orders-api")


def text_of(files: Mapping[str, bytes]) -> str:
    return "\n".join(content.decode() for content in files.values())


def hunks(name: str) -> Iterator[tuple[str, str]]:
    """Yield the changes of a file that the page shows: a text, and the text in its place."""
    for hunk in re.split(r"^@@.*\n", block(f"edit: {name}", "diff"), flags=re.MULTILINE):
        lines = [(line[:1], f"{line[1:]}\n") for line in hunk.splitlines()]
        if lines:
            old = "".join(text for sign, text in lines if sign != "+")
            new = "".join(text for sign, text in lines if sign != "-")
            yield old, new


def change_by_hand(project: Project) -> None:
    """Make the edits again that the newer template's files lack, and change what the page says."""
    for name, edits in EDITS_AGAIN.items():
        for old, new in edits:
            edit(project.path / name, old, new)
    auth = project.source / "auth.py"
    [(_, create_verifier)] = hunks("src/orders_api/auth.py")
    text = auth.read_text("utf-8")
    text = re.sub(r"class InvalidToken.*?\n\n\n", "", text, count=1, flags=re.DOTALL)
    text = re.sub(
        r"def create_verifier.*?\n\n\n", f"{create_verifier}\n\n", text, count=1, flags=re.DOTALL
    )
    auth.write_text(text, encoding="utf-8")
    for name in "src/orders_api/tokens.py", "tests/test_orders.py":
        for old, new in hunks(name):
            edit(project.path / name, old, new)


@each_tool
def test_migration(
    workplace: Workplace, project: Project, fresh: Mapping[str, bytes], tool: str
) -> None:
    """A project with edits of all kinds is one of 2.0.0 afterward, with them, and passes."""
    if tool == "cruft":
        workplace.do(block("cruft: begin").replace(NEW, OLD), "orders-api")
    work(workplace, project)
    found = workplace.run(step("find", tool), "orders-api")
    assert found.returncode == 1
    edited = re.findall(r"^diff --git a/(\S+)", found.stdout, re.MULTILINE)
    assert edited == ["src/orders_api/cors/policy.py", "tests/test_cors.py"]
    workplace.do(step("restore", tool) + step("find", tool), "orders-api")

    updated = workplace.run(step(f"{tool}: update", tool), "orders-api")
    assert updated.returncode == (1 if tool == "git" else 0), updated.stderr
    conflicts = workplace.do("git diff --name-only --diff-filter=U", "orders-api").split()
    assert set(conflicts) == {*EDITS_AGAIN}
    for name in conflicts:
        workplace.do(step("theirs", tool).replace("FILE", name), "orders-api")
    change_by_hand(project)
    checked = workplace.do(step("check", tool), "orders-api")
    assert " passed" in checked
    assert "APP_CORS__MAX_AGE" in checked

    names = workplace.do("git ls-files", "orders-api").split()
    own = {*TEAMS_FILES, "src/orders_api/tokens.py", "uv.lock"}
    assert {*names} - {".cruft.json"} == {*fresh} - {".env"} | own
    yours = {*EDITS_AGAIN, *own, "src/orders_api/environments.toml", "src/orders_api/openapi.toml"}
    for name in {*fresh} - {".env", "pyproject.toml"} - yours:
        assert (project.path / name).read_bytes() == fresh[name], name
    assert ORIGIN in (project.source / "environments.toml").read_text("utf-8")
    assert "pyjwt" in (project.path / "pyproject.toml").read_text("utf-8")


@pytest.mark.usefixtures("project")
def test_nothing_edited(workplace: Workplace) -> None:
    """A project that nobody has edited is updated without a conflict, and passes."""
    workplace.do(step("find", "git") + step("git: update", "git"), "orders-api")
    assert " passed" in workplace.do(step("check", "git").partition("git add")[0], "orders-api")


def test_names(begun: Path, fresh: Mapping[str, bytes]) -> None:
    """What the page says to replace was in a project of 1.1.0, and what to write is in one now."""
    section = (PAGES / PAGE).read_text("utf-8").partition("## 4. ")[2].partition("## 5. ")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| ")][2:]
    assert rows
    files = Project(begun / "orders-api").files()
    before = {name: text for name, text in files.items() if not name.startswith(".git/")}
    yours = {name: text for name, text in fresh.items() if "/cors/" not in name}
    for row in rows:
        old, new = (re.findall(r"`([^`…]+)", cell)[:1] for cell in row)
        assert old
        assert old[0] in text_of(before)
        assert old[0] not in text_of(yours)
        assert "nothing" in row[1] or new[0] in text_of(fresh)
