"""DuckDB's own parser as the second opinion: it says how many statements there are, and of what kind.

It runs in the portal's process, on a database in memory that can reach nothing and is never asked to run anything.
"""

import atexit
import threading
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import NAMES, Statement, Tree
from core.connections.guard.words import Allowed
from core.connections.schema import Dialect

if TYPE_CHECKING:
    import duckdb

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "memory_limit": "32MB",
    "threads": 1,
}
_PIVOTS = (TokenType.PIVOT, TokenType.UNPIVOT)
_lock = threading.Lock()


@cache
def _parser() -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute("SET lock_configuration = true")
    # Left to the end of the process, the driver would complain of what it never got back.
    atexit.register(_parser.cache_clear)
    return connection


def agree_on_query(tree: Tree, may: Allowed) -> None:  # noqa: ARG001
    """Exactly one statement, which is a SELECT. A pivot whose columns the data decide is several to DuckDB."""
    kind = _only(tree.statement)
    if kind == "MULTI" and tree.root.find(exp.Pivot) and any(t.token_type in _PIVOTS for t in tree.statement.tokens):
        return
    if kind != "SELECT":
        raise refusal("no_query")


def agree_on_command(statement: Statement) -> None:
    """DuckDB takes DESCRIBE, SUMMARIZE and SHOW for queries, too."""
    if _only(statement) not in ("SELECT", "EXPLAIN", "MULTI"):
        raise refusal("no_query")


def _only(statement: Statement) -> str:
    """The kind of the one statement there is."""
    import duckdb

    try:
        with _lock:
            found = _parser().extract_statements(statement.text)
    except duckdb.Error as error:
        raise refusal("unreadable", dialect=NAMES[Dialect.DUCKDB]) from error
    if len(found) != 1:
        raise refusal("several_statements")
    return str(found[0].type.name)
