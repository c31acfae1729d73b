"""Which queries cannot tell anything about rows that a rule takes away, in whatever order a database works.

A condition that may fail, or take long, on some values tells of rows it is tried on, even of those that a rule takes
away afterwards. Where a query holds nothing of the kind, the database may use its indexes for it freely.
"""

from sqlglot import exp

from core.connections.schema import Dialect

_PLAIN = (
    exp.Select, exp.From, exp.Where, exp.Join, exp.Table, exp.TableAlias, exp.Identifier, exp.Column, exp.Star,
    exp.Alias, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT,
    exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Group, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Having, exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Distinct, exp.SetOperation, exp.With, exp.CTE,
)  # fmt: skip
_MOST_WILDCARDS = 2  # more can take very long on some texts
# DuckDB compares text with numbers by reading the text as a number, which may fail.
_CONVERTS = frozenset({Dialect.DUCKDB})


def cannot_fail(tree: exp.Expr, dialect: Dialect) -> bool:
    """Whether no part of the query can fail or take long on some values and not on others."""
    return dialect not in _CONVERTS and all(_is_plain(node) for node in tree.walk())


def _is_plain(node: exp.Expr) -> bool:
    if isinstance(node, exp.Like):
        return _is_plain_pattern(node.expression)
    if isinstance(node, exp.In):
        return not node.args.get("query") and not node.args.get("unnest") and not node.args.get("field")
    if isinstance(node, exp.Subquery):
        # As a value it may give more than one row, which is an error.
        return isinstance(node.parent, exp.From | exp.Join | exp.SetOperation)
    return isinstance(node, _PLAIN)


def _is_plain_pattern(pattern: exp.Expr) -> bool:
    """A pattern that ends in the middle of an escape fails, but only on text that has come so far."""
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        return False
    text = str(pattern.this)
    return "\\" not in text and text.count("%") <= _MOST_WILDCARDS
