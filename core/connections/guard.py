"""check(sql, scope) -> CheckedQuery: the only way to SQL that may be run.

Nothing else can make a `CheckedQuery`, and nothing but a `CheckedQuery` can be run.
"""

from dataclasses import dataclass, field

from core.connections.schema import Dialect, Schema

_SEAL = object()


@dataclass(frozen=True)
class Scope:
    """What one actor may touch on one connection.

    `schema` holds the allowed tables and columns and no others; None means names are not resolved (the terminal's
    `guard` without a connection). `functions` are further function names an administrator allowed, lower case.
    """

    dialect: Dialect
    schema: Schema | None
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CheckedQuery:
    """SQL that the guard has passed: one read-only statement in `dialect`, over tables its actor may see.

    `sql` is the text that runs, the one that was checked. `tables` are `Table.key`s; `columns` are
    `table key.column name` where they could be resolved.
    """

    sql: str
    dialect: Dialect
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    seal: object = field(repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only the guard makes a CheckedQuery")
