"""A word the data does not have, over a real index: the closest by its meaning, as a question that can be asked."""

import sqlite3
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from core.answering.card import Card, card_of
from core.answering.events import CannotAnswer
from core.answering.question import Question
from core.connections.addresses import NewConnection
from core.i18n import Words
from core.portal import Portal
from core.security.permissions import Actor, Role
from core.security.policies import Policy
from core.store.embedded import EmbeddedServer
from tests.conftest import someone
from tests.policies_shop import BELOW_ADMIN

SHOP = Path(__file__).parent.parent / "cases" / "returns_shop.sql"


def in_sqlite(folder: Path) -> NewConnection:
    file = folder / "returns.sqlite"
    with sqlite3.connect(file) as database:
        database.executescript(SHOP.read_text(encoding="utf-8"))
    database.close()
    return NewConnection("Returns", "sqlite", file=str(file))


def in_postgres(server: EmbeddedServer) -> NewConnection:
    name = f"returns_{uuid4().hex[:8]}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'shop_reader'").fetchone() is None:
            connection.execute("CREATE ROLE shop_reader LOGIN PASSWORD 'reads'")
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute(SHOP.read_text(encoding="utf-8").encode())
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_reader")
    return NewConnection("Returns", "postgresql", server.socket, None, name, "shop_reader", "reads")


def ask(portal: Portal, actor: Actor, connection_id: UUID, text: str) -> Card:
    return card_of(text, portal.answers.ask(actor, Question(text, connection_id, uuid4())))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_closest_by_meaning_is_named_and_can_be_asked(
    kind: str, portal: Portal, server: EmbeddedServer, tmp_path: Path
) -> None:
    admin = portal.people.first_admin()
    new = in_sqlite(tmp_path) if kind == "sqlite" else in_postgres(server)
    info = portal.connections.add(admin, new)
    portal.connections.share(admin, info.id, everyone=True)
    portal.knowledge.build(info.id)
    ended = ask(portal, admin, info.id, "How many refunds are there?").ending
    assert isinstance(ended, CannotAnswer)
    said = Words("en").show(ended.reason)
    assert said.startswith("Your data has no “refunds”; the closest are returns")
    assert ended.closest[0] == "How many returns are there?"
    answer = ask(portal, admin, info.id, ended.closest[0])
    assert answer.table is not None
    assert answer.table.rows == ((3,),)
    what_is_hidden_is_not_named(portal, admin, info.id)


def what_is_hidden_is_not_named(portal: Portal, admin: Actor, connection_id: UUID) -> None:
    portal.policies.keep(admin, connection_id, Policy(connection_id, "none", BELOW_ADMIN, "returns", hidden=True))
    ended = ask(portal, someone(portal, Role.VIEWER, "Vic"), connection_id, "How many refunds are there?").ending
    assert isinstance(ended, CannotAnswer)
    assert "returns" not in Words("en").show(ended.reason)
    assert all("returns" not in question for question in ended.closest)
