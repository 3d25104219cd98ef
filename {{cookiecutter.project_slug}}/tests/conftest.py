"""Neither the variables nor the `.env` of the machine that runs the tests may count."""

import os
import secrets
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }}.cors import ConfigurationError
from {{ cookiecutter.__package }}.cors.policy import read_tables
from {{ cookiecutter.__package }}.settings import Settings


def pytest_configure() -> None:
    """Set what the API is configured with, before the first test module imports it."""
    for variable in [name for name in os.environ if name.upper().startswith("APP_")]:
        del os.environ[variable]
    os.environ["APP_JWT__SECRET"] = secrets.token_urlsafe(32)
    os.environ["APP_CORS__ALLOWED_HOSTS"] = "testserver,api.invalid"  # not so in test_hosts.py
    Settings.model_config["env_file"] = None
    try:
        os.environ["APP_ENVIRONMENT"] = next(iter(read_tables()))
        Settings()
    except ConfigurationError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session", autouse=True)
def event_loop_for_all_websockets() -> Iterator[None]:
    """Share one: `TestClient` would start one for each, which takes as long again."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield
