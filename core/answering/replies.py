"""What a model's reply says: a query, that there is no answer, or a question back."""

import re
from dataclasses import dataclass

from core.answering.prompting import harmless

_THOUGHT = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[ \t]*([\w+-]*)[^\S\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
_SQL_FENCES = frozenset(
    {"", "sql", "postgresql", "postgres", "pgsql", "plpgsql", "mysql", "mariadb", "sqlite", "sqlite3", "duckdb"}
)
_CANNOT = re.compile(r"^[\s*#>`]*CANNOT\b[*`\s]*[:：]?[*`\s]*(.*)", re.DOTALL | re.MULTILINE)
_ASK = re.compile(r"^[\s*#>`]*ASK\b[*`\s]*[:：][*`\s]*(.*)", re.DOTALL | re.MULTILINE)
_OPTION = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)、])\s*(.+)$")
_BARE = re.compile(
    r"^[ \t(]*(?:SELECT\b|WITH\s+(?:RECURSIVE\s+)?[\w\"`]+\s*(?:\([^)]*\)\s*)?AS\b)", re.IGNORECASE | re.MULTILINE
)
_STATEMENT = re.compile(r"(?:'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|[^;'\"`])*;")
_VERB = re.compile(
    r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|GRANT|SET|CALL|DO|COPY|ATTACH|PRAGMA|VALUES)\b"
    r"|\s*\(", re.IGNORECASE,
)  # fmt: skip
_CONTINUES = re.compile(
    r"\s*(?:SELECT|WITH|FROM|WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|UNION|INTERSECT|EXCEPT|JOIN|LEFT|RIGHT|INNER|CROSS|FULL"
    r"|ON|AND|OR|WINDOW|QUALIFY|CASE|WHEN|END|AS)\b|\s*[(),\"`]|\s*--|\s*[\w.\"`]+\s*(?:,|\bAS\b|\()", re.IGNORECASE,
)  # fmt: skip
_LONGEST_SENTENCE, _LONGEST_OPTION = 400, 120
_LEAST_OPTIONS, _MOST_OPTIONS = 2, 4


@dataclass(frozen=True)
class Wrote:
    """The model wrote one query."""

    sql: str


@dataclass(frozen=True)
class Declined:
    """The model says that the data does not hold the answer; `reason` in the question's language."""

    reason: str


@dataclass(frozen=True)
class Wondered:
    """The model asks back; `options` are two to four meanings."""

    question: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Unreadable:
    """None of these. `why` is a part of the prompt `write_query`."""

    why: str


Reply = Wrote | Declined | Wondered | Unreadable


def after_thinking(text: str) -> str:
    """What follows a model's thinking aloud; "" while it thinks, or while it may yet begin to."""
    start = text.lstrip()
    if start.startswith("<think"):
        return text.partition("</think")[2].partition(">")[2].lstrip()
    return "" if "<think".startswith(start[:6]) else text


def read_reply(text: str) -> Reply:
    """What `text` says. Prose around one query is allowed; two different queries are none."""
    text = _THOUGHT.sub("", text).strip()
    if (declined := _CANNOT.match(text)) and not _FENCE.search(text):
        return Declined(_sentence(declined[1]) or "—")
    if asked := _ASK.match(text):
        return _wondered(asked[1])
    found = [sql for language, sql in reversed(_FENCE.findall(text)) if language.lower() in _SQL_FENCES]
    fenced = {" ".join(sql.split()): sql for sql in found}
    queries = [sql.strip().rstrip(";").strip() for folded, sql in fenced.items() if folded]
    if len(queries) > 1:
        return Unreadable("two_queries")
    if queries:
        return Wrote(queries[0])
    if asked := _ASK.search(text):
        return _wondered(asked[1])
    if declined := _CANNOT.search(text):
        return Declined(_sentence(declined[1]) or "—")
    bare = _BARE.search(text)
    return Wrote(_without_prose(text[bare.start() :])) if bare else Unreadable("no_query")


def _wondered(rest: str) -> Reply:
    question, *lines = [line for line in rest.strip().splitlines() if line.strip()] or [""]
    found = [_sentence(option[1])[:_LONGEST_OPTION] for line in lines if (option := _OPTION.match(line))]
    options = tuple(dict.fromkeys(option for option in found if option))[:_MOST_OPTIONS]
    if len(options) < _LEAST_OPTIONS or not question.strip():
        return Unreadable("few_options")
    return Wondered(_sentence(question), options)


def _sentence(text: str) -> str:
    """The first paragraph on one line, of reasonable length, without anything hidden or emphasised."""
    line = " ".join(harmless(text.split("\n\n", 1)[0]).split()).strip("*`_ ")
    return line if len(line) <= _LONGEST_SENTENCE else line[: _LONGEST_SENTENCE - 1] + "…"


def _without_prose(sql: str) -> str:
    """A query without a fence, up to where prose begins.

    A second statement stays with it: it is for the guard to refuse, not for us to overlook.
    """
    statement = _STATEMENT.match(sql)
    if statement and not _VERB.match(sql, statement.end()):
        return statement[0].rstrip("; \n")
    first, *more = re.split(r"\n\s*\n", sql)
    for paragraph in more:
        if not _CONTINUES.match(paragraph):
            break
        first += "\n\n" + paragraph
    return first.strip().rstrip(";").strip()
