"""Keeps of each column mention what is near the tables that the question speaks of.

In a schema of a thousand tables "name" may be a thousand columns; those that matter stand in the tables that other
words name, or beside them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.answering.instant.chart import Edge
from core.answering.instant.meaning import Columns, Entity, Most, Sorting, Values
from core.answering.instant.schema_words import SchemaWords

MOST = 12
_TELLING = 4


def focused(leaves: Iterable[Edge], words: SchemaWords) -> list[Edge]:
    """The same leaves with at most twelve columns to a mention, near ones first."""
    found = list(leaves)
    if all(len(c.options) <= MOST for leaf in found for c in _mentions(leaf.meaning)):
        return found
    named = {t for leaf in found for t in _tables(leaf)}
    beside = {t for table in named for t in words.paths.neighbours(table)}
    near = {**dict.fromkeys(beside, 1), **dict.fromkeys(named, 0)}
    return [replace(leaf, meaning=_trimmed(leaf.meaning, near)) for leaf in found]


def _mentions(meaning: Any) -> Iterator[Columns]:
    if isinstance(meaning, Columns):
        yield meaning
    elif isinstance(meaning, Most | Sorting) and meaning.columns is not None:
        yield meaning.columns
    elif isinstance(meaning, tuple) and meaning and isinstance(meaning[0], Columns):
        yield meaning[0]


def _tables(leaf: Edge) -> Iterator[str]:
    """Tables that a leaf speaks of for sure: named, or the only homes of a column or value."""
    if isinstance(leaf.meaning, Entity):
        yield leaf.meaning.table
    elif isinstance(leaf.meaning, Columns | Values) and len(leaf.meaning.options) <= _TELLING:
        yield from (option[0].table for option in leaf.meaning.options)


def _trimmed(meaning: Any, near: dict[str, int]) -> Any:
    if isinstance(meaning, Columns):
        best = sorted(meaning.options, key=lambda o: (near.get(o[0].table, 2), o[1], o[0].table, o[0].column))
        return replace(meaning, options=tuple(sorted(best[:MOST], key=lambda o: o[1])))
    if isinstance(meaning, Most | Sorting) and meaning.columns is not None:
        return replace(meaning, columns=_trimmed(meaning.columns, near))
    if isinstance(meaning, tuple) and meaning and isinstance(meaning[0], Columns):
        return (_trimmed(meaning[0], near), *meaning[1:])
    return meaning
