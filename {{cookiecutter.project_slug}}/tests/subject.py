"""What is tested: the one module of the tests that names the package."""

from {{ cookiecutter.__package }}.cors import (
    ConfigurationError,
    Policy,
    load_policy,
)
from {{ cookiecutter.__package }}.cors.policy import ENVIRONMENTS_FILE
from {{ cookiecutter.__package }}.cors.refusals import (
    LINES_A_MINUTE,
    Refusals,
)
from {{ cookiecutter.__package }}.explain import __main__ as explain
from {{ cookiecutter.__package }}.explain import browser
from {{ cookiecutter.__package }}.main import app, create_app
from {{ cookiecutter.__package }}.settings import JWTSettings, Settings

__all__ = [
    "ENVIRONMENTS_FILE",
    "LINES_A_MINUTE",
    "ConfigurationError",
    "JWTSettings",
    "Policy",
    "Refusals",
    "Settings",
    "app",
    "browser",
    "create_app",
    "explain",
    "load_policy",
]
