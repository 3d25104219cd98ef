"""The site that Sphinx builds from the documents: complete, and with nothing from other hosts."""

import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest
from conftest import TEMPLATE
from markdown_it import MarkdownIt
from playwright.sync_api import sync_playwright
from serving import program

DOCS = TEMPLATE / "docs"
PAGES = [file.relative_to(DOCS).with_suffix("").as_posix() for file in sorted(DOCS.rglob("*.md"))]

LOADED = {"src", "srcset", "poster", "data", "action"}
"""Attributes whose URL a browser loads by itself, or sends to."""

pytestmark = pytest.mark.xdist_group("site")

each_page = pytest.mark.parametrize("page", PAGES)


@dataclass
class Parsed(HTMLParser):
    """What a page of the site holds."""

    file: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    count: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.count[tag] = self.count.get(tag, 0) + 1
        self.ids |= {values.get("id", ""), values.get("name", "")}
        self.loads += [value for name, value in values.items() if name in LOADED]
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in {"canonical", "license"}:
            self.loads.append(values["href"])


@cache
def parsed(file: Path) -> Parsed:
    return Parsed(file)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a warning fails."""
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", DOCS, out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return out


@each_page
def test_links(site: Path, page: str) -> None:
    """Every link and every picture within the site leads to a file, and every anchor to a place."""
    file = site / f"{page}.html"
    for link in {*parsed(file).links, *parsed(file).loads}:
        url = urlsplit(link)
        if url.scheme or url.netloc:
            continue
        target = (file.parent / unquote(url.path)).resolve() if url.path else file
        assert target.is_file(), link
        assert target.suffix != ".md", link
        if url.fragment and target.suffix == ".html":
            assert unquote(url.fragment) in parsed(target).ids, link


@each_page
def test_own_host(site: Path, page: str) -> None:
    """No page loads a script, a style sheet, a font or a picture from another host."""
    loads = parsed(site / f"{page}.html").loads
    assert [url for url in loads if urlsplit(url).netloc] == []
    sheets = list((site / "_static").rglob("*.css"))
    assert sheets
    for sheet in sheets:
        assert "url(http" not in sheet.read_text("utf-8"), sheet
        assert "url(//" not in sheet.read_text("utf-8"), sheet


@each_page
def test_in_the_table_of_contents(site: Path, page: str) -> None:
    """From the first page of the site, every page is reached by its table of contents."""
    links = {urlsplit(link).path for link in parsed(site / "index.html").links}
    assert page == "index" or f"{page}.html" in links


@each_page
def test_arrives(site: Path, page: str) -> None:
    """Tables, pictures and pieces of code of a document arrive on its page, each of them."""
    tokens = (
        MarkdownIt("commonmark").enable("table").parse((DOCS / f"{page}.md").read_text("utf-8"))
    )
    inline = [child for token in tokens for child in token.children or ()]
    fences = [x for x in tokens if x.type == "fence" and not x.info.startswith("{")]
    count = parsed(site / f"{page}.html").count
    assert count.get("table", 0) == sum(x.type == "table_open" for x in tokens)
    assert count.get("img", 0) == sum(x.type == "image" for x in inline)
    assert count.get("pre", 0) == len(fences)


def test_columns(site: Path) -> None:
    """No table hides a column, on a phone or on a desk."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"))
        tab = browser.new_page(java_script_enabled=False)
        for page in PAGES:
            if "table" not in parsed(site / f"{page}.html").count:
                continue
            tab.goto((site / f"{page}.html").as_uri())
            for width in (390, 1280):
                tab.set_viewport_size({"width": width, "height": 900})
                hidden = tab.evaluate(
                    "[...document.querySelectorAll('.table-wrapper, body')]"
                    ".filter(x => x.scrollWidth > x.clientWidth).map(x => x.textContent)"
                )
                assert hidden == [], (page, width)
        browser.close()


PASTED = [
    "Access to fetch at 'https://api.acme.test' from origin 'https://acme.test' has been blocked",
    "The Same Origin Policy disallows reading the remote resource at http://localhost:8000/v1/me.",
    "Fetch API cannot load https://api.acme.test/v1/orders due to access control checks.",
]
"""What the consoles of Chromium, Firefox and Safari say, with URLs that are on no page."""


def test_search(site: Path) -> None:
    """The site's search leads from a message of the browser's console to what to do about it."""
    link = "#search-results a[href^='how-to/find-out-why.html']"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"))
        tab = browser.new_page()
        for message in PASTED:
            tab.goto(f"{(site / 'search.html').as_uri()}?q={quote(message)}")
            tab.wait_for_selector(link)
        browser.close()
