"""The settings of the API: one field for each variable that starts with `APP_`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, SecretStr
from pydantic_settings import SettingsConfigDict

from .cors import ConfigurationError, PolicySettings

MIN_SECRET = 32
"""Bytes: a key for HMAC with SHA-256 is at least as long as the hash (RFC 7518, section 3.2)."""

MAKE_ONE = "write what `openssl rand -base64 32` prints"


def check_secret(secret: SecretStr) -> SecretStr:
    """Return a secret that is hard to guess; raise ValueError for any other."""
    text = secret.get_secret_value().strip()
    if len(text.encode(errors="surrogateescape")) < MIN_SECRET or len(set(text)) == 1:
        reason = f"is under {MIN_SECRET} bytes, or one repeated character"
        raise ValueError(f"{reason} [weak-secret]; {MAKE_ONE}")
    return secret


class JWTSettings(BaseModel):
    """How tokens are signed: the fields of the variables that start with `APP_JWT__`."""

    secret: Annotated[SecretStr, AfterValidator(check_secret)] | None = None


class Settings(PolicySettings):
    """The settings; raises `ConfigurationError` with every problem of them and of the policies."""

    model_config = SettingsConfigDict(env_prefix="APP_")

    jwt: JWTSettings = JWTSettings()

    @property
    def jwt_key(self) -> str:
        """The key to sign or verify tokens with; raises `ConfigurationError` if it is not set."""
        if self.jwt.secret is None:
            variable = self.variable("jwt", "secret")
            raise ConfigurationError([f"{variable} is not set; {MAKE_ONE}."])
        return self.jwt.secret.get_secret_value()
