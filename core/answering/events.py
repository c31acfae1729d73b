"""What a door can show while a question is answered, in the order a person sees it.

    Understood · Recalled? · Grounded · ModelChosen? · QueryTried* · QueryReady · RowsReady ·
    ChartReady? · SummaryText* · Answered, or NeedsDetail, CannotAnswer, Failed

Every event is a finished value. `Answered`, `NeedsDetail`, `CannotAnswer` and `Failed` end the stream.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from core.charts import ChartSpec
from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.i18n import Phrase as Phrase


class Rung(StrEnum):
    """Who answered: the ladder from cheapest to dearest."""

    VERIFIED = "verified"
    INSTANT = "instant"
    MODEL = "model"
    PERSON = "person"


class Sureness(StrEnum):
    VERIFIED = "verified"
    SURE = "sure"
    FAIRLY = "fairly"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Evidence:
    """How sure an answer is: `confidence` in [0, 1], the word for it, and the reasons that led there."""

    sureness: Sureness
    confidence: float
    reasons: tuple[Phrase, ...]


@dataclass(frozen=True)
class Explanation:
    """How an answer came about, for "How I got this": what each word was taken for, tables, joins, filters.

    `limits` say what of it the person may not see, and `limited` that rows were left out for it. `terms` are the words
    of the business in the question, each with what it means; `taken` the words that could be several things.
    """

    tables: tuple[str, ...] = ()
    steps: tuple[Phrase, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    limits: tuple[Phrase, ...] = ()
    limited: bool = False
    terms: tuple[tuple[str, Phrase], ...] = ()
    taken: tuple["Taken", ...] = ()


@dataclass(frozen=True)
class Taken:
    """A word that could be several things, and what it was taken for: a column, or a table where `column` is "".

    `meaning` says it in words; `by` is who chose it: "person", "team", or "engine" for the likeliest.
    """

    word: str
    meaning: str
    table: str
    column: str
    by: str


@dataclass(frozen=True)
class Usage:
    """What models were used for one answer: tokens, US dollars (None: price unknown), and how often they were asked."""

    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    calls: int = 0


@dataclass(frozen=True)
class Understood:
    """The question as it will be answered; `rewritten` when it was read as a follow-up to the one before it.

    `connection` is the name of the connection that is asked, chosen for the person where they left it open.
    """

    text: str
    language: str
    rewritten: bool = False
    connection: str = ""
    connection_id: UUID | None = None
    conversation_id: UUID | None = None


@dataclass(frozen=True)
class Recalled:
    """A person vouched for this question before; its SQL is used, with other values put in: (before, now)."""

    verified_id: UUID
    put_in: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grounded:
    """The tables the words point at, best first (`Table.key`)."""

    tables: tuple[str, ...]


@dataclass(frozen=True)
class ModelChosen:
    model: str
    task: str


@dataclass(frozen=True)
class WritingSql:
    """The model's text so far; each event carries what is new."""

    text: str


@dataclass(frozen=True)
class QueryTried:
    """A draft that did not make it, and why: `reason` is technical, from the guard or the database."""

    sql: str
    reason: str


@dataclass(frozen=True)
class QueryReady:
    query: CheckedQuery
    rung: Rung
    explanation: Explanation


@dataclass(frozen=True)
class RowsReady:
    table: ResultTable


@dataclass(frozen=True)
class ChartReady:
    """The chart chosen first, and the others that suit the rows. `labels` name the result's columns in words."""

    chosen: ChartSpec
    alternatives: tuple[ChartSpec, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class SummaryText:
    """A piece of the sentence that says what the rows mean; pieces are joined as they come."""

    text: str


class LeverKind(StrEnum):
    NUMBER = "number"
    LIMIT = "limit"
    TEXT = "text"
    DATE = "date"
    SKIPPED = "skipped"
    LIST = "list"


LeverValue = str | int | Decimal | date | tuple[str | int | Decimal, ...]


@dataclass(frozen=True)
class Lever:
    """A literal of the SQL that a person can move: `label` in the question's language, `value` as it stands.

    `options` are other values of the same column, for text. `id` names the literal in this SQL and no other, or
    several of the same value that stand for one thing.
    """

    id: str
    label: str
    kind: LeverKind
    value: LeverValue
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fix:
    """A way out of an empty answer: `label` says what it would change and find, `sql` is what it runs."""

    label: str
    sql: str


@dataclass(frozen=True)
class Answered:
    """The whole answer, kept in history under `answer_id`.

    `summary` is Markdown in which only our own words have marks: what came from cells is escaped. `findings` say
    why there are no rows, `fixes` what to do about it. `timings` are the seconds of each step, by its name. `kept` is
    False where the store was away: then it is nowhere but here.
    """

    answer_id: UUID
    summary: str
    rung: Rung
    evidence: Evidence
    usage: Usage
    seconds: float
    as_of: datetime
    follow_ups: tuple[str, ...] = ()
    findings: tuple[Phrase, ...] = ()
    fixes: tuple[Fix, ...] = ()
    levers: tuple[Lever, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    kept: bool = True


@dataclass(frozen=True)
class Choice:
    """One reading offered to a person: `label` in business words, `question` what is asked when it is taken.

    Where it is one word that could be several things, `word` is that word, and `table` and `column` what it is taken
    for here: then the choice can be remembered.
    """

    label: str
    question: str
    word: str = ""
    table: str = ""
    column: str = ""


@dataclass(frozen=True)
class NeedsDetail:
    """The question has more than one reading; `choices` (two to four) say which."""

    question: Phrase
    choices: tuple[Choice, ...]
    usage: Usage = Usage()


@dataclass(frozen=True)
class CannotAnswer:
    """The data does not hold this. `closest` are questions it does answer."""

    reason: Phrase
    closest: tuple[str, ...] = ()
    usage: Usage = Usage()


@dataclass(frozen=True)
class Failed:
    """It went wrong. `message` for the person, `detail` technical; `retry` says whether trying again can help."""

    message: Phrase
    detail: str = ""
    retry: bool = True
    usage: Usage = Usage()


Ending = Answered | NeedsDetail | CannotAnswer | Failed
AnswerEvent = (
    Understood
    | Recalled
    | Grounded
    | ModelChosen
    | WritingSql
    | QueryTried
    | QueryReady
    | RowsReady
    | ChartReady
    | SummaryText
    | Ending
)
