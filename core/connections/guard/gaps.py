"""What sqlglot cannot read of a dialect, said in words that it can; the text that runs stays as it was written.

Each bridge keeps the meaning: what policies rewrite from the tree says the same as the text.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from core.connections.schema import Dialect

_DIRECTIONS = {TokenType.GT: (TokenType.DESC, "DESC"), TokenType.LT: (TokenType.ASC, "ASC")}
_PIVOTS = frozenset({TokenType.PIVOT, TokenType.UNPIVOT})
_TAIL = frozenset({TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET})
_KINDS_OF_TIME = frozenset({"date", "time", "datetime", "timestamp"})
_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


def bridged(tokens: Sequence[Token], dialect: Dialect) -> list[Token]:
    """The tokens as sqlglot is to read them."""
    bridge = _BRIDGES.get(dialect)
    return bridge(tokens) if bridge else list(tokens)


def mend(root: exp.Expr, dialect: Dialect) -> None:
    """Makes columns of loose names, `name.upper()` on DuckDB, and words of what are none, `get_format(date, …)`."""
    if dialect is Dialect.MYSQL:
        for call in root.find_all(exp.Anonymous):
            kind = call.expressions[0] if call.name.lower() == "get_format" and call.expressions else None
            if isinstance(kind, exp.Column) and kind.name.lower() in _KINDS_OF_TIME and len(kind.parts) == 1:
                kind.replace(exp.Var(this=kind.name))
    if dialect is not Dialect.DUCKDB:
        return
    for dot in list(root.find_all(exp.Dot)):
        owner = dot.this
        if not isinstance(dot.expression, exp.Func) or not isinstance(owner, exp.Identifier | exp.Dot):
            continue
        names = _names(owner)
        if 0 < len(names) < 5:
            keys = ("this", "table", "db", "catalog")
            owner.replace(exp.Column(**dict(zip(keys, reversed([name.copy() for name in names]), strict=False))))


def _names(owner: exp.Expr) -> list[exp.Identifier]:
    """The names of a chain of nothing but names, else none."""
    names: list[exp.Identifier] = []
    while isinstance(owner, exp.Dot) and isinstance(owner.expression, exp.Identifier):
        names.append(owner.expression)
        owner = owner.this
    if not isinstance(owner, exp.Identifier):
        return []
    return [owner, *reversed(names)]


def _postgres(tokens: Sequence[Token]) -> list[Token]:
    """`ORDER BY x USING >` is `ORDER BY x DESC`."""
    if not any(token.token_type is TokenType.USING for token in tokens):
        return list(tokens)
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


def _duckdb(tokens: Sequence[Token]) -> list[Token]:
    """`PIVOT … ORDER BY x` is `SELECT * FROM (PIVOT …) ORDER BY x`."""
    if not any(token.token_type in _PIVOTS for token in tokens):
        return list(tokens)
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


_BRIDGES: Mapping[Dialect, Callable[[Sequence[Token]], list[Token]]] = {
    Dialect.POSTGRES: _postgres,
    Dialect.DUCKDB: _duckdb,
}
