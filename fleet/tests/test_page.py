"""The page for platform teams: its files and commands, from the first to the last."""

from pathlib import Path

import pytest
from conftest import TEMPLATE
from documents.pages import Page
from documents.shells import fits
from updating import Workplace

PAGE = TEMPLATE / "docs" / "how-to" / "platform-team.md"
BEGIN = {
    "orders-api": "git branch template",
    "billing-api": "true",
    "users-api": "cruft link TEMPLATE --checkout 2.0.0 --no-input --config-file .cookiecutter.yaml",
}
"""How each project of the page is set up to be updated."""

PRINTED = {
    "weekly": "../apis/users-api    2.0.0  behind 2.1.0  cruft\n",
    "push": "",
}
"""What the other commands of the page print, among other lines."""

pytestmark = pytest.mark.xdist_group("fleet")


def begin(work: Workplace) -> None:
    """Give each generated project a repository, and one to push to."""
    for name, command in BEGIN.items():
        folder = f"apis/{name}"
        work.do(f"git init -q --bare {name}.git")
        work.do(f"git init -q -b main\ngit remote add origin ../../{name}.git", folder)
        work.do(f"git add -A\ngit commit -qm Begin\n{command}", folder)
        work.do("git add -A\ngit diff --cached --quiet || git commit -qm Link", folder)


def test_page(tmp_path: Path, template: Path) -> None:
    """Every command of the page does what the page says, in this order."""
    work = Workplace(tmp_path, template)
    work.do("git clone -q TEMPLATE template")
    for fence in Page.read(PAGE, PAGE.name).fences:
        step = fence.marks.get("run")
        if name := fence.marks.get("file"):
            (tmp_path / name).write_text(fence.text, encoding="utf-8")
        elif step == "generate":
            work.do(fence.text)
            begin(work)
        elif step:
            printed = work.do(f"OPEN_ISSUE=cat\n{fence.text}", "template")
            assert PRINTED[step] in printed, printed
        elif fence.language == "sh":
            done = work.run(f"exec 2>&1\n{fence.text}", "template")
            assert done.returncode == int(fence.marks.get("exit", "0"))
            assert fits(fence.output or "", done.stdout), done.stdout
    pushed = work.do("git branch --list --format '%(refname:short)'", "orders-api.git")
    assert pushed.split() == ["template", "template-update-2.1.0"]
