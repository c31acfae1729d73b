"""A row rule as it stands in a WHERE: one condition over one table, each of its names bound to that table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import Tree, one_statement, parse
from core.connections.guard.text import clean, lay_out
from core.connections.guard.words import lower
from core.connections.schema import Dialect

_ONE = exp.Literal.number(1)
# What gives another value each time: who sees a row must not be chance.
_CHANCE = re.compile(
    r"(random|rand|uuid(v4|v7|_short)?|gen_random_uuid|setseed|random_normal|clock_timestamp|timeofday)\Z"
)


@dataclass(frozen=True)
class Rule:
    """The text of a condition, in which every column of the table has the table's name before it.

    `asks` says that it holds a query of its own.
    """

    text: str
    asks: bool


def rule(condition: str, source: exp.Table, name: exp.Identifier, dialect: Dialect) -> Rule:
    """The condition over `source`, which is called `name` there. Raises `QueryRefused` where it is none."""
    text = clean(condition)
    if lay_out(text, dialect).uncommented != text:
        raise refusal("rule_comment")
    # Alone after WHERE it must be one condition: what closes a parenthesis of ours would not be one there.
    head = exp.select(_ONE).from_(source).sql(dialect.value) + " WHERE "
    tree = parse(one_statement(head + text, dialect))
    root = tree.root
    if not isinstance(root, exp.Select) or {key for key, value in root.args.items() if value} - _PARTS:
        raise refusal("rule_form")
    if tree.statement.text != head + text:
        raise refusal("rule_form")
    if any(_CHANCE.match(lower(tree.statement.source(token))) for token in tree.statement.tokens):
        raise refusal("rule_chance")
    prefix = name.sql(dialect.value) + "."
    places = [start - len(head) for start in _bare_names(tree)]
    asks = any(node is not root for node in root.find_all(exp.Query))
    return Rule(spliced(text, [(place, place, prefix) for place in places]), asks)


_PARTS = frozenset({"expressions", "from_", "where", "kind"})


def _bare_names(tree: Tree) -> list[int]:
    """Where, in the whole statement, stand columns of the rule's own table that have no table before them."""
    columns = [
        column.this
        for column in tree.root.args["where"].find_all(exp.Column)
        if column.args.get("table") is None and column.parent_select is tree.root
    ]
    return [int(name.meta["start"]) for name in columns if isinstance(name, exp.Identifier) and "start" in name.meta]


def spliced(text: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """The text with something new at each of these places, given as (first, past last, new), which do not overlap."""
    for first, past, new in sorted(changes, reverse=True):
        text = text[:first] + new + text[past:]
    return text
