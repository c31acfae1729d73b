"""A shop with secrets, which policies keep from those below administrators: every secret holds a word or number by
which it is found wherever it does not belong."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from core.answering.card import Card, card_of
from core.answering.events import AnswerEvent
from core.answering.question import Question
from core.connections.guard import CheckedQuery
from core.connections.registry import NewConnection
from core.i18n import Phrase, Words
from core.portal import Portal
from core.security.permissions import Actor, Role
from core.security.policies import Mask, MaskKind, Policy, Subject, SubjectKind
from core.store.embedded import EmbeddedServer
from tests.conftest import someone

SCRIPT = Path(__file__).parent / "cases" / "canary_shop.sql"
CANARY = re.compile(r"canar|(?<![\d.])98,?765,?\d{3}", re.IGNORECASE)
BELOW_ADMIN = Subject(SubjectKind.BELOW, "admin")


@dataclass
class Shop:
    """The shop in a portal: `admin` sees all of it, `analyst` the region that is theirs."""

    portal: Portal
    id: UUID
    admin: Actor
    analyst: Actor
    heard: list[AnswerEvent] = field(default_factory=list)

    def ask(self, actor: Actor, text: str = "by hand", conversation: UUID | None = None, **more: Any) -> Card:
        """The card of a question; its events are kept in `heard`."""
        question = Question(text, self.id, conversation or uuid4(), **more)
        events = list(self.portal.answers.ask(actor, question))
        self.heard += events
        return card_of(text, events)

    def policies(self) -> None:
        """Hide a table and columns, leave people the rows of their region, mask two columns."""
        theirs = "region = {user.region}"
        masks = {"email": Mask(MaskKind.PARTIAL, "4"), "phone": Mask(MaskKind.HASH)}
        for policy in (
            Policy(self.id, "salaries", BELOW_ADMIN, "canary_salaries", hidden=True),
            Policy(self.id, "margins", BELOW_ADMIN, "orders", hidden_columns=frozenset({"canary_margin"})),
            Policy(self.id, "orders", BELOW_ADMIN, "orders", rows=theirs),
            Policy(self.id, "agents", BELOW_ADMIN, "orders", hidden_columns=frozenset({"canary_agent_id"})),
            Policy(self.id, "notes", BELOW_ADMIN, "customers", hidden_columns=frozenset({"canary_notes"})),
            Policy(self.id, "people", BELOW_ADMIN, "customers", masks=masks, rows=theirs),
        ):
            self.portal.policies.keep(self.admin, self.id, policy)


def in_sqlite(portal: Portal, folder: Path) -> Shop:
    """The shop in a file."""
    file = folder / "shop.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript(SCRIPT.read_text(encoding="utf-8"))
    database.close()
    return _shop(portal, NewConnection("Shop", "sqlite", file=str(file)))


def in_postgres(portal: Portal, server: EmbeddedServer) -> Shop:
    """The shop in a database of its own, with comments that speak of what is hidden."""
    name = f"shop_{uuid4().hex[:8]}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        role = "SELECT 1 FROM pg_roles WHERE rolname = 'shop_reader'"
        if connection.execute(role).fetchone() is None:
            connection.execute("CREATE ROLE shop_reader LOGIN PASSWORD 'reads'")
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute(SCRIPT.read_text(encoding="utf-8").encode())
        connection.execute("COMMENT ON TABLE orders IS 'Orders, with canary_margin'")
        connection.execute("ANALYZE")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_reader")
    return _shop(portal, NewConnection("Shop", "postgresql", server.socket, None, name, "shop_reader", "reads"))


def _shop(portal: Portal, new: NewConnection) -> Shop:
    admin = portal.people.first_admin()
    info = portal.connections.add(admin, new)
    portal.connections.share(admin, info.id, everyone=True)
    portal.knowledge.build(info.id)
    analyst = someone(portal, Role.ANALYST, "Rita")
    portal.groups.describe(admin, "region", ["West"], person_id=analyst.id)
    return Shop(portal, info.id, admin, known(portal, analyst))


def known(portal: Portal, person: Actor) -> Actor:
    """The person with all that the portal knows of them."""
    found = portal.people.actor(person.id)
    assert found is not None
    return found


def leaks(*things: object) -> list[str]:
    """Where a secret stands in any of these, whatever they are made of, in either language."""
    return [text for text in _texts(things) if CANARY.search(text)]


def _texts(thing: object) -> Iterator[str]:
    """Every text and number inside, with phrases said. What is sent to a database is shown to nobody, and left out."""
    if isinstance(thing, Phrase):
        yield from (Words(language).show(thing) for language in ("en", "zh"))
    if isinstance(thing, CheckedQuery):
        yield from _texts((thing.sql, thing.tables, thing.columns, thing.limited, thing.masked))
    elif is_dataclass(thing) and not isinstance(thing, type):
        for part in fields(thing):
            yield from _texts(getattr(thing, part.name))
    elif isinstance(thing, dict):
        yield from _texts((list(thing), list(thing.values())))
    elif isinstance(thing, Iterable) and not isinstance(thing, str | bytes):
        for part in thing:
            yield from _texts(part)
    else:
        yield thing.decode("utf-8", "replace") if isinstance(thing, bytes) else str(thing)
