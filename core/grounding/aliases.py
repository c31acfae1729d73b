"""Other names of values: what a code stands for, and what a value is called in the other language.

Only of short lists, and only by what is written down somewhere: the names of countries, languages and currencies in the
Unicode CLDR, and the dictionary CC-CEDICT. An alias is sure where it is the CLDR's, or the first meaning of a word
that no other value of its column shares.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.grounding.folding import fold
from core.grounding.names import words_of
from core.grounding.segments import meanings

MOST_ALIASED = 1_000  # values of a column that are given other names
_CHINESE = re.compile(r"[\u3400-\u9fff]{1,8}")
_MOST_MEANINGS = 3
_CODES, _NAMES, _UNASKED = 0.9, 0.5, 0.8  # shares of a column's values: codes; names; names where nothing says so
_FEW = 3
_SAID_BY: Mapping[str, frozenset[str]] = {
    "territories": frozenset({"country", "countries", "nation", "nationality", "territory", "国家", "国籍", "国别"}),
    "languages": frozenset({"language", "languages", "lang", "locale", "语言", "语种"}),
    "currencies": frozenset({"currency", "currencies", "货币", "币种"}),
}
_BARE = frozenset({"code", "name", "iso", "abbreviation", "abbr", "id", "title", "label", "代码", "名称"})


@dataclass(frozen=True, order=True)
class Alias:
    """Another name of a value, folded."""

    name: str
    value: str
    sure: bool


def aliases_of(table: str, column: str, values: Sequence[str]) -> list[Alias]:
    """The other names of a column's values; [] for a long list."""
    if len(values) > MOST_ALIASED:
        return []
    found = {(alias.name, alias.value): alias for alias in (*_meanings(values), *_listed(table, column, values))}
    said = {fold(value) for value in values}
    return [alias for alias in found.values() if alias.name and alias.name not in said]


def translations(phrase: str) -> list[str]:
    """What a Chinese phrase may be called in English, the likeliest first; [] for anything else."""
    folded = fold(phrase)
    if not _CHINESE.fullmatch(folded):
        return []
    listed = [other for names in _both_ways().values() if (other := names.get(folded))]
    return list(dict.fromkeys([*listed, *meanings(folded)[:_MOST_MEANINGS]]))


def _listed(table: str, column: str, values: Sequence[str]) -> Iterator[Alias]:
    """Names from the CLDR, where the values are its codes or its names."""
    words = set(words_of(column))
    if words <= _BARE:
        words |= set(words_of(table.rpartition(".")[2]))
    for field, said_by in _SAID_BY.items():
        said = bool(words & said_by)
        codes = {value: names for value in values if (names := _of_codes()[field].get(value.upper()))}
        if said and len(codes) >= _CODES * len(values):
            yield from (Alias(name, value, True) for value, names in codes.items() for name in names)
        others = {value: other for value in values if (other := _both_ways()[field].get(fold(value)))}
        few = len(others) < _FEW and not said
        if others and not few and len(others) >= (_NAMES if said else _UNASKED) * len(values):
            yield from (Alias(other, value, True) for value, other in others.items())


def _meanings(values: Sequence[str]) -> Iterator[Alias]:
    """The English of values that are Chinese words."""
    english = {value: meanings(fold(value)) for value in values if _CHINESE.fullmatch(fold(value))}
    shared = Counter(fold(gloss) for glosses in english.values() for gloss in set(glosses))
    for value, glosses in english.items():
        for place, gloss in enumerate(glosses[:_MOST_MEANINGS]):
            yield Alias(fold(gloss), value, place == 0 and shared[fold(gloss)] == 1)


@cache
def _of_codes() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """For each field, each code with its folded names in both languages."""
    from babel import Locale
    from babel.core import get_global

    made: dict[str, dict[str, tuple[str, ...]]] = {}
    locales = [Locale(language) for language in ("en", "zh")]
    for field in _SAID_BY:
        named = [getattr(locale, field) for locale in locales]
        codes = [code for code in named[0] if code.isalpha() and len(code) <= 3]
        made[field] = {
            code.upper(): tuple(dict.fromkeys(fold(names[code]) for names in named if code in names)) for code in codes
        }
    territories = made["territories"]
    for old, (new, *others) in get_global("territory_aliases").items():  # USA, UK
        if not others and new in territories:
            territories.setdefault(old.upper(), territories[new])
    return made


@cache
def _both_ways() -> Mapping[str, Mapping[str, str]]:
    """For each field, each folded name with that in the other language."""
    made: dict[str, Mapping[str, str]] = {}
    for field, codes in _of_codes().items():
        pairs = [names for names in codes.values() if len(names) == 2]
        made[field] = {here: there for one, other in pairs for here, there in ((one, other), (other, one))}
    return made
