"""The template that this folder is part of: its name, its version, and the rules of a policy."""

import sys
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

TEMPLATE = Path(__file__).parent.parent
CORS = TEMPLATE / "{{cookiecutter.project_slug}}" / "src" / "{{cookiecutter.__package}}" / "cors"

_project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text("utf-8"))["project"]
NAME: str = _project["name"]
VERSION: str = _project["version"]


MODULES = ("document", "policy", "rulebook")


class _AnyDomain:
    """A stub of the Public Suffix List: no domain is public."""

    def privatesuffix(self, domain: str) -> str:
        return domain


def _policy_modules() -> tuple[Any, ...]:
    """Import the modules that read a policy from the template's `cors/`, not from a project's.

    Of Starlette, they need the methods of the dev preset, which decide nothing here. Without
    publicsuffixlist, whether a pattern covers names that anyone can get is not checked.
    """
    package = ModuleType("fleet.cors")
    package.__path__ = [str(CORS)]
    stubs: dict[str, Any] = {
        package.__name__: package,
        "starlette.middleware.cors": SimpleNamespace(ALL_METHODS=()),
    }
    before = {name: sys.modules.get(name) for name in stubs}
    writes_bytecode, sys.dont_write_bytecode = not sys.dont_write_bytecode, True
    sys.modules.update(stubs)
    try:
        modules = tuple(import_module(f"{package.__name__}.{x}") for x in MODULES)
    finally:
        sys.dont_write_bytecode = not writes_bytecode
        sys.modules.update({name: module for name, module in before.items() if module})
        for name in [name for name, module in before.items() if module is None]:
            del sys.modules[name]
    if find_spec("publicsuffixlist") is None:
        sys.modules["publicsuffixlist"] = SimpleNamespace(PublicSuffixList=_AnyDomain)  # type: ignore[assignment]
    return modules


document, policy, rulebook = _policy_modules()
