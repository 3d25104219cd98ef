"""Generates what cookiecutter can't generate by itself, after the files.

- `.env`, which never leaves the machine: the local environment, and a fresh secret.
- A Kustomize overlay for each deployed environment: each one but the first.
- No folders for files that the answers did not ask for.
- Three lines that say where the project is, and how to serve and test it.
"""

import os

ENVIRONMENTS = "{{ (cookiecutter | environments) | join(' ', attribute='name') }}".split()
REPORT = "{{ report }}"
OPTIONAL_FOLDERS = (
    ".github/workflows .github kubernetes/base kubernetes/overlays kubernetes".split()
)


def write(file: str, text: str, mode: int = 0o666) -> None:
    """Write a file, unless there is one, or a link: the team may have edited it."""
    if not os.path.lexists(file):
        as_it_is = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | as_it_is, mode)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def write_env() -> None:
    """Write what stays on this machine, readable by its owner only."""
    secret = os.urandom(32).hex()
    write(".env", f"APP_ENVIRONMENT={ENVIRONMENTS[0]}\nAPP_JWT__SECRET={secret}\n", 0o600)


def write_overlays(file: str = "kubernetes/overlays/each_environment.yaml") -> None:
    """Put a copy of the overlay, if there is one, in a folder for each deployed environment."""
    if os.path.exists(file):
        with open(file, encoding="utf-8") as opened:
            overlay = opened.read()
        os.remove(file)
        for name in ENVIRONMENTS[1:]:
            folder = f"kubernetes/overlays/{name}"
            os.makedirs(folder, exist_ok=True)
            write(f"{folder}/kustomization.yaml", overlay.replace("EACH_ENVIRONMENT", name))


def remove_empty_folders() -> None:
    """Remove the folders of files that were not asked for; one that has files stays."""
    for folder in OPTIONAL_FOLDERS:
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)


def print_report() -> None:
    """Print where the project is, and how to serve and test it."""
    try:
        os.write(1, os.fsencode(REPORT))
    except OSError:
        pass  # the project is there, whether or not that can be printed


def remove_copy() -> None:
    """Remove this file where it is the copy that cookiecutter makes and forgets."""
    folder, name = os.path.split(os.path.abspath(__file__))
    if name != "post_gen_project.py":
        os.remove(os.path.join(folder, name))


if __name__ == "__main__":
    write_env()
    write_overlays()
    remove_empty_folders()
    print_report()
    remove_copy()
