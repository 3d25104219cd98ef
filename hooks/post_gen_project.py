"""After the files: what cookiecutter can't generate by itself.

- `.env`, which never leaves the machine: the local environment, and a fresh secret.
- A Kustomize overlay for each deployed environment: each one but the first.
- No folders for files that the answers did not ask for.
"""

import os

ENVIRONMENTS = "{{ (cookiecutter | environments) | join(' ', attribute='name') }}".split()
OPTIONAL_FOLDERS = (
    ".github/workflows .github kubernetes/base kubernetes/overlays kubernetes".split()
)


def write(file: str, text: str, mode: int = 0o666) -> None:
    """Write a file, unless there is one: what its team has made of it is not lost."""
    if not os.path.exists(file):
        as_it_is = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | as_it_is, mode)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def write_env() -> None:
    """Write what belongs to this machine alone, for its owner alone."""
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


if __name__ == "__main__":
    write_env()
    write_overlays()
    remove_empty_folders()
