"""The library under test: that of the environment, else of a project generated for this process."""

import atexit
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

if find_spec("hello_api") is None:
    from conftest import generate

    folder = TemporaryDirectory(prefix="library-")
    atexit.register(folder.cleanup)
    sys.path.insert(0, str(generate(Path(folder.name) / "out").path / "src"))

import_module("hello_api.settings")  # the command looks for the first subclass of PolicySettings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the variables and the `.env` of the machine."""
    for name in [x for x in os.environ if x.upper().startswith("APP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
