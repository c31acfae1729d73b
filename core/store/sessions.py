"""Transactions on the portal's own PostgreSQL: the embedded one, or the one an operator gave.

Nobody waits for it longer than they have patience for: a lock is waited for a few seconds, a free line of the pool as
long, and a server that has fallen silent is given up by our own clock.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeLine

from core.errors import StoreUnreachable
from core.settings import Settings
from core.store import embedded
from core.store.embedded import EmbeddedServer
from core.store.lines import PATIENCE, Line

DATABASE = "askwell"
LOCK_SECONDS = 5  # seconds that a statement waits for a lock somebody else holds
_WAITS = (0.2, 1.0, 3.0)  # seconds before something is tried again that must not be lost
_AWAY = (OperationalError, InterfaceError, NoFreeLine)


@dataclass(frozen=True)
class Store:
    """The portal's memory. `url` carries the password: never show it. `server` is None for an outside PostgreSQL."""

    engine: sa.Engine
    url: str = field(repr=False)
    server: EmbeddedServer | None = None

    @contextmanager
    def begin(self, patience: float | None = PATIENCE) -> Iterator[sa.Connection]:
        """A transaction: kept when the block ends, undone when it raises.

        Each statement has `patience` seconds, None for as long as it takes. Raises `StoreUnreachable` when the store is
        away, locked or silent.
        """
        with (
            self._reached(),
            self.engine.connect() as connection,
            waiting(connection, patience),
            connection.begin(),
        ):
            if patience is None:
                connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """For reading: each statement stands by itself, which saves the two trips that a transaction costs.

        Raises `StoreUnreachable` as `begin` does.
        """
        with self._reached(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Inside, no other process of this portal does `what`; it waits until this one has done it."""
        with self.begin(patience=None) as connection:
            connection.execute(sa.select(_lock_of(what, "pg_advisory_xact_lock")))
            yield

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as error:
            raise StoreUnreachable(type(getattr(error, "orig", error)).__name__) from error

    def close(self) -> None:
        """Let all connections go, and the embedded server with them if nobody else uses it."""
        self.engine.dispose()
        if self.server:
            self.server.close()


def patiently(keep: Callable[[], None]) -> bool:
    """Whether this could be done, at once or a little later; `keep` may be called after it was done unheard."""
    for wait in (*_WAITS, 0.0):
        try:
            keep()
        except StoreUnreachable:
            time.sleep(wait)
        else:
            return True
    return False


def open_store(settings: Settings) -> Store:
    """The store these settings name, reachable but not yet migrated. Raises `StoreUnreachable`."""
    if not settings.embedded:
        return open_url(settings.database_url.get_secret_value())
    return open_embedded(settings.data_dir)


def open_url(url: str, options: str = "") -> Store:
    """The store at this address; `options` are PostgreSQL's own for each line to it."""
    return Store(_engine(url, options), url)


def open_embedded(folder: Path, database: str = DATABASE) -> Store:
    """A database on the embedded server over `folder`, both made when missing."""
    server = embedded.start(folder)
    create_database(server.url("postgres"), database)
    url = server.url(database)
    return Store(_engine(url), url, server)


def create_database(admin_url: str, name: str) -> None:
    """The database `name` on the server of `admin_url`, made if it is not there."""
    engine = _engine(admin_url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection, waiting(connection, None):
            # Another process may be making it; what is locked here is let go as this line closes.
            connection.execute(sa.text("SET lock_timeout = 0"))
            connection.execute(sa.select(_lock_of(name, "pg_advisory_lock")))
            there = connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
            if not there:
                quoted = engine.dialect.identifier_preparer.quote(name)
                connection.execute(sa.text("CREATE DATABASE " + quoted))
                connection.execute(sa.text(f"REVOKE CONNECT ON DATABASE {quoted} FROM PUBLIC"))
    except OperationalError as error:
        raise StoreUnreachable(type(error.orig).__name__) from error
    finally:
        engine.dispose()


def _lock_of(what: str, function: str) -> "sa.ColumnElement[object]":
    """The advisory lock of this name, taken by this function of PostgreSQL's."""
    taken: sa.ColumnElement[object] = getattr(sa.func, function)(sa.func.hashtextextended(f"askwell {what}", 0))
    return taken


def _engine(url: str, options: str = "") -> sa.Engine:
    """A pool on PostgreSQL through psycopg 3, whichever of the usual ways the address is spelled."""
    address = sa.make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
    given = {"connect_timeout": 5, "application_name": "askwell", "tcp_user_timeout": int(PATIENCE * 1000)}
    engine = sa.create_engine(
        address,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=LOCK_SECONDS,
        connect_args={**given, "options": options} if options else given,
        hide_parameters=True,
    )

    life = 0

    @sa.event.listens_for(engine, "do_connect")
    def _(_dialect: object, _record: object, positional: list[str], named: dict[str, object]) -> Line:
        line = Line.connect(*positional, **named)  # type: ignore[arg-type]
        line.life = life
        try:
            # Nothing asked of the store takes so long that compiling it would pay.
            line.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'; SET jit = off")
            line.commit()
        except psycopg.Error:
            line.close()
            raise
        return line

    @sa.event.listens_for(engine, "engine_disposed")
    def _(_engine: sa.Engine) -> None:
        nonlocal life
        life += 1

    @sa.event.listens_for(engine, "checkin")
    def _(line: Line | None, _record: object) -> None:
        # A line that was lent when its pool was let go comes back to a pool that nobody closes again.
        if line is not None and line.life != life:
            line.close()

    return engine


@contextmanager
def waiting(connection: sa.Connection, patience: float | None) -> Iterator[None]:
    """While inside, each statement of this connection has so many seconds; None: as long as it takes."""
    line = connection.connection.driver_connection
    assert isinstance(line, Line)
    line.patience = patience
    try:
        yield
    finally:
        line.patience = PATIENCE
