"""How an answer is written in a file of the project: filters for the templates of these files."""

import json
import re


def quoted(text: object) -> str:
    """Return a text in double quotes, as TOML and YAML and JSON all read it."""
    return json.dumps(text, ensure_ascii=False)


def toml_array(items: list[str]) -> str:
    """Return a list for TOML, an item a line, so that a review shows which came and went."""
    lines = "".join(f"    {quoted(item)},\n" for item in items)
    return f"[\n{lines}]" if items else "[]"


def markdown(text: str) -> str:
    """Return a text for Markdown, in a heading or a paragraph, that reads as it was typed."""
    text = re.sub(r"[\\`*_\[\]<>#|~$]", r"\\\g<0>", text)
    text = re.sub(r"&(?=#?\w+;)|:(?=[\w+-]+:)|^[-+=]", r"\\\g<0>", text)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", text)


def code_list(items: list[str]) -> str:
    """Return a list for a cell of a Markdown table, each item as code."""
    return ", ".join(f"`{item}`" for item in items) or "none"
