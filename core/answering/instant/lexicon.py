"""The function words of one language, as a tree of tokens: each phrase has a category and perhaps a value.

They lie in `lexicon_en.toml` and `lexicon_zh.toml`; `(a|b)` are alternatives, `[a]` may be absent, and § stands for
every measure word of Chinese.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

from core.answering.instant.words import root, tokens_of

_PIECE = re.compile(r"\(([^)]*)\)|\[([^\]]*)\]|([^()\[\]\s]+)")


@dataclass(frozen=True)
class FunctionWord:
    category: str
    value: str


@dataclass(frozen=True)
class Lexicon:
    """`tree` walks tokens to function words; `verbs` are roots of verbs that only relate; `outcomes` lead from roots of
    verbs that claim something, said of things as done, to the root that a column would have; `measures` are the
    measure words of Chinese."""

    tree: Mapping[str, Any]
    verbs: frozenset[str]
    glosses: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, str]
    measures: str = ""

    def at(self, words: Sequence[str], start: int) -> Iterator[tuple[int, FunctionWord]]:
        """Every function phrase that begins at `start`, with the position after it."""
        node: Mapping[str, Any] | None = self.tree
        for end in range(start, len(words)):
            node = node.get(words[end]) if node else None
            if node is None:
                return
            for found in node.get("", ()):
                yield end + 1, found


@cache
def lexicon(language: str) -> Lexicon:
    """The function words of "en" or "zh"."""
    text = files(__package__).joinpath(f"lexicon_{language}.toml").read_text(encoding="utf-8")
    tree: dict[str, Any] = {}
    verbs: frozenset[str] = frozenset()
    glosses: dict[str, tuple[str, ...]] = {}
    outcomes: dict[str, str] = {}
    measures: str = tomllib.loads(text).get("measures", {}).get("words", "")
    sections = tomllib.loads(text.replace("§", "|".join(measures)))
    sections.pop("measures", None)
    for category, entry in {**sections.pop("plain", {}), **sections}.items():
        if category == "verbs":
            verbs = frozenset(w if language == "zh" else root(w) for w in entry["words"].split())
        elif category == "outcomes":
            pairs = (word.partition(":") for word in entry["words"].split())
            outcomes = {root(form): root(verb or form) for form, _, verb in pairs}
        elif category == "glosses":
            glosses = {word: tuple(p.strip() for p in meant.split(",")) for word, meant in entry.items()}
        else:
            for value, patterns in entry.items() if isinstance(entry, dict) else [("", entry)]:
                _add(tree, language, FunctionWord(category, value), patterns)
    if language == "zh":
        for verb in verbs:
            _put(tree, tuple(verb), FunctionWord("verb", ""))
    return Lexicon(tree, verbs, glosses, outcomes, measures)


def _add(tree: dict[str, Any], language: str, word: FunctionWord, patterns: Sequence[str]) -> None:
    for pattern in patterns:
        for phrase in _expanded(pattern):
            units = tuple(phrase.replace(" ", "")) if language == "zh" else tuple(t.lower for t in tokens_of(phrase))
            if units:
                _put(tree, units, word)


def _put(tree: dict[str, Any], units: tuple[str, ...], word: FunctionWord) -> None:
    node = tree
    for unit in units:
        node = node.setdefault(unit, {})
    found = node.setdefault("", [])
    if word not in found:
        found.append(word)


def _expanded(pattern: str) -> Iterator[str]:
    """ "more [or less] (a|b)" as its four phrases."""
    choices: list[list[str]] = []
    for match in _PIECE.finditer(pattern):
        either, maybe, plain = match.groups()
        if plain is not None:
            choices.append([plain])
        else:
            choices.append((either or maybe).split("|") + ([""] if maybe else []))
    if not choices:
        yield pattern
    for choice in product(*choices):
        yield " ".join(part for part in choice if part)
