"""What is under test: the only module of this suite that names the package."""

from {{ cookiecutter.__package }} import main
from {{ cookiecutter.__package }}.cors import SecuredFastAPI, load_policy
from {{ cookiecutter.__package }}.settings import Settings

__all__ = ["SecuredFastAPI", "Settings", "load_policy", "main"]
