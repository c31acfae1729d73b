"""A second, real parser reads each statement too: where it sees something else than sqlglot did, nothing runs.

PostgreSQL's own grammar and DuckDB's are at hand. SQLite judges while it prepares a statement, by the authorizer of
its session; MySQL's grammar exists nowhere outside its server.
"""

from collections.abc import Callable, Mapping

from core.connections.guard import second_duckdb, second_postgres
from core.connections.guard.statement import Statement, Tree
from core.connections.guard.words import Allowed
from core.connections.schema import Dialect


def agree_on_query(tree: Tree, may: Allowed) -> None:
    """Refuses a query that its database's own parser reads differently."""
    agree = _QUERIES.get(tree.statement.dialect)
    if agree is not None:
        agree(tree, may)


def agree_on_command(statement: Statement) -> None:
    """Refuses an EXPLAIN, SHOW or DESCRIBE that its database's own parser does not take for one."""
    agree = _COMMANDS.get(statement.dialect)
    if agree is not None:
        agree(statement)


_QUERIES: Mapping[Dialect, Callable[[Tree, Allowed], None]] = {
    Dialect.POSTGRES: second_postgres.agree_on_query,
    Dialect.DUCKDB: second_duckdb.agree_on_query,
}
_COMMANDS: Mapping[Dialect, Callable[[Statement], None]] = {
    Dialect.POSTGRES: second_postgres.agree_on_command,
    Dialect.DUCKDB: second_duckdb.agree_on_command,
}
