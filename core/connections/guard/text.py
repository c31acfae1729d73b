"""The first look at SQL text, before any parser: its size, its characters, its quotes and comments.

What is text, what is a name and what is a comment is read here by the rules of each database, apart from sqlglot.
Where the two readings differ (`statement.py`), the statement is refused: a quote that one of them misses is how a
second query hides in a first.
"""

import re
import unicodedata
from dataclasses import dataclass

from core.connections.guard.refusal import refusal
from core.connections.schema import Dialect

MAX_CHARACTERS = 100_000
MAX_NESTING = 60
MAX_PIECES = 50_000  # words and marks outside quotes: a list of 20,000 numbers is well below

_FENCE_OPENING = re.compile(r"```[ \t]*\w*[ \t]*\r?\n")
# Half of a pair of surrogates is no character: it cannot be sent to any database.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
# Marks that turn the reading direction, and the invisible copies of ASCII: what is seen is not what is run.
_DECEIVING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\U000e0000-\U000e007f]")
_EXECUTABLE = re.compile(r"/\*(?:M?!|\+)")
_SUSPECT = re.compile(r"[^\x20-\x23\x25-\x7e\t\r\n\w]")
# Only DuckDB has braces in a query, and never two at the start of something: that is a template left unfilled.
_BRACE = {dialect: re.compile(r"\{") for dialect in Dialect} | {Dialect.DUCKDB: re.compile(r"\{\s*[{%#]")}
_BRACKET = re.compile(r"[()\[\]{}]")
_PIECE = re.compile(r"\w+|[^\w\s]")
_UNICODE_NAME = re.compile(r"[uU]&\s*\Z")

_COMMENT = r"(?P<comment>--[^\n]*|/\*.*?\*/)"
_COMMENT_MYSQL = r"(?P<comment>--(?=[\s\x00-\x1f]|\Z)[^\n]*|\#[^\n]*|/\*.*?\*/)"
_STRING = r"(?P<string>'[^']*(?:''[^']*)*')"
_STRING_MYSQL = r"""(?P<string>'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\.|"")[^"\\]*)*")"""
_ESCAPED = r"(?P<escaped>(?<![\w$])[eE]'[^'\\]*(?:(?:\\.|'')[^'\\]*)*')"
_DOLLAR = r"(?P<dollar>(?<![\w$])\$(?P<tag>|[^\W\d]\w*)\$.*?\$(?P=tag)\$)"
_NAME = r'(?P<name>"[^"]*(?:""[^"]*)*")'
_NAME_MYSQL = r"(?P<name>`[^`]*(?:``[^`]*)*`)"
_NAME_SQLITE = r'(?P<name>"[^"]*(?:""[^"]*)*"|`[^`]*(?:``[^`]*)*`|\[[^\]]*\])'
# What opens something that never closes. Met once, it ends the reading; to look on would take a time that grows with
# the square of the text.
_UNCLOSED = r"""(?P<unclosed>(?<![\w$])[eE]'|(?<![\w$])\$(?:[^\W\d]\w*)?\$|['"]|/\*)"""
_UNCLOSED_MYSQL = r"""(?P<unclosed>['"`]|/\*)"""
_UNCLOSED_SQLITE = r"""(?P<unclosed>['"`\[]|/\*)"""


def _pattern(first: str, *parts: str) -> re.Pattern[str]:
    """`first` are the characters that any of the parts can begin with: all others are passed over at once."""
    return re.compile(f"(?={first})(?:{'|'.join(parts)})", re.DOTALL)


_QUOTING = {
    Dialect.POSTGRES: _pattern(r"[-/'$\"]|[eE]'", _COMMENT, _ESCAPED, _STRING, _DOLLAR, _NAME, _UNCLOSED),
    Dialect.DUCKDB: _pattern(r"[-/'$\"]|[eE]'", _COMMENT, _ESCAPED, _STRING, _DOLLAR, _NAME, _UNCLOSED),
    Dialect.MYSQL: _pattern(r"[-#/'\"`]", _COMMENT_MYSQL, _STRING_MYSQL, _NAME_MYSQL, _UNCLOSED_MYSQL),
    Dialect.SQLITE: _pattern(r"[-/'\"`\[]", _COMMENT, _STRING, _NAME_SQLITE, _UNCLOSED_SQLITE),
}


@dataclass(frozen=True)
class Layout:
    """Where the quoted parts of a text lie, as (first, past last) of what stands in quotes, quotes included.

    `uncommented` is the text with every comment made blank, character for character as long.
    """

    uncommented: str
    quoted: tuple[tuple[int, int], ...]


def clean(sql: str) -> str:
    """The text without blanks around it and without one code fence. Refuses what is too long or not honest text."""
    if len(sql) > MAX_CHARACTERS:
        raise refusal("too_long", limit=MAX_CHARACTERS)
    if _CONTROL.search(sql) or ("\r" in sql and _LONE_RETURN.search(sql)):
        raise refusal("control_character")
    if not sql.isascii() and _DECEIVING.search(sql):
        raise refusal("deceiving_character")
    text = _without_fence(sql.strip())
    if not text:
        raise refusal("nothing")
    return text


def _without_fence(text: str) -> str:
    """A fence as models write it: the whole text is one block."""
    opening = _FENCE_OPENING.match(text)
    if opening and text.endswith("```") and len(text) >= opening.end() + 3:
        text = text[opening.end() : -3].strip()
    if "```" in text:
        raise refusal("fences")
    return text


def lay_out(text: str, dialect: Dialect) -> Layout:
    """Quotes and comments by the rules of `dialect`. Refuses executable comments, and what two may read differently."""
    quoted: list[tuple[int, int]] = []
    uncommented: list[str] = []
    code: list[str] = []
    last = 0
    for match in _QUOTING[dialect].finditer(text):
        first, past = match.span()
        code.append(text[last:first])
        uncommented.append(text[last:first])
        if match.lastgroup == "unclosed":
            raise refusal("not_closed", mark=match.group())
        if match.lastgroup == "comment":
            _check_comment(match.group())
            uncommented.append(" " * (past - first))
        else:
            if match.lastgroup == "name" and _UNICODE_NAME.search(text[max(0, first - 8) : first]):
                raise refusal("unicode_name")
            quoted.append((first + (match.lastgroup == "escaped"), past))
            uncommented.append(match.group())
        code.append(" ")
        last = past
    code.append(text[last:])
    uncommented.append(text[last:])
    _check_code("".join(code), dialect)
    return Layout("".join(uncommented), tuple(quoted))


def _check_comment(comment: str) -> None:
    if _EXECUTABLE.match(comment):
        raise refusal("executable_comment")
    # PostgreSQL and DuckDB nest comments, MySQL and SQLite do not.
    if comment.startswith("/*") and "/*" in comment[2:]:
        raise refusal("nested_comment")


def _check_code(code: str, dialect: Dialect) -> None:
    if _BRACE[dialect].search(code):
        raise refusal("parameter")
    if len(code) > MAX_PIECES and sum(1 for _ in _PIECE.finditer(code)) > MAX_PIECES:
        raise refusal("too_many_words", limit=MAX_PIECES)
    for match in _SUSPECT.finditer(code):
        # Marks of other scripts belong to their letters; blanks and punctuation of other scripts are no SQL.
        if not unicodedata.category(match.group()).startswith("M"):
            raise refusal("odd_character", character=match.group())
    depth = 0
    for bracket in _BRACKET.findall(code):
        depth += 1 if bracket in "([{" else -1
        if depth > MAX_NESTING:
            raise refusal("too_nested", limit=MAX_NESTING)
