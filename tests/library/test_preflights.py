"""Preflights: what is granted, what is not, and what is no preflight at all."""

import pytest
from hello_api.cors import SecuredFastAPI

from .apis import (
    DEPLOYED,
    ENVIRONMENTS,
    LOCAL,
    TRUSTED,
    UNTRUSTED,
    api_of,
    preflight,
    reaches,
    send,
)

REQUESTED = {"Access-Control-Request-Method": "PUT"}
SAFELISTED = ["Accept", "Accept-Language", "Content-Language", "Content-Type"]
DEV = {"preset": "dev", "allow_origins": [TRUSTED]}
MANY = ",".join(f"x-{number}" for number in range(5_000))


@pytest.fixture(params=ENVIRONMENTS)
def api(request: pytest.FixtureRequest) -> SecuredFastAPI:
    return api_of(request.param)


@pytest.mark.parametrize("credentials", [True, False])
def test_granted(credentials: bool) -> None:  # noqa: FBT001
    """A preflight that asks for what is allowed is answered with exactly the policy."""
    options = {"allow_methods": ["GET", "PUT"], "allow_headers": ["X-One"], "max_age": 60}
    api = api_of(DEPLOYED, allow_credentials=credentials, **options)
    response = preflight(api, "PUT", "content-type,x-one")
    assert (response.status, response.body) == (200, "OK")
    assert {x: y for x, y in response.headers.items() if x.startswith("access-control-")} == {
        "access-control-allow-origin": TRUSTED,
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": ", ".join([*SAFELISTED, "X-One"]),
        "access-control-max-age": "60",
        **({"access-control-allow-credentials": "true"} if credentials else {}),
    }
    assert "Origin" in response.items("Vary")
    assert api.state.reached == []


@pytest.mark.parametrize(
    "names",
    [
        ",,authorization,,",
        ", authorization ,\tcontent-type,",
        ["authorization", "content-type"],
        ["", "authorization,,", " ", "content-type "],
        "Authorization,CONTENT-TYPE",
        "",
        ",",
        [],
    ],
    ids=str,
)
def test_list(names: str | list[str]) -> None:
    """The requested headers are a list, as RFC 9110 reads it: empty elements, spaces, lines."""
    assert preflight(api_of(DEPLOYED), "PUT", names).status == 200


@pytest.mark.parametrize(
    "names",
    ["x-one", ",,authorization,x-one", ["authorization", "x-one"], "authorization x-one", MANY],
    ids=lambda names: str(names)[:30],
)
def test_not_granted(api: SecuredFastAPI, names: str | list[str]) -> None:
    """A header that is not allowed is not granted, wherever in the list it stands."""
    response = preflight(api, "PUT", names)
    assert response.status == (200 if api.policy.local else 400)
    allowed = ", ".join(sorted([*SAFELISTED, "Authorization"]))
    assert response.headers["Access-Control-Allow-Headers"] == allowed
    assert response.allowed_origins == [TRUSTED]


def test_method_not_granted(api: SecuredFastAPI) -> None:
    """A method that is not allowed is not granted; methods are case-sensitive."""
    for method in "PURGE", "put":
        response = preflight(api, method)
        assert response.status == (200 if api.policy.local else 400)
        assert response.items("Access-Control-Allow-Methods") == [*api.policy.allow_methods]


def test_reason() -> None:
    """A preflight that grants too little says why in the local environment, and nowhere else."""
    method, header = (
        'method "PURGE" is not in allow_methods [unlisted-method]',
        '"x-one, x-two" is not in allow_headers [unlisted-header]',
    )
    response = preflight(api_of(LOCAL), "PURGE", "Authorization,x-one, x-two")
    assert (response.status, response.allowed_origins) == (200, [TRUSTED])
    assert response.body == f"Blocked: {method}; header {header}"
    assert response.headers["Content-Length"] == str(len(response.body))

    response = preflight(api_of(LOCAL), "PURGE", "x-one", Origin=UNTRUSTED)
    assert (response.status, response.cors_headers) == (400, [])
    assert response.body.startswith(
        f'Blocked: origin "{UNTRUSTED}" is not trusted [untrusted-origin]; {method}; '
    )
    assert response.headers["Content-Length"] == str(len(response.body))
    assert "Origin" in response.items("Vary")

    response = preflight(api_of(DEPLOYED), "PURGE", "x-one")
    assert (response.status, response.body) == (400, "Disallowed CORS method, headers")


def test_reason_in_any_language() -> None:
    """The length of a reason is that of its bytes, whatever was asked for."""
    response = preflight(api_of(LOCAL), "GR\xd6SSE")
    assert response.body == 'Blocked: method "GR\xd6SSE" is not in allow_methods [unlisted-method]'
    assert response.headers["Content-Length"] == str(len(response.body.encode()))


def test_private_network(api: SecuredFastAPI) -> None:
    """Access from a public page into a private network is not granted."""
    headers = {"Access-Control-Request-Private-Network": "true"}
    response = preflight(api, "PUT", **headers)
    assert response.status == (200 if api.policy.local else 400)
    assert "Access-Control-Allow-Private-Network" not in response.headers
    if api.policy.local:
        assert response.body == "Blocked: private-network access is not supported"


def test_any_header() -> None:
    """Where every header is allowed, those that were asked for are granted, as one list."""
    api = api_of(LOCAL, **DEV)
    for names in "x-one,x-two", ["x-one", " x-two,"]:
        response = preflight(api, "QUERY", names)
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Headers"] == "x-one,x-two"
    response = preflight(api, "PURGE", "x-one")
    assert response.body == 'Blocked: method "PURGE" is not in allow_methods [unlisted-method]'


def test_long_list() -> None:
    """Of a list that is longer than any page's, the beginning counts: no more is granted."""
    name = "x" * 4_096
    for names in name, f"{name}x", [name, "x-one"]:
        response = preflight(api_of(LOCAL, **DEV), "PUT", names)
        assert response.headers["Access-Control-Allow-Headers"] == name
    response = preflight(api_of(LOCAL), "PUT", [",".join(410 * ["authorization"]), "x-one"])
    assert "x-one" not in response.body
    assert "X-One" not in response.headers["Access-Control-Allow-Headers"]


def test_without_origin(api: SecuredFastAPI) -> None:
    """An OPTIONS request that names a method, but no origin, is no preflight."""
    assert reaches(api, "OPTIONS", **REQUESTED)
    response = send(api, "OPTIONS", **REQUESTED)
    assert (response.status, response.cors_headers) == (200, [])


def test_without_method(api: SecuredFastAPI) -> None:
    """An OPTIONS request with an origin that names no method is no preflight."""
    assert reaches(api, "OPTIONS", Origin=TRUSTED)
    assert reaches(api, "OPTIONS", Origin=UNTRUSTED)


@pytest.mark.parametrize("method", ["GET", "POST", "WebSocket"])
def test_other_method(api: SecuredFastAPI, method: str) -> None:
    """A request of another method is no preflight, whatever headers it has."""
    assert reaches(api, method, Origin=TRUSTED, **REQUESTED)


def test_empty_origin(api: SecuredFastAPI) -> None:
    """A preflight of an empty origin is granted nothing."""
    response = preflight(api, Origin="")
    assert (response.status, response.cors_headers) == (400, [])
