"""Text that no spreadsheet takes for a formula, wherever a sheet is written."""

import re
import unicodedata

_FORMULA = re.compile(r"[\s\x00-\x20]*[=+\-@]|[\t\r\n]")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a quote goes before tabs, `=`, `+`, `-`, `@`, full-width too."""
    normal = unicodedata.normalize("NFKC", text[:8])
    visible = "".join(c for c in normal if unicodedata.category(c) != "Cf")
    return "'" + text if _FORMULA.match(visible) else text
