"""What the tests with a browser share: one browser, two generated projects, three servers."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import Project, generate, install
from serving import Certificate, uvicorn

from .browsing import (
    ADMIN,
    API,
    APP,
    CHROMIUM,
    COOKIE_API,
    DEV_API,
    PARTNER,
    PREVIEW,
    PUBLIC_STRANGER,
    REBOUND_API,
    Browser,
    ServedAPI,
    launched,
    require,
    served_pages,
)

DEV_API_ALIASES = ("127.0.0.1:8000", "[::1]:8000", REBOUND_API.partition("://")[2])
"""Other names under which the browser finds it."""

PROJECTS = {
    "strict": {
        "environments": "development, production",
        "origins": f"development=; production={APP},{ADMIN},{PARTNER}",
    },
    "dev": {
        "environments": "development, production",
        "origins": f"development={PREVIEW}; production={APP},{PARTNER}",
        "cors_preset": "dev",
        "allow_credentials": "yes",
    },
}
"""The answers that the projects under test are generated from."""

SERVED = {
    API: ("strict", "production"),
    COOKIE_API: ("dev", "production"),
    DEV_API: ("dev", "development"),
}
"""The project and the environment behind the name of each API."""


@pytest.fixture(scope="package")
def chromium() -> None:
    require(CHROMIUM)


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="package")
def apis(
    chromium: None,  # noqa: ARG001
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mapping[str, ServedAPI]]:
    """Generate the projects, put the probes beside them, and serve them: by the API's name."""
    with ExitStack() as servers:
        projects: dict[str, Project] = {}
        for name, answers in PROJECTS.items():
            projects[name] = generate(tmp_path_factory.mktemp(name), **answers)
            install(projects[name], "3.11")
            shutil.copy(Path(__file__).with_name("probed.py"), projects[name].path)

        def served(origin: str, name: str, environment: str) -> ServedAPI:
            folder = projects[name].path
            server = servers.enter_context(
                uvicorn(
                    folder / ".venv/bin/python",
                    "probed:app",
                    folder / f"{environment}.log",
                    certificate if origin.startswith("https") else None,
                    folder=folder,
                    APP_ENVIRONMENT=environment,
                )
            )
            return ServedAPI(origin, server.port, certificate.for_client())

        yield {origin: served(origin, *served_by) for origin, served_by in SERVED.items()}


@pytest.fixture(scope="package")
def browser(
    apis: Mapping[str, ServedAPI],
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    secured = certificate.for_server()
    with (
        served_pages() as plain,
        served_pages(secured) as pages,
        served_pages(secured) as public,
    ):
        addresses = {
            **dict.fromkeys(DEV_API_ALIASES, apis[DEV_API].port),
            **{origin.partition("://")[2]: api.port for origin, api in apis.items()},
            **{origin.partition("://")[2]: public for origin in (PREVIEW, PUBLIC_STRANGER)},
            "*:80": plain,
            "*:3000": plain,
            "*:5173": plain,
            "*": pages,
        }
        profile = tmp_path_factory.mktemp("profile")
        with launched(profile, addresses, [public], certificate.public_key_hash) as browser:
            yield browser


@pytest.fixture
def api(apis: Mapping[str, ServedAPI]) -> ServedAPI:
    return apis[API]


@pytest.fixture
def cookie_api(apis: Mapping[str, ServedAPI]) -> ServedAPI:
    return apis[COOKIE_API]


@pytest.fixture
def dev_api(apis: Mapping[str, ServedAPI]) -> ServedAPI:
    return apis[DEV_API]
