"""How large a value a statement makes out of nothing: texts that are repeated, and numbers of very many digits.

A database gives up a statement at its time limit only where it looks at the clock, and one division of numbers with a
hundred thousand digits keeps PostgreSQL from it for seconds. What literals alone decide is refused here; what comes
of the rows is the session's to end.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from math import inf, isnan, log10

from sqlglot import exp

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import Tree
from core.connections.schema import Dialect

MAX_LENGTH = 1_000_000  # characters
MAX_DIGITS = 2_000

_WRAPPING = (exp.Paren, exp.Neg, exp.Cast)
_NUMERIC = exp.DataType.Type.DECIMAL


def check_bounds(tree: Tree) -> None:
    """Refuses a text or, on PostgreSQL, a number that grows beyond what anybody asks for."""
    for text in tree.all_of(exp.Repeat, exp.Pad, exp.Space):
        if _length(text) > MAX_LENGTH:
            raise refusal("too_large")
    if tree.statement.dialect is not Dialect.POSTGRES:
        return
    makers = [node for node in tree.all_of(exp.Mul) if not isinstance(node.parent, exp.Mul)]
    # PostgreSQL takes a text for a number where one is wanted.
    literals = [node for node in tree.nodes.get(exp.Literal, ()) if "e" in node.name.lower()]
    for node in (*tree.all_of(exp.Pow, exp.Factorial, exp.Exp), *makers, *literals):
        if _digits(node) > MAX_DIGITS:
            raise refusal("too_large")
    for cast in tree.all_of(exp.Cast):
        if cast.is_type(_NUMERIC) and _length(cast.this) > MAX_DIGITS:
            raise refusal("too_large")


def _length(node: exp.Expr | None) -> float:
    """How many characters a text has at least, as far as literals say."""
    if isinstance(node, exp.Repeat):
        return max(_length(node.this), 1) * max(_value(node.args.get("times")), 0)
    if isinstance(node, exp.Pad):
        return max(_value(node.expression), 0)
    if isinstance(node, exp.Space):
        return max(_value(node.this), 0)
    if isinstance(node, exp.Literal):
        return len(node.name) if node.is_string else 0
    return _length(node.this) if isinstance(node, exp.Paren | exp.Cast) else 0


def _digits(node: exp.Expr | None) -> float:
    """The decimal logarithm of a number, or of the part of it that literals say."""
    if isinstance(node, exp.Literal):
        number = _number(node)
        return float(abs(number.adjusted())) if number else 0
    if isinstance(node, exp.Pow):
        base = _digits(node.this)
        known = base or _value(node.this)
        return abs(_value(node.expression)) * (max(base, _fine(node.this)) if known else 1)
    if isinstance(node, exp.Factorial):
        count = _value(node.this)
        return count * log10(count) if 1 < count < inf else count
    if isinstance(node, exp.Exp):
        return abs(_value(node.this)) / 2.3
    if isinstance(node, exp.Mul):
        return _digits(node.this) + _digits(node.expression)
    return _digits(node.this) if isinstance(node, _WRAPPING) else 0


def _fine(node: exp.Expr | None) -> float:
    """The logarithm of a small number to the last place: that of 1.0001 is not 0."""
    value = abs(_value(node))
    return abs(log10(value)) if 0 < value < inf else 0


def _value(node: exp.Expr | None) -> float:
    """What a number made of literals is; 0 where a literal does not decide it, and at most infinity."""
    if isinstance(node, exp.Literal):
        return _float(_number(node) or Decimal(0))
    if isinstance(node, exp.Neg):
        return -_value(node.this)
    made = _MADE.get(type(node)) if node is not None else None
    if made is not None and node is not None:
        try:
            value = made(_value(node.this), _value(node.expression))
        except ArithmeticError:
            return inf
        return inf if isnan(value) else value
    return _value(node.this) if isinstance(node, _WRAPPING) else 0


def _number(literal: exp.Expr) -> Decimal | None:
    try:
        number = Decimal(literal.name.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _float(number: Decimal) -> float:
    return float(number) if abs(number.adjusted()) < 300 else inf


def _power(base: float, exponent: float) -> float:
    return float(abs(base) ** exponent)


_MADE: Mapping[type, Callable[[float, float], float]] = {
    exp.Add: float.__add__,
    exp.Sub: float.__sub__,
    exp.Mul: float.__mul__,
    exp.Pow: _power,
}
