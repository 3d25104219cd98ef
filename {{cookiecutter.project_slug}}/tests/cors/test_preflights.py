"""Preflights of every environment: a trusted origin is granted what the policy allows, no more."""

from itertools import product

import pytest

from .apis import API, APIS, UNTRUSTED, each_api, preflight

SAFELISTED_HEADERS = {"accept", "accept-language", "content-language", "content-type"}
UNLISTED_METHOD, UNLISTED_HEADER = "UNLISTED", "x-unlisted"
PORTS = ("", ":1", ":3000", ":8080", ":65535")

each_trusted_origin = pytest.mark.parametrize(
    ("api", "origin"), [(api, origin) for api in APIS for origin in api.trusted], ids=str
)


@each_trusted_origin
def test_granted(api: API, origin: str) -> None:
    """A preflight for an allowed method and header is granted exactly what the policy allows."""
    names = {name.lower() for name in api.options["allow_headers"]}
    headers = {UNLISTED_HEADER} if "*" in names else names | SAFELISTED_HEADERS
    methods = set(api.options["allow_methods"])
    for method in methods:
        response = preflight(api.app, origin, method, ",".join(sorted(headers)))
        assert response.status == 200
        assert response.allowed_origins == [origin]
        assert response.items("Access-Control-Allow-Methods") == methods
        assert {x.lower() for x in response.items("Access-Control-Allow-Headers")} == headers
        assert response.headers["Access-Control-Max-Age"] == str(api.options["max_age"])
        credentials = response.headers.get("Access-Control-Allow-Credentials")
        assert credentials == ("true" if api.options["allow_credentials"] else None)
        assert "Origin" in response.items("Vary")


@each_trusted_origin
def test_not_granted(api: API, origin: str) -> None:
    """A method or header that is not in the policy is not granted, to trusted origins either."""
    response = preflight(api.app, origin, UNLISTED_METHOD)
    assert response.status == (200 if api.options["local"] else 400)
    assert UNLISTED_METHOD not in response.items("Access-Control-Allow-Methods")
    if "*" not in api.options["allow_headers"]:
        response = preflight(api.app, origin, "GET", UNLISTED_HEADER)
        assert response.status == (200 if api.options["local"] else 400)
        assert UNLISTED_HEADER not in response.items("Access-Control-Allow-Headers")


@each_api
def test_untrusted(api: API) -> None:
    """An untrusted origin is granted nothing, and no cache mixes it up with another."""
    response = preflight(api.app, UNTRUSTED, "GET")
    assert (response.status, response.cors_headers) == (400, [])
    assert "Origin" in response.items("Vary")


@pytest.mark.parametrize("api", [api for api in APIS if api.is_dev], ids=str)
def test_any_localhost_origin(api: API) -> None:
    """Under `dev`, localhost is trusted on any port."""
    hosts = ("localhost", "127.0.0.1", "[::1]")
    for scheme, host, port in product(("http", "https"), hosts, PORTS):
        origin = f"{scheme}://{host}{port}"
        assert preflight(api.app, origin, "GET").allowed_origins == [origin]
