"""Who may do what: one table, and `require`, which every public method calls first.

The sentences for each action and scope lie in `core/i18n/permissions.toml`; `docs/permissions.md` is made of both
(`python -m core permissions`), and so are the tests.
"""

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
        there for everyone, `groups` for those who are in some."""
        own: dict[str, tuple[str, ...]] = {"email": (self.email,), "name": (self.name,), "id": (str(self.id),)}
        own |= {"role": (self.role.value,), "groups": tuple(sorted(self.groups))}
        return own[name] if name in own else dict(self.attributes).get(name, ())


SYSTEM = Actor(id=UUID(int=0), name="the portal", role=Role.ADMIN)


class Scope(StrEnum):
    """What an API key is for. A key never does more than the person it speaks for."""

    ASK = "ask"
    HISTORY = "history"
    EXPORT = "export"
    KNOWLEDGE = "knowledge"
    CONNECTIONS = "connections"


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
    CHANGE_TERMS = "terms.keep"
    SEE_CONNECTIONS = "connections.list"
    ADD_CONNECTION = "connections.add"
    CHANGE_CONNECTION = "connections.change"
    SEE_POLICIES = "policies.list"
    CHANGE_POLICIES = "policies.keep"
    PREVIEW = "policies.preview"
    CHANGE_PRIVACY = "privacy.change"
    SEE_MODELS = "models.list"
    CHANGE_MODELS = "models.change"
    EVALUATE = "evaluation.start"
    CHANGE_SELF = "people.change_self"
    OWN_KEYS = "keys.own"
    SEE_KEYS = "keys.list"
    SEE_PEOPLE = "people.list"
    CHANGE_PEOPLE = "people.change"
    READ_AUDIT = "people.audit"
    SEE_JOBS = "jobs.list"
    CHANGE_JOBS = "jobs.cancel"
    SEE_HEALTH = "portal.health"


@dataclass(frozen=True)
class Permission:
    """Who may: the least role, and the scope that an API key needs for it; None where no key may, only a person.

    `own`: besides, the thing must be one's own, or shared with one; that is checked where the thing is read.
    """

    role: Role
    scope: Scope | tuple[Scope, ...] | None = None
    own: bool = False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes of which a key needs one."""
        return self.scope if isinstance(self.scope, tuple) else () if self.scope is None else (self.scope,)


PERMISSIONS: dict[Action, Permission] = {
    Action.ASK: Permission(Role.VIEWER, Scope.ASK, own=True),
    Action.READ_HISTORY: Permission(Role.VIEWER, Scope.HISTORY, own=True),
    Action.CHANGE_HISTORY: Permission(Role.VIEWER, Scope.HISTORY, own=True),
    Action.RATE: Permission(Role.VIEWER, Scope.HISTORY, own=True),
    Action.EXPORT: Permission(Role.VIEWER, Scope.EXPORT, own=True),
    Action.BROWSE: Permission(Role.VIEWER, (Scope.ASK, Scope.KNOWLEDGE), own=True),
    Action.DESCRIBE: Permission(Role.ANALYST, Scope.KNOWLEDGE, own=True),
    Action.VERIFY: Permission(Role.ANALYST, Scope.KNOWLEDGE, own=True),
    Action.INDEX: Permission(Role.ANALYST, Scope.KNOWLEDGE, own=True),
    Action.CHANGE_TERMS: Permission(Role.EDITOR, Scope.KNOWLEDGE, own=True),
    Action.SEE_CONNECTIONS: Permission(Role.VIEWER, tuple(Scope), own=True),
    Action.ADD_CONNECTION: Permission(Role.EDITOR, Scope.CONNECTIONS),
    Action.CHANGE_CONNECTION: Permission(Role.EDITOR, Scope.CONNECTIONS, own=True),
    Action.SEE_POLICIES: Permission(Role.EDITOR, own=True),
    Action.CHANGE_POLICIES: Permission(Role.EDITOR, own=True),
    Action.PREVIEW: Permission(Role.EDITOR, own=True),
    Action.CHANGE_PRIVACY: Permission(Role.EDITOR, Scope.CONNECTIONS, own=True),
    Action.SEE_MODELS: Permission(Role.VIEWER, Scope.ASK),
    Action.CHANGE_MODELS: Permission(Role.ADMIN),
    Action.EVALUATE: Permission(Role.ANALYST, own=True),
    Action.CHANGE_SELF: Permission(Role.VIEWER, own=True),
    Action.OWN_KEYS: Permission(Role.VIEWER, own=True),
    Action.SEE_KEYS: Permission(Role.ADMIN),
    Action.SEE_PEOPLE: Permission(Role.ADMIN),
    Action.CHANGE_PEOPLE: Permission(Role.ADMIN),
    Action.READ_AUDIT: Permission(Role.ADMIN),
    Action.SEE_JOBS: Permission(Role.ADMIN),
    Action.CHANGE_JOBS: Permission(Role.ADMIN),
    Action.SEE_HEALTH: Permission(Role.ADMIN),
}
LEAST_ROLE: dict[Action, Role] = {action: permission.role for action, permission in PERMISSIONS.items()}
_RANK = {role: rank for rank, role in enumerate(Role)}


def may(actor: Actor | None, action: Action) -> bool:
    """Whether this actor's role allows the action, and their key does too; nobody (None) may do nothing."""
    if actor is None:
        return False
    permission = PERMISSIONS[action]
    in_scope = actor.scopes is None or any(scope in actor.scopes for scope in permission.scopes)
    return in_scope and _RANK[actor.role] >= _RANK[permission.role]


def require(actor: Actor | None, action: Action, resource: object = "") -> None:
    """Nothing, if `actor` may do `action`; otherwise `NotAllowed`, which names the action and the resource."""
    if not may(actor, action):
        raise NotAllowed(f"{action} {resource}".strip())
