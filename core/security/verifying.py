"""Whether the trail is as it was written: every row, from the first that is left to the very last."""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.security import marks
from core.security.chain import content_of
from core.security.vault import Vault
from core.security.witness import Seen, Witness
from core.store.sessions import Store
from core.store.tables import audit
from core.store.tables_audit import audit_chain

_AT_ONCE = 2_000  # rows


@dataclass(frozen=True)
class Verdict:
    """How the trail stands. `problem` is "" when all is well, else a word for `audit.problem_…`; `row` the first row
    that is not as it was. `removed` rows before `first` were let go by age; of `erased` rows the content was."""

    ok: bool
    at: datetime
    rows: int
    first: int
    last: int
    erased: int
    problem: str = ""
    row: int | None = None
    head: str = ""

    def figures(self) -> dict[str, object]:
        """For programs."""
        return {**asdict(self), "at": marks.utc(self.at)}


class _Bad(Exception):
    """The first row that is not as it was, and what is wrong with it."""

    def __init__(self, problem: str, row: int | None) -> None:
        self.problem, self.row = problem, row


def verify(store: Store, vault: Vault, witness: Witness, expected: tuple[int, str] | None = None) -> Verdict:
    """Recompute the whole chain; some 30,000 rows a second. `expected` is a head that was noted elsewhere: id and mark.

    Raises `StoreUnreachable`.
    """
    with store.begin(patience=None) as connection:
        connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        now = connection.execute(sa.select(sa.func.now())).scalar_one()
        head = connection.execute(sa.select(audit_chain)).mappings().first()
        walk = _Walk(connection, vault)
        try:
            if head is None:
                raise _Bad("no_chain", None)
            walk.over(head)
            seen = witness.recall()
            walk.must_hold(head, seen)
            if expected is not None:
                walk.must_hold(head, Seen(head["chain"], expected[0], bytes.fromhex(expected[1])))
        except _Bad as bad:
            first, last = (head["first_id"], head["last_id"]) if head else (0, 0)
            return Verdict(False, now, walk.rows, first, last, walk.erased, bad.problem, bad.row)
    if seen is None or seen.id < head["last_id"]:
        witness.remember(Seen(head["chain"], head["last_id"], head["last_mark"]))
    shown = f"{head['last_id']}:{head['last_mark'].hex()}"
    return Verdict(True, now, walk.rows, head["first_id"], head["last_id"], walk.erased, head=shown)


class _Walk:
    """One walk along the chain."""

    def __init__(self, connection: sa.Connection, vault: Vault) -> None:
        self._connection, self._vault = connection, vault
        self._keys: dict[str, bytes | None] = {}
        self.rows = self.erased = 0

    def over(self, head: Mapping[Any, Any]) -> None:
        """Every row, each bound to the one before it, and the chain's own seal. Raises `_Bad`."""
        before, expected = head["first_mark"], head["first_id"]
        for row in self._rows():
            if row["id"] < head["first_id"] or row["id"] > head["last_id"]:
                raise _Bad("foreign", row["id"])
            self._look_at(row, before, expected)
            before, expected = row["mark"], row["id"] + 1
            self.rows += 1
        if before != head["last_mark"] or (self.rows and expected != head["last_id"] + 1):
            raise _Bad("missing", min(expected, head["last_id"]))
        if not hmac.compare_digest(marks.seal(self._key(head["key_id"], None), head), head["seal"]):
            raise _Bad("head", head["last_id"])

    def must_hold(self, head: Mapping[Any, Any], seen: Seen | None) -> None:
        """The chain still holds what was seen of it before. Raises `_Bad`."""
        if seen is None or (seen.id < head["first_id"] and seen.chain == head["chain"]):
            return
        if seen.chain != head["chain"]:
            raise _Bad("another_chain", head["first_id"])
        found = self._connection.scalar(sa.select(audit.c.mark).where(audit.c.id == seen.id))
        if found != seen.mark:
            raise _Bad("missing" if found is None else "changed", seen.id)

    def _look_at(self, row: Mapping[Any, Any], before: bytes, expected: int) -> None:
        if row["mark"] is None or row["commitment"] is None or row["key_id"] is None:
            raise _Bad("foreign", row["id"])
        key = self._key(row["key_id"], row["id"])
        if not hmac.compare_digest(marks.mark(key, before, row), row["mark"]):
            # A gap shows in the numbers; only rows that were there before the chain may have one.
            raise _Bad(
                "missing" if row["id"] > expected else "changed", expected if row["id"] > expected else row["id"]
            )
        content = content_of(row)
        if row["salt"] is not None and row["erasure"] is None:
            if not hmac.compare_digest(marks.commitment(row["salt"], content), row["commitment"]):
                raise _Bad("changed", row["id"])
            return
        key_id, _, proof = (row["erasure"] or "").partition(".")
        if row["salt"] is not None or not proof:
            raise _Bad("changed", row["id"])
        if not hmac.compare_digest(marks.erasure(self._key(key_id, row["id"]), row["mark"], content), proof):
            raise _Bad("changed", row["id"])
        self.erased += 1

    def _rows(self) -> Iterator[Mapping[Any, Any]]:
        """All rows in order, a few thousand at a time."""
        last: int | None = None
        while True:
            query = sa.select(audit).order_by(audit.c.id).limit(_AT_ONCE)
            found = self._connection.execute(query if last is None else query.where(audit.c.id > last)).mappings().all()
            yield from found
            if len(found) < _AT_ONCE:
                return
            last = found[-1]["id"]

    def _key(self, key_id: str, row: int | None) -> bytes:
        if key_id not in self._keys:
            self._keys[key_id] = self._vault.trail_key(self._connection, key_id)
        key = self._keys[key_id]
        if key is None:
            raise _Bad("no_key", row)
        return key
