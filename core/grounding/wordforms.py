"""Other forms of one English word: its stem, what it is short for, and what is short for it.

General rules, and one small table of standard short forms; each finding says how sure it is, in (0, 1].
"""

import tomllib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files

from core.grounding.names import singular

SAME, STEM, TABLE, BEGINNING, VOWELS, PART = 1.0, 0.85, 0.9, 0.7, 0.75, 0.5
_SHORTEST_STEM, _SHORTEST_PART = 4, 4
_ENDINGS = (
    *("ational", "ization", "isation", "iveness", "fulness", "ations", "ation", "ition", "ement", "ments", "ences"),
    *("ment", "ness", "ance", "ence", "able", "ible", "ings", "ized", "ised", "izes", "ises", "ions"),
    *("ing", "ion", "ity", "ive", "ize", "ise", "ers", "ors", "ial", "est", "ied", "ies", "ous", "ful", "ual", "age"),
    *("ed", "er", "or", "al", "es", "ly", "ic", "e", "y", "s"),
)
_VOWELS = frozenset("aeiou")
_SPELLINGS = (("our", "or"), ("tre", "ter"), ("ogue", "og"), ("ence", "ense"), ("isation", "ization"), ("ise", "ize"))


@cache
def written_out() -> dict[str, tuple[str, ...]]:
    """The standard short forms -> the words they stand for, in the singular."""
    table = tomllib.loads(files(__package__).joinpath("abbreviations.toml").read_text(encoding="utf-8"))
    return {short: tuple(singular(word) for word in long.split()) for short, long in table["words"].items()}


@cache
def shortened() -> dict[str, tuple[str, ...]]:
    """The other way around: a word -> its standard short forms. Of several words, the last one names it."""
    found: dict[str, list[str]] = defaultdict(list)
    for short, long in written_out().items():
        found[long[-1] if len(long) == 1 else " ".join(long)].append(short)
    return {long: tuple(short) for long, short in found.items()}


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What inflections and derivations of an English word share: `publishes`, `published`, `publisher` as `publish`.

    Endings are taken off in turn while four letters stay; a doubled last consonant becomes one. British and American
    spellings come out alike.
    """
    if not word.isascii() or not word.isalpha() or len(word) <= _SHORTEST_STEM:
        return word
    plain = next((word[: -len(old)] + new for old, new in _SPELLINGS if word.endswith(old) and len(word) > 5), word)
    ending = next((e for e in _ENDINGS if plain.endswith(e) and len(plain) - len(e) >= _SHORTEST_STEM), "")
    root = plain.removesuffix(ending) if ending else plain
    if ending and root[-1] == root[-2] and root[-1] not in "ls":
        root = root[:-1]
    return root.removesuffix("e") if len(root) > _SHORTEST_STEM else root


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """A word without its vowels but for a first one: `customer` as `cstmr`."""
    return word[:1] + "".join(letter for letter in word[1:] if letter not in _VOWELS)


class Vocabulary:
    """The words of one schema, arranged so that other forms of a word are found at once."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        english = sorted(word for word in self._words if word.isascii() and word.isalpha())
        self._sorted = english
        self._backwards = sorted(word[::-1] for word in english)
        self._stems: dict[str, list[str]] = defaultdict(list)
        self._skeletons: dict[str, list[str]] = defaultdict(list)
        for word in english:
            self._stems[stem(word)].append(word)
            self._skeletons[skeleton(word)].append(word)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def forms(self, word: str) -> dict[str, float]:
        """Words of the schema that this one may mean, with how sure that is; itself first if it is there."""
        found: dict[str, float] = {}
        for other, sure in self._forms(word):
            if other in self._words:
                found[other] = max(sure, found.get(other, 0.0))
        return found

    def _forms(self, word: str) -> Iterator[tuple[str, float]]:
        yield word, SAME
        if not word.isascii() or not word.isalpha():
            return
        for other in self._stems.get(stem(word), ()):
            yield other, STEM
        for other in (*written_out().get(word, ()), *shortened().get(word, ())):
            yield other, TABLE
        yield from self._by_beginning(word)
        yield from self._by_vowels(word)
        yield from self._by_part(word)

    def _by_beginning(self, word: str) -> Iterator[tuple[str, float]]:
        """`trans` and `transaction`: one begins the other, and is at most two thirds of it."""
        for size in range(3, len(word) * 2 // 3 + 1):
            yield word[:size], BEGINNING * (0.6 + 0.4 * min(1.0, size / 5))
        if len(word) >= 3:
            for other in _beginning_with(self._sorted, word):
                if len(other) * 2 // 3 >= len(word):
                    yield other, BEGINNING * (0.6 + 0.4 * min(1.0, len(word) / 5))

    def _by_vowels(self, word: str) -> Iterator[tuple[str, float]]:
        """`cstmr` and `customer`, `mngr` and `manager`: the short form is the long one without vowels."""
        bare = skeleton(word)
        if len(bare) < 3:
            return
        if bare == word:
            yield from ((other, VOWELS) for other in self._skeletons.get(bare, ()))
        else:
            yield bare, VOWELS

    def _by_part(self, word: str) -> Iterator[tuple[str, float]]:
        """`month` in `yearmonth`, `hero` in `superhero`: a word that begins or ends one written together."""
        if len(word) < _SHORTEST_PART:
            return
        ends = (other[::-1] for other in _beginning_with(self._backwards, word[::-1]))
        for other in (*_beginning_with(self._sorted, word), *ends):
            if len(other) - len(word) >= 3:
                yield other, PART * (0.5 + 0.5 * len(word) / len(other))
        for size in range(_SHORTEST_PART, len(word) - 2):
            for piece in (word[:size], word[-size:]):
                yield piece, PART * (0.5 + 0.5 * size / len(word))


def _beginning_with(words: list[str], start: str) -> Iterator[str]:
    """The words of a sorted list that begin so, and are longer; at most forty."""
    place = bisect_left(words, start)
    for word in words[place : place + 41]:
        if not word.startswith(start):
            return
        if word != start:
            yield word


def initials(words: Iterable[str]) -> str:
    """The first letters of words: `date of birth` as `dob`."""
    return "".join(word[0] for word in words if word)
