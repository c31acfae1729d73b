"""How long a large portal takes into one file and back: `python -m core.cli.bench_restore --megabytes 1000`."""

import argparse
import json
import random
import tempfile
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from core.backup.dump import back_up
from core.backup.restore import restore
from core.cli.scratch_portal import scratch_settings
from core.store.migrate import migrate
from core.store.sessions import Store, open_store
from core.store.tables import answers, conversations, people

_KEPT = 20_000  # bytes of rows that one answer keeps here
_AT_ONCE = 200  # answers
_MARK = sa.text("SELECT count(*), md5(string_agg(md5(question) || md5(rows), '' ORDER BY question)) FROM answers")


def restore_figures(megabytes: int = 1000) -> dict[str, object]:
    """A portal of so many megabytes, backed up and brought back to an empty one. `equal` has to be true."""
    with tempfile.TemporaryDirectory(prefix="askwell bench ") as folder:
        file = Path(folder) / "all.backup"
        here, there = (scratch_settings(Path(folder) / name) for name in ("here", "there"))
        with closing(open_store(here)) as store:
            migrate(store)
            _fill(store, megabytes * 1_000_000 // _KEPT)
            size, mark = _size(store), _mark(store)
            started = time.perf_counter()
            back_up(store, here, file)
            backed_up = time.perf_counter() - started
        with closing(open_store(there)) as store:
            migrate(store)
            started = time.perf_counter()
            restore(store, there, file, "", replace=True)
            restored = time.perf_counter() - started
            equal = _mark(store) == mark
        return {
            "database_megabytes": size // 1_000_000,
            "file_megabytes": file.stat().st_size // 1_000_000,
            "backup_seconds": round(backed_up, 1),
            "restore_seconds": round(restored, 1),
            "answers": mark[0],
            "equal": equal,
        }


def _fill(store: Store, count: int) -> None:
    with store.begin() as connection:
        named = {"email": "somebody@askwell.example", "name": "Somebody", "password_hash": "", "role": "viewer"}
        person = connection.scalar(sa.insert(people).values(named).returning(people.c.id))
        talk = {"person_id": person, "title": "Everything"}
        conversation = connection.scalar(sa.insert(conversations).values(talk).returning(conversations.c.id))
    chance = random.Random(3)  # noqa: S311  (bytes that do not pack, no secret)
    for first in range(0, count, _AT_ONCE):
        made = [
            {
                "conversation_id": conversation,
                "person_id": person,
                "question": f"Question {number}",
                "outcome": "answered",
                "card": {},
                "rows": chance.randbytes(_KEPT),
            }
            for number in range(first, min(first + _AT_ONCE, count))
        ]
        with store.begin() as connection:
            connection.execute(sa.insert(answers), made)


def _size(store: Store) -> int:
    with store.reading() as connection:
        return int(connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0)


def _mark(store: Store) -> tuple[int, str]:
    """How many answers there are, and a digest of all they hold."""
    with store.reading() as connection:
        count, digest = connection.execute(_MARK).one()
    return int(count), str(digest)


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("--megabytes", type=int, default=1000)
    print(json.dumps(restore_figures(given.parse_args().megabytes)))
