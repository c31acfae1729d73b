"""The keys by which values are found, as numbers of 32 bits: whole texts, words, and what misspelt words share.

A number stands for one connection's key alone, and what it finds is compared in full afterwards: a collision costs a
look, never a wrong hit.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID
from zlib import crc32

Key = int
Arm = frozenset[str]  # grams that a word must hold, all of them

_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
SHORTEST = 4  # letters of a word that can be misspelt
TWO_SLIPS = 9  # letters of a word from which two slips are looked for
_START = 7  # letters of a word, of which one may be missing
_NEIGHBOURS = (1 << 22) - 1  # numbers that stand for beginnings: few, so that each costs little room
_THINNED = 8  # letters of a word of whose grams every other one is enough
_LONGEST_WORD = 40  # letters; what is longer is found whole and by its beginning
_IN_BEGINNING = (((0, 6),), ((0, 4),), ((2, 6),), ((0, 2), (4, 6)))  # places of two slips: anywhere, near, apart
_SIGNED = 1 << 31


def runs(folded: str) -> list[str]:
    """The words of a folded text; Chinese has no blanks, so a run of its characters is one."""
    return _RUNS.findall(folded)


def squeezed(folded: str) -> str:
    """A folded text without blanks and signs; as it is where it has nothing else."""
    return "".join(_RUNS.findall(folded)) or folded


def is_chinese(run: str) -> bool:
    return "\u3400" <= run[0] <= "\u9fff"


def pairs(run: str) -> list[str]:
    """The pairs of characters of a Chinese run, or its only one."""
    return [run[i : i + 2] for i in range(max(1, len(run) - 1))]


def can_be_misspelt(run: str) -> bool:
    """Whether a word is long enough to be known with a slip in it. Another number is another number."""
    return SHORTEST <= len(run) <= _LONGEST_WORD and not run.isdigit()


def firm_words(folded: str) -> list[str]:
    """The words of a text that nobody means by other words of three letters or fewer: all but short ones. Numbers are
    firm however short, and where all are short, all are."""
    words = runs(folded)
    return [word for word in words if len(word) >= SHORTEST or word.isdigit() or is_chinese(word)] or words


@dataclass(frozen=True)
class Keys:
    """The keys of one connection."""

    seed: int

    @classmethod
    def of(cls, connection_id: UUID) -> "Keys":
        return cls(crc32(connection_id.bytes))

    def whole(self, folded: str) -> Key:
        """Of a text as a whole, whatever blanks and signs stand in it."""
        return self.squeezed(squeezed(folded))

    def squeezed(self, plain: str) -> Key:
        """Of a text as a whole that holds no blanks and signs already."""
        return self._key("=" + plain)

    def words(self, folded: str) -> Iterator[Key]:
        """Of each word of a text, or of each pair of Chinese characters."""
        for run in runs(folded):
            yield from self.of_run(run)

    def of_run(self, run: str) -> Iterator[Key]:
        """Of one word, or of the pairs of a Chinese run."""
        return (self._key("w" + word) for word in (pairs(run) if is_chinese(run) else (run,)))

    def neighbours(self, word: str) -> list[Key]:
        """Of a word's neighbours."""
        start, seed = word[:_START], crc32(b"n", self.seed)
        if not start.isascii():
            return [crc32(text.encode("utf-8", "surrogatepass"), seed) & _NEIGHBOURS for text in neighbours(word)]
        plain = start.encode()
        without = [crc32(plain[:place] + plain[place + 1 :], seed) & _NEIGHBOURS for place in range(len(plain))]
        return [crc32(plain, seed) & _NEIGHBOURS, *without]

    def gram(self, gram: str) -> Key:
        """Of a gram of a word."""
        return self._key("g" + gram)

    def grams(self, arm: Arm) -> list[Key]:
        """Of each gram of a set."""
        return [self.gram(gram) for gram in arm]

    def _key(self, text: str) -> Key:
        found = crc32(text.encode("utf-8", "surrogatepass"), self.seed)
        return found if found < _SIGNED else found - 2 * _SIGNED


def neighbours(word: str) -> set[str]:
    """The beginning of a word, as it is and without one of its letters. Two words share one of these where a slip
    makes one of the other: a letter too many, too few, another one, or two changed places (SymSpell, W. Garbe)."""
    start = word[:_START]
    return {start, *(start[:place] + start[place + 1 :] for place in range(len(start)))}


@lru_cache(maxsize=65536)
def grams_of(word: str) -> tuple[str, ...]:
    """The grams under which a word is kept: of three letters, with a mark at both ends; pairs of Chinese characters.
    None for a word that is too short to hold another or to be known with two slips in it."""
    if is_chinese(word):
        return tuple(dict.fromkeys(pairs(word))) if len(word) >= TWO_SLIPS - 2 else ()
    return tuple(dict.fromkeys(gram for gram, _, _ in _grams(word))) if len(word) > SHORTEST else ()


def _grams(word: str) -> list[tuple[str, int, int]]:
    """Each gram with the places of its first and last letter in the word; the marks stand at -1 and at the end."""
    marked = f" {word} "
    return [(marked[i : i + 3], i - 1, i + 1) for i in range(len(marked) - 2)]


def arms(word: str) -> list[Arm]:
    """What a word of nine letters and more holds that is meant by `word` with two slips in its beginning: at least one
    of these sets of grams, whole.

    Slips are told by their place: around it grams differ, all others are the same. With a slip less in its beginning
    it has a neighbour in common.
    """
    placed = [(pair, i, i + 1) for i, pair in enumerate(pairs(word))] if is_chinese(word) else _grams(word)
    found = {arm for slips in _IN_BEGINNING if len(arm := _untouched(placed, slips)) > 2}
    return sorted((arm for arm in found if not any(other < arm for other in found)), key=sorted)


def inner_arm(word: str) -> Arm:
    """Grams of every longer word that holds this one: all of a short word, and of a long one so many that each letter
    is in one of them. Each costs the store as much as all others."""
    last = len(word) - 3
    return frozenset(word[place : place + 3] for place in (*range(0, last, 2 if len(word) >= _THINNED else 1), last))


def _untouched(placed: Sequence[tuple[str, int, int]], slips: Sequence[tuple[int, int]]) -> Arm:
    return frozenset(gram for gram, first, last in placed if all(last < start or first > end for start, end in slips))
