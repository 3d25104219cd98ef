"""Another browser, of another make, agrees: Firefox decides as Chromium does."""

from collections.abc import Iterator, Mapping

import pytest
from serving import Certificate

from .browsing import (
    API,
    APP,
    PARTNER,
    SIBLING,
    STRANGER,
    Fetch,
    Outcome,
    ServedAPI,
    blocked,
    fetch,
    reads,
    require,
    served_pages,
)
from .firefox import FIREFOX, Firefox, firefox

pytestmark = pytest.mark.xdist_group("browser")

GET = fetch()
TOKEN = fetch(headers={"Authorization": "Bearer token"})
PUT = fetch(method="PUT", headers={"Content-Type": "application/json"}, body="{}")
TRACED = fetch(headers={"X-Trace": "1"})
TEXT = fetch(method="POST", body="a text")
BLIND = fetch(method="POST", body="a text", mode="no-cors")


@pytest.fixture(scope="module")
def fox(
    apis: Mapping[str, ServedAPI],
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Firefox]:
    require(FIREFOX)
    with served_pages(certificate.for_server()) as pages:
        ports = {"*": pages, API.removeprefix("https://"): apis[API].port}
        with firefox(tmp_path_factory.mktemp("firefox"), ports) as browser:
            yield browser


@pytest.mark.parametrize(
    ("who", "does", "outcome"),
    [
        (APP, GET, reads(200, "GET 200")),
        (APP, TOKEN, reads(200, "OPTIONS 200", "GET 200")),
        (APP, PUT, reads(200, "OPTIONS 200", "PUT 200")),
        (APP, fetch("/probe/failure"), reads(500, "GET 500")),
        (APP, fetch("/probe/status/404"), reads(404, "GET 404")),
        (APP, TRACED, blocked("OPTIONS 400")),
        (APP, TEXT, reads(200, "POST 200")),
        (PARTNER, PUT, reads(200, "OPTIONS 200", "PUT 200")),
        (STRANGER, GET, blocked("GET 200")),
        (STRANGER, TOKEN, blocked("OPTIONS 400")),
        (STRANGER, PUT, blocked("OPTIONS 400")),
        (STRANGER, TEXT, blocked("POST 403")),
        (STRANGER, BLIND, blocked("POST 403")),
        (SIBLING, GET, blocked("GET 200")),
        (SIBLING, BLIND, blocked("POST 403")),
    ],
    ids=str,
)
def test_call(fox: Firefox, api: ServedAPI, who: str, does: Fetch, outcome: Outcome) -> None:
    """A page reads what its origin is trusted with, and a stranger's write gets nowhere."""
    got = fox.outcome(who, api, does)
    assert (got.status, got.arrived) == (outcome.status, outcome.arrived)
