"""Clauses that sqlglot does not know and that name nothing: left out before it reads, in the tokens alone.

They are made of words of the language and of literals, so what a statement reads or calls never stands in them; the
words are looked at with all others. The text that runs keeps them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from core.connections.schema import Dialect

_LITERALS = frozenset({TokenType.STRING, TokenType.NUMBER})
_ENDS = (("on", "empty"), ("on", "error"))
_KINDS: Sequence[tuple[str, ...]] = ((), ("conditional",), ("unconditional",))
_ARRAYS: Sequence[tuple[str, ...]] = ((), ("array",))
# How JSON_QUERY wraps what it finds.
_WRAPPERS = (
    *(
        (head, *kind, *array, "wrapper")
        for head in ("with", "without")
        for kind in _KINDS
        for array in ((), ("array",))
    ),
    *((head, "quotes", *rest) for head in ("keep", "omit") for rest in (("on", "scalar", "string"), ())),
)
_AFTER_VALUE = frozenset({")", ",", "]", "+", "-", "*", "/", "as", "from"})
_LISTING = ("group_concat", "json_arrayagg")
# Types that may stand before a text of theirs and that sqlglot takes for names.
_SHAPES = frozenset({"box", "circle", "line", "lseg", "polygon", "jsonpath", "tsquery", "tsvector", "varbit"})
_FORMS = frozenset({"nfc", "nfd", "nfkc", "nfkd"})


def left_out(words: Sequence[str], tokens: Sequence[Token], dialect: Dialect) -> set[int]:
    """The places of tokens that sqlglot is not to see. `words` are all tokens in lower case."""
    present = set(words)
    found: set[int] = set()
    for trigger, clauses in _CLAUSES.get(dialect, {}).items():
        if trigger in present:
            found.update(clauses(words, tokens))
    return found


def joined_names(words: Sequence[str]) -> Mapping[int, int]:
    """`JOIN … USING (a, b) AS name` of PostgreSQL: the place of each such name, by that of the first column."""
    found = {}
    for place, word in enumerate(words):
        if word == "using" and words[place + 1 : place + 2] == ["("] and ")" in words[place:]:
            end = words.index(")", place)
            if words[end + 1 : end + 2] == ["as"] and end + 2 < len(words):
                found[place + 2] = end + 2
    return found


def _using(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:  # noqa: ARG001
    for name in joined_names(words).values():
        yield from (name - 1, name)


def _wrappers(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:  # noqa: ARG001
    for place in range(len(words)):
        for clause in _WRAPPERS:
            if words[place] == clause[0] and tuple(words[place : place + len(clause)]) == clause:
                yield from range(place, place + len(clause))
                break


def _shapes(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    for place, word in enumerate(words[:-1]):
        if word in _SHAPES and tokens[place + 1].token_type is TokenType.STRING:
            yield place


def _forms(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:  # noqa: ARG001
    for place, word in enumerate(words[:-1]):
        if word in _FORMS and words[place + 1] == "normalized" and words[place - 1] in ("is", "not"):
            yield place


def _endings(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """In JSON_TABLE, what a column is where nothing or something wrong is found, and EXISTS before a path."""
    for start, past in _called(words, ("json_table",)):
        for place in range(start, past):
            if words[place] == "exists" and words[place + 1] == "path":
                yield place
            elif words[place] in ("null", "error", "empty") and tuple(words[place + 1 : place + 3]) in _ENDS:
                yield from range(place, place + 3)
            elif words[place] == "default" and tokens[place + 1].token_type in _LITERALS:
                yield from range(place, place + 4 if tuple(words[place + 2 : place + 4]) in _ENDS else place)


def _limits(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """The LIMIT at the end of GROUP_CONCAT and JSON_ARRAYAGG."""
    for start, past in _called(words, _LISTING):
        for place in range(start, past):
            if words[place] == "limit":
                rest = words[place + 1 : past]
                counts = [token.token_type is TokenType.NUMBER for token in tokens[place + 1 : past : 2]]
                if all(counts) and rest[1:2] in ([], [","], ["offset"]) and len(rest) in (1, 3):
                    yield from range(place, past)


def _examined(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """`LIMIT ROWS EXAMINED n`: where to give up."""
    for place, word in enumerate(words):
        counted = place + 1 < len(words) and tokens[place + 1].token_type is TokenType.NUMBER
        if counted and word == "examined" and words[place - 1] == "rows":
            yield from range(place - 1 - (words[place - 2] == "limit"), place + 2)


def _factorials(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """The mark of a factorial behind a number, `5!`, before what can follow a value."""
    for place, word in enumerate(words):
        follows = words[place + 1] if place + 1 < len(words) else ")"
        if word == "!" and place and tokens[place - 1].token_type is TokenType.NUMBER and follows in _AFTER_VALUE:
            yield place


def _called(words: Sequence[str], names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the arguments of calls of these functions begin, and where they end."""
    for place, word in enumerate(words):
        if word in names and words[place + 1 : place + 2] == ["("]:
            depth = 1
            for end in range(place + 2, len(words)):
                depth += (words[end] == "(") - (words[end] == ")")
                if not depth:
                    yield place + 2, end
                    break


_Clauses = Callable[[Sequence[str], Sequence[Token]], Iterator[int]]
# By a word without which there is no such clause.
_CLAUSES: Mapping[Dialect, Mapping[str, _Clauses]] = {
    Dialect.POSTGRES: {
        "using": _using,
        "wrapper": _wrappers,
        "quotes": _wrappers,
        "json_table": _endings,
        "normalized": _forms,
        **dict.fromkeys(_SHAPES, _shapes),
    },
    Dialect.MYSQL: {
        "json_table": _endings,
        "group_concat": _limits,
        "json_arrayagg": _limits,
        "examined": _examined,
    },
    Dialect.DUCKDB: {"!": _factorials},
}
