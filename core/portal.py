"""open_portal(settings) -> Portal: the only place where the parts meet."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

import sqlalchemy as sa

from core import demo
from core.answering.ask import Answers
from core.answering.choices import Choices
from core.answering.running import Running
from core.answering.warming import warm
from core.clock import Clock, utc_now
from core.connections.functions import Functions
from core.connections.policies import Policies
from core.connections.registry import Connections
from core.evaluation.runs import Evaluation, Needs
from core.grounding.changes import SchemaChanges, SchemaWatch
from core.grounding.glossary import Terms
from core.grounding.ground import Knowledge
from core.grounding.join_keys import JoinKeys
from core.grounding.privacy import Privacy
from core.health import Health, examine
from core.jobs import Jobs
from core.models.book import Models, ensure_first_model, load_default
from core.security.api_keys import Keys
from core.security.audit import Audit
from core.security.door import Door
from core.security.groups import Groups
from core.security.invitations import Invitations
from core.security.limits import Limits, open_limits
from core.security.people import People
from core.security.permissions import Actor
from core.security.personal import Level
from core.security.refusals import Refusals
from core.security.second_factor import SecondFactors
from core.security.sessions import Sessions
from core.security.single_sign_on import SingleSignOn
from core.security.vault import open_vault
from core.security.witness import Witness
from core.settings import DEMO_EMAIL, DEMO_PASSWORD, Settings, read_settings
from core.store.migrate import migrate
from core.store.sessions import Store, open_store


@dataclass(frozen=True)
class Portal:
    """Everything the portal can do, each part with its own face. Close it when done."""

    settings: Settings
    clock: Clock
    store: Store
    audit: Audit
    refusals: Refusals
    limits: Limits
    people: People
    sessions: Sessions
    second_factors: SecondFactors
    invitations: Invitations
    groups: Groups
    single_sign_on: SingleSignOn
    keys: Keys
    jobs: Jobs
    connections: Connections
    policies: Policies
    functions: Functions
    knowledge: Knowledge
    joins: JoinKeys
    terms: Terms
    models: Models
    privacy: Privacy
    schema_changes: SchemaChanges
    choices: Choices
    answers: Answers
    running: Running
    evaluation: Evaluation

    def ping(self) -> None:
        """Nothing, if the store answers. Raises `StoreUnreachable`."""
        with self.store.begin() as connection:
            connection.execute(sa.text("SELECT 1"))

    def health(self, actor: Actor | None) -> Health:
        """How the portal is doing, for administrators."""
        return examine(actor, self.store)

    def warm(self) -> None:
        """Load what the first question would otherwise wait for: dictionaries, libraries, the embedding model."""
        warm(self.clock())
        self.models.embedder().warm()
        load_default(self.models)

    def close(self) -> None:
        """Stop what runs and let everything go, the embedded PostgreSQL last."""
        self.running.close()
        self.connections.close()
        self.jobs.close()
        self.refusals.flush()
        self.store.close()

    def __enter__(self) -> "Portal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_portal(settings: Settings, clock: Clock = utc_now) -> Portal:
    """The portal these settings describe: store started and migrated, first administrator there, parts wired.

    In demo mode the demo shop is there as well. Raises `StoreUnreachable` and `SettingsInvalid`.
    """
    store = open_store(settings)
    with ExitStack() as undo:
        undo.callback(store.close)
        with store.alone("start"):
            migrate(store)
            portal = wire(store, settings, clock)
            if settings.demo:
                demo.prepare(store, portal.connections, portal.people.first_admin(), clock().date())
        undo.pop_all()
    return portal


def wire(store: Store, settings: Settings, clock: Clock = utc_now) -> Portal:
    """The parts over a migrated store."""
    vault, jobs = open_vault(settings, store), Jobs(store)
    audit = Audit(store, vault, Witness(settings.data_dir / "audit.head"))
    audit.begin()
    people = People(store, audit, settings, clock)
    people.ensure_first_admin(*first_admin(settings))
    connections = Connections(store, vault, audit, jobs, settings, SchemaWatch(store, audit).follow)
    groups = Groups(store, audit)
    models = Models(store, vault, audit, settings)
    ensure_first_model(models, settings)
    knowledge = Knowledge(store, models.embedder(), connections, jobs, audit)
    terms = Terms(store, connections, jobs, audit, clock)
    privacy = Privacy(store, connections, jobs, audit, Level(settings.privacy_level))
    answers = Answers(store, connections, knowledge, models, audit, clock, privacy, terms)
    refusals, limits = Refusals(audit), open_limits(store, settings)
    portal = Portal(
        settings=settings,
        clock=clock,
        store=store,
        audit=audit,
        refusals=refusals,
        limits=limits,
        people=people,
        sessions=Sessions(store, audit, settings, clock),
        second_factors=SecondFactors(people, store, vault, audit, settings, clock),
        invitations=Invitations(store, audit, settings, clock),
        groups=groups,
        single_sign_on=SingleSignOn(store, audit, settings, clock),
        keys=Keys(store, audit, people, settings, clock),
        jobs=jobs,
        connections=connections,
        policies=Policies(connections, people, groups, audit),
        functions=Functions(connections, audit),
        knowledge=knowledge,
        joins=JoinKeys(store, connections, audit),
        terms=terms,
        models=models,
        privacy=privacy,
        schema_changes=SchemaChanges(store, connections, audit),
        choices=Choices(store, connections, audit),
        answers=answers,
        running=Running(answers),
        evaluation=Evaluation(store, Needs(answers, connections, knowledge, people.actor, audit, jobs, clock)),
    )
    return Door(store, refusals, limits).before(portal)


def first_admin(settings: Settings) -> tuple[str, str, str]:
    """Address, password and name of the administrator made at the first start."""
    if settings.demo:
        return DEMO_EMAIL, DEMO_PASSWORD, "Demo"
    return settings.admin_email, settings.admin_password.get_secret_value(), settings.admin_email.split("@")[0]


_lock = threading.Lock()
_current: list[Portal] = []


def current_portal() -> Portal:
    """The portal of this process, opened on first use with the settings of the environment."""
    with _lock:
        if not _current:
            _current.append(open_portal(read_settings()))
        return _current[0]


def adopt(portal: Portal) -> None:
    """Make this portal the process's own; for a server that opened it itself, and for tests."""
    with _lock:
        _current[:] = [portal]


def close_current_portal() -> None:
    """Close the process's portal, if one was opened."""
    with _lock:
        while _current:
            _current.pop().close()
