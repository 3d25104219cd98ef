"""What all tests share: the settings of the API in tests, and a client for it."""

import os
import secrets
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from {{ cookiecutter.__package }}.cors import ConfigurationError
from {{ cookiecutter.__package }}.settings import Settings

VARIABLES = {
    "APP_ENVIRONMENT": "{{ (cookiecutter | environments)[0].name }}",
    "APP_JWT__SECRET": secrets.token_urlsafe(32),
    "APP_CORS__ALLOWED_HOSTS": "testserver,test",  # of TestClient, and of http://test in examples
}
"""The settings in tests, whatever the machine has set or has in `.env`: add yours here."""


def pytest_configure() -> None:
    """Set the variables before the first test module imports the API."""
    for name in [x for x in os.environ if x.upper().startswith("APP_")]:
        del os.environ[name]
    os.environ.update(VARIABLES)
    Settings.model_config["env_file"] = None
    try:
        Settings()
    except ConfigurationError as error:
        pytest.exit(f"{error}\nIn tests, set variables in VARIABLES of tests/conftest.py.", 1)


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Return a client of the API, which has started up and shuts down after the test."""
    from {{ cookiecutter.__package }}.main import app  # noqa: PLC0415 - needs the variables

    with TestClient(app) as client:
        yield client
