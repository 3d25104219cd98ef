"""The fences of a page: its pieces of code, each with its language and its line."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

MARKDOWN = MarkdownIt("commonmark")


@dataclass(frozen=True)
class Fence:
    """A piece of code: its language, "" for none; its text; where it begins in its page.

    `marks` is what an HTML comment above the fence says: `<!-- exit: 1 -->` is {"exit": "1"}.
    `output` is what its commands print: the text of a fence directly below, if that is `text`.
    """

    language: str
    text: str
    line: int
    marks: dict[str, str]
    output: str | None


@dataclass(frozen=True)
class Page:
    """A page by the name that failures show, and its fences from top to bottom."""

    name: str
    fences: list[Fence]

    @classmethod
    def read(cls, file: Path, name: str) -> "Page":
        return cls.parse(name, file.read_text("utf-8"))

    @classmethod
    def parse(cls, name: str, text: str) -> "Page":
        tokens = MARKDOWN.parse(text)
        around = zip([None, *tokens], tokens, [*tokens[1:], None], strict=False)
        return cls(
            name,
            [
                _fence(token, before, after)
                for before, token, after in around
                if token.type in {"fence", "code_block"}
            ],
        )

    @property
    def languages(self) -> set[str]:
        return {fence.language for fence in self.fences}


def _fence(token: Token, before: Token | None, after: Token | None) -> Fence:
    comment = before.content if before and before.type == "html_block" else ""
    assert token.map is not None
    return Fence(
        token.info.split()[0] if token.info.strip() else "",
        token.content,
        token.map[0] + 1,
        dict(re.findall(r"^<!-- ([\w-]+): (.*?) -->$", comment, re.MULTILINE)),
        after.content if after and (after.type, after.info) == ("fence", "text") else None,
    )
