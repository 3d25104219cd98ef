"""What an answer becomes in a file, read back by the parsers that the file is for."""

import html
import json
import re
import tomllib
from collections.abc import Callable

import cmarkgfm
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hooks import rendering, rules

MARKUP = "*_`~[]()<>&#|!:$\\/.@=-+ 1aé"
PIECES = st.sampled_from(
    [
        "https://a.example/b_c",
        "http://x.example",
        "www.",
        "&amp;",
        ":tada:",
        "a_b@c.example",
        *MARKUP,
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"]), max_size=30),
).map(str.strip)
PARSERS: dict[str, Callable[[str], str]] = {
    "GitHub": cmarkgfm.github_flavored_markdown_to_html,
    "CommonMark": cmarkgfm.markdown_to_html,
}


@pytest.mark.parametrize("parser", PARSERS)
@settings(deadline=None)
@given(text=TEXTS)
@example(text="See https://docs.example.com/orders_api/v1")
@example(text="1. www.example.com/a_b, ftp://a_b.example &copy; :tada: # + - =")
def test_markdown(parser: str, text: str) -> None:
    """A text reads in GitHub's parser and in CommonMark's as it was typed."""
    rendered = PARSERS[parser](rendering.markdown(text))
    assert html.unescape(re.sub("<[^>]*>", "", rendered)).split() == text.split()


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See https://docs.example.com/orders_api/v1", ["https://docs.example.com/orders_api/v1"]),
        ("(https://a.example/b_c).", ["https://a.example/b_c"]),
        (
            "http://a.example/?x=*y*&z, HTTPS://b.example",
            ["http://a.example/?x=*y*&z", "HTTPS://b.example"],
        ),
        ("https://a.example/b&copy;d", ["https://a.example/b"]),
        ("www.example.com ftp://a.example https://", []),
    ],
)
def test_links(parser: str, text: str, links: list[str]) -> None:
    """A URL in a text is a link to that URL, and nothing else is one."""
    rendered = PARSERS[parser](rendering.markdown(text))
    assert [html.unescape(x) for x in re.findall('<a href="(.*?)"', rendered)] == links


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_arrays(texts: list[str]) -> None:
    """Lists and strings are read back by TOML, and valid texts by YAML and JSON."""
    printable = [x for x in texts if not rules.rulebook.reasons(rules.TEXT_RULES, x)]
    assert tomllib.loads(f"x = {rendering.toml_array(printable)}")["x"] == printable
    for text in printable:
        written = rendering.quoted(text)
        assert yaml.safe_load(written) == json.loads(written) == text


def test_code() -> None:
    """A list in a table is code, item by item, and says where it is empty."""
    assert rendering.code_list(["https://a.example", "b"]) == "`https://a.example`, `b`"
    assert rendering.code_list([]) == "none"
