"""`origins`: who trusts what, by the rules that the APIs themselves start by."""

import json
from pathlib import Path

import pytest

from .conftest import Run, write_project

POLICIES = {
    "apis/orders": """\
max_age = 60
allow_app_origins = ["capacitor://localhost"]

[development]
local = true
preset = "dev"

[staging]
allow_origins = [
    "https://*.previews.example.com",
    "https://partner.example",
]

[production]
allow_origins = ["https://app.example.com"]
allow_app_origins = []
allow_credentials = true
cross_site_posts = ["/auth/callback"]
""",
    "apis/billing": '[production]\nallow_origins = ["https://partner.example"]\n',
    "users": "[production]\n",
}

FILE = "src/api/environments.toml"
BILLING = f"apis/billing  production  allow_origins  https://partner.example  {FILE}, line 2"
STAGING = f"staging  allow_origins  https://partner.example  {FILE}, line 11"
ORDERS = [
    f"development  allow_app_origins  capacitor://localhost  {FILE}, line 2",
    f"development  preset  any localhost origin  {FILE}, line 6",
    f"staging  allow_origins  https://*.previews.example.com  {FILE}, line 10",
    STAGING,
    f"staging  allow_app_origins  capacitor://localhost  {FILE}, line 2",
    f"production  allow_origins  https://app.example.com  {FILE}, line 15  credentials",
    f"production  cross_site_posts  /auth/callback  {FILE}, line 18  credentials",
]


@pytest.fixture
def projects(tmp_path: Path) -> None:
    """Write projects with these policies."""
    for name, policies in POLICIES.items():
        write_project(tmp_path / name, policies=policies)


def words(lines: list[str]) -> list[str]:
    """Return lines of a table with two spaces between its columns, however wide these are."""
    return ["  ".join(x.strip() for x in line.split("  ") if x) for line in lines]


@pytest.mark.usefixtures("projects")
def test_all(fleet: Run) -> None:
    """Everything that an environment trusts is listed, with the line that says so."""
    status, lines, errors = fleet("origins", "apis", "users")
    assert (status, errors) == (0, [])
    assert words(lines) == [BILLING, *(f"apis/orders  {line}" for line in ORDERS)]


TRUSTED = {
    "https://partner.example": [BILLING, f"apis/orders  {STAGING}"],
    "https://pr-1.previews.example.com": [f"apis/orders  {ORDERS[2]}"],
    "http://localhost:5173": [f"apis/orders  {ORDERS[1]}"],
    "http://orders.localhost": [f"apis/orders  {ORDERS[1]}"],
    "capacitor://localhost": [f"apis/orders  {ORDERS[0]}", f"apis/orders  {ORDERS[4]}"],
}


@pytest.mark.usefixtures("projects")
@pytest.mark.parametrize("origin", TRUSTED)
def test_trusted(fleet: Run, origin: str) -> None:
    """Each environment that trusts an origin is listed, be it by a value, a pattern or a preset."""
    status, lines, errors = fleet("origins", origin, "apis", "users")
    assert (status, errors) == (0, [])
    assert words(lines) == TRUSTED[origin]


@pytest.mark.usefixtures("projects")
@pytest.mark.parametrize(
    "origin",
    [
        "https://www.partner.example",
        "https://partner.example:8443",
        "http://partner.example",
        "https://previews.example.com",
        "https://a.b.previews.example.com",
    ],
)
def test_untrusted(fleet: Run, origin: str) -> None:
    """An origin that no project trusts is status 1, before, between and after the folders."""
    assert fleet("origins", "apis", origin, "users") == (1, [], [f'No project trusts "{origin}".'])


@pytest.mark.usefixtures("projects")
@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ("https://Partner.example/", 'write "https://partner.example".'),
        ("https://partner.example:443", 'write "https://partner.example".'),
        ("https://*.previews.example.com", "has a wildcard [wildcard]"),
        ("ftp://partner.example", "does not use https [scheme]"),
        ("https://\x1b[2J", "has an unprintable character"),
    ],
)
def test_no_origin(fleet: Run, origin: str, message: str) -> None:
    """What no browser sends as an origin is status 2, with the origin that was probably meant."""
    status, lines, errors = fleet("origins", origin, "apis")
    assert (status, lines) == (2, [])
    assert len(errors) == 1
    assert message in errors[0]
    assert errors[0].isprintable()


@pytest.mark.usefixtures("projects")
def test_usage(fleet: Run) -> None:
    """Two origins, or none of a folder, are status 2."""
    message = ["origins takes one origin at most, and one folder or more."]
    assert fleet("origins", "https://a.example", "https://b.example", "apis") == (2, [], message)
    assert fleet("origins", "https://a.example") == (2, [], message)


@pytest.mark.usefixtures("projects")
def test_json(fleet: Run) -> None:
    """With --json, file, line and credentials are fields of their own."""
    status, lines, errors = fleet("origins", "https://app.example.com", "apis", "--json")
    assert (status, errors) == (0, [])
    assert json.loads("\n".join(lines))["results"] == [
        {
            "path": "apis/orders",
            "environment": "production",
            "key": "allow_origins",
            "value": "https://app.example.com",
            "file": FILE,
            "line": 15,
            "credentials": True,
        }
    ]


INVALID = {
    "slash": '[a]\nallow_origins = ["https://x.example/"]\n',
    "public suffix": '[a]\nallow_origins = ["https://*.vercel.app"]\n',
    "dev preset": '[a]\n[b]\npreset = "dev"\n',
    "unknown key": "[a]\nallow_origin = []\n",
    "no TOML": "[a\n",
    "deep TOML": f"a = {'[' * 20_000}",
    "no table": "",
    "type": "[a]\nallow_origins = 1\n",
    "many tables": "".join(f"[a{number}]\nx = 1\n" for number in range(1_000)),
    "large": "#" * 200_000,
}


@pytest.mark.usefixtures("projects")
@pytest.mark.parametrize("name", INVALID)
def test_invalid(fleet: Run, tmp_path: Path, name: str) -> None:
    """A file that an API does not start with is reported in one piece, and stops no other."""
    write_project(tmp_path / "apis" / "invalid", policies=INVALID[name])
    status, lines, errors = fleet("origins", "https://partner.example", "apis")
    assert status == 2
    assert words(lines) == TRUSTED["https://partner.example"]
    assert errors[0].startswith("apis/invalid: environments.toml")
    assert "Traceback" not in "".join(errors)


def test_files(fleet: Run, tmp_path: Path) -> None:
    """A project without the file, with two of them, or with a link for it, is reported."""
    (write_project(tmp_path / "apis" / "none") / FILE).unlink()
    (write_project(tmp_path / "apis" / "two") / "src" / "other").mkdir()
    (tmp_path / "apis" / "two" / "src" / "other" / "environments.toml").touch()
    link = write_project(tmp_path / "apis" / "link") / FILE
    link.unlink()
    link.symlink_to("/etc/passwd")
    status, lines, errors = fleet("origins", "apis")
    assert (status, lines) == (2, [])
    assert errors == [
        "apis/link: environments.toml can't be read: Too many levels of symbolic links.",
        f"apis/none: has no {FILE.replace('api', '*')}; restore it.",
        f"apis/two: has several policies, {FILE}, src/other/environments.toml; keep one of them.",
    ]
