"""Conditions that speak of the person who asks: `region = {user.region}`, and what stands there for one of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from core.errors import InvalidInput
from core.i18n import Phrase
from core.security.permissions import Actor

NOBODYS = "1 = 0"  # a condition that no row meets
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_SLOT = re.compile(r"\{\s*user\b", re.IGNORECASE)


@dataclass(frozen=True)
class Slot:
    """A place in a condition, as (first, past last) in its text, where an attribute's value goes.

    `several`: it follows IN, so it may stand for more than one value; `bare`: IN was written without parentheses.
    """

    first: int
    past: int
    attribute: str
    several: bool = False
    bare: bool = False


def slots(condition: str, dialect: str) -> list[Slot]:
    """The slots of a condition, in order. Raises `InvalidInput` for one that is not well formed, or inside quotes."""
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(condition)
    except SqlglotError as error:
        raise _invalid("unreadable_rule") from error
    found = list(_found(tokens))
    braces = sum(token.token_type in (TokenType.L_BRACE, TokenType.R_BRACE) for token in tokens)
    # A brace that no token holds stands in quotes or in a comment: what is put there could end them.
    if braces != condition.count("{") + condition.count("}") and _SLOT.search(condition):
        raise _invalid("slot_in_quotes")
    return found


def filled(condition: str, actor: Actor, dialect: str) -> str:
    """The condition as it binds this actor, with literals of the dialect for its slots.

    A person who lacks an attribute, or has several values where one is compared, sees no rows.
    """
    parts: list[str] = []
    last = 0
    for slot in slots(condition, dialect):
        values = actor.attribute(slot.attribute)
        if not any(values) or (len(values) > 1 and not slot.several):
            return NOBODYS
        listed = ", ".join(exp.Literal.string(value).sql(dialect) for value in values)
        parts += [condition[last : slot.first], f"({listed})" if slot.bare else listed]
        last = slot.past
    return "".join((*parts, condition[last:]))


def with_text(condition: str, dialect: str) -> str:
    """The condition with a text in each slot: how it looks to the guard for somebody who has every attribute."""
    parts: list[str] = []
    last = 0
    for slot in slots(condition, dialect):
        parts += [condition[last : slot.first], "('a', 'b')" if slot.bare else "'a'"]
        last = slot.past
    return "".join((*parts, condition[last:]))


def _found(tokens: list[Token]) -> Iterator[Slot]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.token_type not in (TokenType.L_BRACE, TokenType.R_BRACE):
            place += 1
            continue
        inside = tokens[place : place + 5]
        words = [each.text.lower() for each in inside]
        shape = [each.token_type for each in inside[2:3] + inside[4:5]]
        if words[1:2] != ["user"] or shape != [TokenType.DOT, TokenType.R_BRACE] or not _ATTRIBUTE.match(words[3]):
            raise _invalid("slot_form")
        before = [each.token_type for each in tokens[max(0, place - 2) : place]]
        after = tokens[place + 5 : place + 6]
        bare = before[-1:] == [TokenType.IN]
        listed = before == [TokenType.IN, TokenType.L_PAREN] and bool(after)
        listed = listed and after[0].token_type is TokenType.R_PAREN
        yield Slot(token.start, inside[4].end + 1, words[3], bare or listed, bare)
        place += 5


def _invalid(problem: str) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"policies_core.{problem}"))
