"""How the guard says no: one sentence a person understands, in their language."""

from core.errors import QueryRefused
from core.i18n import Phrase


def refusal(reason: str, **values: object) -> QueryRefused:
    """The error for `guard.<reason>` of `core/i18n`. Its text is English; the doors say it in any language."""
    return QueryRefused(reason=Phrase(f"guard.{reason}", values))
