"""The literals of a query that a person can move: limits, amounts, days, and the values of text columns.

Moving one changes that literal in the tree and nothing else; the guard checks the outcome like any other SQL.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Protocol

import sqlglot
from sqlglot import exp

from core.answering.events import Lever, LeverKind, LeverValue
from core.answering.lever_kinds import Handle, Special, handles, in_list
from core.answering.literals import day_of, literal_of
from core.answering.wording import Wording
from core.connections.schema import Dialect
from core.errors import InvalidInput
from core.i18n import Phrase

_MOST = 12
_BETWEEN_IDS = "+"
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Like, exp.ILike)
_LOWER, _UPPER = (exp.GT, exp.GTE), (exp.LT, exp.LTE)


class Options(Protocol):
    """Whatever knows the values of a text column."""

    def of_column(self, table: str, column: str, limit: int = 50) -> Sequence[str]:
        """At most `limit` values of a column (`Table.key`, name), those seen most first; [] where none are known."""
        ...


def levers(wording: Wording, options: Options) -> tuple[Lever, ...]:
    """At most twelve levers of the query, in the order of its text, labelled in the language of `wording`. What stands
    twice with the same value is one lever.

    None for a query that could not be written down again unchanged.
    """
    found: list[Lever] = []
    if not wording.parts.faithful:
        return ()
    special = {number: _special(wording, number, handle, options) for number, handle in handles(wording.parts.tree)}
    plain = {
        number: _lever(wording, number, literal, options)
        for number, literal in _literals(wording.parts.tree)
        if not in_list(literal)
    }
    made = special | plain
    found = [lever for number in sorted(made, key=int) if (lever := made[number]) is not None]
    return tuple(_together(found)[:_MOST])


def _together(found: Sequence[Lever]) -> list[Lever]:
    """The levers, those that are the same in all but their place as one."""
    by_place: dict[tuple[object, ...], Lever] = {}
    for lever in found:
        key = (lever.label, lever.kind, lever.value)
        same = by_place.get(key) if lever.kind is not LeverKind.LIMIT else None
        by_place[key] = replace(same, id=f"{same.id}{_BETWEEN_IDS}{lever.id}") if same else lever
    return list(by_place.values())


def move(sql: str, dialect: Dialect, changes: Mapping[str, LeverValue]) -> str:
    """The same query with some literals changed; keys are `Lever.id`s of this very SQL.

    Raises `InvalidInput` for a lever it does not have and for a value of another kind than the literal's.
    """
    tree = sqlglot.parse_one(sql, dialect=dialect.value)
    literals, special = dict(_literals(tree)), dict(handles(tree))
    apart = [(number, value) for lever, value in changes.items() for number in lever.split(_BETWEEN_IDS)]
    for number, value in apart:
        # One literal of a list can also be moved by itself.
        if number in special and (isinstance(value, tuple) or special[number].kind is not Special.LIST):
            special[number].move(value)
            continue
        if number not in literals:
            raise InvalidInput(problem=Phrase("answering.no_such_lever", {"lever": number}))
        literal = literals[number]
        whole = literal.parent if isinstance(literal.parent, exp.Neg) else literal
        whole.replace(_literal(literal, value))
    return tree.sql(dialect=dialect.value)


@dataclass(frozen=True)
class Movable:
    """A literal that can be moved: its value, what it is compared with (`beside`, None for a limit) and that as SQL.

    `upper`: it bounds from above. `is_pattern`: it is looked for within a text.
    """

    id: str
    value: LeverValue
    beside: exp.Expr | None = None
    beside_sql: str = ""
    upper: bool = False
    is_pattern: bool = False

    @property
    def is_limit(self) -> bool:
        return self.beside is None


def movable(tree: exp.Expr) -> Iterator[Movable]:
    """The literals of a query that `move` can change, by the id under which it does."""
    for number, literal in _literals(tree):
        value = _value(literal)
        if value is None:
            continue
        if literal.find_ancestor(exp.Limit, exp.Fetch, *_COMPARISONS).__class__ in (exp.Limit, exp.Fetch):
            yield Movable(number, value)
            continue
        around, beside = _comparison(literal)
        plain = value.strip("%") if isinstance(value, str) and _is_pattern(literal) else value
        upper = _side(around, literal) == "to"
        yield Movable(number, plain, beside, beside.sql(), upper, _is_pattern(literal))


def same_but_for_literals(one: str, other: str, dialect: Dialect) -> bool:
    """Whether two queries differ in nothing but the literals that levers move."""
    trees = [sqlglot.parse_one(sql, dialect=dialect.value) for sql in (one, other)]
    for tree in trees:
        plain = [literal for _, literal in _literals(tree) if not in_list(literal)]
        for _, handle in list(handles(tree)):
            handle.blank()
        for literal in plain:
            whole = literal.parent if isinstance(literal.parent, exp.Neg) else literal
            whole.replace(exp.Placeholder())
    return trees[0] == trees[1]


def _literals(tree: exp.Expr) -> Iterator[tuple[str, exp.Literal]]:
    """The movable literals of a query by the number they are known under: their place among all its literals."""
    for number, literal in enumerate(list(tree.find_all(exp.Literal, bfs=False))):
        if _movable(literal):
            yield str(number), literal


def _movable(literal: exp.Literal) -> bool:
    """Whether a literal is a limit, or what a column is compared with."""
    node: exp.Expr = literal
    if literal.is_string and str(literal.this).lower() == "now":
        return False
    while isinstance(node.parent, exp.Paren | exp.Cast | exp.Neg | exp.TsOrDsToDate | exp.Date | exp.Lower):
        node = node.parent
    around = node.parent
    if isinstance(around, exp.Limit | exp.Fetch):
        return not literal.is_string and around.parent is literal.root()
    if not isinstance(around, _COMPARISONS):
        return False
    others = [child for child in around.iter_expressions() if child is not node]
    return any(other.find(exp.Column) is not None or other.find(exp.Count) is not None for other in others)


def _comparison(literal: exp.Literal) -> tuple[exp.Expr, exp.Expr]:
    """The comparison around a literal, and the side of it that is compared."""
    around = literal.find_ancestor(*_COMPARISONS)
    if around is None:
        raise InvalidInput(problem=Phrase("answering.no_such_lever", {"lever": literal.name}))
    beside = around.this if around.this.find(exp.Literal) is not literal else around.args["expression"]
    return around, beside


def _lever(wording: Wording, number: str, literal: exp.Literal, options: Options) -> Lever | None:
    words = wording.words
    if literal.find_ancestor(exp.Limit, exp.Fetch, *_COMPARISONS).__class__ in (exp.Limit, exp.Fetch):
        return Lever(number, words.say("answering.lever_limit"), LeverKind.LIMIT, int(literal.name))
    around, beside = _comparison(literal)
    of, value = _called(wording, beside), _value(literal)
    if not of or value is None:
        return None
    label = words.say(f"answering.lever_{_side(around, literal)}", of=of)
    if isinstance(value, date):
        return Lever(number, label, LeverKind.DATE, value)
    if not isinstance(value, str):
        return Lever(number, label, LeverKind.NUMBER, value)
    known = _known(wording, beside, options)
    if isinstance(around, exp.Like | exp.ILike):
        return Lever(number, label, LeverKind.TEXT, value.strip("%"))
    if known and value not in known:
        known = (value, *known)
    return Lever(number, label, LeverKind.TEXT, value, known)


def _special(wording: Wording, number: str, handle: Handle, options: Options) -> Lever | None:
    """A lever of rows skipped, of a limit inside, of how long ago, or of a list."""
    words = wording.words
    if handle.kind is Special.SKIPPED:
        return Lever(number, words.say("answering.lever_skipped"), LeverKind.SKIPPED, handle.value)
    if handle.kind is Special.INNER_LIMIT:
        return Lever(number, words.say("answering.lever_inner_limit"), LeverKind.LIMIT, handle.value)
    if handle.literal.find_ancestor(*_COMPARISONS) is None:
        return None
    around, beside = _comparison(handle.literal)
    of = _called(wording, beside)
    if not of:
        return None
    if handle.kind is Special.AGO:
        return Lever(number, words.say(f"answering.lever_{handle.unit}s", of=of), LeverKind.NUMBER, handle.value)
    label = words.say(f"answering.lever_{_side(around, handle.literal)}", of=of)
    return Lever(number, label, LeverKind.LIST, handle.value, _known(wording, beside, options))


def _called(wording: Wording, beside: exp.Expr) -> str:
    """What is compared, in words: a calculation by what it is made of; "" where nothing tells."""
    inner, of = beside.unnest(), wording.of(beside)
    if isinstance(inner, exp.Select) and len(inner.selects) == 1:
        of = _of_inner(wording, inner)
    if not of:
        names = [name for column in beside.find_all(exp.Column) if (name := wording.of(column))]
        of = wording.words.say("answering.lever_calculated", of=wording.listed(names, most=2)) if names else ""
    return of[:1].upper() + of[1:]


def _of_inner(wording: Wording, inner: exp.Select) -> str:
    """What an inner query gives, in words; rows are counted of its own table and not of the outer one."""
    source, counts = inner.args.get("from_"), inner.selects[0].unalias()
    table = wording.parts.table_of(source.this) if source is not None and isinstance(source.this, exp.Table) else None
    if isinstance(counts, exp.Count) and table is not None:
        return wording.words.say("answering.number_of", of=wording.many(table))
    return wording.of(inner.selects[0])


def _known(wording: Wording, beside: exp.Expr, options: Options) -> tuple[str, ...]:
    """The values of the column compared, as far as the person may see them, written as the comparison needs them."""
    place = wording.parts.place(beside)
    known = () if place is None else options.of_column(place.table.key, place.column.name, 50)
    if beside.find(exp.Lower) is not None:
        return tuple(dict.fromkeys(value.lower() for value in known))
    return (
        tuple(dict.fromkeys(value.upper() for value in known)) if beside.find(exp.Upper) is not None else tuple(known)
    )


def _side(around: exp.Expr, literal: exp.Literal) -> str:
    """Which end of a range a literal is: "from", "to", or "is" for neither."""
    if isinstance(around, exp.Between):
        return "from" if around.args["low"].find(exp.Literal) is literal else "to"
    mirrored = around.this.find(exp.Literal) is literal
    if isinstance(around, _LOWER):
        return "to" if mirrored else "from"
    if isinstance(around, _UPPER):
        return "from" if mirrored else "to"
    above = around.parent.parent if isinstance(around.parent, exp.Paren) else around.parent
    negated = isinstance(around, exp.NEQ) or around.args.get("negate") or isinstance(above, exp.Not)
    return "not" if negated else "is"


def _value(literal: exp.Literal) -> LeverValue | None:
    """What a literal holds, as a person would set it."""
    value = literal_of(literal)
    if isinstance(value, str):
        return day_of(value) or value
    negative = isinstance(literal.parent, exp.Neg)
    number = Decimal(literal.name)
    number = -number if negative else number
    return int(number) if number == number.to_integral_value() else number


def _literal(old: exp.Literal, value: LeverValue) -> exp.Expr:
    """`value` written as `old` was: dates keep their time, patterns their percent signs."""
    now = _value(old)
    if isinstance(now, date) != isinstance(value, date) or isinstance(now, str) != isinstance(value, str):
        raise InvalidInput(problem=Phrase("answering.wrong_lever_value", {"value": str(value)}))
    if isinstance(value, date):
        return exp.Literal.string(value.isoformat()[:10] + str(old.this)[10:])
    if isinstance(value, str):
        text = str(old.this)
        return exp.Literal.string(
            "%" * text.startswith("%") + value + "%" * text.endswith("%") if _is_pattern(old) else value
        )
    if isinstance(value, bool | tuple) or not Decimal(value).is_finite():
        raise InvalidInput(problem=Phrase("answering.wrong_lever_value", {"value": str(value)}))
    if isinstance(old.parent, exp.Limit | exp.Fetch) and (value != int(value) or not 1 <= value <= 1_000_000):
        raise InvalidInput(problem=Phrase("answering.wrong_limit"))
    number = exp.Literal.number(format(abs(Decimal(value)), "f"))
    return exp.Neg(this=number) if value < 0 else number


def _is_pattern(literal: exp.Literal) -> bool:
    return isinstance(literal.parent, exp.Like | exp.ILike)
