"""What a login may do beside reading, said so that whoever runs the database knows what to take from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.i18n import Phrase

_MOST_NAMES = 5


@dataclass(frozen=True)
class Power:
    """One thing the login may do. `grave`: it reaches beyond tables (files, programs, accounts, everything), so that
    such a login is connected only where a person says so explicitly."""

    said: Phrase
    grave: bool = False


def power(name: str, grave: bool = False, **values: object) -> Power:
    """The power of this name, with what its sentence holds."""
    return Power(Phrase(f"powers.{name}", values), grave)


def some(names: Sequence[str]) -> str:
    """The first of these names, so that a sentence stays one."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown}, …"
