"""What sqlglot cannot read of a dialect, said in words that it can; the text that runs stays as it was written.

Each bridge keeps the meaning: what policies rewrite from the tree says the same as the text.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from core.connections.guard.clauses import left_out
from core.connections.schema import Dialect

_DIRECTIONS = {TokenType.GT: (TokenType.DESC, "DESC"), TokenType.LT: (TokenType.ASC, "ASC")}
_PIVOTS = frozenset({TokenType.PIVOT, TokenType.UNPIVOT})
_TAIL = frozenset({TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET})
_KINDS_OF_TIME = frozenset({"date", "time", "datetime", "timestamp"})
_MOMENTS = frozenset({"utc_date", "utc_time", "utc_timestamp"})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


def bridged(tokens: Sequence[Token], words: Sequence[str], dialect: Dialect) -> list[Token]:
    """The tokens as sqlglot is to read them. `words` are all of them in lower case."""
    left = left_out(words, tokens, dialect)
    seen = [token for place, token in enumerate(tokens) if place not in left] if left else list(tokens)
    for trigger, bridge in _BRIDGES.get(dialect, ()):
        if trigger in words:
            seen = bridge(seen)
    return seen


def mend(nodes: Mapping[type[exp.Expr], list[exp.Expr]], dialect: Dialect) -> bool:
    """Makes columns of loose names, `name.upper()` on DuckDB, and words of what are none, `get_format(date, …)`.

    `nodes` are those of the tree, by type. Says whether it changed any.
    """
    changed = False
    if dialect is Dialect.MYSQL:
        for column in nodes.get(exp.Column, ()):
            name = column.this
            # Reserved there: without quotes these are no names.
            alone = isinstance(name, exp.Identifier) and column.args.get("table") is None
            if alone and not name.args.get("quoted") and name.name.lower() in _MOMENTS:
                column.replace(exp.Var(this=name.name))
                changed = True
        for call in nodes.get(exp.Anonymous, ()):
            kind = call.expressions[0] if call.name.lower() == "get_format" and call.expressions else None
            if isinstance(kind, exp.Column) and kind.name.lower() in _KINDS_OF_TIME and len(kind.parts) == 1:
                kind.replace(exp.Var(this=kind.name))
                changed = True
    if dialect is Dialect.DUCKDB:
        for dot in nodes.get(exp.Dot, ()):
            owner = dot.this
            if not isinstance(dot.expression, exp.Func) or not isinstance(owner, exp.Identifier | exp.Dot):
                continue
            names = _names(owner)
            if 0 < len(names) < 5:
                keys = ("this", "table", "db", "catalog")
                owner.replace(exp.Column(**dict(zip(keys, reversed([name.copy() for name in names]), strict=False))))
                changed = True
    return changed


def _names(owner: exp.Expr) -> list[exp.Identifier]:
    """The names of a chain of nothing but names, else none."""
    names: list[exp.Identifier] = []
    while isinstance(owner, exp.Dot) and isinstance(owner.expression, exp.Identifier):
        names.append(owner.expression)
        owner = owner.this
    if not isinstance(owner, exp.Identifier):
        return []
    return [owner, *reversed(names)]


def _normalized(tokens: Sequence[Token]) -> list[Token]:
    """`x IS NORMALIZED` is as true or false as `x IS NULL`."""
    found = list(tokens)
    for place, token in enumerate(tokens[1:], 1):
        if token.text.lower() == "normalized" and tokens[place - 1].token_type in (TokenType.IS, TokenType.NOT):
            found[place] = _token(TokenType.NULL, "NULL", token, token.end)
    return found


def _values(tokens: Sequence[Token]) -> list[Token]:
    """`VALUES (1, 2), (3, 4)` is `(VALUES (1, 2), (3, 4))`, as a query by itself and as a named one."""
    found: list[Token] = []
    ends: list[int] = []
    depth = 0
    for place, token in enumerate(tokens):
        named = place > 1 and tokens[place - 2].token_type is TokenType.ALIAS and tokens[place - 1].text == "("
        if token.token_type is TokenType.VALUES and (not place or named) and _opens(tokens, place + 1):
            found.append(_token(TokenType.L_PAREN, "(", token, token.start))
            ends.append(depth)
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if ends and depth < ends[-1]:
            ends.pop()
            found.append(_token(TokenType.R_PAREN, ")", token, token.start))
        found.append(token)
    return found + [_token(TokenType.R_PAREN, ")", tokens[-1], tokens[-1].end) for _ in ends]


def _opens(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].token_type is TokenType.L_PAREN


def _postgres(tokens: Sequence[Token]) -> list[Token]:
    """`ORDER BY x USING >` is `ORDER BY x DESC`."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        after = tokens[place + 1].token_type if place + 1 < len(tokens) else None
        if token.token_type is TokenType.USING and after in _DIRECTIONS:
            kind, text = _DIRECTIONS[after]
            found.append(_token(kind, text, token, tokens[place + 1].end))
            place += 2
        else:
            found.append(token)
            place += 1
    return found


def _absolute(tokens: Sequence[Token]) -> list[Token]:
    """`@ x` is a number of x, as `- x` is."""
    bare = [token.token_type is TokenType.PARAMETER and token.text == "@" for token in tokens]
    return [_token(TokenType.DASH, "-", t, t.end) if at else t for t, at in zip(tokens, bare, strict=True)]


def _duckdb(tokens: Sequence[Token]) -> list[Token]:
    """`PIVOT … ORDER BY x` is `SELECT * FROM (PIVOT …) ORDER BY x`."""
    found: list[Token] = []
    open_pivots: dict[int, int] = {}  # where in `found` a pivot begins that may have a tail, by its depth
    depth = 0
    for place, token in enumerate(tokens):
        kind = token.token_type
        if kind in _CLOSING:
            open_pivots.pop(depth, None)
            depth -= 1
        elif kind in _PIVOTS and _begins_query(tokens, place):
            open_pivots[depth] = len(found)
        elif kind in _TAIL and depth in open_pivots:
            start = open_pivots.pop(depth)
            first = found[start]
            head = [(TokenType.SELECT, "SELECT"), (TokenType.STAR, "*"), (TokenType.FROM, "FROM")]
            opening = [_token(k, text, first, first.start) for k, text in [*head, (TokenType.L_PAREN, "(")]]
            found[start:start] = opening
            found.append(_token(TokenType.R_PAREN, ")", token, token.start))
        found.append(token)
        depth += kind in _OPENING
    return found


def _begins_query(tokens: Sequence[Token], place: int) -> bool:
    """Whether a pivot stands as a query of its own, and not behind what it turns."""
    if not place or tokens[place - 1].token_type is TokenType.L_PAREN:
        return True
    after = tokens[place + 1].text.lower() if place + 1 < len(tokens) else "("
    return tokens[place - 1].token_type is TokenType.R_PAREN and after not in ("(", "include", "exclude")


def _token(kind: TokenType, text: str, place: Token, end: int) -> Token:
    """A token that stands in the text where `place` does."""
    return Token(kind, text, line=place.line, col=place.col, start=place.start, end=end)


_Bridge = Callable[[Sequence[Token]], list[Token]]
# Each with a word without which there is nothing to bridge.
_BRIDGES: Mapping[Dialect, Sequence[tuple[str, _Bridge]]] = {
    Dialect.POSTGRES: (("using", _postgres), ("normalized", _normalized), ("@", _absolute)),
    Dialect.MYSQL: (("values", _values),),
    Dialect.DUCKDB: (*((word, _duckdb) for word in ("pivot", "unpivot", "pivot_wider")), ("@", _absolute)),
}
