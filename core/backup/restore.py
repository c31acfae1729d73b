"""Brings a backup back: everything in one transaction, so that a portal is as it was or as the backup says.

The file is read twice. The first time every byte is checked and nothing is touched.
"""

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import sql

from core.backup import archive
from core.backup.archive import wrong
from core.backup.manifest import NAME, KeptTable, Manifest, read_manifest
from core.security.operator_keys import keys_of
from core.security.vault import Vault
from core.settings import Settings
from core.store.migrate import alone, configuration
from core.store.sessions import Store
from core.store.shape import metadata

_CHUNK = 1 << 20
# Everything of ours, by the names of our tables, and by the beginning of the names of functions and types.
_CLEAR = r"""
DO $$
DECLARE
    ours text[] := string_to_array(current_setting('askwell.tables'), ',');
    here oid := current_schema()::regnamespace;
    found record;
BEGIN
    FOR found IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = here
        AND (relname = ANY(ours) OR relname LIKE 'procrastinate\_%')
    LOOP EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', found.relname); END LOOP;
    FOR found IN SELECT oid::regprocedure::text AS signature FROM pg_proc WHERE pronamespace = here
        AND (proname LIKE 'procrastinate\_%' OR proname LIKE 'askwell\_%')
    LOOP EXECUTE 'DROP FUNCTION IF EXISTS ' || found.signature || ' CASCADE'; END LOOP;
    FOR found IN SELECT typname FROM pg_type WHERE typnamespace = here AND typtype IN ('e', 'c')
        AND (typname LIKE 'procrastinate\_%' OR typname LIKE 'askwell\_%')
    LOOP EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', found.typname); END LOOP;
END
$$
"""
_SET_SEQUENCE = sa.text(
    "SELECT setval(c.oid::regclass, :last) FROM pg_class c"
    " WHERE c.relkind = 'S' AND c.relname = :name AND c.relnamespace = current_schema()::regnamespace"
)


@dataclass(frozen=True)
class Restored:
    """What came back. `unreadable` names the rows whose secret no key of the operator opens."""

    manifest: Manifest
    revision: str
    unreadable: tuple[str, ...]


def check(path: Path, passphrase: str) -> Manifest:
    """The backup's manifest, when every byte and every part is as it was written. Raises `InvalidInput`."""
    archive.check_bytes(path)
    manifest: Manifest | None = None
    tables: dict[str, Any] = {}
    rows: dict[str, int] = {}
    files: dict[str, str] = {}
    with archive.reading(path, passphrase) as tar:
        for entry in tar:
            kind, _, rest = entry.name.partition("/")
            content = _content(tar, entry)
            if entry.name == NAME:
                manifest = read_manifest(content.read())
            elif kind == "tables":
                name = rest.partition("/")[0]
                digest = tables.setdefault(name, hashlib.sha256())
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
                    rows[name] = rows.get(name, 0) + chunk.count(b"\n")
            elif kind == "uploads":
                digest = hashlib.sha256()
                while chunk := content.read(_CHUNK):
                    digest.update(chunk)
                files[rest] = digest.hexdigest()
    if manifest is None:
        raise wrong("damaged")
    said = {table.name: (table.sha256, table.rows) for table in manifest.tables}
    found = {name: (digest.hexdigest(), rows.get(name, 0)) for name, digest in tables.items()}
    if said != found or files != {file.name: file.sha256 for file in manifest.uploads}:
        raise wrong("damaged")
    return manifest


def restore(store: Store, settings: Settings, path: Path, passphrase: str, replace: bool) -> Restored:
    """Bring the backup back into an empty portal, or with `replace` over what is there; then bring it up to date.

    Raises `InvalidInput`; then everything is as it was.
    """
    manifest = check(path, passphrase)
    if manifest.revision not in _known():
        raise wrong("newer")
    uploads = settings.data_dir / "uploads"
    with store.begin(patience=None) as connection, _put_aside(uploads) as aside:
        alone(connection)
        _must_be_free(connection, replace)
        _clear(connection)
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
        command.upgrade(configuration(connection), manifest.revision)
        _fill(connection, manifest, path, passphrase, aside)
        command.upgrade(configuration(connection), "head")
        _tidy(connection)
        vault = Vault(keys_of(settings), store)
        vault.give_up(connection)
        lost = tuple(vault.unreadable(connection))
        # Names are never used twice, so new files beside the old ones change nothing until the transaction is kept.
        for file in manifest.uploads:
            os.replace(aside / file.name, uploads / file.name)
    kept = {file.name for file in manifest.uploads}
    for old in uploads.glob("*.duckdb"):
        if old.name not in kept:
            old.unlink(missing_ok=True)
    return Restored(manifest, _head(), lost)


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}


def _head() -> str:
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


@contextmanager
def _put_aside(uploads: Path) -> Iterator[Path]:
    uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=uploads) as aside:
        yield Path(aside)


def _must_be_free(connection: sa.Connection, replace: bool) -> None:
    """No portal runs on it, and nobody is known in it yet, or they may be replaced."""
    others = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name LIKE 'askwell%'"
    )
    if connection.scalar(others):
        raise wrong("portal_runs")
    there = sa.inspect(connection).has_table("people")
    if there and not replace and connection.scalar(sa.text("SELECT count(*) FROM people")):
        raise wrong("not_empty")


def _clear(connection: sa.Connection) -> None:
    """Take away what is ours in this database, and nothing else."""
    ours = ",".join(sorted({*metadata.tables, "alembic_version"}))
    connection.execute(sa.text("SELECT set_config('askwell.tables', :ours, true)"), {"ours": ours})
    connection.execute(sa.text(_CLEAR))


def _fill(connection: sa.Connection, manifest: Manifest, path: Path, passphrase: str, aside: Path) -> None:
    """Rows into their tables, in the order in which they were written; uploads to one side."""
    tables = {table.name: table for table in manifest.tables}
    queue = [name for name in tables if name.startswith("procrastinate_")]
    driver: Any = connection.connection.driver_connection
    for name in queue:  # their triggers would write history of what is only copied
        driver.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(name)))
    with ExitStack() as filling, archive.reading(path, passphrase) as tar:
        at, into = "", None
        for entry in tar:
            kind, _, rest = entry.name.partition("/")
            name = rest.partition("/")[0]
            if kind == "tables":
                if name != at:
                    filling.close()
                    at, into = name, filling.enter_context(_copying(connection, tables[name]))
                assert into is not None
                content = _content(tar, entry)
                while chunk := content.read(_CHUNK):
                    into.write(chunk)
            elif kind == "uploads" and name == os.path.basename(name):
                _save(_content(tar, entry), aside / name)
    for name in queue:
        driver.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(name)))
    for name, last in manifest.sequences.items():
        connection.execute(_SET_SEQUENCE, {"name": name, "last": last})


@contextmanager
def _copying(connection: sa.Connection, table: KeptTable) -> Iterator[Any]:
    driver: Any = connection.connection.driver_connection
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
    with driver.cursor() as cursor, cursor.copy(statement) as into:
        yield into


def _tidy(connection: sa.Connection) -> None:
    """What must not come back as it was: work that somebody was at, and sessions that may have been ended since."""
    connection.execute(
        sa.text(
            "UPDATE procrastinate_jobs SET status = 'todo', queueing_lock = NULL, abort_requested = false"
            " WHERE status IN ('doing', 'aborting')"
        )
    )
    connection.execute(sa.text("UPDATE sessions SET ended_at = now() WHERE ended_at IS NULL"))


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(entry)
    if content is None:
        raise wrong("damaged")
    return content


def _save(content: IO[bytes], path: Path) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise wrong("unwritable", why=error.strerror or type(error).__name__) from error
