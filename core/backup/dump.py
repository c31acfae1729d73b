"""Writes a backup: every table of one moment, and the uploads of that moment, while the portal goes on."""

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg import sql
from pydantic import SecretStr

from core.backup import archive
from core.backup.archive import wrong
from core.backup.manifest import NAME, KeptFile, KeptTable, Manifest
from core.security.sealed import uses
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables_vault import data_keys

PART = 4 << 20  # bytes of a table in one member of the tar
_TRIES = 5  # to find a moment at which every upload that a connection names is still there
# Not kept: who works on jobs right now, and what alembic notes by itself when a backup is restored.
LEFT_OUT = frozenset({"procrastinate_workers", "alembic_version"})
_COLUMNS_LEFT_OUT = {("procrastinate_jobs", "worker_id")}
_TABLES = sa.text(
    "SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns,"
    " ARRAY(SELECT DISTINCT f.relname::text FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid"
    " WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS needs"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " AND a.attgenerated = ''"
    " WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
    " GROUP BY c.oid, c.relname ORDER BY c.relname"
)
_SEQUENCES = sa.text(
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL"
)


def back_up(store: Store, settings: Settings, target: Path) -> Manifest:
    """Write the backup to `target`, which is there when it is whole and not before; readable by its owner alone.

    Raises `InvalidInput` where a file lies there that is no backup, and `StoreUnreachable`.
    """
    if target.exists():
        archive.is_encrypted(target)  # only a backup may be written over
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # 0600
    except OSError as error:
        raise wrong("unwritable", why=error.strerror or type(error).__name__) from error
    try:
        with open(handle, "wb") as file:
            passphrase = settings.backup_passphrase.get_secret_value()
            with archive.writing(file, passphrase) as tar:
                manifest = _fill(store, settings, tar)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
        _settle(target.parent)
    except OSError as error:
        raise wrong("unwritable", why=error.strerror or type(error).__name__) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    return manifest


def _fill(store: Store, settings: Settings, tar: tarfile.TarFile) -> Manifest:
    """Everything of one moment into the tar, the manifest last."""
    uploads = settings.data_dir / "uploads"
    with _moment(store, uploads) as (connection, files):
        made_at = connection.scalar(sa.text("SELECT now()"))
        revision = str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
        sealing = {name.removeprefix("v1.") for name in uses(connection) if name.startswith("v1.")}
        wrapping = {wrapped.split(".")[1] for wrapped in connection.scalars(sa.select(data_keys.c.wrapped))}
        tables = [_table(connection, tar, name, columns) for name, columns in _tables(connection)]
        kept = [_file(tar, path, name) for name, path in sorted(files.items())]
        sequences = {row.sequencename: row.last_value for row in connection.execute(_SEQUENCES)}
    manifest = Manifest(
        made_at.isoformat(), _version(), revision, tuple(tables), tuple(kept), sequences,
        tuple(sorted(sealing | wrapping)), _open_settings(settings),
    )  # fmt: skip
    _member(tar, NAME, manifest.json())
    return manifest


@contextmanager
def _moment(store: Store, uploads: Path) -> Iterator[tuple[sa.Connection, dict[str, Path]]]:
    """A transaction that sees one moment, and every upload that a connection names then, out of the way of deletion."""
    uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=uploads) as aside:
        for attempt in range(_TRIES):
            _link_all(uploads, Path(aside))
            with store.begin(patience=None) as connection:
                connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                named = connection.scalars(
                    sa.text("SELECT address->>'upload' FROM connections WHERE address->>'upload' <> ''")
                ).all()
                _link_all(uploads, Path(aside))
                files = {name: Path(aside, name) for name in named}
                # One that was deleted long ago will not come back; one deleted just now is there at the next try.
                if attempt == _TRIES - 1 or all(path.exists() for path in files.values()):
                    yield connection, {name: path for name, path in files.items() if path.exists()}
                    return


def _link_all(uploads: Path, aside: Path) -> None:
    """Another name for each file, which keeps its content when the first name goes."""
    for path in uploads.glob("*.duckdb"):
        with suppress(FileExistsError, FileNotFoundError):
            os.link(path, aside / path.name)


def _tables(connection: sa.Connection) -> Sequence[tuple[str, Sequence[str]]]:
    """Every table with its columns, after those it refers to."""
    found = {row.name: row for row in connection.execute(_TABLES) if row.name not in LEFT_OUT}
    ordered: list[str] = []

    def place(name: str, above: tuple[str, ...] = ()) -> None:
        if name in ordered or name in above or name not in found:
            return
        for needed in found[name].needs:
            place(needed, (*above, name))
        ordered.append(name)

    for name in found:
        place(name)
    return [(name, [c for c in found[name].columns if (name, c) not in _COLUMNS_LEFT_OUT]) for name in ordered]


def _table(connection: sa.Connection, tar: tarfile.TarFile, name: str, columns: Sequence[str]) -> KeptTable:
    """One table's rows, in parts of a few megabytes."""
    digest, rows, number, part = hashlib.sha256(), 0, 0, bytearray()
    driver: Any = connection.connection.driver_connection
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(name), listed)
    with driver.cursor() as cursor, cursor.copy(statement) as out:
        for block in out:
            part += block
            digest.update(block)
            rows += bytes(block).count(b"\n")  # inside values they are escaped
            if len(part) >= PART:
                _member(tar, f"tables/{name}/{number:06}", bytes(part))
                number, part = number + 1, bytearray()
    _member(tar, f"tables/{name}/{number:06}", bytes(part))
    return KeptTable(name, tuple(columns), rows, digest.hexdigest())


def _file(tar: tarfile.TarFile, path: Path, name: str) -> KeptFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        file.seek(0)
        entry = tarfile.TarInfo(f"uploads/{name}")
        entry.size = size
        tar.addfile(entry, file)
    return KeptFile(name, size, digest)


def _member(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))


def _open_settings(settings: Settings) -> dict[str, Any]:
    """The settings that are no secret, for a person to look up."""
    return {name: value for name, value in settings.model_dump().items() if not isinstance(value, SecretStr)}


def _version() -> str:
    try:
        return version("askwell")
    except PackageNotFoundError:
        return ""


def _settle(folder: Path) -> None:
    """Make a new name in a folder last through a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
