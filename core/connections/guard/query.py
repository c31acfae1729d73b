"""A query read through: parsed, every node and word allowed, every table and column found."""

from dataclasses import dataclass

from core.connections.guard.bounds import check_bounds
from core.connections.guard.grammar import check_grammar
from core.connections.guard.resolve import Resolver
from core.connections.guard.statement import Statement, Tree, parse
from core.connections.guard.tables import Tables
from core.connections.guard.words import allowed, check_words
from core.connections.routines import NONE_READ, Routines


@dataclass(frozen=True)
class Understood:
    """A query's tree, and the columns it reads, as `table key.column name`."""

    tree: Tree
    columns: tuple[str, ...]


def understood(
    statement: Statement, tables: Tables, functions: frozenset[str], routines: Routines = NONE_READ
) -> Understood:
    """The query, if all of it is allowed; afterwards `tables` knows what it reads. `functions` are those that an
    administrator allowed, `routines` what the catalogue says. Raises `QueryRefused`."""
    tree = parse(statement)
    check_grammar(tree)
    check_words(tree, allowed(statement.dialect, routines, functions))
    check_bounds(tree)
    resolver = Resolver(tree, tables)
    resolver.resolve()
    return Understood(tree, tuple(resolver.columns.read))
