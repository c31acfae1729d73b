"""Every kind of database that this machine can be asked for, one after the other, with the fixtures to attack in it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from core.connections.session import Target
from core.errors import InvalidInput
from core.evaluation.attacked import Attacked, attacked_duckdb, attacked_mariadb, attacked_postgres, attacked_sqlite
from core.evaluation.mariadb import private_mariadb
from core.evaluation.postgres import postgres_programs, private_postgres
from core.i18n import Phrase
from core.store import embedded


@contextmanager
def _embedded(folder: Path, fixtures: Path) -> Iterator[Attacked]:
    """The PostgreSQL that comes with the portal, over a folder of its own."""
    server = embedded.start(folder / "embedded")
    try:
        owner = Target(host=server.socket, user=server.user, password=server.password)
        with attacked_postgres("PostgreSQL 18", server.url, owner, fixtures) as place:
            yield place
    finally:
        server.close()


@contextmanager
def _outside(folder: Path, fixtures: Path) -> Iterator[Attacked]:
    """The oldest PostgreSQL of this machine from 15 on."""
    programs = postgres_programs()
    if not programs:
        raise InvalidInput(problem=Phrase("terminal.no_postgres"))
    with private_postgres(programs[0], folder / "outside") as server:
        owner = Target("127.0.0.1", server.port, "", server.user, server.password, pinned="127.0.0.1")
        with attacked_postgres(f"PostgreSQL {server.version}", server.url, owner, fixtures) as place:
            yield place


@contextmanager
def _mariadb(folder: Path, fixtures: Path) -> Iterator[Attacked]:
    with private_mariadb(folder) as server, attacked_mariadb(server, fixtures, folder) as place:
        yield place


ARENA: Mapping[str, Callable[[Path, Path], AbstractContextManager[Attacked]]] = {
    # The embedded one first: it makes the user whom root lends the other.
    "postgresql_18": _embedded,
    "postgresql_15": _outside,
    "mariadb": _mariadb,
    "sqlite": attacked_sqlite,
    "duckdb": attacked_duckdb,
}
