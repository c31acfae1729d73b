"""Who may see which tables, columns and rows of a connection, and what is masked.

A policy takes away; nothing gives back what another took. `rights_of` makes of all policies of a connection what one
actor is left with; the guard works it into every query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MaskKind(StrEnum):
    """What a masked column shows instead of its values."""

    NULL = "null"  # nothing
    HASH = "hash"  # a digest: equal values stay equal
    PARTIAL = "partial"  # the last `argument` characters
    CONSTANT = "constant"  # `argument`
    BUCKET = "bucket"  # numbers rounded down to multiples of `argument`; moments to the `argument` (year, month …)


@dataclass(frozen=True)
class Mask:
    """How one column is masked. What `argument` means depends on the kind."""

    kind: MaskKind
    argument: str = ""


@dataclass(frozen=True)
class TableRights:
    """What is left of one table. `rows` are conditions in the connection's dialect, all of which a row must meet."""

    hidden_columns: frozenset[str] = frozenset()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rights:
    """What one actor may see of one connection. Tables that are named nowhere may be seen whole.

    Keys are `Table.key`s. `version` is equal for people who may see the same, and "" for those who may see everything:
    whatever is remembered about a connection's rows or schema is remembered under it.
    """

    hidden_tables: frozenset[str] = frozenset()
    tables: Mapping[str, TableRights] = field(default_factory=dict)
    version: str = ""


EVERYTHING = Rights()
