"""Values packed into blocks: some dozens of like ones together, with the keys by which each block is found.

Millions of values are then thousands of rows, and an index over the keys stays small. Where a block ends is told by
the values themselves, so that a value that comes or goes changes its own block and no other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple, TypeVar
from zlib import compress, crc32, decompress

from core.grounding.aliases import Alias
from core.grounding.folding import fold
from core.grounding.value_keys import Key, Keys, can_be_misspelt, grams_of, runs

FORM = b"2"  # of keys and bodies; another number makes every block anew
_ENDS = {0: 63, 1: 15, 2: 63}  # a block of this kind ends after one text in 64, or in 16
_MOST = 4  # times as many texts are the most of a block
_BETWEEN, _WITHIN = "\x00", "\x01"  # texts, and the parts of one
_SIGNS = re.compile("[^\\w\x00]+|_+")

_T = TypeVar("_T")


class BlockKind(IntEnum):
    """What a block holds: values as they stand in cells; the words of values; other names of values."""

    VALUES = 0
    WORDS = 1
    ALIASES = 2


@dataclass(frozen=True)
class Block:
    """One row of the index. `digest` is of all that is in it."""

    kind: BlockKind
    digest: int
    body: bytes
    keys: frozenset[Key]


def blocks_of(values: Sequence[str], aliases: Sequence[Alias], keys: Keys) -> Iterator[Block]:
    """The blocks of one column's values."""
    parted = sorted(_parted(value, keys) for value in values)
    yield from _value_blocks(parted, keys)
    words = {run for one in parted for run in one.runs}
    words.update(run for alias in aliases for run in runs(alias.name))
    yield from _word_blocks(sorted(word for word in words if can_be_misspelt(word)), keys)
    yield from _alias_blocks(sorted(aliases), keys)


class _Parted(NamedTuple):
    """A value, folded, with its words and the key of the whole."""

    folded: str
    value: str
    key: Key
    runs: list[str]


def _parted(value: str, keys: Keys) -> _Parted:
    folded = fold(value)
    words = runs(folded)
    return _Parted(folded, value, keys.squeezed("".join(words) or folded), words)


def _value_blocks(values: Sequence[_Parted], keys: Keys) -> Iterator[Block]:
    known: dict[str, list[Key]] = {}
    for some in _cut(values, lambda one: one.key, BlockKind.VALUES):
        found = {one.key for one in some}
        for one in some:
            for run in one.runs:
                if run not in known:
                    known[run] = list(keys.of_run(run))
                found.update(known[run])
        yield _block(BlockKind.VALUES, [one.value for one in some], found)


def _word_blocks(words: Sequence[str], keys: Keys) -> Iterator[Block]:
    known: dict[str, Key] = {}
    for some in _cut(words, lambda word: crc32(word.encode("utf-8", "surrogatepass")), BlockKind.WORDS):
        found = {key for word in some for key in keys.neighbours(word)}
        for gram in {gram for word in some for gram in grams_of(word)}:
            if gram not in known:
                known[gram] = keys.gram(gram)
            found.add(known[gram])
        yield _block(BlockKind.WORDS, some, found)


def _alias_blocks(aliases: Sequence[Alias], keys: Keys) -> Iterator[Block]:
    for some in _cut(aliases, lambda alias: keys.whole(alias.name), BlockKind.ALIASES):
        texts = [_WITHIN.join((alias.name, alias.value, "1" if alias.sure else "0")) for alias in some]
        yield _block(BlockKind.ALIASES, texts, {keys.whole(alias.name) for alias in some})


def texts_in(body: bytes) -> list[str]:
    """The values or words of a block."""
    return decompress(body).decode("utf-8", "surrogatepass").split(_BETWEEN)


def folded_in(body: bytes) -> Iterator[tuple[str, str]]:
    """The values of a block, each with its folded text. All are folded at once, which costs a tenth."""
    plain = decompress(body).decode("utf-8", "surrogatepass")
    folded = fold.__wrapped__(plain).split(_BETWEEN)
    return zip(plain.split(_BETWEEN), (text.strip() for text in folded), strict=True)


def squeezed_in(body: bytes) -> Iterator[tuple[str, str, str]]:
    """The values of a block, each with its folded text and that without blanks and signs, made for all at once."""
    folded = list(folded_in(body))
    plain = _SIGNS.sub("", _BETWEEN.join(text for _, text in folded)).split(_BETWEEN)
    return ((value, text, bare or text) for (value, text), bare in zip(folded, plain, strict=True))


def aliases_in(body: bytes) -> list[Alias]:
    """The other names of a block of them."""
    parts = (text.split(_WITHIN) for text in texts_in(body))
    return [Alias(name, value, sure == "1") for name, value, sure in parts]


def _block(kind: BlockKind, texts: Sequence[str], keys: Iterable[Key]) -> Block:
    plain = _BETWEEN.join(texts).encode("utf-8", "surrogatepass")
    digest = blake2b(FORM + bytes([kind]) + plain, digest_size=8).digest()
    return Block(kind, int.from_bytes(digest, "big", signed=True), compress(plain, 1), frozenset(keys))


def _cut(texts: Sequence[_T], number: Callable[[_T], int], kind: BlockKind) -> Iterator[list[_T]]:
    """Sorted texts in runs that end where a text's own number says so."""
    ends = _ENDS[kind]
    some: list[_T] = []
    for text in texts:
        some.append(text)
        if number(text) & ends == ends or len(some) > _MOST * ends:
            yield some
            some = []
    if some:
        yield some
