"""A full disk under the portal's own database: reading goes on, writing says so, and room is all it takes to go on."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import StoreUnreachable
from core.store.sessions import Store, open_embedded

ROOM = 220  # megabytes; an empty server takes a quarter of it


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder that is a disk of its own. Skips where none may be made."""
    folder = Path(tempfile.mkdtemp(prefix="askwell-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}m,mode=755", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        folder.rmdir()
        pytest.skip(f"no small disk can be made here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def test_a_full_disk_loses_nothing_and_room_is_all_it_takes_to_go_on(small_disk: Path) -> None:
    store = open_embedded(small_disk / "data")
    with store.begin() as line:
        line.execute(sa.text("CREATE TABLE kept (n INTEGER, filling TEXT)"))
    acknowledged = fill(store, small_disk)
    assert acknowledged
    (small_disk / "ballast").unlink()
    patience = time.monotonic() + 60
    while True:
        try:
            found = numbers(store)
            write(store, 1_000_000)
            break
        except StoreUnreachable:
            assert time.monotonic() < patience, "it did not go on"
            time.sleep(0.2)
    assert acknowledged <= found
    assert 1_000_000 in numbers(store)
    store.close()


def fill(store: Store, disk: Path) -> set[int]:
    """Write until there is no room; gives what was acknowledged. Every refusal is one plain error."""
    free = os.statvfs(disk)
    with open(disk / "ballast", "wb") as ballast:
        ballast.write(b"\0" * max(0, free.f_bavail * free.f_frsize - 24 * 1024 * 1024))
    acknowledged: set[int] = set()
    refused = 0
    for number in range(2000):
        try:
            write(store, number)
            acknowledged.add(number)
        except StoreUnreachable:
            refused += 1
            if refused > 5:
                break
    assert refused > 5, "the disk never filled"
    return acknowledged


def write(store: Store, number: int) -> None:
    with store.begin() as line:
        line.execute(
            sa.text("INSERT INTO kept VALUES (:n, :filling)"), {"n": number, "filling": os.urandom(60_000).hex()}
        )


def numbers(store: Store) -> set[int]:
    with store.begin() as line:
        return set(line.scalars(sa.text("SELECT n FROM kept")))
