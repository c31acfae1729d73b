"""The shared attacks against policies, on real databases: what is masked shows in no way, what is hidden is refused.

That a statement tells nothing of masked values is shown by changing them: its rows must stay the same.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import psycopg
import pymysql
import pytest

from core.connections.engines import ENGINES
from core.connections.guard import Scope, check
from core.connections.seen import see
from core.connections.session import Limits, Session, Target
from core.connections.sessions_files import IDLE
from core.errors import InvalidInput, QueryFailed, QueryRefused
from core.evaluation.attacked import (
    Attacked,
    attacked_duckdb,
    attacked_mariadb,
    attacked_postgres,
    attacked_sqlite,
)
from core.evaluation.mariadb import private_mariadb
from core.evaluation.second_wall import Attack, read_attacks
from core.security.policies import Mask, MaskKind, Rights, TableRights
from core.store.embedded import EmbeddedServer
from tests.conftest import SHARED

CORPUS = SHARED / "safety" / "sql_attacks.jsonl"
FIXTURES = SHARED / "safety" / "fixtures"
DIALECTS = {"postgresql": "postgres", "mariadb": "mysql"}
MASKED = TableRights(masks={"email": Mask(MaskKind.CONSTANT, "masked"), "ssn": Mask(MaskKind.NULL)})
CHANGE = "UPDATE customers SET email = 'changed' WHERE email IS NOT NULL; UPDATE customers SET ssn = '99' WHERE id < 9"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CORPUS.exists(), reason="the shared attacks are not on this machine"),
]


@contextmanager
def _postgresql(server: EmbeddedServer, _: Path) -> Iterator[Attacked]:
    owner = Target(host=server.socket, user=server.user, password=server.password)
    with attacked_postgres("PostgreSQL 18", server.url, owner, FIXTURES) as place:
        yield place


@contextmanager
def _mariadb(_: EmbeddedServer, folder: Path) -> Iterator[Attacked]:
    try:
        with private_mariadb(folder) as running, attacked_mariadb(running, FIXTURES, folder) as place:
            yield place
    except InvalidInput as error:
        pytest.skip(str(error))


PLACES: dict[str, Callable[[EmbeddedServer, Path], object]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "sqlite": lambda _, folder: attacked_sqlite(folder, FIXTURES),
    "duckdb": lambda _, folder: attacked_duckdb(folder, FIXTURES),
}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path: Path) -> Iterator[Attacked]:
    """Each database in turn, with the fixtures of its own."""
    with PLACES[request.param](server, tmp_path) as found:  # type: ignore[attr-defined]
        yield found


def attacks(place: Attacked, expect: str) -> list[Attack]:
    found = read_attacks(CORPUS, DIALECTS.get(place.kind, place.kind))
    return [attack for attack in found if attack.expect == expect]


def seen(place: Attacked, rights: dict[str, TableRights], hidden: set[str]) -> Scope:
    engine = ENGINES[place.kind]
    with closing(engine.open(place.owner, Limits())) as session:
        schema, naming = engine.introspect(session), engine.naming(session)
    hidden = {key for key in schema.by_key if key in hidden or key.startswith("hr.")}
    left = see(schema, Rights(frozenset(hidden), rights, "attacks"), naming)
    return Scope(
        schema.dialect, left.schema, namespace=naming.namespace, ignores_case=naming.ignores_case,
        rights=left.rights, shields=left.shields, routines=naming.routines,
    )  # fmt: skip


def outcome(session: Session, scope: Scope, sql: str) -> str:
    """The rows or the refusal. What the database says of a failure is kept from people, so it tells nothing."""
    try:
        query = check(sql, scope)
    except QueryRefused:
        return "refused"
    try:
        return repr(sorted(map(repr, session.read(query.runs).rows)))
    except QueryFailed:
        return "failed"


def change(place: Attacked) -> None:
    """Other values where they are masked."""
    IDLE.close()
    target = place.owner
    if place.kind == "sqlite":
        with closing(sqlite3.connect(target.file)) as database:
            database.executescript(CHANGE)
    elif place.kind == "duckdb":
        with duckdb.connect(target.file) as database:
            database.execute(CHANGE)
    elif place.kind == "postgresql":
        with psycopg.connect(
            host=target.host, dbname=target.database, user=target.user, password=target.password
        ) as connection:
            for statement in CHANGE.split(";"):
                connection.execute(statement.encode())
    else:
        with (
            closing(
                pymysql.connect(
                    host=target.host,
                    port=target.port or 0,
                    user=target.user,
                    password=target.password,
                    database=target.database,
                    autocommit=True,
                )
            ) as other,
            other.cursor() as cursor,
        ):
            for statement in CHANGE.split(";"):
                cursor.execute(statement)


def test_masked_values_change_no_row_of_any_attack(place: Attacked) -> None:
    masking = attacks(place, "mask_or_reject")
    assert masking
    scope, engine = seen(place, {"customers": MASKED}, set()), ENGINES[place.kind]
    with closing(engine.open(place.owner, Limits())) as session:
        before = {attack.id: outcome(session, scope, attack.sql) for attack in masking}
    change(place)
    with closing(engine.open(place.owner, Limits())) as session:
        after = {attack.id: outcome(session, scope, attack.sql) for attack in masking}
        assert session.read("SELECT email FROM customers WHERE id = 1").rows == (("changed",),)
    assert after == before
    assert any(rows not in ("refused", "failed") for rows in before.values())


def test_hidden_tables_are_refused_in_every_spelling(place: Attacked) -> None:
    scope = seen(place, {}, {"secrets", "salaries_copy"})
    through = []
    for attack in attacks(place, "reject_if_out_of_scope"):
        try:
            check(attack.sql, scope)
        except QueryRefused:
            continue
        through.append(attack.id)
    assert through == []
    assert scope.schema is not None
    assert not {"secrets", "v_leaks_secrets", "v_leak"} & set(scope.schema.by_key)
