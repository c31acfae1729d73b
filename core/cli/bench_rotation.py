"""A key rotation that is killed over and over, under readers that never stop: nothing may be lost."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.cli.scratch_portal import scratch_settings
from core.errors import AskwellError
from core.security.operator_keys import derived
from core.security.rotation import LOCK
from core.security.sealed import uses
from core.security.vault import Vault, open_vault
from core.settings import ROOT, Settings
from core.store.migrate import migrate
from core.store.sessions import Store, open_store
from core.store.tables import models

SECRETS = 10_000
READERS = 10  # sessions that use secrets all the time
_SEED = 20_261_121


def rotation_figures(kills: int = 50, secrets: int = SECRETS) -> dict[str, object]:
    """Rotate `secrets` secrets, killing the rotation at so many random points; every secret must open after each.

    Seconds are those of a rotation that nobody kills, readers at work. `lost` and `failed_reads` must be 0.
    """
    chance = random.Random(_SEED)  # noqa: S311  (when to kill is no secret)
    with tempfile.TemporaryDirectory(prefix="askwell bench ") as folder:
        settings = scratch_settings(Path(folder))
        store = open_store(settings)
        try:
            migrate(store)
            vault = open_vault(settings, store)
            kept = _fill(store, vault, secrets)
            with _reading(store, vault, kept) as failed:
                whole = _rotation(settings, store, None)
                lost, begun = 0, time.perf_counter()
                for _ in range(kills):
                    _rotation(settings, store, chance.uniform(0, whole))
                    lost += _lost(store, open_vault(settings, store), kept)
                seconds = time.perf_counter() - begun
                _rotation(settings, store, None)
            lost += _lost(store, open_vault(settings, store), kept)
            with store.begin() as connection:
                keys = len(uses(connection))
            wrong = _refused(settings, store)
        finally:
            store.close()
    return {
        "secrets": secrets,
        "kills": kills,
        "lost": lost,
        "failed_reads": failed[1],
        "reads": failed[0],
        "keys_in_use_at_the_end": keys,
        "wrong_key_refused": wrong,
        "seconds_of_one": round(whole, 2),
        "seconds_of_all": round(seconds, 1),
    }


def _fill(store: Store, vault: Vault, number: int) -> dict[UUID, str]:
    made = {uuid4(): f"secret {place}" for place in range(number)}
    with store.begin(patience=None) as connection:
        rows = [
            {
                "id": row,
                "name": str(row),
                "provider": "openai",
                "model": "m",
                "sealed_key": vault.seal_within(connection, text, f"models:{row}"),
            }
            for row, text in made.items()
        ]
        connection.execute(models.insert(), rows)
    return made


def _lost(store: Store, vault: Vault, kept: dict[UUID, str]) -> int:
    """How many secrets a process that begins now does not read as they were."""
    with store.begin() as connection:
        rows = connection.execute(sa.select(models.c.id, models.c.sealed_key)).all()
    return len(kept) - sum(_reads(vault, row, sealed, kept[row]) for row, sealed in rows)


def _reads(vault: Vault, row: UUID, sealed: str, text: str) -> bool:
    try:
        return vault.open(sealed, f"models:{row}") == text
    except AskwellError:
        return False


@contextmanager
def _reading(store: Store, vault: Vault, kept: dict[UUID, str]) -> Iterator[list[int]]:
    """Meanwhile ten sessions of one running portal read secrets at random; counts reads and failures."""
    counted, ended, ids, lock = [0, 0], threading.Event(), list(kept), threading.Lock()

    def read(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  (which secret to read is none either)
        while not ended.wait(0.02):
            row = chance.choice(ids)
            with store.reading() as connection:
                sealed = connection.scalar(sa.select(models.c.sealed_key).where(models.c.id == row)) or ""
            right = _reads(vault, row, sealed, kept[row])
            with lock:
                counted[0] += 1
                counted[1] += not right

    threads = [threading.Thread(target=read, args=(seed,), daemon=True) for seed in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield counted
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _rotation(settings: Settings, store: Store, killed_after: float | None) -> float:
    """One `rotate-key` in a process of its own, killed so many seconds after it began; gives how long it worked."""
    child = _started(settings, store)
    while child.poll() is None and not _works(store):
        time.sleep(0.002)
    begun = time.perf_counter()
    if killed_after is not None:
        time.sleep(killed_after)
        child.send_signal(signal.SIGKILL)
    elif child.wait() != 0:
        raise RuntimeError("the rotation failed")
    else:
        return time.perf_counter() - begun
    child.wait()
    return killed_after


def _started(settings: Settings, store: Store, **changed: str) -> "subprocess.Popen[bytes]":
    given = {
        "ASKWELL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ASKWELL_ADMIN_EMAIL": settings.admin_email,
        "ASKWELL_ADMIN_PASSWORD": settings.admin_password.get_secret_value(),
        "ASKWELL_DATABASE_URL": store.url,
        "ASKWELL_DATA_DIR": str(settings.data_dir),
        **changed,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("ASKWELL_")}
    command = [sys.executable, "-m", "core", "rotate-key", "--json"]
    return subprocess.Popen(
        command, cwd=ROOT, env={**others, **given}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _works(store: Store) -> bool:
    """Whether a rotation has begun and not ended."""
    held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted")
    with store.reading() as connection:
        return bool(connection.scalar(held, {"lock": LOCK}))


def _refused(settings: Settings, store: Store) -> bool:
    """Whether a wrong key of the operator stops the command, and leaves no key of its own behind."""
    wrong = "a key of somebody else, as long as it must be"
    with store.begin() as connection:
        before = connection.scalar(sa.text("SELECT json_agg(wrapped)::text FROM data_keys"))
    stopped = _started(settings, store, ASKWELL_SECRET_KEY=wrong).wait() == 2
    with store.begin() as connection:
        after = connection.scalar(sa.text("SELECT json_agg(wrapped)::text FROM data_keys"))
    return stopped and before == after and derived(wrong).id not in (after or "")


if __name__ == "__main__":
    print(json.dumps(rotation_figures()))
