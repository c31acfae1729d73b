"""Text that no spreadsheet takes for a formula, wherever a sheet is written."""

import unicodedata

_RUNS = frozenset("=+-@")
_BREAKS = frozenset("\t\r\n")
_QUOTES = frozenset("'\"`“”‘’«»")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a quote goes before tabs, `=`, `+`, `-`, `@`, full-width too.

    Blanks, quotes and what is not seen do not count as a beginning: sheets and imports take them away.
    """
    return "'" + text if _would_run(text) else text


def _would_run(text: str) -> bool:
    for character in text:
        for c in unicodedata.normalize("NFKC", character):
            if c in _BREAKS:
                return True
            if c.isspace() or c in _QUOTES or unicodedata.category(c) in ("Cc", "Cf"):
                continue
            return c in _RUNS
    return False
