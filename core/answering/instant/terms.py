"""Words of the business as leaves of a question: a term is a word of the schema, a value, a condition or a figure.

Where a question says a term, it means the term and nothing else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from core.answering.instant.chart import Edge
from core.answering.instant.meaning import Columns, Entity, Values
from core.answering.instant.reading import (
    ColumnRef,
    Field,
    Function,
    Metric,
    Path,
    Portion,
    Reading,
    Share,
    Stated,
    Tally,
)
from core.answering.instant.schema_words import SchemaWords
from core.connections.schema import Dialect, Table
from core.errors import InvalidInput
from core.grounding.mentions import mentions
from core.grounding.term_checks import figure
from core.grounding.terms import Term, TermKind

# What of a metric may be added up again; an average or a ratio may not.
_FUNCTIONS = {
    "sum": Function.SUM, "count": Function.SUM, "min": Function.MIN, "max": Function.MAX, "avg": Function.AVG,
}  # fmt: skip

Places = Sequence[tuple[int, int]]


def with_terms(
    leaves: Iterable[Edge], text: str, places: Places, terms: Sequence[Term], words: SchemaWords
) -> list[Edge]:
    """The leaves of a question with those of its terms in place of what else these words might be.

    `places` are the characters of each position of the chart.
    """
    said = list(_said(text, places, terms, words)) if terms else []
    taken = {position for start, end, _ in said for position in range(start, end)}
    kept = [leaf for leaf in leaves if taken.isdisjoint(range(leaf.start, leaf.end))]
    return [*kept, *(leaf for start, end, term in said for leaf in _leaves(term, start, end, text, places, words))]


def _said(text: str, places: Places, terms: Sequence[Term], words: SchemaWords) -> Iterator[tuple[int, int, Term]]:
    for mention in mentions(text, terms):
        inside = [i for i, (start, end) in enumerate(places) if start < mention.end and end > mention.start]
        if inside and mention.term.table in words.schema.by_key:
            yield inside[0], inside[-1] + 1, mention.term


def _leaves(term: Term, start: int, end: int, text: str, places: Places, words: SchemaWords) -> Iterator[Edge]:
    said = text[places[start][0] : places[end - 1][1]]
    ref = ColumnRef(term.table, term.column)
    match term.kind:
        case TermKind.TABLE:
            yield Edge("T", start, end, Entity(term.table), 0.0)
        case TermKind.COLUMN if ref in words.kinds:
            yield Edge("C", start, end, Columns(((ref, 0.0),), said), 0.0)
        case TermKind.VALUE if ref in words.kinds:
            yield Edge("V", start, end, Values(((ref, term.value, 0.0),), said), 0.0)
        case TermKind.FILTER:
            stated = Stated((), term.table, term.sql, term.word)
            yield Edge("V", start, end, Values((), said, stated=stated), 0.0)
        case TermKind.METRIC:
            metric = metric_of(term, words.schema.dialect)
            anchor = _anchor(metric, words.table(term.table), words.schema.dialect)
            yield Edge("C", start, end, Columns(((anchor, 0.0),), said, metric=metric), 0.0)
        case _:
            return


def metric_of(term: Term, dialect: Dialect) -> Metric:
    """A metric as a reading holds it: its whole expression, and what it may be taken for."""
    try:
        sql = figure(term, dialect).sql(dialect=dialect.value)
    except InvalidInput:
        sql = term.sql
    return Metric(term.word, term.table, sql, term.where, _FUNCTIONS.get(term.aggregation, Function.AVG))


def _anchor(metric: Metric, table: Table, dialect: Dialect) -> ColumnRef:
    """A column of the metric's table, so that the metric is found where the column is."""
    tree = sqlglot.parse_one(metric.sql, dialect=dialect.value)
    names = {name.lower(): name for name in table.by_name}
    used = next((names[c.name.lower()] for c in tree.find_all(exp.Column) if c.name.lower() in names), "")
    return ColumnRef(table.key, used or (table.primary_key or tuple(table.by_name))[0])


def measured(metric: Metric, field: Field) -> Tally:
    """The metric over the rows in which its column stands."""
    return Tally(metric.function, field, metric=metric)


def qualified(sql: str, name: str, dialect: Dialect) -> exp.Expr:
    """A term's expression with its columns taken from the table that a query calls `name`."""
    tree = sqlglot.parse_one(sql, dialect=dialect.value)
    for column in list(tree.find_all(exp.Column)):
        column.set("table", exp.to_identifier(name, quoted=True))
        column.set("db", None)
        column.set("catalog", None)
    return tree


def figure_of(metric: Metric, name: str, filtered: str, dialect: Dialect) -> exp.Expr:
    """A metric's expression over the table that a query calls `name`, whose rows meet `filtered` already."""
    tree = qualified(metric.sql, name, dialect)
    if metric.where and metric.where != filtered:
        tree = _only_where(tree, qualified(metric.where, name, dialect))
    return tree if isinstance(tree, exp.AggFunc) else exp.Paren(this=tree)


@dataclass(frozen=True)
class Common:
    """A metric's condition on the rows at the end of `path`."""

    where: str
    path: Path


def common_metric(reading: Reading) -> Common | None:
    """The condition that all figures of a reading share, so that it can be one of the rows; None where they differ."""
    parts = (*reading.show, *(o.by for o in reading.order), *(h.tally for h in reading.having))
    figures = [part.of if isinstance(part, Share) else part for part in parts]
    tallies = [figure for figure in figures if isinstance(figure, Tally)]
    same = {(t.metric.where, t.field.path) if t.metric and t.field else ("", ()) for t in tallies}
    if len(same) != 1 or any(isinstance(part, Portion) for part in reading.show):
        return None
    where, path = same.pop()
    return Common(where, path) if where else None


def _only_where(figure_tree: exp.Expr, condition: exp.Expr) -> exp.Expr:
    """The figure over those rows alone that meet the condition, whatever else a query counts beside it."""
    for found in list(figure_tree.find_all(exp.AggFunc)):
        inner = found.this
        if isinstance(inner, exp.Star) or inner is None:
            found.set("this", _if(condition, exp.Literal.number(1)))
        elif isinstance(inner, exp.Distinct):
            inner.set("expressions", [_if(condition, one) for one in inner.expressions])
        else:
            found.set("this", _if(condition, inner))
    return figure_tree


def _if(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])
