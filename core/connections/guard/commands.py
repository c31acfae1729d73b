"""The few commands besides queries that only tell: EXPLAIN, DESCRIBE, SHOW and SUMMARIZE, each in a closed form.

They are read here word by word, since sqlglot keeps much of them as unread text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from core.connections.guard.refusal import refusal
from core.connections.guard.scopes import View
from core.connections.guard.statement import NAMES, Statement
from core.connections.guard.tables import Tables
from core.connections.guard.words import lower, vocabulary
from core.connections.schema import Dialect

_QUERIES = frozenset({"select", "with", "values", "("})
_QUERY_STARTS = {
    Dialect.POSTGRES: _QUERIES | {"table"},
    Dialect.MYSQL: _QUERIES | {"table"},
    Dialect.SQLITE: _QUERIES,
    Dialect.DUCKDB: _QUERIES | {"table", "from", "pivot", "pivot_wider", "unpivot"},
}
_EXPLAIN_OPTIONS = {
    Dialect.POSTGRES: frozenset({"costs", "verbose", "format", "summary", "buffers", "memory", "generic_plan"}),
    Dialect.DUCKDB: frozenset({"format"}),
}
_EXPLAIN_VALUES = frozenset(
    {"on", "off", "true", "false", "0", "1", "text", "json", "xml", "yaml", "html", "graphviz", "traditional", "tree"}
)
_RUNS = frozenset({"analyze", "analyse"})
_ABOUT_SERVER = frozenset({"all", "databases", "schemas", "variables"})


@dataclass(frozen=True)
class Command:
    """What a command tells about: a query, a table by the tokens of its name, or neither."""

    query: Statement | None = None
    table: tuple[Token, ...] = ()

    def read(self, tables: Tables) -> tuple[str, ...]:
        """The columns of the table that it tells about; refuses a table that is not allowed."""
        if not self.table:
            return ()
        names = [_identifier(token) for token in self.table if token.token_type is not TokenType.DOT]
        source = tables.source(exp.Table(this=names[-1], db=names[-2] if len(names) > 1 else None), View())
        return tuple(key for key in source.output.columns.values() if key)


def command(statement: Statement) -> Command | None:
    """The command that a statement is; None for a query. Refuses everything else by its first word."""
    if lower(statement.source(statement.tokens[0])) in _QUERY_STARTS[statement.dialect]:
        return None
    words = [lower(statement.source(token)) for token in statement.tokens]
    read = _COMMANDS[statement.dialect].get(words[0])
    if read is None:
        raise refusal("starts_with", word=statement.source(statement.tokens[0])[:40], dialect=NAMES[statement.dialect])
    return read(statement, words)


def _explain(statement: Statement, words: Sequence[str]) -> Command:
    """EXPLAIN of a query, which is not run: never ANALYZE, in any spelling."""
    if len(words) > 1 and words[1] in _RUNS:
        raise refusal("explain_runs")
    options = _EXPLAIN_OPTIONS.get(statement.dialect)
    if options and len(words) > 2 and words[1] == "(" and words[2] not in _QUERY_STARTS[statement.dialect]:
        return Command(query=statement.after(_options(words, options)))
    if statement.dialect is Dialect.POSTGRES and words[1:2] == ["verbose"]:
        return _query(statement, 2)
    if statement.dialect is Dialect.SQLITE and words[1:3] == ["query", "plan"]:
        return _query(statement, 3)
    return _query(statement, 1)


def _options(words: Sequence[str], allowed: frozenset[str]) -> int:
    """How many words EXPLAIN and its options in parentheses take."""
    words = [*words, "", "", ""]
    place = 2
    while True:
        option, place = words[place], place + 1
        if option in _RUNS:
            raise refusal("explain_runs")
        if option not in allowed:
            raise refusal("explain_option", option=option)
        if words[place] in _EXPLAIN_VALUES:
            place += 1
        if words[place] == ")":
            return place + 1
        if words[place] != ",":
            raise refusal("explain_option", option=words[place])
        place += 1


def _query(statement: Statement, count: int) -> Command:
    return Command(query=statement.after(count))


def _describe(statement: Statement, words: Sequence[str]) -> Command:
    """DESCRIBE of a query or of a table."""
    if len(words) == 1:
        return Command()
    if words[1] in _QUERY_STARTS[statement.dialect]:
        return _query(statement, 1)
    return _table(statement, 1)


def _describe_mysql(statement: Statement, words: Sequence[str]) -> Command:
    """EXPLAIN and DESCRIBE are one word on MySQL: a query's plan, or a table's columns."""
    if words[1:2] and words[1] in _RUNS:
        raise refusal("explain_runs")
    if words[1:2] and words[1] in ("extended", "partitions"):
        return _query(statement, 2)
    if words[1:3] == ["format", "="] and words[3:4] and words[3].strip("'\"") in _EXPLAIN_VALUES:
        return _query(statement, 4)
    if len(words) > 2 and words[1] not in _QUERY_STARTS[statement.dialect]:
        name, end = _name(statement, 1)
        if end == len(words) - 1 and _is_name(statement, statement.tokens[end]):
            return Command(table=name)  # one of its columns
    return _describe(statement, words)


def _show_mysql(statement: Statement, words: Sequence[str]) -> Command:
    full = words[1:2] == ["full"]
    what, rest = words[1 + full : 2 + full], 2 + full
    if what == ["tables"]:
        return _like(statement, words, rest, ())
    if (
        what
        and what[0] in ("columns", "fields", "index", "indexes", "keys")
        and words[rest : rest + 1] in (["from"], ["in"])
    ):
        name, rest = _name(statement, rest + 1)
        return _like(statement, words, rest, name)
    if what == ["create"] and words[2:3] and words[2] in ("table", "view"):
        return _table(statement, 3)
    raise refusal("show", dialect=NAMES[statement.dialect])


def _like(statement: Statement, words: Sequence[str], place: int, table: tuple[Token, ...]) -> Command:
    """The end of a SHOW: nothing, or LIKE and a pattern."""
    pattern = len(words) == place + 2 and words[place] == "like"
    if len(words) == place or (pattern and statement.tokens[place + 1].token_type is TokenType.STRING):
        return Command(table=table)
    raise refusal("show", dialect=NAMES[statement.dialect])


def _show_duckdb(statement: Statement, words: Sequence[str]) -> Command:
    if words[1:] == ["tables"]:
        return Command()
    if len(words) == 1 or words[1] in _ABOUT_SERVER:
        raise refusal("show", dialect=NAMES[statement.dialect])
    return _describe(statement, words)


def _show_postgres(statement: Statement, words: Sequence[str]) -> Command:
    setting = "timezone" if words[1:] == ["time", "zone"] else " ".join(words[1:])
    if setting not in vocabulary(statement.dialect).settings:
        raise refusal("show", dialect=NAMES[statement.dialect])
    return Command()


def _table(statement: Statement, place: int) -> Command:
    name, end = _name(statement, place)
    if end != len(statement.tokens):
        raise refusal("one_table")
    return Command(table=name)


def _name(statement: Statement, place: int) -> tuple[tuple[Token, ...], int]:
    """The tokens of a table's name that stands here, and the place after them."""
    tokens = statement.tokens
    end = place + 1
    if tokens[end : end + 1] and tokens[end].token_type is TokenType.DOT:
        end += 2
    name = tokens[place:end]
    if len(name) != end - place or not all(_is_name(statement, token) for token in name[::2]):
        raise refusal("one_table")
    return tuple(name), end


def _is_name(statement: Statement, token: Token) -> bool:
    source = statement.source(token)
    return token.token_type is TokenType.IDENTIFIER or (source.isidentifier() and " " not in source)


def _identifier(token: Token) -> exp.Identifier:
    return exp.Identifier(this=token.text, quoted=token.token_type is TokenType.IDENTIFIER)


_Reader = Callable[[Statement, Sequence[str]], Command]
_COMMANDS: Mapping[Dialect, Mapping[str, _Reader]] = {
    Dialect.POSTGRES: {"explain": _explain, "show": _show_postgres},
    Dialect.MYSQL: {
        "explain": _describe_mysql,
        "describe": _describe_mysql,
        "desc": _describe_mysql,
        "show": _show_mysql,
    },
    Dialect.SQLITE: {"explain": _explain},
    Dialect.DUCKDB: {
        "explain": _explain,
        "describe": _describe,
        "desc": _describe,
        "show": _show_duckdb,
        "summarize": _describe,
    },
}
