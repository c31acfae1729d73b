"""Works the policies that bind an actor into a statement, between its being understood and its being sealed.

Each table of which something is taken is replaced by a query of what is left (`policies_shields`), and the new
statement has to be proved to read that and nothing else (`policies_rewriting`).
"""

from dataclasses import dataclass

from core.connections.guard.policies_safe import cannot_fail
from core.connections.guard.policies_shields import Shields
from core.connections.guard.query import Understood
from core.connections.guard.refusal import refusal
from core.connections.guard.statement import Statement
from core.connections.guard.tables import Tables
from core.connections.guard.words import lower
from core.connections.schema import Dialect

_TELLS_COLUMNS = frozenset({"describe", "desc", "explain", "summarize", "columns", "fields", "full"})


@dataclass(frozen=True)
class Obeyed:
    """What runs instead of a statement. `limited` are the tables of which rows are missing, by key; `masked` the
    columns that show no values of their own, as `table key.column name`."""

    runs: str
    limited: tuple[str, ...]
    masked: frozenset[str]


def obey(query: Understood, tables: Tables, shields: Shields) -> Obeyed | None:
    """What runs instead of a query; None where it reads nothing that policies touch. Its tree is used up."""
    references = shields.references(tables)
    stands = {each.table.key: each.shield for each in references if each.shield is not None}
    if not stands:
        return None
    fence = not cannot_fail(query.tree.root, shields.spelling.dialect)
    text = shields.rewritten(query, references, fence, qualify=False)
    return Obeyed(
        text,
        tuple(key for key, shield in stands.items() if shield.rights.limited),
        frozenset(f"{key}.{column}" for key, shield in stands.items() for column in shield.masked),
    )


def obey_command(statement: Statement, tables: Tables, shields: Shields) -> None:
    """Refuses a command that tells of what policies take away: lists of tables, and tables that are less than whole."""
    words = [lower(statement.source(token)) for token in statement.tokens]
    if not tables.read:
        if statement.dialect is Dialect.POSTGRES:
            return  # a setting, like the time zone
        raise refusal("policy_command")
    about = words[1] if words[0] == "show" and statement.dialect is not Dialect.DUCKDB else "describe"
    if about not in _TELLS_COLUMNS or any(shields.of(key) is not None for key in tables.read):
        raise refusal("policy_command")
