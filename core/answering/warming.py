"""Loads what the first question would otherwise wait for: dictionaries, and the libraries that keep rows."""

from datetime import datetime

from core.answering.instant.interpret import interpret
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.values import ListedValues

_TABLE = Table("things", (Column("name", "text", Kind.TEXT),))


def warm(now: datetime) -> None:
    """Read one question in each language over one small table; import what is slow to import."""
    import pandas  # noqa: F401  (Arrow looks for it when the first rows are kept)

    schema = Schema(Dialect.POSTGRES, (_TABLE,))
    for text in ("How many things are there?", "一共有多少东西？"):
        interpret(Inquiry(text, language_of(text), now), schema, ListedValues({}))
