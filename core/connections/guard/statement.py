"""One statement: the text that runs, its tokens, and its tree, all three known to speak of the same thing."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from core.connections.guard.clauses import joined_names
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
_N = TypeVar("_N", bound=exp.Expr)
Nodes = Mapping[type[exp.Expr], list[exp.Expr]]
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
# Nodes below which there are no others.
_LEAVES = frozenset({exp.Literal, exp.Null, exp.Boolean})
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
    """One statement without its semicolon. Tokens count their places from the start of `text`; `sources` are what
    stands there."""

    text: str
    dialect: Dialect
    tokens: tuple[Token, ...]
    sources: tuple[str, ...]

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
    """A statement with sqlglot's tree of it, and all nodes of that by their type, in the order of their first ones.

    `names` holds each identifier by its place; `joined` the name that a join's USING got, by the place of its first
    column.
    """

    statement: Statement
    root: exp.Expr
    names: Mapping[int, exp.Identifier]
    nodes: Nodes
    joined: Mapping[int, exp.Identifier]

    def all_of(self, *kinds: type[_N]) -> Iterator[_N]:
        """All nodes of these types, and of types made from them."""
        for kind, nodes in self.nodes.items():
            if issubclass(kind, kinds):
                yield from nodes  # type: ignore[misc]


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
    sources = [text[token.start : token.end + 1] for token in tokens]
    _check_agreement(text, layout, tokens, sources)
    # A semicolon that is a token of its own, which nothing else is that is written so.
    end = sources.index(";") if ";" in sources else len(tokens)
    if any(token.token_type is not TokenType.SEMICOLON for token in tokens[end:]):
        raise refusal("several_statements")
    if not end:
        raise refusal("nothing")
    whole = text[tokens[0].start : tokens[end - 1].end + 1]
    return Statement(whole, dialect, tuple(tokens[:end]), tuple(sources[:end]))


def parse(statement: Statement) -> Tree:
    """sqlglot's tree of a query, in the connection's dialect. Refuses what it cannot read or what it left out."""
    dialect = _sqlglot(statement.dialect)
    lowered = [source.lower() for source in statement.sources]
    tokens = bridged(statement.tokens, lowered, statement.dialect)
    trees = _attempt(lambda: dialect.parser().parse(tokens, statement.text), statement.dialect)
    if len(trees) != 1 or trees[0] is None:
        raise refusal("several_statements")
    root = trees[0]
    nodes = _nodes(root)
    if mend(nodes, statement.dialect):
        nodes = _nodes(root)
    names: dict[int, exp.Identifier] = {}
    for name in nodes.get(exp.Identifier, ()):
        start = name.meta_get("start")
        if start is not None:
            names[start] = cast(exp.Identifier, name)
    joined: dict[int, exp.Identifier] = {}
    if statement.dialect is Dialect.POSTGRES and "using" in lowered:
        for column, place in joined_names(lowered).items():
            token = statement.tokens[place]
            alias = exp.Identifier(this=token.text, quoted=token.token_type is TokenType.IDENTIFIER)
            names[token.start] = joined[statement.tokens[column].start] = alias
    tree = Tree(statement, root, names, nodes, joined)
    _check_whole(tree)
    return tree


def _nodes(root: exp.Expr) -> dict[type[exp.Expr], list[exp.Expr]]:
    """All nodes of a tree by their type."""
    found: dict[type[exp.Expr], list[exp.Expr]] = {}
    waiting: list[object] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Expr):
            kind = type(node)
            if kind in found:
                found[kind].append(node)
            else:
                found[kind] = [node]
            if kind not in _LEAVES:
                waiting += reversed(node.args.values())
        elif type(node) is list:
            waiting += reversed(node)
    return found


def _check_whole(tree: Tree) -> None:
    """Refuses a tree in which a part of the statement is missing or merged, or that has too many columns."""
    statement, selects = tree.statement, list(tree.all_of(exp.Select))
    if any(len(select.expressions) > MAX_COLUMNS for select in selects):
        raise refusal("too_many_columns", limit=MAX_COLUMNS)
    written = sum(len(source) == 6 and source.lower() == "select" for source in statement.sources)
    # sqlglot folds `WITH … (WITH … SELECT)` into one list, and with it what RECURSIVE belongs to.
    if _count_with(statement) != len(list(tree.all_of(exp.With))) or written > len(selects):
        raise refusal("unclear")


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


def _check_agreement(text: str, layout: Layout, tokens: Sequence[Token], sources: Sequence[str]) -> None:
    """Our reading of quotes and comments and sqlglot's must be the same, or a part of the text would go unseen."""
    quoted = []
    past = 0
    uncommented = layout.uncommented
    has_comments = uncommented != text
    for token, source in zip(tokens, sources, strict=True):
        start = token.start
        # Between two tokens lies nothing but blanks and comments, and no token begins inside a comment.
        if start > past and not uncommented[past:start].isspace():
            raise refusal("unclear")
        past = start + len(source)
        if has_comments and uncommented[start:past] != source:
            raise refusal("unclear")
        if source.isidentifier() or (len(source) == 1 and source not in _QUOTES):
            continue
        mark = _QUOTE.search(source)
        if mark and source[0] != "$":
            quoted.append((start + mark.start(), past))
        elif source[0] == "$" or (source[0] == "[" and token.token_type is TokenType.IDENTIFIER):
            quoted.append((start, past))
    if layout.uncommented[past:].strip() or tuple(quoted) != layout.quoted:
        raise refusal("unclear")


def _count_with(statement: Statement) -> int:
    """How often WITH begins a list of named queries, as against WITH TIES, WITH TIME ZONE and the like."""
    found = 0
    for place, source in enumerate(statement.sources):
        if len(source) == 4 and source.lower() == "with":
            words = [after.lower() for after in statement.sources[place + 1 : place + 4]] + [""] * 3
            found += (
                words[0] not in _WITH_CLAUSES
                or words[1] == "("
                or (words[1] == "as" and words[2] in ("(", "not", "materialized"))
            )
    return found
