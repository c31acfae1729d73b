"""Stand-ins around the answering: a small shop in a SQLite file, and quiet partners. Guard and runner are real."""

import builtins
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from langchain_core.language_models import BaseChatModel

from core.answering.needs import Opened
from core.connections.engines import ENGINES
from core.connections.guard import CheckedQuery, Scope
from core.connections.opened import Connection
from core.connections.result import ResultTable
from core.connections.schema import Dialect, Schema
from core.connections.session import Limits, Target
from core.errors import ModelUnavailable, NotFound
from core.grounding.ground import Grounding, TableHit
from core.grounding.inquiry import Inquiry
from core.grounding.values import ListedValues, ValueHit
from core.models.routing import ModelLease
from core.security.permissions import Actor
from core.stop import Stop
from tests.doubles import lease_on

SCRIPT = Path(__file__).parent / "cases" / "answering_shop.sql"
DESCRIPTIONS = {
    ("customers", ""): {"en": "Customers: people who buy", "zh": "客户：购买者"},
    ("customers", "country"): {"en": "Country: where the customer lives", "zh": "国家：客户所在的国家"},
    ("customers", "name"): {"en": "Customer name", "zh": "客户名称"},
    ("orders", ""): {"en": "Orders: what was bought and when", "zh": "订单：购买记录"},
    ("orders", "order_date"): {"en": "Order date", "zh": "下单日期"},
    ("orders", "amount"): {"en": "Amount: in euros", "zh": "金额：欧元"},
    ("orders", "status"): {"en": "Status", "zh": "状态"},
}


def shop(folder: Path, name: str = "Shop") -> Connection:
    """A shop of three customers and eight orders, opened read-only through the real guard and runner."""
    file = folder / f"{uuid4().hex}.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript(SCRIPT.read_text(encoding="utf-8"))
    database.close()
    engine, target = ENGINES["sqlite"], Target(file=str(file))
    session = engine.open(target, Limits())
    try:
        schema = engine.introspect(session).with_descriptions(DESCRIPTIONS)
    finally:
        session.close()
    return Connection(uuid4(), name, schema, Limits(seconds=5, rows=100), partial(engine.open, target))


def schema_of_shop(dialect: Dialect, folder: Path) -> Schema:
    """The same tables as another dialect sees them."""
    return replace(shop(folder).schema, dialect=dialect)


@dataclass(frozen=True)
class SlowConnection:
    """A connection whose queries last until they are stopped, or until `patience` seconds are over."""

    inner: Opened
    started: Callable[[], None]
    patience: float = 10.0

    @property
    def id(self) -> UUID:
        return self.inner.id

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def dialect(self) -> Dialect:
        return self.inner.dialect

    @property
    def schema(self) -> Schema:
        return self.inner.schema

    @property
    def scope(self) -> Scope:
        return self.inner.scope

    def check(self, sql: str) -> CheckedQuery:
        return self.inner.check(sql)

    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = 15.0
    ) -> dict[str, list[str]]:
        return self.inner.values_of(table_key, columns, limit, seconds)

    def run(self, query: CheckedQuery, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable:
        """Counts until it is interrupted: the stop has to reach the database itself."""
        self.started()
        endless = self.inner.check(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
            " SELECT COUNT(*) FROM n"
        )
        return self.inner.run(endless, stop, row_cap)


class KnownValues(ListedValues):
    """Values given as lists, which can also be listed by column."""

    def __init__(self, values: Mapping[tuple[str, str], Sequence[str]]) -> None:
        super().__init__(values)
        self._values = values

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        return list(self._values.get((table, column), ()))[:limit]


SHOP_VALUES = KnownValues(
    {
        ("customers", "country"): ["DE", "FR"],
        ("customers", "name"): ["Anna", "Bruno", "Chloé"],
        ("orders", "status"): ["completed", "cancelled"],
    }
)


@dataclass(frozen=True)
class Vouch:
    id: UUID
    sql: str
    question: str = ""
    at: datetime = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    author: str = ""


@dataclass
class PlainKnowledge:
    """Knows the values it was given, verified questions by their very text, and the same starters for everything."""

    known: KnownValues = field(default_factory=lambda: SHOP_VALUES)
    vouched: dict[str, str] = field(default_factory=dict)
    meanings: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    questions: tuple[str, ...] = ("How many customers are there?", "How many orders are there?")

    def ground(self, actor: Actor, inquiry: Inquiry, connection: Opened) -> Grounding:
        hits = tuple(TableHit(table.key, 0.5, "") for table in connection.schema.tables)
        return Grounding(hits, (), (), ())

    def nearest(self, actor: Actor, connection: Opened, word: str) -> tuple[tuple[str, str], ...]:
        return self.meanings.get(word.lower(), ())

    def recall(self, actor: Actor, connection: Opened, question: str) -> Vouch | None:
        sql = self.vouched.get(question)
        return Vouch(UUID(int=1), sql, question) if sql else None

    def alike(self, actor: Actor, connection: Opened, question: str, fits: Callable[[Vouch], bool]) -> Iterator[Vouch]:
        every = [Vouch(UUID(int=1), sql, text) for text, sql in self.vouched.items()]
        yield from (one for one in every if one.question == question or fits(one))

    def values(self, connection: Opened) -> KnownValues:
        return self.known

    def keyed(self, connection: Opened) -> Schema:
        return connection.schema

    def starters(self, actor: Actor, connection: Opened, language: str) -> tuple[str, ...]:
        return self.questions


@dataclass
class Shelf:
    """The connections that each person may see: all of them, less those in `hidden`."""

    opened: Sequence[Opened]
    hidden: set[UUID] = field(default_factory=set)

    def list(self, actor: Actor) -> builtins.list[Opened]:
        return [connection for connection in self.opened if connection.id not in self.hidden]

    def open(self, actor: Actor, connection_id: UUID) -> Opened:
        for connection in self.list(actor):
            if connection.id == connection_id:
                return connection
        raise NotFound


@dataclass
class OneModel:
    """A model that says what it was told to; none when `chat` is None."""

    chat: BaseChatModel | None = None

    def list(self, actor: Actor) -> list[object]:
        return [] if self.chat is None else [self.chat]

    @contextmanager
    def lease(self, actor: Actor, task: str, model_id: UUID | None = None) -> Iterator[ModelLease]:
        if self.chat is None:
            raise ModelUnavailable
        yield lease_on(self.chat)


@dataclass
class QuietAudit:
    """A trail that only remembers what was done."""

    rows: list[tuple[str, bool]] = field(default_factory=list)

    def note(
        self, actor: Actor | None, action: str, resource: object = "", allowed: bool = True, **detail: object
    ) -> None:
        self.rows.append((str(action), allowed))

    def note_within(
        self,
        connection: object,
        actor: Actor | None,
        action: str,
        resource: object = "",
        allowed: bool = True,
        **detail: object,
    ) -> None:
        self.rows.append((str(action), allowed))


def hit(table: str, column: str, value: str, words: str, similarity: float) -> ValueHit:
    return ValueHit(table, column, value, words, similarity)
