"""History, Models, Connections and Admin as people use them."""

import io
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.answering.question import Question
from core.connections.registry import ConnectionInfo
from core.i18n import Words
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from tests.conftest import PASSWORD
from tests.openai_stub import OpenAIStub, Say
from tests.pages.conftest import SHELL, said, sign_in

Visit = Callable[..., AppTest]
SAY = Words("en").say


def asked(portal: Portal, actor: Actor, shop: ConnectionInfo, text: str = "How many cities are there?") -> None:
    """A question that was asked and answered before."""
    list(portal.answers.ask(actor, Question(text, shop.id)))


def actor_of(portal: Portal, email: str) -> Actor:
    person = next(person for person in portal.people.list(SYSTEM) if person.email == email)
    return Actor(person.id, person.name, person.role)


def press(page: AppTest, start: str) -> AppTest:
    """The first button whose key begins so."""
    return next(button for button in page.button if str(button.key).startswith(start)).click().run()


def test_history_lists_marks_deletes_and_brings_back(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = visit("history", Role.VIEWER)
    assert "No conversations yet" in said(page)
    asked(portal, actor_of(portal, "ann@example.org"), shop)
    page.run()
    assert "How many cities are there?" in said(page)
    press(page, "history.star.")
    page.segmented_control(key="history.kind").set_value("favourites").run()
    assert "How many cities are there?" in said(page)
    page.segmented_control(key="history.kind").set_value("all").run()
    press(page, "history.delete.")
    page.button(key="history.delete_yes").click().run()
    assert "How many cities are there?" not in said(page)
    page.segmented_control(key="history.kind").set_value("deleted").run()
    press(page, "history.restore.")
    page.segmented_control(key="history.kind").set_value("all").run()
    assert "How many cities are there?" in said(page)
    assert not page.exception


def test_history_finds_words_and_shows_nobody_elses(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    visit("history", Role.VIEWER, "Bob")
    asked(portal, actor_of(portal, "bob@example.org"), shop)
    page = visit("history", Role.VIEWER, "Ann")
    assert "How many cities" not in said(page)
    asked(portal, actor_of(portal, "ann@example.org"), shop, "How many orders are there?")
    page.text_input(key="history.search").set_value("orders").run()
    assert "How many orders" in said(page)
    page.text_input(key="history.search").set_value("zebra").run()
    assert "Nothing matches" in said(page)


def test_a_conversation_is_renamed(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = visit("history", Role.VIEWER)
    asked(portal, actor_of(portal, "ann@example.org"), shop)
    page.run()
    next(field for field in page.text_input if str(field.key).startswith("history.title")).set_value("Cities").run()
    assert "Cities" in said(page)
    assert not page.exception


def test_a_model_is_set_up_from_a_preset_tested_and_kept(visit: Visit, portal: Portal) -> None:
    page = visit("models", Role.ADMIN)
    assert "No model is connected yet" in said(page)
    with OpenAIStub() as stub:
        stub.when("", Say("OK"))
        press(page, "models.preset.openai")
        _fill(page, stub.url)
        page.button(key="models.form_test").click().run()
        assert page.success, said(page)
        page.button(key="models.form_save").click().run()
    assert not page.exception
    [model] = portal.models.list(SYSTEM)
    assert model.is_default
    assert "key-of-ours-0123" not in said(page)


def _has(page: AppTest, key: str) -> bool:
    return any(str(button.key) == key for button in page.button)


def _fill(page: AppTest, url: str) -> None:
    for field in page.text_input:
        if str(field.key).endswith(".address"):
            field.set_value(url)
        if str(field.key).endswith(".key"):
            field.set_value("key-of-ours-0123")


def test_viewers_see_models_but_cannot_change_them(visit: Visit) -> None:
    page = visit("models", Role.VIEWER)
    assert not page.exception
    assert not any(str(button.key).startswith("models.preset") for button in page.button)


def test_an_analyst_uploads_a_file_and_asks_it(visit: Visit, portal: Portal) -> None:
    page = visit("connections", Role.EDITOR)
    assert "No database is connected yet" in said(page)
    table = "fruit,kilos\napple,3\npear,4\nplum,5\n"
    page.file_uploader(key="connections.upload_file").set_value(("fruit.csv", table.encode(), "text/csv")).run()
    page.button(key="connections.upload_do").click().run()
    assert not page.exception
    [info] = portal.connections.list(actor_of(portal, "ann@example.org"))
    assert (info.name, info.tables) == ("fruit", 1)
    connection = portal.connections.open(actor_of(portal, "ann@example.org"), info.id)
    result = connection.run(connection.check("SELECT sum(kilos) FROM fruit"))
    assert int(result.rows[0][0]) == 12


def test_browsing_shows_columns_in_business_words_and_takes_descriptions(
    visit: Visit, portal: Portal, shop: ConnectionInfo
) -> None:
    page = visit("connections", Role.ADMIN)
    press(page, "connections.open.")
    assert "cities" in " ".join(expander.label for expander in page.expander)
    known = [text for frame in page.dataframe for text in frame.value.get(SAY("connections.known"), ())]
    assert [text for text in known if text] == [SAY("connections.known_distinct", n=n) for n in (6, 4)]
    place = f"connections.describe.{shop.id}.orders"
    page.text_area(key=f"{place}..en").set_value("Sales: what people ordered").run()
    page.button(key=f"{place}.save").click().run()
    assert not page.exception
    found = portal.knowledge.browse(portal.people.first_admin(), shop.id)
    assert found.schema.by_key["orders"].descriptions["en"] == "Sales: what people ordered"


def test_a_connection_that_does_not_answer_is_not_kept(visit: Visit, portal: Portal) -> None:
    page = visit("connections", Role.ADMIN)
    page.button(key="connections.add").click().run()
    values = {"name": "Nowhere", "host": "127.0.0.1", "database": "x", "user": "x", "password": "canary-secret"}
    for field in page.text_input:
        name = str(field.key).removeprefix("connections.new.")
        if name in values:
            field.set_value(values[name])
    next(field for field in page.number_input if ".port" in str(field.key)).set_value(1)
    page.button(key="connections.save").click().run()
    assert page.error
    assert "canary-secret" not in said(page)
    assert portal.connections.list(SYSTEM) == []


def test_viewers_cannot_add_connections(visit: Visit, shop: ConnectionInfo) -> None:
    page = visit("connections", Role.VIEWER)
    assert "Small shop" in said(page)
    assert not _has(page, "connections.add")
    assert not any(str(button.key).startswith("connections.edit") for button in page.button)


def test_a_connection_that_is_not_shared_is_not_seen(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    portal.connections.share(portal.people.first_admin(), shop.id, everyone=False)
    page = visit("connections", Role.VIEWER)
    assert "Small shop" not in said(page)


def test_an_administrator_adds_a_person_who_can_sign_in(visit: Visit, portal: Portal) -> None:
    page = visit("admin", Role.ADMIN)
    page.text_input(key="admin.invite_email").set_value("new@example.org")
    page.text_input(key="admin.invite_name").set_value("New")
    next(button for button in page.button if button.label == "Add").click().run()
    password = said(page).split("`")[1]
    signed = portal.people.sign_in("new@example.org", password)
    assert signed is not None
    assert signed.must_change_password


@pytest.mark.parametrize(("section", "words"), [("audit", "signed in"), ("jobs", ""), ("health", "PostgreSQL")])
def test_every_section_of_admin_shows_something(visit: Visit, section: str, words: str) -> None:
    page = visit("admin", Role.ADMIN)
    page.segmented_control(key="admin.section").set_value(section).run()
    assert not page.exception
    frames = "\n".join(frame.value.to_csv() for frame in page.dataframe)
    deltas = "\n".join(str(metric.delta) for metric in page.metric)
    assert words in frames + deltas


def test_disabling_a_person_signs_them_out(visit: Visit, portal: Portal) -> None:
    victim = AppTest.from_file(SHELL, default_timeout=30)
    portal.people.invite(SYSTEM, "vic@example.org", "Vic", Role.VIEWER, PASSWORD)
    sign_in(portal, victim, actor_of(portal, "vic@example.org"))
    victim.run()
    page = visit("admin", Role.ADMIN)
    box = page.selectbox(key="admin.person")
    box.select_index([person.email for person in portal.people.list(SYSTEM)].index("vic@example.org")).run()
    page.button(key="admin.disable").click().run()
    victim.run()
    assert "Sign in" in said(victim)


def test_exports_hold_the_rows_and_where_they_came_from(portal: Portal, shop: ConnectionInfo) -> None:
    from python_calamine import CalamineWorkbook

    actor = portal.people.first_admin()
    asked(portal, actor, shop, "How many cities are there?")
    [conversation] = portal.answers.history(actor)
    [turn] = portal.answers.open(actor, conversation.id).turns
    assert b"6" in portal.answers.export(actor, turn.answer_id, "csv")
    book = CalamineWorkbook.from_filelike(io.BytesIO(portal.answers.export(actor, turn.answer_id, "excel")))
    assert len(book.sheet_names) == 2
