"""Which texts and numbers in SQL a model may not see, and the SQL with something else in their place."""

import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from core.connections.schema import Dialect
from core.security.personal import PersonalKind

_FORMAT = re.compile(r"(?:%[A-Za-z][-/ :.]?)+")
_COMPARISONS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Like, exp.ILike, exp.Between, exp.RegexpLike,
    exp.Is, exp.SimilarTo, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip


def literals_to_hide(
    sql: str, dialect: Dialect, hidden: Mapping[str, PersonalKind], every: bool
) -> dict[str, PersonalKind | None] | None:
    """The literals of the SQL with the kind each is: that of the column in `hidden` (by its name in small letters)
    that it is compared with; None for others. `every`: all texts that are compared with a column have a kind.
    None at all for SQL that cannot be read."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect.value)
    except (SqlglotError, RecursionError):
        return None
    found: dict[str, PersonalKind | None] = {}
    for literal in tree.find_all(exp.Literal):
        compared = literal.find_ancestor(*_COMPARISONS, exp.Query)
        columns = [] if compared is None or isinstance(compared, exp.Query) else list(compared.find_all(exp.Column))
        kind = next((hidden[c.name.casefold()] for c in columns if c.name.casefold() in hidden), None)
        if kind is None and every and columns and literal.is_string and not _is_plain(literal.name):
            kind = PersonalKind.OTHER
        if literal.is_string or kind:
            found[literal.name] = found.get(literal.name) or kind
    return found


def rewritten(sql: str, dialect: Dialect, instead: Mapping[str, str]) -> str:
    """The SQL with each literal that `instead` names as a text in quotes with its token; `%` around it stays."""
    parts, end = [], 0
    for token in sqlglot.tokenize(sql, dialect=dialect.value):
        new = instead.get(token.text) if token.token_type in (TokenType.STRING, TokenType.NUMBER) else None
        if new is None or new == token.text:
            continue
        before = "%" if token.text.startswith("%") and "%" not in new else ""
        after = "%" if token.text.endswith("%") and len(token.text) > 1 and "%" not in new else ""
        written = exp.Literal.string(f"{before}{new}{after}").sql(dialect=dialect.value)
        parts += [sql[end : token.start], written]
        end = token.end + 1
    return "".join((*parts, sql[end:]))


def _is_plain(text: str) -> bool:
    """Whether a text is a date, a number or a format, which says nothing of anybody."""
    return not any(c.isalpha() for c in text) or _FORMAT.fullmatch(text) is not None
