"""Write `.env`, which never leaves the machine: the developers' own environment, a fresh secret."""

import secrets
from pathlib import Path

ENVIRONMENT = "{{ (cookiecutter | environments)[0].name }}"

if __name__ == "__main__":
    file = Path(".env")
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(
            f"APP_ENVIRONMENT={ENVIRONMENT}\nAPP_JWT__SECRET={secrets.token_urlsafe(32)}\n",
            encoding="utf-8",
        )
