"""The language of the repository: the field's words, in American spelling.

`words.toml` lists the words that are not used here and what to write instead.
"""

import re
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from conftest import TEMPLATE

LIST = Path(__file__).with_name("words.toml")
WORDS = tomllib.loads(LIST.read_text("utf-8"))
EXCEPTIONS = WORDS.pop("exceptions")

PHRASES = defaultdict(list)
"""Phrases by their first word: all words of each, and what to write instead ("" for idioms)."""
for table, entries in WORDS.items():
    for forms, instead in entries.items():
        for form in forms.split(", "):
            phrase = re.split("[ _]", form)
            PHRASES[phrase[0]].append((phrase, "" if table == "idioms" else instead))


def found(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each phrase that is not used here: its line, its words, and what to write instead."""
    matches = list(re.finditer("[a-z]+", text.lower()))
    words = [match[0] for match in matches]
    after_idiom = 0
    for index, word in enumerate(words):
        for phrase, instead in PHRASES.get(word, ()):
            end = index + len(phrase)
            if words[index:end] == phrase and not instead:
                after_idiom = end
            elif words[index:end] == phrase and index >= after_idiom:
                yield text.count("\n", 0, matches[index].start()) + 1, " ".join(phrase), instead


def test_language() -> None:
    """No tracked file has a word of the list, but for the exceptions, each of which is needed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=TEMPLATE, capture_output=True, check=True, text=True
    )
    problems, needed = [], defaultdict(set)
    for name in listed.stdout.split("\0")[:-1]:
        file = TEMPLATE / name
        if file.suffix == ".png" or file == LIST or not file.exists():
            continue
        text = file.read_text("utf-8")
        if name == "CHANGELOG.md":  # what is released stays
            text = "\n## ".join(text.split("\n## ")[:2])
        for line, phrase, instead in found(text):
            if phrase in EXCEPTIONS.get(name, {}).get("words", ()):
                needed[name].add(phrase)
            else:
                problems.append(f"{name}:{line}: {phrase!r}; write: {instead}")
    assert not problems, f"{len(problems)} words:\n" + "\n".join(problems)
    assert needed == {name: set(entry["words"]) for name, entry in EXCEPTIONS.items()}


def test_list() -> None:
    """Each phrase of the list is found, in capitals and across lines too, but not within a word."""
    for phrases in PHRASES.values():
        for words, instead in phrases:
            text = f"One_LINE\nof {'X' + words[0]}, {words[0].title()}"
            text = "\n# ".join([text, *words[1:]]) + "_it"
            assert list(found(text)) == ([(2, " ".join(words), instead)] if instead else [])
