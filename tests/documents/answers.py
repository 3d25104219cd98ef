"""A file of answers for the generator, as a page shows it."""

from pathlib import Path

from conftest import run_cookiecutter


def rejected(text: str, folder: Path) -> str:
    """Generate a project from a file of answers; return what is said against it, "" if it does."""
    file = folder / "answers.yaml"
    file.write_text(text, encoding="utf-8")
    result = run_cookiecutter(
        folder / "generated", "--no-input", "--overwrite-if-exists", "--config-file", str(file)
    )
    return result.stderr or result.stdout * (result.returncode != 0)
