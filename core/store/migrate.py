"""Brings the portal's database to this version's shape; two processes that start at once do not collide."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ProgrammingError

from core.errors import SettingsInvalid
from core.store.sessions import Store

_LOCK = 4_027_186_551  # any number, as long as every version of the portal takes the same one


def migrate(store: Store) -> str:
    """Run every migration that is missing, each in one transaction with the rest; gives the revision reached.

    Raises `StoreUnreachable`, and `SettingsInvalid` when the database is newer than this program or lacks pgvector.
    """
    try:
        with store.begin(patience=None) as connection:  # another process may be at it: wait for it
            alone(connection)
            config = configuration(connection)
            _refuse_newer(connection, config)
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS vector"))
            command.upgrade(config, "head")
    except ProgrammingError as error:
        raise SettingsInvalid(problem=f"the portal's database cannot be prepared: {error.orig}") from error
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def alone(connection: sa.Connection) -> None:
    """Until this transaction ends, no other process changes the database's shape."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration for our migrations, over this connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _refuse_newer(connection: sa.Connection, config: Config) -> None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for (revision,) in connection.execute(sa.text("SELECT version_num FROM alembic_version")):
        if revision not in known:
            raise SettingsInvalid(problem="the portal's database was made by a newer version; start that one")
