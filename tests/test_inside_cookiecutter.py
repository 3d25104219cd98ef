"""What the template reads from inside cookiecutter and cruft is still there, in their newest."""

import inspect
from importlib import import_module
from types import CodeType

import pytest


def code_of(module: str, function: str) -> CodeType:
    code: CodeType = inspect.unwrap(getattr(import_module(module), function)).__code__
    return code


@pytest.mark.parametrize(
    ("module", "function", "variables"),
    [
        ("cookiecutter.prompt", "prompt_for_config", "context no_input prompts prefix"),
        (
            "cookiecutter.generate",
            "generate_files",
            "context output_dir overwrite_if_exists project_dir",
        ),
        (
            "cookiecutter.main",
            "cookiecutter",
            "config_dict extra_context template checkout directory output_dir overwrite_if_exists",
        ),
        (
            "cruft._commands.utils.cookiecutter",
            "generate_cookiecutter_context",
            "config_dict extra_context",
        ),
        (
            "cruft._commands.create",
            "create",
            "template_git_url checkout directory output_dir overwrite_if_exists",
        ),
        ("cruft._commands.update", "update", "project_dir template_path checkout"),
        ("cruft._commands.utils.generate", "_generate_output", ""),
    ],
)
def test_variables(module: str, function: str, variables: str) -> None:
    """A function whose frame the template looks into keeps the variables that it looks for."""
    code = code_of(module, function)
    assert {*variables.split()} <= {*code.co_varnames, *code.co_cellvars}


def test_question_can_be_asked() -> None:
    """The function that asks a question accepts what the template passes."""
    taken = code_of("cookiecutter.prompt", "read_user_variable").co_varnames[:4]
    assert taken == ("var_name", "default_value", "prompts", "prefix")
