"""Which names of a schema come nearest to a word by what they mean.

Only names are compared, not the texts of the index: those speak of columns and values, and draw a lone word away.
"""

from collections.abc import Sequence

from core.connections.schema import Schema, business_name
from core.grounding.inquiry import language_of
from core.models.embeddings import Embedder

Place = tuple[str, str]  # table key, and column name or ""

MOST_NAMES = 48  # compared with one word
# The bundled model finds anything near anything: "refunds" lies at 0.935 from "returns", but "love" at 0.89 from
# "email". Across two languages true and false neighbours lie equally far, so there it has no say.
_LEAST = {"multilingual-e5-small-q4": (0.905, 0.95)}
_BEHIND = 0.03  # how far behind the nearest name another may lie


def names_of(schema: Schema, places: Sequence[Place], language: str) -> dict[str, Place]:
    """What people call these tables and columns, each name for the first place that has it."""
    found: dict[str, Place] = {}
    for key, column in places:
        table = schema.by_key.get(key)
        called = table.by_name.get(column) if table is not None and column else table
        if called is not None:
            name = business_name(called.name, called.comment, called.descriptions, language)
            found.setdefault(name.lower(), (key, column))
    return dict(list(found.items())[:MOST_NAMES])


def nearest(embedder: Embedder, word: str, names: dict[str, Place]) -> list[Place]:
    """The places whose names mean nearly what the word does, the nearest first.

    Raises `ModelUnavailable` and its kinds when the model cannot help.
    """
    if not names:
        return []
    asked = embedder.embed_query(word)
    same, across = _LEAST.get(embedder.name, (0.0, 0.0))
    scored = []
    for (name, place), vector in zip(names.items(), embedder.embed_names(list(names)), strict=True):
        score = sum(a * b for a, b in zip(asked, vector, strict=True))
        if score >= (same if language_of(name) == language_of(word) else across):
            scored.append((score, place))
    best = max((score for score, _ in scored), default=0.0)
    return [place for score, place in sorted(scored, key=lambda pair: -pair[0]) if score >= best - _BEHIND]
