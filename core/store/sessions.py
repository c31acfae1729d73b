"""Transactions on the portal's own PostgreSQL: the embedded one, or the one an operator gave."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from core.errors import StoreUnreachable
from core.settings import Settings
from core.store import embedded
from core.store.embedded import EmbeddedServer

DATABASE = "askwell"


@dataclass(frozen=True)
class Store:
    """The portal's memory. `url` carries the password: never show it. `server` is None for an outside PostgreSQL."""

    engine: sa.Engine
    url: str
    server: EmbeddedServer | None = None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction: kept when the block ends, undone when it raises. Raises `StoreUnreachable` when away."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise StoreUnreachable(type(error.orig).__name__) from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """For reading: each statement stands by itself, which saves the two trips that a transaction costs.

        Raises `StoreUnreachable` when away.
        """
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            raise StoreUnreachable(type(error.orig).__name__) from error

    def close(self) -> None:
        """Let all connections go, and the embedded server with them if nobody else uses it."""
        self.engine.dispose()
        if self.server:
            self.server.close()


def open_store(settings: Settings) -> Store:
    """The store these settings name, reachable but not yet migrated. Raises `StoreUnreachable`."""
    if not settings.embedded:
        return open_url(settings.database_url.get_secret_value())
    return open_embedded(settings.data_dir)


def open_url(url: str) -> Store:
    """The store at this address."""
    return Store(_engine(url), url)


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
        with engine.connect() as connection:
            there = connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
            if not there:
                quoted = engine.dialect.identifier_preparer.quote(name)
                connection.execute(sa.text("CREATE DATABASE " + quoted))
                connection.execute(sa.text(f"REVOKE CONNECT ON DATABASE {quoted} FROM PUBLIC"))
    except OperationalError as error:
        raise StoreUnreachable(type(error.orig).__name__) from error
    finally:
        engine.dispose()


def _engine(url: str) -> sa.Engine:
    """A pool on PostgreSQL through psycopg 3, whichever of the usual ways the address is spelled."""
    address = sa.make_url(url.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg")
    return sa.create_engine(
        address, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args={"connect_timeout": 5}
    )
