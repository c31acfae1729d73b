"""What an English reading leaves unsaid: words that the schema itself uses, taken for words that say nothing more.

"Medications prescribed" may be any medications where the schema knows nothing of prescribing. Where a table is called
by prescribing, they are those that stand in it; a reading that does not look there has not understood the word.
"""

import re

from core.answering.instant.chart import Edge
from core.answering.instant.schema_words import SchemaWords
from core.answering.instant.spans import Spans
from core.answering.instant.verbs_en import SURE
from core.answering.instant.words import root, singular

_DATED = frozenset({root("date"), root("time")})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def unspoken(edge: Edge, spans: Spans, words: SchemaWords, sql: str) -> str:
    """The first verb that a table or column is called by, though the reading's SQL does not look there; "" for none."""
    named = {root(part.lower()) for part in _WORD.findall(sql)}
    for leaf in edge.leaves():
        if leaf.category == "verb" and leaf.meaning and not _spoken(leaf.meaning, words, named):
            return spans.texts[leaf.start]
    return ""


def _spoken(verb: str, words: SchemaWords, named: set[str]) -> bool:
    """Whether the SQL speaks of what the verb means, or nothing is called by it."""
    said = {root(part) for part in verb.split()}
    if said & named:
        return True
    if verb.endswith("ed") and said & words.dates.keys() and named & _DATED:
        return False  # a date, but not that of this deed
    calls = words.tree.get(singular(verb), {}).get("", ())
    return not said & words.acts.keys() and not any(call.cost < SURE for call in calls)
