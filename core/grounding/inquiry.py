"""A question that stands on its own: what the rest of the trip works on."""

from dataclasses import dataclass
from datetime import datetime

from core.grounding.terms import NO_WORDS, BusinessWords


@dataclass(frozen=True)
class Inquiry:
    """`text` is complete in itself. `now` is when it was asked, so that "last month" means one thing throughout.

    `follows` is what was asked before in the same conversation, oldest first, for those who write SQL from scratch.
    `words` are those of the business that hold for it. `chosen` is what words were taken for before where they could
    be several things; `picks` says that the likeliest reading will do where nothing was chosen.
    """

    text: str
    language: str
    now: datetime
    follows: tuple["Earlier", ...] = ()
    words: BusinessWords = NO_WORDS
    chosen: tuple["Chosen", ...] = ()
    picks: bool = False


@dataclass(frozen=True)
class Chosen:
    """What a word is to be taken for: a column, or a table where `column` is "". `word` is as `key_of` makes it.

    `by` is who said so: "person" or "team".
    """

    word: str
    table: str
    column: str
    by: str = "person"


@dataclass(frozen=True)
class Earlier:
    """One question answered before in the conversation, with the SQL that answered it."""

    question: str
    sql: str


def language_of(text: str) -> str:
    """ "zh" if the text has Chinese characters, else "en"."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"
