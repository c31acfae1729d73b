"""The verbs of an English question as leaves: deeds that a table or a date is called by, and verbs that only relate."""

from collections.abc import Iterator, Sequence

from core.answering.instant.chart import Edge
from core.answering.instant.lexicon import lexicon
from core.answering.instant.meaning import Entity
from core.answering.instant.schema_words import SchemaWords, columns_of
from core.answering.instant.words import Token, root

_BEFORE_NOUNS = frozenset(
    {"each", "every", "the", "a", "an", "of", "per", "this", "different", "distinct", "many", "most", "all", "by"}
)
_PARTICIPLES = {"made", "done", "come", "become", "gone", "ran", "run", "began", "sung", "swum"}
_NOUNS = ("ment", "ation", "tion")  # a department departs nowhere
_ARE = {"is", "are", "was", "were"}
SURE = 0.2  # what it costs at most to call a thing by its own name


def calls_column(words: SchemaWords, token: Token) -> bool:
    """Whether a column is called just so."""
    calls = words.tree.get(token.plain, {}).get("", ())
    return any(call.column and call.cost < SURE for call in calls)


def act_leaves(tokens: Sequence[Token], words: SchemaWords) -> Iterator[Edge]:
    """Verbs that a table is named after: "returned" for returns, "hired" for hiring."""
    for i, token in enumerate(tokens):
        if token.kind == "word" and token.lower.endswith(("ed", "ing")):
            for table in words.acts.get(root(token.lower), ())[:3]:
                yield Edge("Act", i, i + 1, Entity(table), 0.1)
            found = {ref: 0.0 for ref in words.dates.get(root(token.lower), ()) if words.kind(ref).temporal}
            if found:
                yield Edge("Done", i, i + 1, columns_of(found, token.lower), 0.0)


def verb_leaves(tokens: Sequence[Token], words: SchemaWords) -> Iterator[Edge]:
    verbs = lexicon("en").verbs
    for i, token in enumerate(tokens):
        # After "each" or "the" it is the noun: "in each place"; and what people "are" is a noun too: "who are cooks".
        before = tokens[i - 1].lower if i else ""
        form = token.lower.endswith(("ed", "ing", "n", "t", "d")) or token.lower in _PARTICIPLES
        if (
            token.kind != "word"
            or token.plain.endswith(_NOUNS)
            or before in _BEFORE_NOUNS
            or (before in _ARE and not form)
        ):
            continue
        if root(token.lower) in verbs:
            # "captain ranks": what a column is called by is seldom what captains do
            noun = calls_column(words, token)
            yield Edge("verb", i, i + 1, token.lower, 0.4 if noun and not form else 0.0)
        elif form and root(token.lower) in words.dates:
            # "installed in 2014", where a column says when that was
            yield Edge("verb", i, i + 1, token.lower, 0.25 if root(token.lower) in words.acts else 0.1)
