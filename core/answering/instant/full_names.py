"""A first and a last name said together: "Jane Smith" is one person, not two values."""

from collections.abc import Iterator, Sequence

from core.answering.instant.chart import Edge
from core.answering.instant.meaning import Values
from core.answering.instant.reading import ColumnRef
from core.answering.instant.schema_words import plain_words


def full_names(leaves: Sequence[Edge], texts: Sequence[str], joint: str = " ") -> Iterator[Edge]:
    """For two neighbouring values that stand in the name columns of one table, the value that both are."""
    held = [leaf for leaf in leaves if leaf.category == "V" and leaf.meaning.options and not leaf.meaning.stated]
    firsts = [(leaf, ref, text) for leaf in held for ref, text, _ in leaf.meaning.options if _says(ref, "first")]
    lasts = [(leaf, option) for leaf in held for option in leaf.meaning.options if _says(option[0], "last")]
    for first, ref, text in firsts:
        for last, option in lasts:
            beside = first.end <= last.start and not joint.join(texts[first.end : last.start]).strip()
            if beside and option[0].table == ref.table:
                said = joint.join(texts[first.start : last.end])
                values = Values((option,), said, also=((ref, text),))
                yield Edge("V", first.start, last.end, values, 0.0)


def _says(ref: ColumnRef, which: str) -> bool:
    return plain_words(ref.column)[-2:] == (which, "name")
