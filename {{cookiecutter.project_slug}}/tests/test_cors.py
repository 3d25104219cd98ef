"""What the pages of a trusted origin are told."""

from itertools import product

import pytest

from .apis import APIS, ProbedAPI, each_api, each_trusted_origin, granted, listed, preflight

SAFELISTED_HEADERS = {"accept", "accept-language", "content-language", "content-type"}
METHOD_OF_NO_LIST, HEADER_OF_NO_LIST = "OF-NO-LIST", "x-of-no-list"
PORTS = ("", ":1", ":3000", ":8080", ":65535")


@each_trusted_origin
def test_preflight_is_told_the_policy(api: ProbedAPI, origin: str) -> None:
    """A preflight from a trusted origin is granted what the policy allows, and told just that."""
    names = {name.lower() for name in api.options["allow_headers"]}
    headers = {HEADER_OF_NO_LIST} if "*" in names else names | SAFELISTED_HEADERS
    methods = set(api.options["allow_methods"])
    for method in methods:
        response = preflight(api.client, "/probe/handler", origin, method, ",".join(headers))
        assert response.status_code == 200
        assert granted(response) == [origin]
        assert listed(response, "Access-Control-Allow-Methods") == methods
        told = {name.lower() for name in listed(response, "Access-Control-Allow-Headers")}
        assert told == headers
        assert response.headers["Access-Control-Max-Age"] == str(api.options["max_age"])
        assert "Origin" in listed(response, "Vary")


@each_trusted_origin
def test_preflight_refuses_what_is_not_listed(api: ProbedAPI, origin: str) -> None:
    """A method or a header that the policy does not list is refused to trusted origins too."""
    unlisted = [(METHOD_OF_NO_LIST, "")]
    if "*" not in api.options["allow_headers"]:
        unlisted.append(("GET", HEADER_OF_NO_LIST))
    for method, name in unlisted:
        response = preflight(api.client, "/probe/handler", origin, method, name)
        assert response.status_code == 400


@each_trusted_origin
def test_answer_is_shown(api: ProbedAPI, origin: str) -> None:
    """A trusted page may read the answer and the headers that the policy exposes."""
    response = api.client.get("/probe/handler", headers={"Origin": origin})
    assert response.status_code == 200
    assert granted(response) == [origin]
    exposed = listed(response, "Access-Control-Expose-Headers")
    assert exposed == set(api.options["expose_headers"])
    assert "Origin" in listed(response, "Vary")


@each_trusted_origin
def test_credentials(api: ProbedAPI, origin: str) -> None:
    """Browsers may send cookies exactly where the policy says so."""
    expected = ["true"] if api.options["allow_credentials"] else []
    actual = api.client.get("/probe/handler", headers={"Origin": origin})
    for response in (actual, preflight(api.client, "/probe/handler", origin, "GET")):
        assert response.headers.get_list("Access-Control-Allow-Credentials") == expected


@pytest.mark.parametrize("api", [api for api in APIS if api.is_dev], ids=str)
def test_dev_trusts_any_loopback_page(api: ProbedAPI) -> None:
    """Under `dev` every page of the developer's machine is trusted, on any port."""
    hosts = ("localhost", "127.0.0.1", "[::1]")
    for scheme, host, port in product(("http", "https"), hosts, PORTS):
        origin = f"{scheme}://{host}{port}"
        api.reached.clear()
        response = api.client.post("/probe/handler", headers={"Origin": origin})
        assert (granted(response), api.reached) == ([origin], ["POST"])
        assert granted(preflight(api.client, "/probe/handler", origin, "POST")) == [origin]


@each_api
def test_request_without_origin_is_told_nothing(api: ProbedAPI) -> None:
    """A request that no page of another origin sends is answered without a policy."""
    response = api.client.get("/probe/handler")
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control-")]
