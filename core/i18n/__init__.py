"""Every visible string, in English and Chinese: `Words(language).say("ask.title", rows=3)`.

The words lie in `*.toml` beside this file, both languages side by side; a file's name is the first part of
its keys. `en_one` is used instead of `en` where the value `n` is 1.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from functools import cache
from importlib.resources import files

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

LANGUAGES = ("en", "zh")
_DIGITS = 400
_LOCALES = {"en": "en_GB", "zh": "zh_CN"}


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """All entries by key, each with `en` and `zh`."""
    entries: dict[str, Mapping[str, str]] = {}
    for file in sorted(files(__package__).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            area = file.name.removesuffix(".toml")
            for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                entries[f"{area}.{name}"] = entry
    return entries


@dataclass(frozen=True)
class Phrase:
    """Words for a person, not yet in a language: a key of `core/i18n` and the values it speaks of. `str` is English."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return Words("en").say(self.key, **self.values)


@dataclass(frozen=True)
class Words:
    """Speaks one language: "en" or "zh"."""

    language: str

    def say(self, key: str, **values: object) -> str:
        """The string of this key with its values put in; numbers and dates are written as the language does."""
        entry = catalogue()[key]
        text = (
            entry["en_one"]
            if self.language == "en" and values.get("n") == 1 and "en_one" in entry
            else entry[self.language]
        )
        return text.format_map({name: self.show(value) for name, value in values.items()})

    def show(self, value: object) -> str:
        """One value as a person reads it in this language."""
        if isinstance(value, Phrase):
            return self.say(value.key, **value.values)
        if isinstance(value, bool) or value is None:
            return self.say(f"common.{str(value).lower()}")
        if isinstance(value, int | float | Decimal):
            if isinstance(value, Decimal) and not value.is_finite():
                return "NaN" if value.is_nan() else str(float(value)).replace("inf", "∞")
            with localcontext(prec=_DIGITS):  # the usual 28 digits are fewer than a database may hold
                return format_decimal(value, locale=_LOCALES[self.language])
        if isinstance(value, datetime):
            return format_datetime(
                value, "d MMM y HH:mm" if self.language == "en" else "y年M月d日 HH:mm", locale=_LOCALES[self.language]
            )
        if isinstance(value, date):
            return format_date(
                value, "d MMM y" if self.language == "en" else "y年M月d日", locale=_LOCALES[self.language]
            )
        return str(value)
