"""Where a question says a term: whole words, in the singular or the plural, in either language."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.grounding.folding import fold
from core.grounding.names import singular
from core.grounding.phrases import quoted_spans
from core.grounding.terms import Term

_PIECE = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+|[^\s\w]")
_JOINING = frozenset("-_/'’.&+")  # "net-revenue" is "net revenue"
Pieces = tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """A term where a text says it: characters from `start` to `end`."""

    term: Term
    start: int
    end: int


def mentions(text: str, terms: Sequence[Term]) -> tuple[Mention, ...]:
    """The terms that a text says, in the order of the text; the longest where they lie over each other.

    What stands in quotation marks is a text of its own, and says none.
    """
    if not terms:
        return ()
    known = _by_first(tuple(terms))
    silent = [range(start, end) for start, end in quoted_spans(text)]
    pieces = [p for p in _pieces(text) if not any(p[1] in span for span in silent)]
    found = sorted(_found(pieces, known), key=lambda mention: (mention.start - mention.end, mention.start))
    kept: list[Mention] = []
    for mention in found:
        if all(mention.end <= other.start or mention.start >= other.end for other in kept):
            kept.append(mention)
    return tuple(sorted(kept, key=lambda mention: mention.start))


def said_in(text: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that a text says, each once."""
    return tuple(dict.fromkeys(mention.term for mention in mentions(text, terms)))


def as_said(call: str) -> Pieces:
    """What makes two ways of saying something the same: their words, folded and in the singular."""
    return tuple(piece for piece, _, _ in _pieces(call))


_Known = dict[str, list[tuple[Pieces, Term]]]


@lru_cache(maxsize=64)
def _by_first(terms: tuple[Term, ...]) -> _Known:
    """The terms by the first piece of each way of saying them."""
    known: _Known = defaultdict(list)
    for term in terms:
        for call in term.calls():
            if said := as_said(call):
                known[said[0]].append((said, term))
    return known


def _found(pieces: Sequence[tuple[str, int, int]], known: _Known) -> Iterator[Mention]:
    for place, (first, start, _) in enumerate(pieces):
        for said, term in known.get(first, ()):
            there = pieces[place : place + len(said)]
            if tuple(piece for piece, _, _ in there) == said:
                yield Mention(term, start, there[-1][2])


def _pieces(text: str) -> Iterable[tuple[str, int, int]]:
    """The words of a text, folded and in the singular, each with its place; Chinese ones character by character."""
    for match in _PIECE.finditer(text):
        if match[0] not in _JOINING:
            yield singular(fold(match[0])), match.start(), match.end()
