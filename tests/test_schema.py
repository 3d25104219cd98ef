"""`environments.schema.json`, by which editors complete and check the keys, agrees with the API."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tables
from conftest import ANSWER_SETS, Project
from jsonschema import Draft7Validator

SCHEMA = Draft7Validator(json.loads(tables.SCHEMA.read_text("utf-8")))
POLICIES = tables.policies()

ACCEPTED = [
    "docs = true\n[production]",
    'allow_origins = ["https://*.previews.example.com", "https://xn--strae-oqa.example:8443"]',
    'allow_app_origins = ["capacitor://localhost", "http://localhost", "app://obsidian.md"]',
    f'allow_app_origins = ["chrome-extension://{"ap" * 16}"]',
    'allowed_hosts = ["*.example.com", "10.0.0.1", "[fd00::1]", "api"]',
    'allow_methods = ["GET", "PURGE", "M-SEARCH"]',
    'allow_headers = ["X-One", "x_two"]\nexpose_headers = ["*X", "ETag"]\nmax_age = 0',
    'cross_site_posts = ["/", "/auth/callback", "/saml/acs/"]\nallow_credentials = true',
    'local = true\npreset = "dev"\nallow_origins = ["http://frontend:3000", "http://[::1]:5173"]',
    "local = false\nallow_origins = []\nallow_app_origins = []\nmax_age = 86400",
]
REJECTED = [
    "local = true\n[production]",
    "unknown = 1\n[production]",
    "alow_origins = []",
    "docs = 1",
    'preset = "dev"',
    'preset = "lax"',
    'local = false\npreset = "dev"',
    "max_age = -1",
    "max_age = 86401",
    "max_age = 1.5",
    'allow_origins = "https://app.example.com"',
    'allow_origins = ["*"]',
    'allow_origins = ["https://app.example.com/"]',
    'allow_origins = ["https://a.example", "https://a.example"]',
    'allow_origins = ["https://pr-*.example.com"]',
    'allow_origins = ["capacitor://localhost"]',
    'allow_app_origins = ["https://app.example.com"]',
    'allow_app_origins = ["null"]',
    'allow_methods = ["get"]',
    'allow_methods = ["*"]',
    "allow_methods = []",
    'allow_headers = ["X One"]',
    "allowed_hosts = []",
    'allowed_hosts = ["*"]',
    'cross_site_posts = ["/auth/*"]',
]


def parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text if "[production]" in text else f"[production]\n{text}")


def starts(document: str, folder: Path) -> bool:
    """Return whether the API would start with this document."""
    file = folder / "environments.toml"
    file.write_text(
        document if "[production]" in document else f"[production]\n{document}", "utf-8"
    )
    try:
        POLICIES.load_policy("production", None, file)
    except POLICIES.ConfigurationError:
        return False
    return True


def test_made() -> None:
    """The schema is made from the keys and the rules: `python tests/tables.py` writes it."""
    assert tables.SCHEMA.read_text("utf-8") == tables.schema()
    Draft7Validator.check_schema(SCHEMA.schema)


@pytest.mark.parametrize("document", ACCEPTED)
def test_accepted(tmp_path: Path, document: str) -> None:
    """What the API accepts, the schema accepts."""
    assert starts(document, tmp_path)
    assert [error.message for error in SCHEMA.iter_errors(parsed(document))] == []


@pytest.mark.parametrize("document", REJECTED)
def test_rejected(tmp_path: Path, document: str) -> None:
    """What the schema rejects, the API rejects."""
    assert not SCHEMA.is_valid(parsed(document))
    assert not starts(document, tmp_path)


@pytest.mark.parametrize("answers", ANSWER_SETS)
def test_generated(generated: Callable[[str], Project], answers: str) -> None:
    """Every generated file is valid by the schema beside it, which its first line names."""
    [file] = generated(answers).path.glob("src/*/environments.toml")
    text = file.read_text("utf-8")
    [name] = re.findall(r"\A#:schema (\S+)\n", text)
    schema = json.loads((file.parent / name).read_text("utf-8"))
    assert schema == SCHEMA.schema
    assert SCHEMA.is_valid(tomllib.loads(text))


def test_every_key() -> None:
    """Every key is described, in a table and, but for `local`, above the tables."""
    definitions, above = SCHEMA.schema["definitions"], SCHEMA.schema["properties"]
    assert [*definitions["environment"]["properties"]] == [*POLICIES.KEYS]
    assert [*above] == [key for key in POLICIES.KEYS if key != "local"]
    assert all(definitions[key]["description"] for key in POLICIES.KEYS)
