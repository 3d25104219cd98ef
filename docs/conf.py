"""How the site is built from the documents: `python -m sphinx -W --keep-going -n docs OUT`.

The documents are plain Markdown, which reads well without the site too. Building asks no other
host for anything; `python -m sphinx -b linkcheck docs OUT` does, to see that links out still lead
somewhere.
"""

import re
import tomllib
from pathlib import Path

from docutils import nodes
from pygments.lexer import RegexLexer, bygroups
from pygments.token import Keyword, Literal, Name, Number, Operator, Text
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

DOCS = Path(__file__).parent
PROJECT = tomllib.loads(DOCS.with_name("pyproject.toml").read_text("utf-8"))["project"]

project = PROJECT["name"]
version = release = PROJECT["version"]
language = "en"

extensions = ["myst_parser"]
myst_heading_anchors = 4  # a link such as page.md#a-heading works here as it does elsewhere
myst_html_meta = {"description": PROJECT["description"]}

html_theme = "furo"
html_title = "Secured FastAPI"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e4f", "color-brand-content": "#0b6e4f"},
    "dark_css_variables": {"color-brand-primary": "#4cc38a", "color-brand-content": "#4cc38a"},
}

linkcheck_ignore = [
    r"https?://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)",  # the API on a reader's own machine
    r"https?://([a-z0-9.-]+\.)?example(\.com|\.net|\.org)?([:/]|$)",  # names for examples
    r"https?://github\.com/OWNER/",  # wherever this template is kept
]
linkcheck_anchors_ignore_for_url = [r"https://github\.com/"]  # made by scripts
linkcheck_retries = 3
linkcheck_timeout = 30


def show_changelog(app: Sphinx, name: str, source: list[str]) -> None:
    """Show the changelog on the page that links to it, and lead links to the file to that page."""
    if name == "changelog":
        changelog = Path(app.srcdir).with_name("CHANGELOG.md").read_text("utf-8")
        source[0] = changelog.replace("](docs/", "](")
    source[0] = re.sub(r"\]\(\.\./((?:\.\./)*)CHANGELOG\.md\)", r"](\1changelog.md)", source[0])


def title_cells(_: Sphinx, document: nodes.document) -> None:
    """Write the title of each column into its cells: a narrow screen has no columns."""
    for table in document.findall(nodes.table):
        head, body = (next(table.findall(part)) for part in (nodes.thead, nodes.tbody))
        titles = [title.astext() for title in head.findall(nodes.entry)]
        for row in body.findall(nodes.row):
            for title, cell in list(zip(titles, row.findall(nodes.entry), strict=True))[1:]:
                if cell.children:
                    cell.insert(0, nodes.paragraph("", title, classes=["column-title"]))


class ExchangeLexer(RegexLexer):
    """Highlights a request and its response, which Pygments treats as the request's body."""

    tokens = {  # noqa: RUF012 - as Pygments has it
        "root": [
            (
                r"([A-Z]+)( )(\S+)( )(HTTP/1\.1\n)",
                bygroups(Name.Function, Text, Text, Text, Keyword),
            ),
            (r"(HTTP/1\.1)( )(\d+)(.*\n)", bygroups(Keyword, Text, Number, Name.Exception)),
            (r"([\w-]+)(:)( .*\n)", bygroups(Name.Attribute, Operator, Literal)),
            (r".*\n", Text),
        ]
    }


class MessageSearch(SearchEnglish):
    """Finds the message of a browser's console, whatever URLs of the reader's own are in it."""

    js_splitter_code = r"""
        var splitQuery = query => query.replace(/https?:\/\/\S+/g, " ")
            .split(/[^\p{Letter}\p{Number}_]+/u).filter(term => term);
    """


def setup(app: Sphinx) -> None:
    """Connect what is above."""
    app.add_search_language(MessageSearch)
    app.connect("source-read", show_changelog)
    app.connect("doctree-read", title_cells)
    app.add_lexer("http", ExchangeLexer)
