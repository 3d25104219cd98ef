"""What the browser keeps, and for whom: pages of one site share its cache."""

import pytest

from .browsing import (
    ADMIN,
    APP,
    BLOCKED,
    SIBLING,
    UNTRUSTED,
    Browser,
    Options,
    ServedAPI,
    left_out,
)

Call = tuple[str, Options]

BLIND: Options = {"mode": "no-cors"}
keeping = left_out(webkit="MiniBrowser under automation has a private session, without a cache")

FROM_CACHE: Options = {"cache": "force-cache"}


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        ((APP, {}), (ADMIN, {}), "2"),
        ((APP, {}), (ADMIN, FROM_CACHE), "2"),
        ((APP, BLIND), (APP, {}), "2"),
        ((SIBLING, BLIND), (APP, {}), "2"),
        ((SIBLING, {}), (APP, {}), "2"),
        ((APP, {}), (SIBLING, {}), BLOCKED),
        ((APP, {}), (SIBLING, FROM_CACHE), BLOCKED),
    ],
    ids=str,
)
def test_cached_response(
    browser: Browser, api: ServedAPI, first: Call, then: Call, says: str | None
) -> None:
    """A cached response is used again only for the origin that it was for."""
    url = api.url("/probe/cached")
    [_, response] = [browser.fetch(who, url, **options) for who, options in (first, then)]
    assert (response.body if response else BLOCKED) == says
    assert len(api.reached(url)) == 2


@keeping
def test_kept_response(browser: Browser, api: ServedAPI) -> None:
    """A response that a handler lets browsers keep is used again for the origin that it was for."""
    url = api.url("/probe/cached")
    responses = [browser.fetch(APP, url) for _ in range(2)]
    assert [response and response.body for response in responses] == ["1", "1"]
    assert api.reached(url) == ["GET"]


@keeping
@pytest.mark.parametrize("path", ["/static/file.txt", "/frontend/file.txt", "/probe/file"])
@pytest.mark.parametrize("between", [None, ADMIN, UNTRUSTED, f"{UNTRUSTED} sandboxed"])
def test_validators(browser: Browser, api: ServedAPI, path: str, between: str | None) -> None:
    """A file that is read again is validated with a 304, even if another page asks in between."""
    url = api.url(path)
    first = browser.fetch(APP, url)
    read_between = browser.fetch(between, url) if between else BLOCKED
    again = browser.fetch(APP, url)
    assert first
    assert again
    assert [(x.status, x.body) for x in (first, again)] == [(200, "a file")] * 2
    assert (read_between is not BLOCKED) is (between == ADMIN)
    assert api.arrived(url)[0] == "GET 200"
    assert api.arrived(url)[-1] == "GET 304"
    assert len(api.arrived(url)) == (3 if between else 2)


def test_uncached_response(browser: Browser, api: ServedAPI) -> None:
    """A response is not kept unless its handler says so."""
    url = api.url("/probe/handler")
    for _ in range(2):
        browser.fetch(APP, url, **FROM_CACHE)
    assert api.reached(url) == ["GET", "GET"]


@keeping
def test_shared_cache(browser: Browser, api: ServedAPI) -> None:
    """Pages of one site do share a cache: what neither of them may read, for one."""
    url = api.url("/probe/cached")
    for who in (APP, ADMIN):
        browser.fetch(who, url, **BLIND)
    assert api.reached(url) == ["GET"]
