"""The connections that people have: added, tested, shared, opened."""

import builtins
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import BinaryIO
from uuid import UUID, uuid4

from core.breaker import COOL_OFF, Breaker
from core.connections import stored_schema
from core.connections.addresses import NewConnection as NewConnection
from core.connections.addresses import shown, tidy
from core.connections.engines import ENGINES
from core.connections.listed import ConnectionInfo as ConnectionInfo
from core.connections.listed import IndexState as IndexState
from core.connections.listed import Report as Report
from core.connections.listed import progress_of
from core.connections.opened import CATALOGUE_SECONDS
from core.connections.opened import Connection as Connection
from core.connections.powers import Power
from core.connections.reach import Address, Reach
from core.connections.runner import watched
from core.connections.schema import Schema
from core.connections.seen import Sights
from core.connections.session import Limits, Session
from core.connections.sessions_files import IDLE
from core.connections.shelf import KeptConnection, Shelf
from core.connections.statements import Statements
from core.connections.stored_schema import SeenSchema
from core.connections.uploads import read_upload
from core.errors import ConnectionFailed, ConnectionRests, InvalidInput, NotAllowed, QueryFailed
from core.i18n import Phrase
from core.jobs import Jobs
from core.security.audit import Audit
from core.security.permissions import SYSTEM, Action, Actor, require
from core.security.policies import rights_of
from core.security.vault import Vault
from core.settings import Settings
from core.store.sessions import Store

_WAITING = {"step": "waiting", "done": 0, "total": 0, "error": ""}


Follower = Callable[[Schema, Connection], None]


class Connections:
    """Every method names who acts and raises `NotAllowed`, `NotFound` and `StoreUnreachable` where that is due.

    `follow` is told of every schema that was read anew: the one before, and the connection as it is now.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        audit: Audit,
        jobs: Jobs,
        settings: Settings,
        follow: Follower = lambda *_: None,
    ) -> None:
        self._vault, self._audit, self._jobs, self._settings = vault, audit, jobs, settings
        self.shelf, self._reach = Shelf(store), Reach(store, settings)
        self._limits = Limits(settings.statement_seconds, settings.row_cap)
        self._fuses = Breaker()
        self._sights, self._follow = Sights(), follow

    def add(self, actor: Actor, new: NewConnection, own: bool = False) -> ConnectionInfo:
        """Connect a database: sign in, read its schema, have it indexed. `own` is for what the portal itself made.

        Raises `InvalidInput` and `ConnectionFailed`; then nothing is kept.
        """
        require(actor, Action.ADD_CONNECTION, new.name)
        options = new.options
        new = tidy(replace(new, options={}) if own else new)
        address = Address.of(replace(new, options=options), own)
        self._reach.permit(actor, address)
        self.shelf.refuse_taken(new.name)
        seen, said = self._look_into(new.kind, address, new.secret)
        self._accept(actor, new, () if own else said.powers)
        return self._put(actor, new, address, seen)

    def upload(self, actor: Actor, name: str, filename: str, stream: BinaryIO) -> ConnectionInfo:
        """Make a connection of a CSV, Excel or Parquet file. An empty `name` is the file's own.

        Raises `InvalidInput` that says what is wrong with the file.
        """
        require(actor, Action.ADD_CONNECTION, filename)
        filename = "".join(filter(str.isprintable, PurePath(filename.replace("\\", "/")).name))
        named = tidy(NewConnection(name.strip() or PurePath(filename).stem, "duckdb", file="/"))
        self.shelf.refuse_taken(named.name)
        file = read_upload(stream, filename, self._reach.uploads, self._settings.upload_megabytes)
        with ExitStack() as undo:
            undo.callback(_delete, file)
            address = Address(upload=file.name, uploaded=filename)
            seen, _ = self._look_into("duckdb", address, "")
            info = self._put(actor, named, address, seen)
            undo.pop_all()
        return info

    def change(self, actor: Actor, connection_id: UUID, new: NewConnection) -> ConnectionInfo:
        """New fields for a connection. An empty password keeps the old one, as long as it goes to the same place.

        Raises `InvalidInput` and `ConnectionFailed`; then everything stays as it was.
        """
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        kept = self._changeable(actor, connection_id)
        if _is_ours(kept, new):
            return self._rename(actor, kept, new)
        new = tidy(new)
        self.shelf.refuse_taken(new.name, but=kept.id)
        address = Address.of(new).keeping(kept.address)
        self._reach.permit(actor, address)
        secret = new.secret or self._kept_secret(kept, new.kind, address)
        seen, said = self._look_into(new.kind, address, secret)
        self._accept(actor, new, said.powers)
        self._fuses.succeeded(kept.id)
        with self._following(kept):
            self.shelf.update(
                kept.id,
                name=new.name,
                kind=new.kind,
                address=address.stored(),
                sealed_password=self._vault.seal(secret, _identity(kept.id)),
                schema=stored_schema.dump(seen),
                schema_version=seen.schema.version,
                index_state=_WAITING,
            )
        self._audit.note(actor, Action.CHANGE_CONNECTION, new.name, id=kept.id, address=shown(address.stored()))
        self._jobs.defer("index", connection_id=str(kept.id))
        return self._info(actor, self.shelf.find(actor, kept.id))

    def remove(self, actor: Actor, connection_id: UUID) -> None:
        """Forget a connection and all that is known of it. The database itself is not touched; an upload is deleted."""
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        kept = self._changeable(actor, connection_id)
        self.shelf.drop(kept.id)
        if kept.address.upload:
            _delete(self._reach.uploads / kept.address.upload)
        self._audit.note(actor, "connections.remove", kept.name, id=kept.id)

    def list(self, actor: Actor) -> builtins.list[ConnectionInfo]:
        """The connections this actor may ask, by name."""
        require(actor, Action.SEE_CONNECTIONS)
        return [self._info(actor, kept) for kept in self.shelf.all(actor)]

    def share(self, actor: Actor, connection_id: UUID, everyone: bool, people: Iterable[UUID] = ()) -> None:
        """Who may ask it beside its owner and the administrators: everyone, or these people and no others."""
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        kept = self._changeable(actor, connection_id)
        with_whom = () if everyone else tuple(people)
        self.shelf.share(kept.id, everyone, with_whom)
        named = ", ".join(str(person) for person in with_whom)
        self._audit.note(actor, "connections.share", kept.name, id=kept.id, everyone=everyone, people=named)

    def test(self, actor: Actor, new: NewConnection, connection_id: UUID | None = None) -> Report:
        """Whether one can sign in there, what is there, and whether the sign-in may do more than it should.

        `connection_id` is the connection being changed, whose password stands for an empty one.
        """
        require(actor, Action.ADD_CONNECTION, new.name)
        started = time.perf_counter()
        try:
            kept = None if connection_id is None else self._changeable(actor, connection_id)
            if kept is not None and _is_ours(kept, new):
                return self._tested(kept.kind, kept.address, self._secret(kept), started)
            address = Address.of(tidy(new))
            self._reach.permit(actor, address)
            secret = new.secret or (self._kept_secret(kept, new.kind, address) if kept else "")
            return self._tested(new.kind, address, secret, started)
        except InvalidInput as error:
            problem = error.values["problem"]
            message = problem if isinstance(problem, Phrase) else Phrase("errors.invalid_input", error.values)
            return Report(False, message, time.perf_counter() - started)
        except (ConnectionFailed, QueryFailed) as error:
            return Report(False, Phrase(ConnectionFailed.key), time.perf_counter() - started, error.detail)

    def open(self, actor: Actor, connection_id: UUID) -> Connection:
        """The connection, ready to be asked, in milliseconds: its schema is the one last read."""
        require(actor, Action.ASK, connection_id)
        return self._opened(actor, self.shelf.find(actor, connection_id))

    def refresh(self, actor: Actor, connection_id: UUID) -> Connection:
        """The connection with its schema read anew. Raises `ConnectionFailed`; then the old schema stays."""
        require(actor, Action.INDEX, connection_id)
        kept = self.shelf.find(actor, connection_id)
        seen, _ = self._look_into(kept.kind, kept.address, self._secret(kept))
        self._fuses.succeeded(kept.id)
        stored = stored_schema.dump(seen)
        if stored_schema.hash_of(stored) != kept.schema_hash:
            with self._following(kept):
                self.shelf.update(kept.id, schema=stored, schema_version=seen.schema.version)
        return self._opened(actor, self.shelf.find(actor, connection_id))

    def close(self) -> None:
        """Let go of the processes that wait for questions."""
        IDLE.close()

    @contextmanager
    def _following(self, kept: KeptConnection) -> Iterator[None]:
        """What goes by the schema is told when it is another, before anybody goes on."""
        before = self.shelf.schema(kept).schema
        yield
        self._follow(before, self._opened(SYSTEM, self.shelf.find(SYSTEM, kept.id)))

    def _tested(self, kind: str, address: Address, secret: str, started: float) -> Report:
        seen, said = self._look_into(kind, address, secret)
        tables, warnings = len(seen.schema.tables), tuple(power.said for power in said.powers)
        if not tables:
            warnings = (*warnings, Phrase("connections_core.no_tables"))
        message = Phrase("connections_core.works", {"server": said.server, "n": tables})
        return Report(
            True,
            message,
            time.perf_counter() - started,
            version=said.server,
            tables=tables,
            warnings=warnings,
            too_much=any(power.grave for power in said.powers),
        )

    def _accept(self, actor: Actor, new: NewConnection, powers: tuple[Power, ...]) -> None:
        """Raises `InvalidInput` for a login that may far too much, unless the person says to use it, which is kept."""
        grave = ", ".join(power.said.key.removeprefix("powers.") for power in powers if power.grave)
        if grave and not new.accepts_powers:
            raise InvalidInput(problem=Phrase("powers.too_powerful"))
        if grave:
            self._audit.note(actor, "connections.accept_powers", new.name, powers=grave)

    def _look_into(self, kind: str, address: Address, secret: str) -> "tuple[SeenSchema, _Said]":
        """The schema there, and what the server says of itself and the sign-in."""
        limits = replace(self._limits, seconds=max(self._limits.seconds, CATALOGUE_SECONDS))
        try:
            with closing(self._reach.try_out(kind, address, secret, limits)) as session, watched(session):
                seen = self._reach.inspect(kind, session, address.own)
                return seen, _Said(session.server, ENGINES[kind].powers(session))
        except QueryFailed as error:
            raise ConnectionFailed(error.detail) from error

    def _put(self, actor: Actor, new: NewConnection, address: Address, seen: SeenSchema) -> ConnectionInfo:
        connection_id, tables = uuid4(), len(seen.schema.tables)
        self.shelf.put(
            connection_id,
            self.shelf.owner_for(actor),
            name=new.name,
            kind=new.kind,
            address=address.stored(),
            sealed_password=self._vault.seal(new.secret, _identity(connection_id)),
            schema=stored_schema.dump(seen),
            schema_version=seen.schema.version,
            index_state=_WAITING,
        )
        self._audit.note(actor, Action.ADD_CONNECTION, new.name, id=connection_id, kind=new.kind, tables=tables)
        self._jobs.defer("index", connection_id=str(connection_id))
        return self._info(actor, self.shelf.find(SYSTEM, connection_id))

    def _rename(self, actor: Actor, kept: KeptConnection, new: NewConnection) -> ConnectionInfo:
        """What the portal made itself stays what it is; only its name changes."""
        named = tidy(NewConnection(new.name, "duckdb", file="/"))
        self.shelf.refuse_taken(named.name, but=kept.id)
        self.shelf.update(kept.id, name=named.name)
        self._audit.note(actor, Action.CHANGE_CONNECTION, named.name, id=kept.id)
        return self._info(actor, self.shelf.find(actor, kept.id))

    def _changeable(self, actor: Actor, connection_id: UUID) -> KeptConnection:
        kept = self.shelf.find(actor, connection_id)
        if not kept.may_change(actor):
            raise NotAllowed(f"{Action.CHANGE_CONNECTION} {kept.name}")
        return kept

    def _kept_secret(self, kept: KeptConnection, kind: str, address: Address) -> str:
        """The stored password, which must not be sent anywhere but where it was given for."""
        if not kept.sealed_password:
            return ""
        if kind != kept.kind or not address.leads_where(kept.address):
            raise InvalidInput(problem=Phrase("connections_core.password_again"))
        return self._secret(kept)

    def _secret(self, kept: KeptConnection) -> str:
        return self._vault.open(kept.sealed_password, _identity(kept.id))

    def _opened(self, actor: Actor, kept: KeptConnection) -> Connection:
        def visit(limits: Limits) -> Session:
            if not self._fuses.admits(kept.id):
                raise ConnectionRests(seconds=round(COOL_OFF))
            try:
                session = self._reach.visit(kept.kind, kept.address, self._secret(kept), limits)
            except ConnectionFailed:
                self._fuses.failed(kept.id)
                raise
            self._fuses.succeeded(kept.id)
            return session

        whole = self.shelf.schema(kept)
        columns = {table.key: table.by_name for table in whole.schema.tables} if kept.policies else {}
        rights = rights_of(kept.policies, actor, whole.schema.dialect, columns, kept.mask_salt)
        seen = self._sights.of(whole.schema, rights, whole.naming)
        known = (kept.id, kept.name, seen.schema, self._limits, visit, whole.naming)
        noted, leave = Statements(self._audit, actor, kept.id), frozenset(kept.address.functions)
        return Connection(*known, seen.rights, seen.shields, noted, leave)

    def _info(self, actor: Actor, kept: KeptConnection) -> ConnectionInfo:
        state, mine = kept.index_state, kept.may_change(actor)
        address = kept.address
        # Whom policies bind sees no count of what there is.
        whole = kept.policies and kept.tables and self._opened(actor, kept)
        opened = whole if whole and whole.rights.version else None
        given = NewConnection(
            kept.name,
            kept.kind,
            address.host,
            address.port,
            address.database,
            address.user,
            file=address.uploaded or address.file,
            options=address.options or {},
        )
        return ConnectionInfo(
            id=kept.id,
            name=kept.name,
            kind=kept.kind,
            address=shown(address.stored()),
            owner_id=kept.owner_id,
            shared=kept.shared,
            may_change=mine,
            tables=len(opened.schema.tables) if opened else kept.tables,
            schema_version=kept.schema_version,
            index=progress_of(state, kept.indexed_version == kept.schema_version, bool(opened)),
            people=kept.people if mine else (),
            given=given if mine else None,
            uploaded=bool(address.upload),
        )


@dataclass(frozen=True)
class _Said:
    server: str
    powers: tuple[Power, ...]


def _is_ours(kept: KeptConnection, new: NewConnection) -> bool:
    """Whether these are the fields of something the portal made itself, which has nothing to change but its name.

    Raises `InvalidInput` for an upload that is to become something else.
    """
    if kept.address.upload:
        if new.kind != kept.kind or (new.file and new.file != kept.address.uploaded):
            raise InvalidInput(problem=Phrase("connections_core.upload_stays"))
        return True
    return kept.address.own and new.kind == kept.kind and kept.address.leads_where(Address.of(new))


def _delete(file: Path) -> None:
    """Take an upload away, and the processes that have it open."""
    IDLE.close(str(file))
    file.unlink(missing_ok=True)


def _identity(connection_id: UUID) -> str:
    """What a sealed password belongs to."""
    return f"connections:{connection_id}"
