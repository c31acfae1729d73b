"""Who may do what: one table, and `require`, which every public method calls first."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.errors import NotAllowed


class Role(StrEnum):
    """What a person is in the portal. Each role may do what the one before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    EDITOR = "editor"  # of connections
    ADMIN = "admin"


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in person, or the portal itself (`SYSTEM`).

    `attributes` are what row rules may ask about a person, each with one value or several. `scopes` are what the API
    key that speaks for the person may do; None is the person themselves.
    """

    id: UUID
    name: str
    role: Role
    language: str = "en"
    email: str = ""
    groups: frozenset[str] = frozenset()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    scopes: frozenset[str] | None = None

    def attribute(self, name: str) -> tuple[str, ...]:
        """The person's values for this attribute, none where they have none. `email`, `name`, `id` and `role` are
        there for everyone."""
        own = {"email": (self.email,), "name": (self.name,), "id": (str(self.id),), "role": (self.role.value,)}
        return own.get(name) or dict(self.attributes).get(name, ())


SYSTEM = Actor(id=UUID(int=0), name="the portal", role=Role.ADMIN)


class Action(StrEnum):
    """What can be done. The value is `face.method` as the audit shows it."""

    ASK = "answers.ask"
    READ_HISTORY = "answers.history"
    CHANGE_HISTORY = "answers.change"
    RATE = "answers.rate"
    EXPORT = "answers.export"
    BROWSE = "knowledge.browse"
    DESCRIBE = "knowledge.describe"
    VERIFY = "knowledge.verify"
    INDEX = "knowledge.index"
    SEE_CONNECTIONS = "connections.list"
    ADD_CONNECTION = "connections.add"
    CHANGE_CONNECTION = "connections.change"
    SEE_MODELS = "models.list"
    CHANGE_MODELS = "models.change"
    CHANGE_SELF = "people.change_self"
    SEE_PEOPLE = "people.list"
    CHANGE_PEOPLE = "people.change"
    READ_AUDIT = "people.audit"
    SEE_JOBS = "jobs.list"
    CHANGE_JOBS = "jobs.cancel"
    SEE_HEALTH = "portal.health"


# The least role that may; what is one's own is checked besides, where the thing is read.
LEAST_ROLE: dict[Action, Role] = {
    Action.ASK: Role.VIEWER,
    Action.READ_HISTORY: Role.VIEWER,
    Action.CHANGE_HISTORY: Role.VIEWER,
    Action.RATE: Role.VIEWER,
    Action.EXPORT: Role.VIEWER,
    Action.BROWSE: Role.VIEWER,
    Action.DESCRIBE: Role.ANALYST,
    Action.VERIFY: Role.ANALYST,
    Action.INDEX: Role.ANALYST,
    Action.SEE_CONNECTIONS: Role.VIEWER,
    Action.ADD_CONNECTION: Role.EDITOR,
    Action.CHANGE_CONNECTION: Role.EDITOR,
    Action.SEE_MODELS: Role.VIEWER,
    Action.CHANGE_MODELS: Role.ADMIN,
    Action.CHANGE_SELF: Role.VIEWER,
    Action.SEE_PEOPLE: Role.ADMIN,
    Action.CHANGE_PEOPLE: Role.ADMIN,
    Action.READ_AUDIT: Role.ADMIN,
    Action.SEE_JOBS: Role.ADMIN,
    Action.CHANGE_JOBS: Role.ADMIN,
    Action.SEE_HEALTH: Role.ADMIN,
}
_RANK = {role: rank for rank, role in enumerate(Role)}


def may(actor: Actor | None, action: Action) -> bool:
    """Whether this actor's role allows the action; nobody (None) may do nothing."""
    return actor is not None and _RANK[actor.role] >= _RANK[LEAST_ROLE[action]]


def require(actor: Actor | None, action: Action, resource: object = "") -> None:
    """Nothing, if `actor` may do `action`; otherwise `NotAllowed`, which names the action and the resource."""
    if not may(actor, action):
        raise NotAllowed(f"{action} {resource}".strip())
