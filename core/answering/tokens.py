"""Tokens that stand for personal values in what a model is told, such as ⟨email_1⟩, and their way back.

A token says what kind of thing it is and which of them, in the order they came up in one question; nothing of the
value is in it. In SQL it may stand only inside a text in quotes, and comes back as a literal made by sqlglot.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from core.connections.guard.refusal import refusal
from core.connections.schema import Dialect
from core.security.personal import PersonalKind, Place

_KINDS = "|".join(PersonalKind)
_TOKEN = re.compile(rf"⟨((?:{_KINDS})_\d{{1,4}})⟩")
_ALIKE = re.compile(rf"[<〈《＜‹«\[{{]\s*(?:{_KINDS})[ _-]?\d{{1,4}}\s*[>〉》＞›»\]}}]", re.IGNORECASE)
_BRACKETS = str.maketrans("⟨⟩", "‹›")


@dataclass(frozen=True)
class Stood:
    """What a token stands for. `place` is the column it came from; None for what the person typed."""

    kind: PersonalKind
    value: str
    place: Place | None = None


def without_tokens(text: str) -> str:
    """`text` from outside, in which nothing looks like a token of ours."""
    return text.translate(_BRACKETS)


class Tokens:
    """The tokens of one question: equal values, but for case and outer blanks, have equal tokens."""

    def __init__(self) -> None:
        self._names: dict[tuple[PersonalKind, str], str] = {}
        self._stood: dict[str, Stood] = {}

    def of(self, kind: PersonalKind, value: str, place: Place | None = None) -> str:
        """The token for a value."""
        key = (kind, value.strip().casefold())
        if key not in self._names:
            number = 1 + sum(known is kind for known, _ in self._names)
            self._names[key] = f"{kind.value}_{number}"
            self._stood[self._names[key]] = Stood(kind, value.strip(), place)
        return f"⟨{self._names[key]}⟩"

    def values(self) -> list[tuple[str, str]]:
        """(value, token) of all of them, the longest value first."""
        pairs = [(stood.value, f"⟨{name}⟩") for name, stood in self._stood.items()]
        return sorted(pairs, key=lambda pair: -len(pair[0]))

    def spoken(self, text: str, say: Callable[[Stood], str]) -> str:
        """`text` with what each token stands for, as `say` puts it; unknown tokens become dots."""

        def back(match: re.Match[str]) -> str:
            return say(self._stood[match[1]]) if match[1] in self._stood else "•••"

        return _TOKEN.sub(back, text)

    def in_sql(self, sql: str, dialect: Dialect) -> str:
        """The SQL with the value of each token as part of a proper literal. Raises `QueryRefused` for a token that
        is unknown, malformed, or anywhere but inside a text in quotes."""
        if "⟨" not in sql and "⟩" not in sql and not _ALIKE.search(sql):
            return sql
        try:
            found = sqlglot.tokenize(sql, dialect=dialect.value)
        except SqlglotError as error:
            raise refusal("token_misused") from error
        written, end = [], 0
        for token in found:
            if token.token_type is TokenType.STRING and ("⟨" in token.text or "⟩" in token.text):
                written += [sql[end : token.start], self._literal(token, dialect)]
                end = token.end + 1
            elif token.token_type is TokenType.STRING and _ALIKE.search(token.text):
                raise refusal("token_misused")
        written.append(sql[end:])
        if any("⟨" in part or "⟩" in part for part in written[::2]):
            raise refusal("token_misused")
        return self._same_otherwise(found, "".join(written), dialect)

    def _literal(self, token: Token, dialect: Dialect) -> str:
        for match in _TOKEN.finditer(token.text):
            if match[1] not in self._stood:
                raise refusal("token_misused")
        text = _TOKEN.sub(lambda match: self._stood[match[1]].value, token.text)
        if len(_TOKEN.findall(token.text)) * 2 != token.text.count("⟨") + token.text.count("⟩"):
            raise refusal("token_misused")
        return exp.Literal.string(text).sql(dialect=dialect.value)

    def _same_otherwise(self, before: list[Token], sql: str, dialect: Dialect) -> str:
        """`sql`, if it reads as before but for the values put in; a literal that ran over its end is refused."""
        try:
            after = sqlglot.tokenize(sql, dialect=dialect.value)
        except SqlglotError as error:
            raise refusal("token_misused") from error
        kinds = [token.token_type for token in before], [token.token_type for token in after]
        texts = [self.spoken(token.text, lambda stood: stood.value) for token in before]
        if kinds[0] != kinds[1] or texts != [token.text for token in after]:
            raise refusal("token_misused")
        return sql
