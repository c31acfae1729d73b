"""Which databases a connection may reach, and the visit itself.

What is checked when a connection is added is checked again at each visit: names may lead elsewhere later.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.connections.addresses import NewConnection, resolve
from core.connections.engines import ENGINES
from core.connections.schema import Dialect
from core.connections.session import Limits, Session, Target
from core.connections.stored_schema import SeenSchema
from core.errors import ConnectionFailed, InvalidInput
from core.i18n import Phrase
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.store.sessions import Store

# When a server began to run, to the microsecond, tells it from all others, through whatever proxy it is reached.
_IDENTITY = "SELECT extract(epoch FROM pg_postmaster_start_time())::text, current_database()::text"


@dataclass(frozen=True)
class Address:
    """Where a stored connection leads. `own` marks a database that the portal made itself: the demo shop.

    `upload` is the name of a file in the portal's folder of uploads, `uploaded` what the person called it.
    """

    host: str = ""
    port: int | None = None
    database: str = ""
    user: str = ""
    file: str = ""
    options: Mapping[str, str] | None = None
    own: bool = False
    upload: str = ""
    uploaded: str = ""

    @classmethod
    def of(cls, new: NewConnection, own: bool = False) -> "Address":
        file = os.path.realpath(new.file) if new.file else ""
        return cls(new.host, new.port, new.database, new.user, file, dict(new.options), own)

    def stored(self) -> dict[str, Any]:
        """As JSON, empty fields left out."""
        return {name: value for name, value in vars(self).items() if value}

    def leads_where(self, other: "Address") -> bool:
        """Whether both send a password to the same place, with the same safety on the way."""
        mine, others = (
            (a.host, a.port, a.database, a.user, dict(a.options or {})) for a in (self, other)
        )  # fmt: skip
        return mine == others


class Reach:
    """Opens visits, and refuses those that must not be."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    @property
    def uploads(self) -> Path:
        """Where the files lie that the portal made from uploads."""
        return self._settings.data_dir / "uploads"

    def permit(self, actor: Actor, address: Address) -> None:
        """Nothing, if this actor may connect what lies there. Raises `InvalidInput` with the rule."""
        if address.own or address.upload:
            return
        trusted = actor == SYSTEM or (actor.role is Role.ADMIN and self._settings.allow_server_files)
        if address.host.startswith("/") and not trusted:
            raise _refused("socket_off")
        if address.file:
            if not trusted:
                raise _refused("server_files_off")
            if Path(address.file).is_relative_to(self._settings.data_dir.resolve()):
                raise _refused("portal_file")

    def visit(self, kind: str, address: Address, password: str, limits: Limits) -> Session:
        """A session there. Raises `ConnectionFailed`, and `InvalidInput` for a place that must not be reached."""
        engine = ENGINES[kind]
        if engine.is_file:
            path = str(self.uploads / address.upload) if address.upload else address.file
            if not os.path.isfile(path):
                raise ConnectionFailed("the file is not there any more")
            return engine.open(Target(file=path, lasting=bool(address.upload)), limits)
        port = address.port or engine.default_port or 0
        pinned = resolve(address.host, port, self._settings.allow_private_addresses or address.own)
        if engine.dialect is Dialect.POSTGRES and self._same_place(address.host, pinned, port):
            self._refuse_own(address.database, address.own)
        target = Target(
            address.host, port, address.database, address.user, password, options=address.options or {}, pinned=pinned
        )
        return engine.open(target, limits)

    def inspect(self, kind: str, session: Session, own: bool = False) -> SeenSchema:
        """The schema there. Raises `InvalidInput` where it turns out to be the portal's own database."""
        if session.dialect is Dialect.POSTGRES:
            [(started, database)] = session.look(_IDENTITY)
            with self._store.begin() as connection:
                ours = connection.execute(sa.text(_IDENTITY)).one()
            if started == ours[0]:
                self._refuse_own(database, own)
        return SeenSchema(ENGINES[kind].introspect(session), ENGINES[kind].naming(session))

    def _same_place(self, host: str, pinned: str, port: int) -> bool:
        """Whether the portal's own server listens there."""
        url = sa.make_url(self._store.url.replace("postgres://", "postgresql://", 1))
        given = url.query.get("host", "")
        ours = url.host or (given if isinstance(given, str) else given[0]) or "localhost"
        if (url.port or 5432) != port:
            return False
        if ours.startswith("/") or host.startswith("/"):
            return os.path.realpath(ours) == os.path.realpath(host)
        try:
            return resolve(ours, port, allow_private=True) == pinned
        except ConnectionFailed:
            return False

    def _refuse_own(self, database: str, own: bool) -> None:
        """The portal's database is no connection; nor is anything on its embedded server but what it made there."""
        url = sa.make_url(self._store.url.replace("postgres://", "postgresql://", 1))
        if database == url.database or (self._store.server is not None and not own):
            raise _refused("own_database")


def _refused(name: str) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"connections_core.{name}"))
