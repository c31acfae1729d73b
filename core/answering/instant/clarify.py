"""Turns rival readings into choices: where a word was taken for different things, the question in plainer words.

Best is a choice whose question, asked anew, leads to its reading and no other. Where no plainer words do, the same
question is offered with what its word is to be taken for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from core.answering.events import Choice, Taken
from core.answering.instant.labels import Labels
from core.answering.instant.meaning import Columns, Entity, Values
from core.answering.instant.reading import ColumnRef, Reading
from core.answering.instant.spans import Spans
from core.answering.instant.taken import Rival, key_of, narrowed, said, told_apart_by, word_of
from core.grounding.inquiry import Chosen

MOST = 4


def choices(
    rivals: Sequence[Rival], spans: Spans, labels: Labels, asked: str, leads_to: Callable[[str, Reading], bool]
) -> tuple[Choice, ...]:
    """Two to four choices in business words; () where no words tell the readings apart."""
    found: list[Choice] = []
    used = told_apart_by(rivals)
    for place, rival in enumerate(rivals[:MOST]):
        others: frozenset[ColumnRef] = frozenset().union(*used[:place], *used[place + 1 :])
        ways = list(_plainer(rival, used[place] - others, spans, labels))
        deciding = [c for c in ways if narrowed(rivals, spans, (chosen(c),), labels)[0] == [rival]]
        leading = (c for c in (*deciding, *ways) if leads_to(c.question, rival.reading))
        choice = next(leading, None) or next((replace(c, question=asked) for c in deciding), None)
        if choice is None or choice.label in [c.label for c in found]:
            return ()
        # What would not decide it the next time is not remembered either.
        kept = choice in deciding or choice.question == asked
        found.append(choice if kept else Choice(choice.label, choice.question))
    return tuple(found) if len(found) > 1 else ()


def chosen(choice: Choice) -> Chosen:
    """A choice as it is remembered."""
    return Chosen(key_of(choice.word), choice.table, choice.column)


def picked(choice: Choice, spans: Spans, rivals: Sequence[Rival], labels: Labels) -> Taken:
    """What a word is taken for where nobody chose and the likeliest will do."""
    taken = narrowed(rivals, spans, (replace(chosen(choice), by="engine"),), labels)[1]
    return taken[0] if taken else Taken("", choice.label, "", "", "engine")


def _plainer(rival: Rival, refs: frozenset[ColumnRef], spans: Spans, labels: Labels) -> Iterator[Choice]:
    """The question with one word said more plainly, for each word that this reading alone takes for such a column."""
    own = sorted(refs, key=lambda ref: (ref.table, ref.column))
    for leaf in rival.edge.leaves():
        words, word = spans.text(leaf.start, leaf.end), word_of(leaf, spans)
        for ref in own if isinstance(leaf.meaning, Columns | Values | Entity) else ():
            meaning = said(leaf.meaning, ref, words, labels)
            if meaning:
                before, after = spans.text(0, leaf.start), spans.text(leaf.end, spans.length)
                question = spans.joint.join(part for part in (before, meaning, after) if part)
                label = labels.say("choice", words=words, meaning=meaning)
                column = "" if isinstance(leaf.meaning, Entity) else ref.column
                yield Choice(label, question, word, ref.table, column)
