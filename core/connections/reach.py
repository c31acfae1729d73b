"""Which databases a connection may reach, and the visit itself.

What is checked when a connection is added is checked again at each visit: names may lead elsewhere later.
"""

import os
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.connections.addresses import NewConnection, resolve
from core.connections.engines import ENGINES
from core.connections.schema import Dialect
from core.connections.session import CONNECT_SECONDS, NOBODY, Limits, Session, Target
from core.connections.stored_schema import SeenSchema
from core.errors import ConnectionFailed, InvalidInput
from core.i18n import Phrase
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings
from core.store.sessions import Store

_NO_FILES = ("proc", "sys", "dev")  # folders whose files are the system itself
# When a server began to run, to the microsecond, tells it from all others, through whatever proxy it is reached.
_IDENTITY = "SELECT extract(epoch FROM pg_postmaster_start_time())::text, current_database()::text"


@dataclass(frozen=True)
class Address:
    """Where a stored connection leads. `own` marks a database that the portal made itself: the demo shop.

    `upload` is the name of a file in the portal's folder of uploads, `uploaded` what the person called it. `functions`
    are those of the database's people that questions may call.
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
    functions: Sequence[str] = ()

    @classmethod
    def of(cls, new: NewConnection, own: bool = False) -> "Address":
        file = os.path.realpath(new.file) if new.file else ""
        return cls(new.host, new.port, new.database, new.user, file, dict(new.options), own)

    def stored(self) -> dict[str, Any]:
        """As JSON, empty fields left out."""
        return {name: value for name, value in vars(self).items() if value}

    def keeping(self, before: "Address") -> "Address":
        """This address, with the functions that were allowed as long as it is the same database."""
        same = self.leads_where(before) and self.file == before.file
        return replace(self, functions=before.functions) if same else self

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
        if address.host.startswith("/"):
            if not trusted:
                raise _refused("socket_off")
            self._refuse_inside(address.host)
        if address.file:
            if not trusted:
                raise _refused("server_files_off")
            self._refuse_inside(address.file)

    def _refuse_inside(self, place: str) -> None:
        """Nothing that is the portal's own, by whatever path or link it is reached, and nothing but files."""
        real, own = Path(os.path.realpath(place)), self._settings.data_dir.resolve()
        if real.is_relative_to(own) or Path(place).is_relative_to(own):
            raise _refused("portal_file")
        if real.parts[1:2] and real.parts[1] in _NO_FILES:
            raise _refused("no_file")
        try:
            there = real.stat()
        except OSError:
            return
        if stat.S_ISREG(there.st_mode) and there.st_nlink > 1 and there.st_dev == _device(own):
            # The same file under a second name.
            inodes = {entry.st_ino for path in own.rglob("*") if (entry := _entry(path)) is not None}
            if there.st_ino in inodes:
                raise _refused("portal_file")

    def visit(self, kind: str, address: Address, password: str, limits: Limits) -> Session:
        """A session there. Raises `ConnectionFailed`, and `InvalidInput` for a place that must not be reached."""
        engine = ENGINES[kind]
        if engine.is_file:
            path = str(self.uploads / address.upload) if address.upload else address.file
            if not os.path.isfile(path):
                raise ConnectionFailed("the file is not there any more")
            if not (address.upload or address.own):
                # A link may lead elsewhere by now.
                self._refuse_inside(path)
            return engine.open(Target(file=path, lasting=bool(address.upload)), limits)
        port = address.port or engine.default_port or 0
        pinned = resolve(address.host, port, self._settings.allow_private_addresses or address.own)
        if engine.dialect is Dialect.POSTGRES and self._same_place(address.host, pinned, port):
            self._refuse_own(address.database, address.own)
        target = Target(
            address.host,
            port,
            address.database,
            address.user,
            password,
            options=address.options or {},
            pinned=pinned,
            authorities=str(self._settings.connections_ca_file or ""),
        )
        return engine.open(target, limits)

    def try_out(self, kind: str, address: Address, password: str, limits: Limits) -> Session:
        """`visit`, where somebody has just given the address.

        A port that is closed, silent or somebody else's, and a name that is not known, take the same time and get the
        same words: the portal is no means to find out what runs in its network. Raises as `visit`.
        """
        started = time.monotonic()
        try:
            return self.visit(kind, address, password, limits)
        except ConnectionFailed as error:
            if error.detail == NOBODY:
                time.sleep(max(0.0, started + CONNECT_SECONDS - time.monotonic()))
            raise

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


def _device(folder: Path) -> int:
    entry = _entry(folder)
    return -1 if entry is None else entry.st_dev


def _entry(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _refused(name: str) -> InvalidInput:
    return InvalidInput(problem=Phrase(f"connections_core.{name}"))
