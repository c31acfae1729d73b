"""The keys by which values are found, as numbers of 32 bits: whole texts, words, and the grams of words.

A number stands for one connection's key alone, and what it finds is compared in full afterwards: a collision costs a
look, never a wrong hit.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from uuid import UUID
from zlib import crc32

Key = int
Arm = frozenset[str]  # grams that a word must hold, all of them

_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_SHORT = 6  # letters of a word up to which grams are of two letters, not three
_TWO_SLIPS = 9  # letters of a word from which two slips are looked for
_LONGEST_WORD = 40  # letters; what is longer is found whole and by its beginning
_MOST_ARMS = 24
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
    return 4 <= len(run) <= _LONGEST_WORD and not run.isdigit()


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

    def gram(self, gram: str) -> Key:
        """Of a gram of a word."""
        return self._key("g" + gram)

    def _key(self, text: str) -> Key:
        found = crc32(text.encode("utf-8", "surrogatepass"), self.seed)
        return found if found < _SIGNED else found - 2 * _SIGNED


@lru_cache(maxsize=65536)
def grams_of(word: str) -> tuple[str, ...]:
    """The grams under which a word is kept: of two letters where it is short, of three where it is not so short, with
    a mark at both ends; pairs of Chinese characters."""
    if is_chinese(word):
        return tuple(pairs(word))
    found: list[str] = []
    for size in _sizes(len(word)):
        found += (gram for gram, _, _ in _grams(word, size))
    return tuple(dict.fromkeys(found))


def _sizes(length: int) -> tuple[int, ...]:
    # A word of five or six letters may be meant by one of six or five, looked up by grams of the other size.
    return (2,) if length < _SHORT - 1 else (2, 3) if length <= _SHORT + 1 else (3,)


def _grams(word: str, size: int) -> list[tuple[str, int, int]]:
    """Each gram with the places of its first and last letter in the word; the marks stand at -1 and at the end."""
    marked = f" {word} "
    return [(marked[i : i + size], i - 1, i + size - 2) for i in range(len(marked) - size + 1)]


def arms(word: str) -> list[Arm]:
    """What a word that is meant by `word` holds: at least one of these sets of grams, whole.

    Slips are told by their place: around it grams differ, all others are the same. One slip is looked for everywhere
    (a letter too many, too few, another, or two changed places), two of them in words of nine letters and more.
    """
    if is_chinese(word):
        placed = [(pair, i, i + 1) for i, pair in enumerate(pairs(word))]
    else:
        placed = _grams(word, 2 if len(word) < _SHORT else 3)
    step = 1 if len(word) < _TWO_SLIPS else 2
    windows = [(start, start + step) for start in range(0, len(word), step)]
    slips: list[Sequence[tuple[int, int]]] = [(window,) for window in windows]
    if len(word) >= _TWO_SLIPS:
        slips += list(combinations(windows, 2))
    found = {arm for slip in slips if (arm := _untouched(placed, slip))}
    strong = [arm for arm in found if len(arm) > 2 or len(word) < _TWO_SLIPS]
    least = [arm for arm in strong if not any(other < arm for other in strong)]
    return sorted(least, key=lambda arm: -len(arm))[:_MOST_ARMS]


def inner_arm(word: str) -> Arm:
    """The grams of every longer word that holds this one. Such a word is known by grams of three, so is this."""
    return frozenset(word[i : i + 3] for i in range(len(word) - 2))


def _untouched(placed: Sequence[tuple[str, int, int]], slips: Sequence[tuple[int, int]]) -> Arm:
    return frozenset(gram for gram, first, last in placed if all(last < start or first > end for start, end in slips))
