"""What the tests with browsers share: the browsers, two generated projects, their servers."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import Project, generate, install
from serving import Certificate, uvicorn

from . import chromium, firefox, webkit
from .browsing import (
    ADMIN,
    API,
    APP,
    COOKIE_API,
    DEV_API,
    HOME,
    LAN_APIS,
    LOCAL_API,
    PARTNER,
    PREVIEW,
    PUBLIC_UNTRUSTED,
    REBOUND_API,
    Browser,
    ServedAPI,
    engines,
    served_pages,
)

MODULES = {"chromium": chromium, "firefox": firefox, "webkit": webkit}

ALIASES = {
    DEV_API: ("http://127.0.0.1:8000", "http://[::1]:8000", REBOUND_API),
    LOCAL_API: LAN_APIS,
}
"""Other names under which the browsers find an API."""

PROJECTS = {
    "strict": {
        "environments": "development, production",
        "origins": f"development={HOME}; production={APP},{ADMIN},{PARTNER}",
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
    LOCAL_API: ("strict", "development"),
}
"""The project and the environment behind the name of each API."""

VARIABLES = {
    API: {
        "APP_CORS__ALLOW_ORIGINS": f"{APP},{ADMIN},{PARTNER},https://*.previews.example.com",
        "APP_CORS__ALLOW_APP_ORIGINS": "capacitor://localhost",
        "APP_CORS__CROSS_SITE_POSTS": "/probe/sign-in",
    },
    LOCAL_API: {
        "APP_CORS__ALLOWED_HOSTS": "localhost,api.lan,192.168.1.20",
        "APP_CORS__ALLOW_ORIGINS": f"{HOME},http://frontend:3000,http://192.168.1.30:3000",
    },
}
"""What is set for some of them."""


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="package")
def apis(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, ServedAPI]]:
    """Generate the projects, put the probes beside them, and serve them: by the API's name."""
    with ExitStack() as servers:
        projects: dict[str, Project] = {}
        for name, answers in PROJECTS.items():
            projects[name] = generate(tmp_path_factory.mktemp(name), **answers)
            install(projects[name])
            shutil.copy(Path(__file__).with_name("probed.py"), projects[name].path)
            (projects[name].path / "files").mkdir()
            (projects[name].path / "files" / "file.txt").write_text("a file", "utf-8")

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
                    **VARIABLES.get(origin, {}),
                )
            )
            return ServedAPI(origin, server.port, certificate.for_client())

        yield {origin: served(origin, *served_by) for origin, served_by in SERVED.items()}


@pytest.fixture(scope="package", params=engines())
def browser(
    request: pytest.FixtureRequest,
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    """Launch the browser of each engine, one after another."""
    MODULES[request.param].require()
    apis = request.getfixturevalue("apis")
    secured = certificate.for_server()
    with (
        served_pages() as plain,
        served_pages(secured) as pages,
        served_pages(secured) as public,
    ):
        addresses = {
            **{
                name.partition("://")[2]: api.port
                for origin, api in apis.items()
                for name in (origin, *ALIASES.get(origin, ()))
            },
            **{origin.partition("://")[2]: public for origin in (PREVIEW, PUBLIC_UNTRUSTED)},
            "*:80": plain,
            "*:3000": plain,
            "*:5173": plain,
            "*": pages,
        }
        profile = tmp_path_factory.mktemp(request.param)
        launched = (
            chromium.launched(profile, addresses, [public], certificate.public_key_hash)
            if request.param == "chromium"
            else MODULES[request.param].launched(profile, addresses)
        )
        with launched as browser:
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


@pytest.fixture
def local_api(apis: Mapping[str, ServedAPI]) -> ServedAPI:
    return apis[LOCAL_API]
