"""What a tool that observes an API sees of a SecuredFastAPI: the same as of a plain FastAPI."""

import json
from pathlib import Path
from shutil import copy
from typing import Any

import observers
import pytest
from conftest import Project
from edits import installed_with
from observers import EXCLUDED, REQUESTS, TOOLS, TRUSTED

pytestmark = pytest.mark.xdist_group("telemetry")

PACKAGES = (
    "logfire[fastapi]",
    "opentelemetry-instrumentation-fastapi",
    "opentelemetry-sdk",
    "prometheus-fastapi-instrumentator",
    "sentry-sdk",
)


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return an installed project that has the tools as well."""
    project = installed_with(tmp_path_factory.mktemp("equipped"), *PACKAGES)
    copy(observers.__file__, project.path)
    return project


def observed(project: Project, tool: str, kind: str) -> dict[str, Any]:
    """Return what a tool sees of an app of this kind."""
    result = project.run("python", Path(observers.__file__).name, tool, kind)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("tool", TOOLS)
def test_observed(equipped: Project, tool: str) -> None:
    """Spans, events, metrics, hooks and exclusions are those of a plain FastAPI."""
    plain, secured = (observed(equipped, tool, kind) for kind in ("plain", "secured"))
    for part in ("statuses", "seen", "called"):
        assert secured[part] == plain[part]
    assert secured["statuses"] == [*REQUESTS.values()] * 2
    assert secured["granted"] == [*(None for _ in REQUESTS), *(TRUSTED for _ in REQUESTS)]
    assert secured["called"]
    seen = json.dumps(secured["seen"])
    assert "/nested/items/{item_id}" in seen
    assert "It failed" in seen or tool == "prometheus"
    assert EXCLUDED not in seen
