"""The trail as a chain: whatever is changed, put in or taken away is found, by whoever has only the database."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from core.security.audit import Audit, Wanted
from core.security.marks import BEGINNING
from core.security.permissions import SYSTEM, Actor, Role
from core.security.witness import Witness
from core.store.sessions import Store
from core.store.tables import audit
from tests.conftest import audit_over, vault_over

ANN = Actor(uuid4(), "Ann", Role.ANALYST)
BEN = Actor(uuid4(), "Ben", Role.ADMIN)
ROWS = 12


@pytest.fixture
def trail(store: Store, tmp_path: Path) -> Audit:
    """A trail of twelve rows by two people, with a witness on this machine."""
    made = Audit(store, vault_over(store), Witness(tmp_path / "audit.head"))
    for number in range(ROWS):
        made.note(
            ANN if number % 2 else BEN,
            "answers.ask",
            uuid4(),
            number % 5 != 0,
            question=f"number {number}?",
            n=number / 4,
        )
    return made


def tamper(store: Store, *statements: str) -> None:
    """What somebody does who has all of the database and nothing else."""
    with store.begin() as connection:
        connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
        for statement in statements:
            connection.execute(sa.text(statement))


def test_an_untouched_trail_verifies(trail: Audit) -> None:
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.rows, verdict.last, verdict.erased) == (True, ROWS, ROWS, 0)
    assert verdict.head.startswith(f"{ROWS}:")
    assert json.dumps(verdict.figures())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "'Eve'"), ("actor_id", "gen_random_uuid()"), ("action", "'x'"), ("resource", "'y'"),
        ("allowed", "NOT allowed"), ("at", "at + interval '1 microsecond'"), ("detail", """'{"question": "other?"}'"""),
        ("detail", "detail || '{\"n\": 7}'"), ("salt", "decode(repeat('00', 16), 'hex')"), ("salt", "NULL"),
        ("commitment", "decode(repeat('00', 32), 'hex')"), ("mark", "decode(repeat('00', 32), 'hex')"),
        ("key_id", "'abcdef012345'"), ("erasure", "'x.00'"), ("mark", "NULL"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("row", [1, 6, ROWS])
def test_a_changed_row_is_found_and_named(trail: Audit, store: Store, column: str, value: str, row: int) -> None:
    tamper(store, f"UPDATE audit SET {column} = {value} WHERE id = {row}")
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.row) == (False, row)


@pytest.mark.parametrize("row", [1, 6, ROWS])
def test_a_missing_row_is_found_also_at_the_tail(trail: Audit, store: Store, row: int) -> None:
    tamper(store, f"DELETE FROM audit WHERE id = {row}")
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.problem, verdict.row) == (False, "missing", row)


def test_rows_put_in_are_found_wherever_they_stand(trail: Audit, store: Store) -> None:
    for number in (0, ROWS + 1):
        tamper(store, f"INSERT INTO audit (id, actor, action) VALUES ({number}, 'Eve', 'people.sign_in')")
        assert trail.verify(SYSTEM).row == number
        tamper(store, f"DELETE FROM audit WHERE id = {number}")
    assert trail.verify(SYSTEM).ok


def test_rows_in_another_order_are_found(trail: Audit, store: Store) -> None:
    tamper(
        store,
        "UPDATE audit SET id = -1 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 5",
        "UPDATE audit SET id = 5 WHERE id = -1",
    )
    assert trail.verify(SYSTEM).row == 4


def test_an_older_end_put_back_is_found_by_what_this_machine_remembers(trail: Audit, store: Store) -> None:
    with store.begin() as connection:
        old = connection.execute(sa.text("SELECT * FROM audit_chain")).mappings().one()
    for _ in range(3):
        trail.note(BEN, "people.change", "x")
    with store.begin() as connection:
        connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
        connection.execute(sa.text("DELETE FROM audit WHERE id > :last"), {"last": old["last_id"]})
        put = "UPDATE audit_chain SET last_id = :last_id, last_mark = :last_mark, seal = :seal"
        connection.execute(sa.text(put), dict(old))
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.problem, verdict.row) == (False, "missing", ROWS + 3)
    elsewhere = audit_over(store)  # a machine that remembers nothing: the rest is consistent
    assert elsewhere.verify(SYSTEM).ok


def test_a_head_that_was_noted_elsewhere_must_still_be_in_the_chain(trail: Audit, store: Store) -> None:
    noted = trail.verify(SYSTEM).head
    number, _, mark = noted.partition(":")
    trail.note(BEN, "people.change", "x")
    assert audit_over(store).examine((int(number), mark)).ok
    assert audit_over(store).examine((int(number), mark[::-1])).problem == "changed"


def test_another_chain_in_the_old_ones_place_is_found(trail: Audit, store: Store) -> None:
    tamper(store, "DELETE FROM audit", "DELETE FROM audit_chain", "DELETE FROM data_keys")
    assert trail.verify(SYSTEM).problem == "no_chain"
    begun_again = Audit(store, vault_over(store), trail._witness)
    begun_again.note(BEN, "people.sign_in")
    assert begun_again.verify(SYSTEM).problem == "another_chain"


def test_a_chain_whose_head_was_taken_away_is_not_marked_anew(trail: Audit, store: Store) -> None:
    tamper(store, "UPDATE audit SET actor = 'Eve' WHERE id = 3", "DELETE FROM audit_chain")
    elsewhere = audit_over(store)
    elsewhere.begin()
    assert (elsewhere.verify(SYSTEM).problem, elsewhere.verify(SYSTEM).row) == ("changed", 3)


def test_the_trigger_refuses_what_no_sanctioned_path_does(trail: Audit, store: Store) -> None:
    for statement in (
        "UPDATE audit SET actor = 'Eve'", "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
    ):  # fmt: skip
        with pytest.raises(ProgrammingError, match="never changed"), store.begin() as connection:
            connection.execute(sa.text(statement))
    with pytest.raises(ProgrammingError):
        tamper(store, "TRUNCATE audit")
    assert trail.verify(SYSTEM).ok


def test_without_the_key_nobody_can_say_that_it_is_sound(trail: Audit, store: Store) -> None:
    stranger = Audit(store, vault_over(store, "somebody else's key"))
    verdict = stranger.verify(SYSTEM)
    assert (verdict.ok, verdict.problem) == (False, "no_key")


def test_rows_of_the_first_shape_are_taken_in(store: Store) -> None:
    with store.begin() as connection:
        for number in (3, 4, 9):
            row = {
                "id": number,
                "actor": "Ann",
                "action": "answers.ask",
                "detail": {"rows": 1e-7, "n": number, "t": "é\n"},
            }
            connection.execute(audit.insert().values(row))
    trail = audit_over(store)
    trail.begin()
    trail.begin()
    trail.note(ANN, "answers.ask")
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.rows, verdict.first, verdict.last) == (True, 4, 3, 10)
    tamper(store, "UPDATE audit SET detail = '{}' WHERE id = 4")
    assert trail.verify(SYSTEM).row == 4


def test_old_rows_go_from_the_beginning_and_the_rest_still_verifies(trail: Audit, store: Store) -> None:
    with store.begin() as connection:
        cut = connection.execute(sa.select(audit.c.at).where(audit.c.id == 5)).scalar_one()
        assert trail._chain.let_go(connection, cut) == 4
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.first, verdict.rows) == (True, 5, ROWS - 4)
    tamper(store, "DELETE FROM audit WHERE id = 5")
    assert trail.verify(SYSTEM).row == 5
    assert trail.let_go(0) == 0
    assert trail.let_go(30) == 0


def test_everything_may_have_grown_old(trail: Audit, store: Store) -> None:
    with store.begin() as connection:
        now = connection.execute(sa.select(sa.func.now())).scalar_one()
        assert trail._chain.let_go(connection, now + timedelta(days=1)) == ROWS
    assert trail.verify(SYSTEM).ok
    trail.note(ANN, "answers.ask")
    assert (trail.verify(SYSTEM).rows, trail.verify(SYSTEM).first) == (1, ROWS + 1)


def test_an_erased_person_is_gone_from_the_trail_and_it_still_verifies(trail: Audit, store: Store) -> None:
    trail.note(BEN, "people.change", "ann@example.org", change="invited", told=f"{ANN.id} and Joann@example.org")
    trail.note(None, "people.sign_in", "ANN@example.org", allowed=False)
    with store.begin() as connection:
        assert trail.erase_within(connection, ANN.id, "ann@example.org") == ROWS // 2 + 2
        trail.note_within(connection, BEN, "people.erase", "a person")
    rows = trail.list(SYSTEM)
    said = json.dumps([[row.actor, row.resource, dict(row.detail)] for row in rows])
    assert "Ann" not in said
    assert str(ANN.id) not in said
    assert " ann@example.org" not in said.lower()
    assert "Joann@example.org" in said
    verdict = trail.verify(SYSTEM)
    assert (verdict.ok, verdict.erased, verdict.rows) == (True, ROWS // 2 + 2, ROWS + 3)
    with psycopg.connect(store.url) as line:
        dumped = str(line.execute("SELECT * FROM audit").fetchall()).lower()
    assert "number 1?" not in dumped
    assert "number 0?" in dumped
    tamper(store, "UPDATE audit SET resource = 'something else' WHERE id = 2")
    assert trail.verify(SYSTEM).row == 2


def test_only_the_portal_can_erase_content(trail: Audit, store: Store) -> None:
    with store.begin() as connection:
        trail.erase_within(connection, ANN.id)
    tamper(
        store,
        "UPDATE audit SET salt = NULL, actor_id = NULL, actor = '[erased]', detail = '{}',"
        " erasure = (SELECT erasure FROM audit WHERE id = 2) WHERE id = 3",
    )
    assert trail.verify(SYSTEM).row == 3


def test_writers_of_several_processes_keep_one_chain(store: Store) -> None:
    begun, each = [audit_over(store) for _ in range(6)], 25

    def write(one: Audit) -> None:
        for number in range(each):
            one.note(ANN, "answers.ask", number)

    threads = [threading.Thread(target=write, args=(one,)) for one in begun]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = begun[0].verify(SYSTEM)
    assert (verdict.ok, verdict.rows) == (True, 6 * each)


def test_a_row_in_a_transaction_is_kept_exactly_if_the_rest_is(trail: Audit, store: Store) -> None:
    with store.engine.connect() as connection:
        trail.note_within(connection, ANN, "answers.ask")
        connection.rollback()
    assert (trail.verify(SYSTEM).ok, trail.verify(SYSTEM).rows) == (True, ROWS)
    with store.begin() as connection:
        trail.note_within(connection, ANN, "answers.ask")
    assert (trail.verify(SYSTEM).ok, trail.verify(SYSTEM).rows) == (True, ROWS + 1)


def test_a_new_key_of_the_trail_leaves_old_rows_verifiable(trail: Audit, store: Store) -> None:
    running = audit_over(store)
    with store.begin() as connection:
        trail._chain.turn(connection, trail._vault.data_keys.make(connection, "trail"))
    running.note(ANN, "answers.ask")
    with store.begin() as connection:
        keys = list(connection.scalars(sa.select(audit.c.key_id).order_by(audit.c.id)))
    assert len(set(keys)) == 2
    assert keys[-2] != keys[-1]
    assert trail.verify(SYSTEM).ok


@pytest.mark.parametrize(
    "odd", ["a\r\nb: forged line", "\x00nul", "<script>x</script>", "\u202eevil", "中文", "\ud800"]
)
def test_odd_text_stays_one_line_and_verifies(trail: Audit, odd: str) -> None:
    trail.note(Actor(uuid4(), odd, Role.VIEWER), "people.sign_in", odd, question=odd, big=10**30, nan=float("nan"))
    row = trail.list(SYSTEM)[0]
    assert row.actor.isprintable()
    assert row.resource.isprintable()
    assert trail.verify(SYSTEM).ok


def test_a_search_finds_by_person_action_time_and_refusal(trail: Audit) -> None:
    rows = trail.list(SYSTEM)

    def ids(**wanted: object) -> list[int]:
        return [row.id for row in trail.list(SYSTEM, wanted=Wanted(**wanted))]  # type: ignore[arg-type]

    assert ids(person="ann") == [row.id for row in rows if row.actor == "Ann"]
    assert ids(allowed=False) == [row.id for row in rows if not row.allowed]
    assert ids(action="people") == []
    assert ids(since=rows[3].at) == [row.id for row in rows[:4]]
    assert ids(until=rows[3].at) == [row.id for row in rows[4:]]
    assert [row.id for row in trail.list(SYSTEM, "number 7?")] == [8]
    assert [row.id for row in trail.list(SYSTEM, before=4, limit=2)] == [3, 2]


def test_the_export_is_csv_without_formulas_and_is_itself_noted(trail: Audit) -> None:
    trail.note(Actor(uuid4(), "=cmd|x", Role.VIEWER), "people.sign_in", "@evil", note='a "quote"\nand a line')
    lines = trail.export(BEN, "people.sign_in").decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ",'=cmd|x,people.sign_in,'@evil,true," in lines[1]
    assert trail.list(SYSTEM)[0].action == "audit.export"


def test_the_beginning_is_no_secret(trail: Audit, store: Store) -> None:
    with store.begin() as connection:
        assert connection.scalar(sa.text("SELECT first_mark FROM audit_chain")) == BEGINNING


def test_the_columns_hold_no_key(trail: Audit, store: Store) -> None:
    vault = vault_over(store)
    look: Callable[[sa.Connection], bytes | None] = lambda c: vault.trail_key(c, vault.current_trail_key(c))  # noqa: E731
    with store.begin() as connection:
        key = look(connection)
    assert key is not None
    with psycopg.connect(store.url) as line:
        held = str([line.execute(f"SELECT * FROM {t}").fetchall() for t in ("audit", "audit_chain", "data_keys")])
    assert repr(key)[2:-1] not in held
