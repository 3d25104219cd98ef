"""Write `.env`, which never leaves the machine: the developers' own environment, a fresh secret."""

import os

ENVIRONMENT = "{{ (cookiecutter | environments)[0].name }}"

if __name__ == "__main__" and not os.path.exists(".env"):
    secret = os.urandom(32).hex()
    file = os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(file, f"APP_ENVIRONMENT={ENVIRONMENT}\nAPP_JWT__SECRET={secret}\n".encode())
    os.close(file)
