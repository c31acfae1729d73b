"""The card of one question: all events so far as one value that a page draws, live or from history."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from core.answering.events import (
    Answered,
    AnswerEvent,
    CannotAnswer,
    ChartReady,
    Ending,
    Explanation,
    Failed,
    Grounded,
    ModelChosen,
    NeedsDetail,
    QueryReady,
    QueryTried,
    Recalled,
    RowsReady,
    Rung,
    SummaryText,
    Understood,
    Usage,
    WritingSql,
)
from core.connections.result import ResultTable


@dataclass(frozen=True)
class Card:
    """What is known of one question so far, complete at every moment.

    `writing` is the model's text of the draft at hand. `of` is the answer that this one was made from by moving a
    lever. `table` is None while there are no rows, and in history for those who may not see them any more.
    """

    question: str
    understood: Understood | None = None
    recalled: Recalled | None = None
    tables: tuple[str, ...] = ()
    model: str = ""
    writing: str = ""
    tried: tuple[QueryTried, ...] = ()
    sql: str = ""
    rung: Rung | None = None
    explanation: Explanation = field(default_factory=Explanation)
    chart: ChartReady | None = None
    summary: str = ""
    ending: Ending | None = None
    of: UUID | None = None
    table: ResultTable | None = None

    @property
    def answered(self) -> Answered | None:
        """The whole answer, when there is one."""
        return self.ending if isinstance(self.ending, Answered) else None

    @property
    def usage(self) -> Usage:
        """What models were used for this question, however it ended."""
        return self.ending.usage if self.ending else Usage()

    @property
    def outcome(self) -> str:
        """How it ended: "answered", "clarify", "cannot", "failed", or "" while it runs."""
        names = {Answered: "answered", NeedsDetail: "clarify", CannotAnswer: "cannot", Failed: "failed"}
        return names[type(self.ending)] if self.ending else ""

    @property
    def step(self) -> str:
        """What is being done now, a word for `answering.doing_…`: each event says that its step is over."""
        if self.ending:
            return "done"
        if self.table is not None:
            return "explaining"
        if self.rung is not None:
            return "running"
        if self.model:
            return "mending" if self.tried and not self.writing else "writing"
        return "finding" if self.understood else "understanding"

    def after(self, event: AnswerEvent) -> "Card":
        """The card with one more event."""
        match event:
            case Understood():
                return replace(self, understood=event)
            case Recalled():
                return replace(self, recalled=event)
            case Grounded():
                return replace(self, tables=event.tables)
            case ModelChosen():
                return replace(self, model=event.model)
            case WritingSql():
                return replace(self, writing=self.writing + event.text)
            case QueryTried():
                return replace(self, tried=(*self.tried, event), writing="")
            case QueryReady():
                return replace(self, sql=event.query.sql, rung=event.rung, explanation=event.explanation)
            case RowsReady():
                return replace(self, table=event.table)
            case ChartReady():
                return replace(self, chart=event)
            case SummaryText():
                return replace(self, summary=self.summary + event.text)
            case _:
                return replace(self, ending=event)


def card_of(question: str, events: Iterable[AnswerEvent]) -> Card:
    """The card after all of these events."""
    card = Card(question)
    for event in events:
        card = card.after(event)
    return card
