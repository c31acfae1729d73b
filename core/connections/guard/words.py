"""Every word of a statement must be known: a name the tree holds, a word of the language, or an allowed function.

This look is at the text itself, not at what sqlglot made of it: sqlglot gives functions of other databases and of
other names the same node, and what runs is the text.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import NAMES, Statement, Tree
from core.connections.routines import Routines
from core.connections.schema import Dialect

_NAMESPACES = frozenset({"main", "temp", "system", "pg_catalog", "information_schema"})
_MARKS = frozenset(
    {TokenType.COMMA, TokenType.DOT, TokenType.L_PAREN, TokenType.R_PAREN, TokenType.NUMBER, TokenType.STRING}
)
_MOST_ZEROS = 1_000_000  # bytes
_BEFORE_SETTING = frozenset({"@@", "."})
_IDENTIFIER = TokenType.IDENTIFIER
_WORDS = frozenset({TokenType.VAR, TokenType.IDENTIFIER})
_PLAIN_MARKS = frozenset("(),.")
_ASCII_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def lower(word: str) -> str:
    """Lower case for ASCII alone, as databases fold: Python would make a K of the Kelvin sign."""
    return word.lower() if word.isascii() else word.translate(_ASCII_LOWER)


@dataclass(frozen=True)
class Vocabulary:
    """The words of one dialect's queries, lower case. Words in `openings` may stand before a parenthesis."""

    functions: frozenset[str]
    table_functions: frozenset[str]
    openings: frozenset[str]
    types: frozenset[str]
    words: frozenset[str]
    reserved: frozenset[str]
    lambdas: frozenset[str]
    date_parts: frozenset[str]
    settings: frozenset[str]
    never: re.Pattern[str]
    operators: frozenset[str]

    def functions_of(self, routines: Routines, allowed: frozenset[str]) -> frozenset[str]:
        """The functions of one database: those listed here, and those its catalogue calls harmless that are not among
        the named exceptions; none that people made there, unless an administrator allowed it."""
        return self.own_functions(routines) - routines.made | allowed

    def own_functions(self, routines: Routines) -> frozenset[str]:
        """The database's own functions, under whatever names people made theirs."""
        return self.functions | {name for name in routines.harmless if not self.never.match(name)}


@cache
def vocabulary(dialect: Dialect) -> Vocabulary:
    """Read once from `<dialect>.toml` and `common.toml`, which lie beside this file."""
    own, common = _lists(dialect.value), _lists("common")
    keywords, types = own["keywords"] | common["keywords"], own["types"]
    return Vocabulary(
        functions=own["functions"],
        table_functions=own["table_functions"],
        openings=keywords | types,
        types=types,
        words=own["words"] | common["words"] | common["date_parts"] | keywords | types,
        reserved=common["reserved"],
        lambdas=own.get("lambdas", frozenset()),
        date_parts=common["date_parts"],
        settings=own["settings"],
        operators=own.get("operators", frozenset()),
        never=re.compile("(?:" + "|".join(sorted(own["never"])) + r")\Z"),
    )


def _lists(name: str) -> Mapping[str, frozenset[str]]:
    text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return {key: frozenset(words.split()) for key, words in tomllib.loads(text).items()}


@dataclass(frozen=True)
class Allowed:
    """What one statement may call and cast to, on its database. `own` are the database's own functions, `granted` an
    administrator's, `made` those that people made there without such leave, `openings` what else has a parenthesis."""

    functions: frozenset[str]
    own: frozenset[str]
    openings: frozenset[str]
    types: frozenset[str]
    operators: frozenset[str]
    granted: frozenset[str]
    made: frozenset[str]


@lru_cache(maxsize=64)
def allowed(dialect: Dialect, routines: Routines, granted: frozenset[str]) -> Allowed:
    """The lists of one database, kept for the next statement."""
    made = routines.made - granted
    known = vocabulary(dialect)
    functions, own = known.functions_of(routines, granted), known.own_functions(routines)
    openings = known.openings - (known.types & made)
    return Allowed(functions, own, openings, routines.types, routines.operators, granted, made)


def check_words(tree: Tree, may: Allowed) -> None:
    """Refuses the first word that is no name, no word of the language and no function that may be called."""
    statement, names = tree.statement, tree.names
    if may.made:
        _check_made(tree, may)
    known = vocabulary(statement.dialect)
    sources, starts = statement.sources, statement.starts
    # Words of the language, where they stand before no parenthesis: that they are also a name makes a difference to
    # those alone that begin a part of a query.
    passed: set[str] = set(_PLAIN_MARKS)
    begins: set[str] = set()
    calls: set[str] = set()
    for source in set(sources):
        word = lower(source)
        if word in known.words:
            (begins if word in known.reserved else passed).add(source)
    for place, (source, after) in enumerate(zip(sources, (*sources[1:], ""), strict=True)):
        called = after == "("
        if source in passed and (not called or source in _PLAIN_MARKS):
            continue
        name = names.get(starts[place])
        if name is None:
            if source in begins and not called:
                continue
        elif _is_name(name, called):
            if lower(source) in known.reserved and not name.quoted:
                raise refusal("reserved", word=source)
            continue
        if place and not called and sources[place - 1] in _BEFORE_SETTING and _is_setting(tree, place):
            continue
        dotted = place > 1 and sources[place - 1] == "."
        if called and source in calls and not dotted:
            continue
        token = statement.tokens[place]
        if token.token_type in _MARKS or not _is_word(token, source):
            continue
        if called:
            _check_call(tree, place, source, may)
            if not dotted:
                calls.add(source)
        elif token.token_type is _IDENTIFIER:
            raise refusal("unclear")
        # Collations have names of their own, hundreds of them; they only order text.
        elif (unknown := _unknown(lower(source), known.words, may.types)) and not (
            place and lower(sources[place - 1]) == "collate"
        ):
            raise refusal("unknown_word", word=unknown, dialect=NAMES[statement.dialect])


def _is_setting(tree: Tree, place: int) -> bool:
    """`time_zone` of `@@time_zone` and `@@session.time_zone`, or that `session`; which ones may be read, the grammar
    has said."""
    statement = tree.statement
    behind = statement.sources[max(place - 3, 0) : place]
    reads = behind[-1] == "@@" or (behind[-1] == "." and behind[0] == "@@" and behind[1].lower() == "session")
    known = exp.SessionParameter in tree.nodes and statement.dialect is Dialect.MYSQL
    return known and reads and statement.words[place] in {"session", *vocabulary(statement.dialect).settings}


def _check_made(tree: Tree, may: Allowed) -> None:
    """Refuses functions that people made under a name that is a word of the language, like `first` and `value`."""
    for call in tree.all_of(exp.Func):
        start = call.meta_get("start")
        # One after a dot says whose it is, and is looked up there.
        if start is not None and not tree.statement.text[:start].rstrip().endswith("."):
            name = tree.statement.text[start : call.meta["end"] + 1]
            folded = lower(name).strip('"`')
            if folded in may.made and folded not in may.functions:
                raise refusal("made_function", function=name)


def _unknown(words: str, known: frozenset[str], types: frozenset[str]) -> str:
    """The first of these words that the language does not have, "" where there is none."""
    return next((word for word in words.split() if word not in known and word not in types), "")


def _is_word(token: Token, source: str) -> bool:
    if token.token_type in _WORDS:
        return True
    # `E'…'`, `x'…'` and the like are text, though they begin with a letter.
    return (source[0].isalpha() or source[0] == "_") and "'" not in source and '"' not in source


def _is_name(node: exp.Identifier, called: bool) -> bool:
    """Whether an identifier names a thing of the query, and not a function or a type."""
    parent = node.parent
    if type(parent) is exp.Column:
        return not called
    if isinstance(parent, exp.Anonymous | exp.DataType):
        return False
    if isinstance(parent, exp.Dot) and isinstance(parent.parent, exp.DataType):
        return False
    # Only the name of a table or of a named query has a list in parentheses after it: `AS t(a, b)`.
    return not called or (isinstance(parent, exp.TableAlias) and node is parent.this)


def _check_call(tree: Tree, place: int, source: str, may: Allowed) -> None:
    statement = tree.statement
    token = statement.tokens[place]
    if statement.dialect is Dialect.SQLITE and _is_small_blob(statement, place):
        return
    dotted = place > 1 and statement.tokens[place - 1].token_type is TokenType.DOT
    owner = _folded(statement, place - 2) if dotted else ""
    if dotted and f"{owner}.{_folded(statement, place)}" in may.granted:
        return
    if token.token_type is TokenType.IDENTIFIER:
        # A quoted name never means the built-in function on MySQL, and elsewhere only as it is spelt.
        words = [token.text] if statement.dialect is not Dialect.MYSQL else [""]
    else:
        words = lower(source).split()
    functions = may.own if owner == "pg_catalog" and statement.dialect is Dialect.POSTGRES else may.functions
    if not all(word in functions or word in may.openings for word in words):
        raise refusal("made_function" if words[0] in may.made else "unknown_function", function=source)
    if dotted:
        _check_owner(tree, place, source)


def _is_small_blob(statement: Statement, place: int) -> bool:
    """`zeroblob(16)`, with a literal that says how few zeros it asks for."""
    call, count = statement.words[place : place + 4], "".join(statement.words[place + 2 : place + 3])
    return call == ("zeroblob", "(", count, ")") and count.isascii() and count.isdigit() and int(count) <= _MOST_ZEROS


def _folded(statement: Statement, place: int) -> str:
    """A name as the catalogue spells it, for one that stands in a list of functions."""
    token = statement.tokens[place]
    return token.text if token.token_type is TokenType.IDENTIFIER else lower(statement.source(token))


def _check_owner(tree: Tree, place: int, source: str) -> None:
    """A call after a dot: PostgreSQL's own functions by their full name, or a DuckDB method of a value."""
    statement = tree.statement
    owner: Token = statement.tokens[place - 2]
    if statement.dialect is Dialect.POSTGRES and statement.source(owner).strip('"') == "pg_catalog":
        return
    if statement.dialect is Dialect.DUCKDB and _is_value(tree, owner):
        return
    raise refusal("qualified_function", function=source)


def _is_value(tree: Tree, owner: Token) -> bool:
    """Whether what stands before the dot is a value, whose method is called: never a namespace with functions in it."""
    if owner.token_type in (TokenType.R_PAREN, TokenType.STRING, TokenType.R_BRACKET):
        return True
    name = tree.names.get(owner.start)
    return name is not None and isinstance(name.parent, exp.Column) and lower(name.name) not in _NAMESPACES
