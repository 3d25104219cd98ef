"""CORScanner, which knows how policies go wrong, finds nothing wrong with this one.

It makes its lookalikes of the name in the URL. So a deployed environment is called by the names of
the origins that it trusts, through a proxy that leads every name to the server under test. A local
one is called by its address: `localhost` has no dot, and the lookalike that is to lack one would be
the trusted `http://localhost` itself.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Project
from serving import Certificate, tunnel_to, uvicorn
from wrong_policies import WRONG_POLICIES

LOOKALIKES = 36
"""Requests that the scanner makes for a URL that it finds nothing wrong with, at least."""


def scan(folder: Path, *urls: str, proxy: str | None = None) -> dict[str, list[str]]:
    """Return what the scanner finds: the kind of fault, and whether it is one with credentials.

    It would get a list of public suffixes from the network: it falls back on its own.
    """
    listed, found = folder / "urls", folder / "found.json"
    listed.write_text("\n".join(urls), "utf-8")
    by_proxy = ["--proxy", proxy] if proxy else []
    result = subprocess.run(
        [sys.executable, "-m", "CORScanner.cors_scan", "-i", listed, "-o", found, *by_proxy],
        env={
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            "TLDEXTRACT_CACHE": str(folder / "suffixes"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return {x["url"]: [x["type"], x["credentials"]] for x in json.loads(found.read_text("utf-8"))}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(name))
        for name in ("defaults", "dev-credentials", "dev-quotes")
    ],
)
def test_environments(installed: Callable[[str], Project], name: str, tmp_path: Path) -> None:
    """The scanner gets answers from every environment of a project, and finds nothing in them."""
    project = installed(name)
    certificate = Certificate(tmp_path)
    tables = tomllib.loads((project.source / "environments.toml").read_text("utf-8"))
    for environment, table in tables.items():
        local = table.get("local", False)
        names = ["https://api.example.com", *table["allow_origins"]]
        with (
            uvicorn(
                project.path / ".venv/bin/python",
                f"{project.package}.main:app",
                tmp_path / f"{environment}.log",
                None if local else certificate,
                folder=project.path,
                APP_ENVIRONMENT=environment,
            ) as server,
            tunnel_to({"*": server.port}) as port,
        ):
            urls = [f"http://127.0.0.1:{server.port}"] if local else names
            assert (
                scan(tmp_path, *urls, proxy=None if local else f"http://127.0.0.1:{port}") == {}
            ), environment
            assert server.requests(200) >= LOOKALIKES * len(urls), server.log.read_text("utf-8")


def test_wrong_policies(tmp_path: Path) -> None:
    """The scanner finds what is wrong with policies that are wrong, credentials included."""
    app, log, here = "wrong_policies:app", tmp_path / "log", Path(__file__).parent
    with (
        uvicorn(sys.executable, app, log, Certificate(tmp_path), folder=here) as server,
        tunnel_to({"*": server.port}) as port,
    ):
        found = scan(
            tmp_path,
            *(f"https://{name}" for name in WRONG_POLICIES),
            proxy=f"http://127.0.0.1:{port}",
        )
    assert found == {
        f"https://{name}": [fault, "true"] for name, (_, fault) in WRONG_POLICIES.items()
    }
