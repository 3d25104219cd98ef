"""Write `.env`, which never leaves the machine: the developers' own environment, a fresh secret."""

import os
import secrets
from pathlib import Path

ENVIRONMENT = "{{ (cookiecutter | environments)[0].name }}"

if __name__ == "__main__":
    file = Path(".env")
    if not file.exists():
        text = f"APP_ENVIRONMENT={ENVIRONMENT}\nAPP_JWT__SECRET={secrets.token_urlsafe(32)}\n"
        with open(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as stream:
            stream.write(text)
