"""One statement: the text that runs, its tokens, and its tree, all three known to speak of the same thing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from core.connections.guard.gaps import bridged, mend
from core.connections.guard.refusal import refusal
from core.connections.guard.text import MAX_NESTING, Layout, clean, lay_out
from core.connections.schema import Dialect

# A column more than PostgreSQL can return. Nobody asks for as many, and each costs a look.
MAX_COLUMNS = 1_600

NAMES = {
    Dialect.POSTGRES: "PostgreSQL",
    Dialect.MYSQL: "MySQL",
    Dialect.SQLITE: "SQLite",
    Dialect.DUCKDB: "DuckDB",
}

_T = TypeVar("_T")
_WITH_CLAUSES = frozenset(
    {
        "ties",
        "ordinality",
        "time",
        "local",
        "rollup",
        "unique",
        "wrapper",
        "array",
        "conditional",
        "unconditional",
        "query",
    }
)
_QUOTES = "'\"`"
_QUOTE = re.compile(r"['\"`]")
# sqlglot is wide and unproved: whatever it stumbles over is refused, not shown as a fault of ours.
STUMBLES = (
    SqlglotError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Statement:
    """One statement without its semicolon. Tokens count their places from the start of `text`."""

    text: str
    dialect: Dialect
    tokens: tuple[Token, ...]

    def source(self, token: Token) -> str:
        """What stands in the text where the token was read."""
        return self.text[token.start : token.end + 1]

    def after(self, count: int) -> "Statement":
        """The rest, without the first `count` tokens: the query that an EXPLAIN explains."""
        if len(self.tokens) <= count:
            raise refusal("cut_off")
        return one_statement(self.text[self.tokens[count].start :], self.dialect)


@dataclass(frozen=True)
class Tree:
    """A statement with sqlglot's tree of it, and all nodes of that. `names` holds each identifier by its place."""

    statement: Statement
    root: exp.Expr
    names: dict[int, exp.Identifier]
    nodes: tuple[exp.Expr, ...]


@cache
def _sqlglot(dialect: Dialect) -> SqlglotDialect:
    return SqlglotDialect.get_or_raise(dialect.value)


@cache
def _tokenizer(dialect: Dialect) -> type[Tokenizer]:
    """The dialect's tokenizer, without its habit of taking all that follows a command's first word for one string."""
    return type("Tokenizer", (_sqlglot(dialect).tokenizer_class,), {"COMMANDS": set()})


def read(sql: str, dialect: Dialect) -> Statement:
    """The one statement of `sql`, or a refusal."""
    return one_statement(clean(sql), dialect)


def one_statement(text: str, dialect: Dialect) -> Statement:
    """Cuts off what surrounds the statement: comments, blanks, semicolons. Refuses a second statement."""
    whole = _cut(text, dialect)
    if whole.text == text:
        return whole
    # What is left is read anew: it has to mean alone what it meant within the rest.
    statement = _cut(whole.text, dialect)
    if statement.text != whole.text or len(statement.tokens) != len(whole.tokens):
        raise refusal("unclear")
    return statement


def _cut(text: str, dialect: Dialect) -> Statement:
    layout = lay_out(text, dialect)
    tokens = _attempt(lambda: _tokenizer(dialect)(dialect=_sqlglot(dialect)).tokenize(text), dialect)
    _check_agreement(text, layout, tokens)
    end = next((i for i, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON), len(tokens))
    if any(token.token_type is not TokenType.SEMICOLON for token in tokens[end:]):
        raise refusal("several_statements")
    if not end:
        raise refusal("nothing")
    return Statement(text[tokens[0].start : tokens[end - 1].end + 1], dialect, tuple(tokens[:end]))


def parse(statement: Statement) -> Tree:
    """sqlglot's tree of a query, in the connection's dialect. Refuses what it cannot read or what it left out."""
    dialect = _sqlglot(statement.dialect)
    tokens = bridged(statement.tokens, statement.dialect)
    trees = _attempt(lambda: dialect.parser().parse(tokens, statement.text), statement.dialect)
    if len(trees) != 1 or trees[0] is None:
        raise refusal("several_statements")
    root = trees[0]
    mend(root, statement.dialect)
    names: dict[int, exp.Identifier] = {}
    selects = withs = 0
    nodes = tuple(root.walk())
    for node in nodes:
        if isinstance(node, exp.Identifier):
            place = node.meta.get("start")
            if place is not None:
                names[place] = node
        elif isinstance(node, exp.Select):
            selects += 1
            if len(node.expressions) > MAX_COLUMNS:
                raise refusal("too_many_columns", limit=MAX_COLUMNS)
        elif isinstance(node, exp.With):
            withs += 1
    # sqlglot folds `WITH … (WITH … SELECT)` into one list, and with it what RECURSIVE belongs to.
    if _count_with(statement) != withs or _count(statement, TokenType.SELECT) > selects:
        raise refusal("unclear")
    return Tree(statement, root, names, nodes)


def _attempt(step: Callable[[], _T], dialect: Dialect) -> _T:
    try:
        return step()
    except RecursionError:
        raise refusal("too_nested", limit=MAX_NESTING) from None
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        near = str(found.get("highlight") or "").strip()[:60]
        raise refusal("unreadable_near" if near else "unreadable", dialect=NAMES[dialect], near=near) from error
    except STUMBLES as error:
        raise refusal("unreadable", dialect=NAMES[dialect]) from error


def _check_agreement(text: str, layout: Layout, tokens: Sequence[Token]) -> None:
    """Our reading of quotes and comments and sqlglot's must be the same, or a part of the text would go unseen."""
    quoted = []
    past = 0
    uncommented = layout.uncommented
    has_comments = uncommented != text
    for token in tokens:
        start, end = token.start, token.end + 1
        # Between two tokens lies nothing but blanks and comments, and no token begins inside a comment.
        if start > past and not uncommented[past:start].isspace():
            raise refusal("unclear")
        source = text[start:end]
        if has_comments and uncommented[start:end] != source:
            raise refusal("unclear")
        past = end
        if source.isidentifier() or (end - start == 1 and source not in _QUOTES):
            continue
        mark = _QUOTE.search(source)
        if mark and source[0] != "$":
            quoted.append((start + mark.start(), past))
        elif source[0] == "$" or (source[0] == "[" and token.token_type is TokenType.IDENTIFIER):
            quoted.append((start, past))
    if layout.uncommented[past:].strip() or tuple(quoted) != layout.quoted:
        raise refusal("unclear")


def _count(statement: Statement, kind: TokenType) -> int:
    return sum(token.token_type is kind for token in statement.tokens)


def _count_with(statement: Statement) -> int:
    """How often WITH begins a list of named queries, as against WITH TIES, WITH TIME ZONE and the like."""
    tokens = statement.tokens
    found = 0
    for place, token in enumerate(tokens):
        if token.end - token.start == 3 and statement.source(token).lower() == "with":
            words = [statement.source(after).lower() for after in tokens[place + 1 : place + 4]] + [""] * 3
            found += (
                words[0] not in _WITH_CLAUSES
                or words[1] == "("
                or (words[1] == "as" and words[2] in ("(", "not", "materialized"))
            )
    return found
