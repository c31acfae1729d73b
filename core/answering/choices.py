"""What words were taken for where they could be several things: remembered for a person, or for all of a connection.

Only a choice whose table and column the person sees today counts. One's own comes before the team's.
"""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.answering.events import Choice
from core.answering.instant.taken import key_of
from core.answering.needs import Opened
from core.connections.registry import Connections
from core.connections.schema import Schema
from core.errors import NotAllowed, NotFound
from core.grounding.inquiry import Chosen
from core.security.audit import Audit
from core.security.permissions import Action, Actor, require
from core.store.sessions import Store
from core.store.tables_choices import choices, team_choices

Remembered = Callable[[Actor, Opened], tuple[Chosen, ...]]
_LONGEST = 200  # characters of one word


def nothing_chosen(actor: Actor, connection: Opened) -> tuple[Chosen, ...]:  # noqa: ARG001
    """Where nothing is remembered."""
    return ()


def in_force(store: Store, actor: Actor, connection: Opened) -> tuple[Chosen, ...]:
    """What holds for this person on a connection opened for them: of two for one word their own."""
    mine = sa.select(choices.c.word, choices.c.table_key, choices.c.column_name, sa.literal("person").label("by"))
    ours = sa.select(
        team_choices.c.word, team_choices.c.table_key, team_choices.c.column_name, sa.literal("team").label("by")
    )
    query = sa.union_all(
        ours.where(team_choices.c.connection_id == connection.id),
        mine.where(choices.c.connection_id == connection.id, choices.c.person_id == actor.id),
    )
    with store.reading() as line:
        rows = line.execute(query).all()
    # Without a table it says: ask me, whatever the team takes it for.
    by_word = {row.word: Chosen(*row) for row in sorted(rows, key=lambda row: str(row.by), reverse=True)}
    return tuple(chosen for chosen in by_word.values() if _is_seen(chosen, connection.schema))


class Choices:
    """For those who may ask a connection. Raises `NotAllowed`, `NotFound` and `StoreUnreachable` where due."""

    def __init__(self, store: Store, connections: Connections, audit: Audit) -> None:
        self._store, self._connections, self._audit = store, connections, audit

    def take(self, actor: Actor, connection_id: UUID, choice: Choice) -> None:
        """Remember for this person what a word stands for."""
        require(actor, Action.ASK, connection_id)
        chosen = self._seen(actor, connection_id, choice)
        self._keep(choices, {"connection_id": connection_id, "person_id": actor.id}, chosen)

    def drop(self, actor: Actor, connection_id: UUID, word: str) -> None:
        """Ask this person again what a word stands for, also where the team takes it for something."""
        require(actor, Action.ASK, connection_id)
        self._connections.open(actor, connection_id)
        place = {"connection_id": connection_id, "person_id": actor.id}
        c, t = choices.c, team_choices.c
        with self._store.begin() as line:
            ours = sa.select(t.word).where(t.connection_id == connection_id, t.word == key_of(word))
            is_team = line.execute(ours).first() is not None
            line.execute(sa.delete(choices).filter_by(**place).where(c.word == key_of(word)))
        if is_team:
            self._keep(choices, place, Chosen(key_of(word), "", ""))

    def take_for_all(self, actor: Actor, connection_id: UUID, choice: Choice) -> None:
        """Let a word stand for this for everybody who has not chosen otherwise."""
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        name = self._changeable(actor, connection_id)
        chosen = self._seen(actor, connection_id, choice)
        self._keep(team_choices, {"connection_id": connection_id}, chosen)
        taken = f"{chosen.table}.{chosen.column}"
        self._audit.note(actor, "choices.default", name, id=connection_id, word=chosen.word, taken=taken)

    def drop_for_all(self, actor: Actor, connection_id: UUID, word: str) -> None:
        """Let a word stand for nothing in particular again; what people chose for themselves stays."""
        require(actor, Action.CHANGE_CONNECTION, connection_id)
        name = self._changeable(actor, connection_id)
        t = team_choices.c
        with self._store.begin() as line:
            gone = sa.delete(team_choices).where(t.connection_id == connection_id, t.word == key_of(word))
            line.execute(gone)
        self._audit.note(actor, "choices.no_default", name, id=connection_id, word=key_of(word))

    def _seen(self, actor: Actor, connection_id: UUID, choice: Choice) -> Chosen:
        """The choice as it is kept. Raises `NotFound` for a column that the actor does not see."""
        schema = self._connections.open(actor, connection_id).schema
        chosen = Chosen(key_of(choice.word)[:_LONGEST], choice.table, choice.column)
        if not chosen.word or not _is_seen(chosen, schema):
            raise NotFound(f"{choice.table}.{choice.column}")
        return chosen

    def _keep(self, table: sa.Table, place: dict[str, UUID], chosen: Chosen) -> None:
        said = {"table_key": chosen.table, "column_name": chosen.column}
        row = insert(table).values(**place, word=chosen.word, **said)
        with self._store.begin() as line:
            line.execute(row.on_conflict_do_update(index_elements=[*place, "word"], set_=said))

    def _changeable(self, actor: Actor, connection_id: UUID) -> str:
        kept = self._connections.shelf.find(actor, connection_id)
        if not kept.may_change(actor):
            raise NotAllowed(f"{Action.CHANGE_CONNECTION} {kept.name}")
        return kept.name


def _is_seen(chosen: Chosen, schema: Schema) -> bool:
    """Whether a schema, as one person sees it, has what was chosen."""
    table = schema.by_key.get(chosen.table)
    return table is not None and (not chosen.column or chosen.column in table.by_name)
