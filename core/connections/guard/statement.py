"""One statement: the text that runs, its tokens, and its tree, all three known to speak of the same thing."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import le
from typing import Any, TypeVar, cast

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
# Nodes below which there are no others, and what else stands in a tree.
_LEAVES = frozenset({exp.Literal, exp.Null, exp.Boolean})
_PLAIN = frozenset({str, bool, int, type(None)})
_QUOTE = re.compile(r"['\"`]")
_QUOTING = re.compile(r"['\"`]|\A[$\[]")
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
    stands there, `words` the same in lower case, `starts` those places."""

    text: str
    dialect: Dialect
    tokens: tuple[Token, ...]
    sources: tuple[str, ...]
    words: tuple[str, ...]
    starts: tuple[int, ...]

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
    """A statement with sqlglot's tree of it, and all nodes of that by their type, those nearer to the root first.

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
    starts, pasts = [token.start for token in tokens], [token.end + 1 for token in tokens]
    sources = [text[start:past] for start, past in zip(starts, pasts, strict=True)]
    # Our reading of quotes and comments and sqlglot's must be the same, or a part of the text would go unseen.
    if not _covers(text, layout, starts, pasts, sources) or _quoted(tokens, sources) != layout.quoted:
        raise refusal("unclear")
    # A semicolon that is a token of its own, which nothing else is that is written so.
    end = sources.index(";") if ";" in sources else len(tokens)
    if any(token.token_type is not TokenType.SEMICOLON for token in tokens[end:]):
        raise refusal("several_statements")
    if not end:
        raise refusal("nothing")
    whole = text[starts[0] : pasts[end - 1]]
    written = tuple(sources[:end])
    return Statement(whole, dialect, tuple(tokens[:end]), written, tuple(map(str.lower, written)), tuple(starts[:end]))


def parse(statement: Statement) -> Tree:
    """sqlglot's tree of a query, in the connection's dialect. Refuses what it cannot read or what it left out."""
    dialect = _sqlglot(statement.dialect)
    words = list(statement.words)
    tokens = bridged(statement.tokens, words, statement.dialect)
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
    if statement.dialect is Dialect.POSTGRES and "using" in words:
        for column, place in joined_names(words).items():
            token = statement.tokens[place]
            alias = exp.Identifier(this=token.text, quoted=token.token_type is TokenType.IDENTIFIER)
            names[token.start] = joined[statement.tokens[column].start] = alias
    tree = Tree(statement, root, names, nodes, joined)
    _check_whole(tree)
    return tree


def _nodes(root: exp.Expr) -> dict[type[exp.Expr], list[exp.Expr]]:
    """All nodes of a tree by their type, those nearer to the root first."""
    found: dict[type[exp.Expr], list[exp.Expr]] = {}
    seen: list[Any] = [root]
    for part in seen:  # grows on the way
        kind = type(part)
        if kind in _PLAIN:
            continue
        if kind is list:
            seen += part
        elif kind in found or isinstance(part, exp.Expr):
            found.setdefault(kind, []).append(part)
            if kind not in _LEAVES:
                seen += part.args.values()
    return found


def _check_whole(tree: Tree) -> None:
    """Refuses a tree in which a part of the statement is missing or merged, or that has too many columns."""
    statement, selects = tree.statement, list(tree.all_of(exp.Select))
    if any(len(select.expressions) > MAX_COLUMNS for select in selects):
        raise refusal("too_many_columns", limit=MAX_COLUMNS)
    written = statement.words.count("select")
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


def _covers(text: str, layout: Layout, starts: Sequence[int], pasts: Sequence[int], sources: Sequence[str]) -> bool:
    """Whether nothing but blanks and comments lies between the tokens, which do not overlap, and no token begins
    inside a comment: without blanks, the text is then what its tokens are."""
    uncommented = layout.uncommented
    if not all(map(le, pasts, starts[1:])) or _squeezed(uncommented) != _squeezed("".join(sources)):
        return False
    return uncommented == text or all(map(uncommented.startswith, sources, starts))


def _quoted(tokens: Sequence[Token], sources: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where sqlglot sees what stands in quotes."""
    marked = {source for source in set(sources) if not source.isidentifier() and _QUOTING.search(source)}
    quoted = []
    for token, source in zip(tokens, sources, strict=True) if marked else ():
        if source not in marked:
            continue
        mark, first = _QUOTE.search(source), source[0]
        if mark and first != "$":
            quoted.append((token.start + mark.start(), token.end + 1))
        elif (first == "$" and len(source) > 1) or (first == "[" and token.token_type is TokenType.IDENTIFIER):
            quoted.append((token.start, token.end + 1))
    return tuple(quoted)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _count_with(statement: Statement) -> int:
    """How often WITH begins a list of named queries, as against WITH TIES, WITH TIME ZONE and the like."""
    found, place, words = 0, -1, (*statement.words, "", "", "")
    for _ in range(words.count("with")):
        place = words.index("with", place + 1)
        first, second, third = words[place + 1 : place + 4]
        found += (
            first not in _WITH_CLAUSES or second == "(" or (second == "as" and third in ("(", "not", "materialized"))
        )
    return found
