"""How an answer is written in a file of the project: filters for the templates of these files."""

import json
import re


def quoted(text: object) -> str:
    """Return a string in double quotes, as TOML and YAML and JSON all read it."""
    return json.dumps(text, ensure_ascii=False)


def toml_array(items: list[str]) -> str:
    """Return a list for TOML, an item a line, so that a review shows which came and went."""
    lines = "".join(f"    {quoted(item)},\n" for item in items)
    return f"[\n{lines}]" if items else "[]"


URL = re.compile(
    r"\bhttps?://(?=\w)(?:[^\s<>&]|&(?!#?\w+;))*(?<![?!.,:*_~'\")\]])(?<!://)",
    re.ASCII | re.IGNORECASE,
)
"""A URL without the punctuation that may follow it in a sentence."""


def markdown(text: str) -> str:
    """Return a text for Markdown, in a heading or a paragraph, that reads as it was typed.

    GitHub makes a link of a bare URL before it reads the escapes in it; in angle brackets, it is
    the same link to every parser.
    """
    parts = re.split(f"({URL.pattern})", text, flags=URL.flags)
    escaped = (f"<{x}>" if index % 2 else escape(x) for index, x in enumerate(parts))
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", "".join(escaped))


def escape(text: str) -> str:
    """Return a text for Markdown of which nothing becomes markup, an emoji or a link."""
    text = re.sub(r"[\\`*_\[\]<>#|~$]", r"\\\g<0>", text)
    return re.sub(
        r"&(?=#?\w+;)|:(?=[\w+-]+:|//)|(?<=www)\.|^[-+=]", r"\\\g<0>", text, flags=re.IGNORECASE
    )


def code_list(items: list[str]) -> str:
    """Return a list for a cell of a Markdown table, each item as code."""
    return ", ".join(f"`{item}`" for item in items) or "none"
