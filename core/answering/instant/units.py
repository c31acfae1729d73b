"""What a number is counted in, by the question and by the column that it is compared with."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from core.answering.instant.meaning import Number
from core.answering.instant.reading import ColumnRef
from core.answering.instant.schema_words import SchemaWords
from core.answering.instant.words import singular
from core.connections.schema import humanise


@cache
def _measures() -> Mapping[str, tuple[str, float, bool]]:
    """For each word or sign of a unit: what it measures, how many of the least unit it is, and if it is said alone."""
    found: dict[str, tuple[str, float, bool]] = {}
    for measure in tomllib.loads(files(__package__).joinpath("units.toml").read_text(encoding="utf-8"))["measure"]:
        for size, words in measure["units"].items():
            for word in words:
                found[singular(word)] = (measure["of"], float(size), word in measure["usual"])
    return found


def says_unit(words: str) -> bool:
    """Whether the words are just a unit: "hours" is what is counted, and only in a table of its own a column."""
    return singular(words.lower()) in _measures()


def counted_in(number: Number, words: SchemaWords, ref: ColumnRef) -> float | None:
    """The number as the column counts; None where nobody can tell what it counts in, or where that is another thing.

    A column that names no unit is taken to count in the unit that people mostly use, and in no other.
    """
    said = _measures().get(singular(number.unit)) if number.unit else None
    if said is None:
        return number.value
    column = words.table(ref.table).by_name[ref.column]
    told = f"{humanise(column.name)} {column.comment} {column.descriptions.get('en', '')}".lower()
    held = [_measures()[singular(w)] for w in re.findall(r"[a-z]+", told) if singular(w) in _measures()]
    if not held:
        return number.value if said[2] else None
    same = next((size for of, size, _ in held if of == said[0]), None)
    if same is None:
        return None
    whole = number.value * said[1] / same
    return float(round(whole, 6))
