"""Whether a term holds on a schema: what it is bound to is there, and its SQL passes the guard.

What is checked is the query that the term stands for, written by sqlglot; the term's own text is only ever parsed as
one expression over the columns of one table.
"""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from core.connections.guard import CheckedQuery, check
from core.connections.schema import Dialect, Schema, Table
from core.errors import InvalidInput
from core.grounding.folding import question_terms
from core.grounding.sources import Opened
from core.grounding.terms import AGGREGATIONS, Term, TermKind
from core.i18n import LANGUAGES, Phrase

LONGEST_WORD, MOST_WORDS, LONGEST_SQL, LONGEST_MEANING, LONGEST_UNIT, LONGEST_VALUE = 60, 20, 2_000, 500, 20, 200
_NOT_INSIDE = (exp.Query, exp.Subquery, exp.Exists, exp.Window, exp.Star, exp.Placeholder, exp.Parameter)
_FUNCTIONS: dict[str, type[exp.AggFunc]] = {
    "sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max, "count": exp.Count,
}  # fmt: skip

Uses = Mapping[str, str]
"""The columns that something reads, each with its type then: `table key.column` -> type. A table alone has type ""."""


def checked(term: Term, connection: Opened) -> Uses:
    """What the term uses, if it holds on this connection as its actor sees it.

    Raises `InvalidInput` that says what is wrong with it, and `QueryRefused` where the guard refuses its SQL.
    """
    _check_words(term)
    table = connection.schema.by_key.get(term.table)
    if table is None:
        raise _invalid("no_table", table=term.table)
    if term.kind in (TermKind.COLUMN, TermKind.VALUE) and term.column not in table.by_name:
        raise _invalid("no_column", column=term.column, table=term.table)
    if term.kind is TermKind.VALUE and not 0 < len(term.value) <= LONGEST_VALUE:
        raise _invalid("no_value", limit=LONGEST_VALUE)
    return uses_of(query_of(term, connection), connection.schema)


def query_of(term: Term, connection: Opened) -> CheckedQuery:
    """The query that a term stands for, as the guard passed it."""
    return check(statement(term, connection.schema), connection.scope)


def statement(term: Term, schema: Schema) -> str:
    """The query that a term stands for. Raises `InvalidInput` where its SQL is no single expression."""
    table, dialect = schema.by_key[term.table], schema.dialect
    shown: exp.Expr = exp.Literal.number(1)
    where: exp.Expr | None = None
    match term.kind:
        case TermKind.COLUMN:
            shown = exp.column(term.column, quoted=True)
        case TermKind.VALUE:
            where = exp.EQ(this=exp.column(term.column, quoted=True), expression=value_literal(term, table))
        case TermKind.FILTER:
            where = condition(term.sql, dialect)
        case TermKind.METRIC:
            shown = exp.alias_(figure(term, dialect), term.word, quoted=True)
            where = condition(term.where, dialect) if term.where else None
    query = exp.select(shown).from_(_named(table))
    return (query.where(where) if where is not None else query).sql(dialect=dialect.value, comments=False)


def value_literal(term: Term, table: Table) -> exp.Expr:
    """The value of a term as a literal of its column's type."""
    if table.by_name[term.column].kind.numeric:
        try:
            float(term.value)
        except ValueError:
            raise _invalid("value_no_number", column=term.column) from None
        return exp.Literal.number(term.value)
    return exp.Literal.string(term.value)


def condition(sql: str, dialect: Dialect) -> exp.Expr:
    """A condition on rows of one table, as a tree."""
    tree = _expression(sql, dialect)
    if tree.find(exp.AggFunc):
        raise _invalid("aggregate_in_filter")
    if not tree.find(exp.Column):
        raise _invalid("no_columns")
    return tree


def figure(term: Term, dialect: Dialect) -> exp.Expr:
    """A metric's whole expression, aggregated."""
    if term.aggregation not in ("", *AGGREGATIONS):
        raise _invalid("no_aggregation", aggregation=term.aggregation)
    if term.aggregation == "count" and term.sql.strip() in ("", "*"):
        return exp.Count(this=exp.Star())
    counts_rows = term.sql.replace(" ", "").lower() == "count(*)"
    tree = exp.Count(this=exp.Star()) if counts_rows else _expression(term.sql, dialect, counting=True)
    aggregates = list(tree.find_all(exp.AggFunc))
    if term.aggregation:
        if aggregates:
            raise _invalid("aggregated_twice", aggregation=term.aggregation)
        if not tree.find(exp.Column):
            raise _invalid("no_columns")
        if term.aggregation == "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[tree]))
        return _FUNCTIONS[term.aggregation](this=tree)
    if not aggregates or any(one.find_ancestor(exp.AggFunc) for one in aggregates):
        raise _invalid("no_aggregate")
    if any(column.find_ancestor(exp.AggFunc) is None for column in tree.find_all(exp.Column)):
        raise _invalid("column_outside")
    return tree


def _expression(sql: str, dialect: Dialect, counting: bool = False) -> exp.Expr:
    """One expression over the columns of one table, and nothing around it."""
    if not 0 < len(sql.strip()) <= LONGEST_SQL:
        raise _invalid("sql_length", limit=LONGEST_SQL)
    try:
        trees = sqlglot.parse(f"SELECT {sql}", dialect=dialect.value)
    except (SqlglotError, RecursionError) as error:
        raise _invalid("sql_unread") from error
    whole = trees[0] if len(trees) == 1 else None
    if not isinstance(whole, exp.Select) or {n for n, v in whole.args.items() if v} != {"expressions"}:
        raise _invalid("sql_unread")
    if len(whole.expressions) != 1:
        raise _invalid("sql_unread")
    tree: exp.Expr = whole.expressions[0]
    if isinstance(tree, exp.Alias | exp.Star):
        raise _invalid("sql_unread")
    for node in tree.find_all(*_NOT_INSIDE):
        if not (counting and isinstance(node, exp.Star) and isinstance(node.parent, exp.Count)):
            raise _invalid("sql_more_than_one_table")
    tree.pop()
    return tree


def uses_of(query: CheckedQuery, schema: Schema) -> Uses:
    """Every table and column that a query reads, each with its type in this schema."""
    found = dict.fromkeys(query.tables, "")
    for name in query.columns:
        key, _, column = name.rpartition(".")
        known = schema.by_key.get(key)
        if known is not None and column in known.by_name:
            found[name] = known.by_name[column].type
    return found


def changed_since(uses: Uses, schema: Schema) -> str:
    """The first column or table of these that is gone or has another type; "" where all is as it was."""
    return next((name for name, was in uses.items() if _type_of(name, schema) != was), "")


def _type_of(name: str, schema: Schema) -> str | None:
    if name in schema.by_key:
        return ""
    key, _, column = name.rpartition(".")
    table = schema.by_key.get(key)
    return table.by_name[column].type if table is not None and column in table.by_name else None


def _check_words(term: Term) -> None:
    said = list(term.calls())
    if len(said) > MOST_WORDS:
        raise _invalid("many_words", limit=MOST_WORDS)
    for word in said:
        if not 0 < len(word.strip()) <= LONGEST_WORD or "\n" in word:
            raise _invalid("word_length", limit=LONGEST_WORD)
        if not question_terms(word) or word.strip().isdigit():
            raise _invalid("word_empty", word=word)
    if len(term.unit) > LONGEST_UNIT:
        raise _invalid("unit_long", limit=LONGEST_UNIT)
    if any(len(text) > LONGEST_MEANING for text in term.meaning.values()) or not set(term.meaning) <= set(LANGUAGES):
        raise _invalid("meaning_long", limit=LONGEST_MEANING)


def _named(table: Table) -> exp.Table:
    made = exp.Table(this=exp.to_identifier(table.name, quoted=True))
    if table.namespace:
        made.set("db", exp.to_identifier(table.namespace, quoted=True))
    return made


def _invalid(problem: str, **values: object) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"terms.{problem}", values))
