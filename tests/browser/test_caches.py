"""What the browser keeps, and for whom: pages of one site share its cache."""

import pytest

from .browsing import ADMIN, APP, BLOCKED, SIBLING, Browser, Options, ServedAPI

pytestmark = pytest.mark.xdist_group("browser")

Call = tuple[str, Options]

BLIND: Options = {"mode": "no-cors"}
FROM_CACHE: Options = {"cache": "force-cache"}


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        ((APP, {}), (APP, {}), "1"),
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
def test_cached_answer(
    browser: Browser, api: ServedAPI, first: Call, then: Call, says: str | None
) -> None:
    """A cached answer is used again for the origin that it was for, and for that origin alone."""
    url = api.url("/probe/cached")
    [_, answer] = [browser.visitor(who).fetch(url, **options) for who, options in (first, then)]
    assert (answer.body if answer else BLOCKED) == says
    assert len(api.reached(url)) == (1 if says == "1" else 2)


def test_uncached_answer(browser: Browser, api: ServedAPI) -> None:
    """An answer is not kept unless its handler says so."""
    url = api.url("/probe/handler")
    for _ in range(2):
        browser.visitor(APP).fetch(url, **FROM_CACHE)
    assert api.reached(url) == ["GET", "GET"]


def test_shared_cache(browser: Browser, api: ServedAPI) -> None:
    """Pages of one site do share a cache: what neither of them may read, for one."""
    url = api.url("/probe/cached")
    for who in (APP, ADMIN):
        browser.visitor(who).fetch(url, **BLIND)
    assert api.reached(url) == ["GET"]
