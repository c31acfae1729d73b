"""Personal data of a whole portal: found, tagged, kept from models at each level and on each way to one."""

import ast
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import psycopg
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.answering.card import Card, card_of
from core.answering.question import Question
from core.connections.registry import NewConnection
from core.errors import InvalidInput, NotAllowed, NotFound
from core.grounding.personal import Why
from core.models.book import NewModel
from core.portal import Portal, wire
from core.security.permissions import Actor, Role
from core.security.personal import Level, PersonalKind
from core.settings import ROOT, Settings
from core.store.embedded import EmbeddedServer
from core.store.sessions import open_url
from core.store.tables_privacy import connection_privacy
from tests.conftest import NOW, someone
from tests.openai_stub import OpenAIStub, Say

REGISTER = (Path(__file__).parents[1] / "cases" / "privacy_register.sql").read_text(encoding="utf-8")
NEEDS_A_MODEL = "Which parliament seats belong to our clientele"
CANARIES = {
    "name": "Zelda Quimby", "name_zh": "欧阳小雨", "email": "zelda.quimby@canary.example",
    "phone": "+44 20 7946 0991", "mobile_no": "13912345678", "ssn": "219-09-9999", "sfz": "11010519491231002X",
    "iban": "GB82WEST12345698765432", "card_number": "4111111111111111", "last_ip": "203.0.113.77",
    "address": "17 Harbour Lane", "birth_date": "1973-04-19", "plate": "京A8X9Y1", "passport": "X99887766",
    "remarks": "zelda.second@canary.example",
}  # fmt: skip
KINDS = {
    "name": PersonalKind.PERSON, "email": PersonalKind.EMAIL, "phone": PersonalKind.PHONE,
    "mobile_no": PersonalKind.PHONE, "ssn": PersonalKind.NATIONAL_ID, "sfz": PersonalKind.NATIONAL_ID,
    "iban": PersonalKind.IBAN, "card_number": PersonalKind.CARD, "last_ip": PersonalKind.IP,
    "address": PersonalKind.ADDRESS, "birth_date": PersonalKind.BIRTH_DATE, "plate": PersonalKind.PLATE,
    "passport": PersonalKind.PASSPORT, "remarks": PersonalKind.EMAIL,
}  # fmt: skip
COUNT = Say("```sql\nSELECT count(*) FROM customers\n```")


@dataclass
class Register:
    """The portal with the register as a connection, a model that is listened to, and people."""

    portal: Portal
    stub: OpenAIStub
    id: UUID
    admin: Actor
    ann: Actor
    conversation: UUID

    def ask(self, text: str, **more: object) -> Card:
        question = Question(text, self.id, self.conversation)
        return card_of(text, self.portal.answers.ask(self.ann, replace(question, **more)))  # type: ignore[arg-type]

    def told(self) -> str:
        return "\n".join(asked.text for asked in self.stub.requests)

    def leaked(self) -> set[str]:
        told = self.told()
        return {name for name, canary in CANARIES.items() if canary.casefold() in told.casefold()}


@pytest.fixture(scope="module")
def whole(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    """Read once for all tests of this file; each begins at the same level and with a conversation of its own."""
    folder = tmp_path_factory.mktemp("register")
    file = folder / "register.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute(REGISTER)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        secret_key=SecretStr("a test's own secret, long enough for the vault"),
        admin_email="admin@example.org",
        admin_password=SecretStr("first admin's password"),
        data_dir=folder / "data",
        allow_server_files=True,
        limit_questions="10000/minute",
    )
    with psycopg.connect(server.url("postgres"), autocommit=True) as line:
        line.execute("CREATE DATABASE register TEMPLATE template")
    store = open_url(server.url("register"))
    portal = wire(store, settings, clock=lambda: NOW)
    admin = portal.people.first_admin()
    info = portal.connections.add(admin, NewConnection("Register", "duckdb", file=str(file)))
    portal.connections.share(admin, info.id, everyone=True)
    portal.knowledge.build(info.id)
    with OpenAIStub(otherwise=COUNT) as stub:
        portal.models.connect(admin, NewModel("Listened to", "compatible", stub.url, "m"))
        yield Register(portal, stub, info.id, admin, someone(portal, Role.VIEWER, "Ann"), uuid4())
    portal.connections.close()
    store.engine.dispose()


@pytest.fixture
def register(whole: Register) -> Iterator[Register]:
    whole.stub.requests.clear()
    whole.conversation = uuid4()
    whole.portal.privacy.set_level(whole.admin, whole.id, Level.MASKED)
    yield whole
    for verified in whole.portal.knowledge.verified(whole.admin, whole.id):
        whole.portal.knowledge.forget(whole.admin, verified.question.id)


def tags(register: Register) -> dict[str, PersonalKind]:
    found = register.portal.privacy.overview(register.admin, register.id)
    return {c.column: c.kind for c in found.columns if c.kind and c.table == "customers"}


def test_every_personal_column_is_found_and_no_other_and_no_value_is_kept(register: Register) -> None:
    found = register.portal.privacy.overview(register.admin, register.id)
    assert found.level is Level.MASKED
    assert tags(register) == KINDS
    assert {c.table for c in found.columns} == {"customers"}
    assert not any(canary in repr(found) for canary in CANARIES.values())


def plainly(register: Register) -> None:
    register.ask(NEEDS_A_MODEL)


def with_values_in_the_question(register: Register) -> None:
    named = [canary for name, canary in CANARIES.items() if name != "birth_date"]
    register.ask(f"Which parliament seats belong to {', '.join(named)}")
    register.conversation = uuid4()
    register.ask("Which parliament seat has whoever was born on 1973-04-19")


def after_answers_that_named_values(register: Register) -> None:
    for column, canary in list(CANARIES.items())[:5]:
        where = column.removesuffix("_zh")
        register.ask(f"Orders of {canary}", sql=f"SELECT count(*) FROM customers WHERE {where} = '{canary}'")
    register.ask("and their parliament seats")
    register.conversation = uuid4()
    rest = list(CANARIES)[5:]
    met = " OR ".join(f"{column} = '{_stored(column)}'" for column in rest)
    asked = f"Orders of {', '.join(CANARIES[column] for column in rest)}"
    register.ask(asked, sql=f"SELECT count(*) FROM customers WHERE {met}")
    register.ask("and their parliament seats")


def _stored(column: str) -> str:
    return "write to zelda.second@canary.example" if column == "remarks" else CANARIES[column]


def mending_after_errors_that_name_cells(register: Register) -> None:
    for column in ("name", "birth_date", "passport", "remarks", "address"):
        register.conversation = uuid4()
        register.stub.then(Say(f"```sql\nSELECT CAST({column} || '' AS BOOLEAN) FROM customers\n```"))
        register.ask(NEEDS_A_MODEL)


def with_verified_examples(register: Register) -> None:
    for some in (list(CANARIES)[:8], list(CANARIES)[8:]):
        sql = "SELECT count(*) FROM customers WHERE " + " OR ".join(
            f"{column.removesuffix('_zh')} = '{_stored(column)}'" for column in some
        )
        asked = f"How often do we see {', '.join(CANARIES[column] for column in some)}?"
        register.portal.knowledge.verify(register.admin, register.id, asked, sql)
    register.ask(f"{NEEDS_A_MODEL}, and how often do we see them?")


PATHS: list[Callable[[Register], None]] = [
    plainly, with_values_in_the_question, after_answers_that_named_values, mending_after_errors_that_name_cells,
    with_verified_examples,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
@pytest.mark.parametrize("level", [Level.NAMES, Level.MASKED])
def test_no_personal_value_reaches_a_model_on_any_way_below_full(
    register: Register, level: Level, path: Callable[[Register], None]
) -> None:
    register.portal.privacy.set_level(register.admin, register.id, level)
    path(register)
    assert register.stub.requests
    assert register.leaked() == set()
    if level is Level.NAMES:
        assert "Freedonia" not in register.told()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_at_the_full_level_the_same_ways_do_tell_them(register: Register, path: Callable[[Register], None]) -> None:
    register.portal.privacy.set_level(register.admin, register.id, Level.FULL)
    path(register)
    assert register.leaked()


def test_masked_samples_keep_their_form_and_others_stay(register: Register) -> None:
    register.ask(NEEDS_A_MODEL)
    told = register.told()
    assert "•••••.••••••@••••••.•••••••" in told
    assert "'Freedonia'" in told


def test_a_token_comes_back_as_the_value_in_sql_and_rows(register: Register) -> None:
    register.stub.then(Say("```sql\nSELECT name, email FROM customers WHERE email = '⟨email_1⟩'\n```"))
    card = register.ask("Which parliament seat has zelda.quimby@canary.example")
    assert card.sql == "SELECT name, email FROM customers WHERE email = 'zelda.quimby@canary.example'"
    assert card.table is not None
    assert card.table.rows == (("Zelda Quimby", "zelda.quimby@canary.example"),)
    assert "zelda" not in register.told()


def test_a_token_comes_back_in_a_model_s_sentence(register: Register) -> None:
    register.stub.then(Say("CANNOT: no parliament seat of ⟨person_1⟩ is stored, nor of ⟨person_9⟩"))
    card = register.ask("Which parliament seat has Zelda Quimby")
    assert "Zelda Quimby" in str(card.ending)
    assert "⟨" not in str(card.ending)
    assert "•••" in str(card.ending)


@pytest.mark.parametrize(
    "written",
    [
        "SELECT * FROM customers WHERE email = '⟨email_7⟩'",
        "SELECT * FROM customers WHERE email = ⟨email_1⟩",
        "SELECT ⟨email_1⟩ FROM customers",
        "SELECT 1 -- ⟨email_1⟩",
        "SELECT * FROM customers WHERE email = '<email_1>'",
        "SELECT * FROM customers WHERE email = '⟨email_1'",
        'SELECT "⟨email_1⟩" FROM customers',
    ],
)
def test_a_token_out_of_place_is_refused_mended_and_never_run(register: Register, written: str) -> None:
    register.stub.then(Say(f"```sql\n{written}\n```"), COUNT)
    card = register.ask("Which parliament seat has zelda.quimby@canary.example")
    assert len(card.tried) == 1
    assert card.sql == "SELECT count(*) FROM customers"


def test_a_value_with_quotes_stays_one_literal(register: Register) -> None:
    register.stub.then(Say("```sql\nSELECT count(*) FROM customers WHERE name = '⟨person_1⟩'\n```"))
    card = register.ask("Which parliament seat has Conan O'Brien'); DROP TABLE customers")
    assert not card.sql or "DROP" not in card.sql


def test_aggregates_over_personal_columns_pass(register: Register) -> None:
    register.stub.then(Say("```sql\nSELECT count(DISTINCT email), min(length(name)) FROM customers\n```"))
    card = register.ask(NEEDS_A_MODEL)
    assert card.table is not None
    assert card.table.rows == ((2, 4),)


def test_what_was_sent_is_kept_word_for_word_for_the_asker_and_auditors_only(register: Register) -> None:
    card = register.ask(NEEDS_A_MODEL)
    assert card.answered is not None
    answers, answer = register.portal.answers, card.answered.answer_id
    sent = answers.sent(register.ann, answer)
    assert sent is not None
    [one] = sent.exchanges
    body = register.stub.requests[0].body["messages"]
    assert [(m["role"], m["content"]) for m in body] == list(one.messages)
    assert one.reply == COUNT.text
    assert (one.prompt_tokens, one.completion_tokens, one.model) == (120, 20, "Listened to")
    assert one.seconds > 0
    assert answers.sent(register.admin, answer) == sent
    assert answers.sent(someone(register.portal, Role.EDITOR, "Ben"), answer) is None
    instant = register.ask("How many customers are there?")
    assert instant.answered is not None
    assert answers.sent(register.ann, instant.answered.answer_id) is None


def test_the_receipt_says_that_a_model_was_asked(register: Register) -> None:
    card = register.ask(NEEDS_A_MODEL)
    assert card.answered is not None
    assert card.usage.calls == 1
    book = register.portal.answers.export(register.ann, card.answered.answer_id, "excel")
    with zipfile.ZipFile(io.BytesIO(book)) as sheets:
        assert b"1 request; its exact text is kept" in sheets.read("xl/sharedStrings.xml")


def test_each_call_has_a_boundary_of_its_own(register: Register) -> None:
    register.stub.then(Say("```sql\nSELECT nothing FROM customers\n```"), COUNT)
    register.ask(NEEDS_A_MODEL)
    system = [asked.body["messages"][0]["content"] for asked in register.stub.requests]
    assert len({text.split("between <")[1].split(">")[0] for text in system}) == 2


def test_a_person_s_word_wins_and_outlives_a_new_reading(register: Register) -> None:
    privacy, admin = register.portal.privacy, register.admin
    privacy.tag(admin, register.id, "customers", "country", "private")
    privacy.tag(admin, register.id, "customers", "email", "none")
    register.portal.knowledge.build(register.id)
    assert tags(register) == {**{k: v for k, v in KINDS.items() if k != "email"}, "country": PersonalKind.OTHER}
    register.ask(NEEDS_A_MODEL)
    assert "Freedonia" not in register.told()
    privacy.tag(admin, register.id, "customers", "country", "")
    privacy.tag(admin, register.id, "customers", "email", "")
    register.portal.knowledge.build(register.id)
    assert tags(register) == KINDS
    spoken = [c for c in privacy.overview(admin, register.id).columns if c.why is Why.PERSON]
    assert spoken == []


def test_tags_and_levels_are_for_editors_of_that_connection_and_audited(register: Register) -> None:
    privacy = register.portal.privacy
    editor = someone(register.portal, Role.EDITOR, "Eve")
    for actor in (editor, register.ann):
        with pytest.raises(NotAllowed):
            privacy.set_level(actor, register.id, Level.FULL)
        with pytest.raises(NotAllowed):
            privacy.tag(actor, register.id, "customers", "email", "none")
        with pytest.raises(NotAllowed):
            privacy.overview(actor, register.id)
    with pytest.raises(NotFound):
        privacy.tag(register.admin, register.id, "customers", "nothing", "none")
    with pytest.raises(InvalidInput):
        privacy.tag(register.admin, register.id, "customers", "email", "rubbish")
    privacy.set_level(register.admin, register.id, Level.NAMES)
    privacy.tag(register.admin, register.id, "customers", "email", "none")
    actions = [row.action for row in register.portal.audit.list(register.admin, limit=200)]
    assert {"privacy.level", "privacy.tag"} <= set(actions)
    assert register.portal.audit.list(register.admin, search="privacy.detect")


def test_the_portal_s_default_level_holds_where_nothing_else_was_said(register: Register) -> None:
    from core.grounding.privacy import Privacy

    portal = register.portal
    with portal.store.begin() as line:
        line.execute(sa.delete(connection_privacy))
    strict = Privacy(portal.store, portal.connections, portal.jobs, portal.audit, Level.NAMES)
    assert strict.rules(register.id).level is Level.NAMES
    strict.set_level(register.admin, register.id, Level.FULL)
    assert strict.rules(register.id).level is Level.FULL


def test_only_one_module_reaches_a_model() -> None:
    """The ladder alone takes a lease and hands it to `private.Line`, which alone writes on it; nobody has a model."""
    for file in sorted((ROOT / "core").rglob("*.py")):
        inside = file.relative_to(ROOT / "core").as_posix()
        if inside.startswith("models/"):
            continue
        source = file.read_text(encoding="utf-8")
        calls = {ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)}
        if inside != "answering/ladder.py":
            assert not any(call.endswith("models.lease") or call == "Line" for call in calls), inside
        if inside != "answering/private.py":
            assert not any(call.endswith("lease.write") for call in calls), inside
        assert not any(call.endswith(("lease.chat", "chat.stream", "chat.invoke", ".bind_tools")) for call in calls)
        assert "lease.chat" not in source, inside


def test_wherever_answers_are_made_they_are_given_the_connection_s_privacy() -> None:
    for file in ("portal.py", "cli/evaluating.py"):
        source = (ROOT / "core" / file).read_text(encoding="utf-8")
        assert "Answers(" in source
        assert "privacy" in source.split("Answers(")[0].splitlines()[-2] + source.split("Answers(")[1].splitlines()[0]
