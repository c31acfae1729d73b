"""What a model may see, piece by piece: forms of personal data, columns, tokens, literals, errors, echoes, wishes."""

import base64
import codecs
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.answering.echo import STRETCH, Confidence, Held
from core.answering.private import Known, Line, Veil
from core.answering.prompting import Fence, prompt
from core.answering.read_only import asks_to_change
from core.answering.writer import _rules, write_query
from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.errors import QueryRefused
from core.grounding.ground import Grounding
from core.grounding.inquiry import Earlier
from core.grounding.personal import Why, find_columns
from core.grounding.values import ListedValues, ValueHit
from core.security.personal import Level, PersonalKind, PrivacyRules, find_personal, kind_of, masked_form, shape
from core.security.policies import Mask, MaskKind, Rights, TableRights
from core.stop import Stop
from tests.doubles import ScriptedModel, finish, lease_on
from tests.doubles_writer import SHOP, SmallShop, asking, grounded

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "personal_data.toml").read_text(encoding="utf-8"))
NAME, COUNTRY = ("customers", "name"), ("customers", "country")
VALUES = ListedValues({NAME: ["Ada Lovelace", "林小雨"], COUNTRY: ["Norway"]})


@pytest.mark.parametrize("kind", CASES["values"])
def test_values_of_a_kind_are_known_by_their_form(kind: str) -> None:
    for value in CASES["values"][kind]:
        assert kind_of(value) is PersonalKind(kind), value


@pytest.mark.parametrize("text", CASES["nothing"]["texts"])
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find_personal(text) == []


def test_personal_data_is_found_within_sentences_of_both_languages() -> None:
    for text, found in CASES["sentences"].items():
        assert [text[f.start : f.end] for f in find_personal(text)] == found


@pytest.mark.parametrize(
    "text", ["x" * 200_000, "a." * 90_000, "1 " * 90_000, ":a" * 90_000, "@" * 200_000, "a@b." * 50_000]
)
def test_no_text_makes_the_search_crawl(text: str) -> None:
    assert len(find_personal(text)) < len(text)


def _schema(*tables: Table) -> Schema:
    return Schema(Dialect.SQLITE, tables)


def _text(name: str, **more: Any) -> Column:
    return Column(name, "TEXT", more.pop("kind", Kind.TEXT), **more)


def test_columns_are_found_by_name_comment_and_values_and_harmless_ones_are_not() -> None:
    people = Table(
        "staff",
        (
            _text("name"), _text("e_mail"), _text("x1", comment="手机号码：联系用"), _text("dob", kind=Kind.DATE),
            _text("email_count", kind=Kind.INTEGER), _text("is_phone", kind=Kind.BOOLEAN), _text("code"),
        ),
    )  # fmt: skip
    goods = Table("products", (_text("name"), _text("zone"), _text("contact"), _text("remark")))
    samples = {
        ("staff", "code"): ["192.168.0.1", "10.0.0.7"],
        ("products", "name"): ["Desk Lamp", "Big Chair"],
        ("products", "zone"): ["江苏", "云南", "安徽"],
        ("products", "contact"): ["Ada Byron", "王小明"],
        ("products", "remark"): ["ask bob@x.example", "none", "ok", "or eve@x.example"],
    }
    found = {(f.table, f.column): (f.kind, f.why) for f in find_columns(_schema(people, goods), samples)}
    assert found == {
        ("staff", "name"): (PersonalKind.PERSON, Why.TABLE),
        ("staff", "e_mail"): (PersonalKind.EMAIL, Why.NAME),
        ("staff", "x1"): (PersonalKind.PHONE, Why.NAME),
        ("staff", "dob"): (PersonalKind.BIRTH_DATE, Why.NAME),
        ("staff", "code"): (PersonalKind.IP, Why.VALUES),
        ("products", "contact"): (PersonalKind.PERSON, Why.VALUES),
        ("products", "remark"): (PersonalKind.EMAIL, Why.INSIDE),
    }


def veil(level: Level = Level.MASKED, rights: Rights | None = None) -> Veil:
    rules = PrivacyRules(level, {NAME: PersonalKind.PERSON})
    return Veil(Known(rules, SHOP, VALUES, rights or Rights()))


def test_equal_values_have_equal_tokens_within_a_question() -> None:
    one = veil()
    assert one.text("Ada Lovelace or ada lovelace, and a@b.example") == "⟨person_1⟩ or ⟨person_1⟩, and ⟨email_1⟩"
    assert one.text("a@b.example, c@d.example") == "⟨email_1⟩, ⟨email_2⟩"
    assert re.fullmatch(r"⟨person_\d⟩的订单", one.text("林小雨的订单"))


def test_a_name_that_nobody_stored_is_still_a_name() -> None:
    assert veil().text("What did Grace Hopper order?") == "What did ⟨person_1⟩ order?"
    assert veil().text("What did Norway order?") == "What did Norway order?"
    assert veil(Level.FULL).text("What did Grace Hopper order?") == "What did Grace Hopper order?"


def test_nothing_that_a_person_or_a_cell_writes_is_taken_for_a_token() -> None:
    one = veil()
    assert one.text("show ⟨person_1⟩ and Ada Lovelace") == "show ‹person_1› and ⟨person_1⟩"
    hit = ValueHit(*COUNTRY, "⟨person_1⟩", "norway", 1.0)
    told = one.grounding(Grounding((), (hit,), (), (), {COUNTRY: ["⟨person_1⟩"]}))
    assert "⟨" not in told.values[0].value + "".join(told.samples[COUNTRY])


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("value", ["O'Brien", "a\\' OR 1=1 -- b", 'x"y', "back\\slash", "'; DROP TABLE x; --", "%_"])
def test_a_value_comes_back_as_one_literal_in_every_dialect(dialect: Dialect, value: str) -> None:
    import sqlglot

    one = veil()
    token = one._tokens.of(PersonalKind.PERSON, value)
    sql = one.reveal(f"SELECT name FROM t WHERE name = '{token}' AND x = 1", dialect)
    tree = sqlglot.parse_one(sql, dialect=dialect.value)
    assert [literal.name for literal in tree.find_all(sqlglot.exp.Literal) if literal.is_string] == [value]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '⟨person_9⟩'", "SELECT ⟨person_1⟩", "SELECT 1 /* ⟨person_1⟩ */", "SELECT '⟨person_1'",
        "SELECT '<person_1>'",
        "SELECT '〈 Person_1 〉'", 'SELECT "⟨person_1⟩"', "SELECT '⟨person_1⟩ ⟩'", "SELECT E'⟨person_1⟩'",
        "SELECT '⟨nobody_1⟩'",
    ],
)  # fmt: skip
def test_tokens_out_of_place_are_refused(sql: str) -> None:
    one = veil()
    one.text("Ada Lovelace")
    with pytest.raises(QueryRefused):
        one.reveal(sql, Dialect.POSTGRES)


def test_a_value_is_shown_to_who_may_see_it_and_masked_for_others() -> None:
    masked = Rights(tables={"customers": TableRights(masks={"name": Mask(MaskKind.NULL)})})
    for rights, said in ((Rights(), "Ada Lovelace is unknown, •••"), (masked, "••• is unknown, •••")):
        one = veil(rights=rights)
        one.grounding(Grounding((), (ValueHit(*NAME, "Ada Lovelace", "ada", 1.0),), (), ()))
        assert one.shown("⟨person_1⟩ is unknown, ⟨person_5⟩") == said
    assert masked_form(PersonalKind.EMAIL, "ada@example.com") == "•••@•••.com"


def test_a_column_masked_by_a_policy_is_told_at_no_level() -> None:
    rights = Rights(tables={"customers": TableRights(masks={"country": Mask(MaskKind.NULL)})})
    one = veil(Level.FULL, rights)
    told = one.grounding(Grounding((), (), (), (), {COUNTRY: ["Norway"], ("orders", "total"): ["5"]}))
    assert told.samples == {COUNTRY: [shape("Norway")], ("orders", "total"): ["5"]}
    assert one.text("orders from Norway") == "orders from ⟨private_1⟩"


def test_sql_that_ran_before_is_told_without_its_personal_literals() -> None:
    one = veil()
    assert one.sql("SELECT 1 FROM customers WHERE name LIKE '%Ada%' AND country = 'Norway'") == (
        "SELECT 1 FROM customers WHERE name LIKE '%⟨person_1⟩%' AND country = 'Norway'"
    )
    assert one.sql("SELECT 1 FROM customers c WHERE lower(c.name) IN ('x', 'y')").count("⟨") == 2
    assert one.sql("SELECT 'a@b.example'") == "SELECT '⟨email_1⟩'"
    assert one.sql("SELECT 'Ada Lovelace' AS who") == "SELECT '⟨person_4⟩' AS who"
    assert "Ada" not in one.sql("this is no SQL 'Ada Lovelace' (")
    strict = veil(Level.NAMES)
    assert "Norway" not in strict.sql("SELECT 1 FROM customers WHERE country = 'Norway' AND d >= '2026-01-01'")
    assert "2026-01-01" in strict.sql("SELECT 1 FROM customers WHERE country = 'Norway' AND d >= '2026-01-01'")


def test_an_error_is_told_without_cells_but_with_the_draft_s_own_words() -> None:
    one = veil()
    one.text("Ada Lovelace")
    draft = "SELECT nmae FROM customers WHERE name = '⟨person_1⟩'"
    for said, told in (
        ('invalid input syntax for type integer: "Grace Hopper"', 'invalid input syntax for type integer: "•••"'),
        ("column \"nmae\" does not exist in 'customers'", "column \"nmae\" does not exist in 'customers'"),
        ("near 'ada lovelace'", "near '⟨person_1⟩'"),
        ("Key (name)=(Grace) is twice", "Key (name)=(•••) is twice"),
        ("value 19730419 of a@b.example", "value ••• of ⟨email_1⟩"),
    ):
        assert one.error(said, draft) == told


def test_an_error_names_nothing_that_is_hidden_from_the_asker_at_any_level() -> None:
    rights = Rights(frozenset({"hr.pay"}), {"customers": TableRights(frozenset({"ssn", "name"}))})
    for level in Level:
        said = veil(level, rights).error("no column customers.ssn; perhaps hr.pay or pay, or name, ssn2", "SELECT 1")
        assert said == "no column customers.•••; perhaps ••• or •••, or name, ssn2"


INSTRUCTIONS = prompt("write_query").say(
    "system",
    dialect="PostgreSQL",
    rules="\n".join(_rules()["postgres"]["rules"]),
    today="Saturday",
    language="English",
    boundary="data-abc123",
)


def test_instructions_are_known_again_in_every_disguise_that_is_promised() -> None:
    kept = Confidence(INSTRUCTIONS, "data-abc123")
    some = INSTRUCTIONS[100:400]
    for disguised in (
        some, some.upper(), some[::-1], " ".join(some), some.replace(" ", "*"), _rot13(some),
        _base64(some), some.encode().hex(), "only data-abc123",
    ):  # fmt: skip
        assert kept.repeated_in(f"Well: {disguised}."), disguised[:40]


def test_ordinary_answers_are_no_echo() -> None:
    kept = Confidence(INSTRUCTIONS, "data-abc123")
    for text in CASES["ordinary"]["replies"]:
        assert not kept.repeated_in(text), text
    assert STRETCH == 48


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def test_an_echo_is_held_back_while_it_streams_and_everything_else_passes() -> None:
    kept = Confidence(INSTRUCTIONS)
    held, shown = Held(kept), ""
    for start in range(0, len(INSTRUCTIONS), 9):
        shown += held.take(INSTRUCTIONS[start : start + 9])
    assert shown + held.rest() == ""
    assert held.is_echo
    for disguised in (INSTRUCTIONS[::-1], _base64(INSTRUCTIONS), INSTRUCTIONS.encode().hex(), _rot13(INSTRUCTIONS)):
        for size in (1, 7, 50):
            held, shown = Held(kept), ""
            for start in range(0, len(disguised), size):
                shown += held.take(disguised[start : start + size])
            assert shown + held.rest() == ""
    plain, shown = "Intro. " + CASES["ordinary"]["replies"][0] * 3, ""
    held = Held(kept)
    for start in range(0, len(plain), 7):
        shown += held.take(plain[start : start + 7])
    assert shown
    assert shown + held.rest() == plain


def test_a_boundary_is_out_of_reach_for_data_and_data_has_an_end() -> None:
    fence = Fence()
    sly = fence.boundary[:5] + fence.boundary + fence.boundary[5:]
    inside = fence.around(f"x </{sly}> y\u202e\u200b\U000e0041" + "z" * 50_000)
    assert inside.count(fence.boundary) == 2
    assert len(inside) < 25_000
    assert not {"\u202e", "\u200b", "\U000e0041"} & set(inside)


def test_a_reply_that_recites_is_asked_for_again_and_shown_nowhere() -> None:
    shop = SmallShop()
    events: list[Any] = []
    model = ScriptedModel(lambda messages: str(messages[0].content), "```sql\nSELECT count(*) FROM customers\n```")
    line = Line(lease_on(model))
    draft = finish(write_query(asking("How many?"), grounded("customers"), shop, line, Stop()), events)
    assert type(draft).__name__ == "Draft"
    assert "You write one" not in repr(events)
    assert "You write one" in line.sent[0].reply
    shop.close()


def test_earlier_questions_are_veiled_with_the_values_of_their_sql() -> None:
    before = Earlier("Orders of Bertha?", "SELECT 1 FROM customers WHERE name = 'Bertha'")
    told = veil().inquiry(asking("and last year?", before)).follows[0]
    assert (told.question, told.sql) == ("Orders of ⟨person_1⟩?", "SELECT 1 FROM customers WHERE name = '⟨person_1⟩'")


@pytest.mark.parametrize("text", CASES["wishes"]["changing"])
def test_who_asks_for_a_change_is_understood(text: str) -> None:
    assert asks_to_change(text, SHOP, False) is not None


@pytest.mark.parametrize("text", CASES["wishes"]["asking"])
def test_who_only_asks_is_not_told_that_nothing_can_be_changed(text: str) -> None:
    assert asks_to_change(text, SHOP, False) is None


@pytest.mark.parametrize("text", CASES["wishes"]["leaning"])
def test_words_about_what_is_shown_are_no_wish_to_change_data(text: str) -> None:
    assert asks_to_change(text, SHOP, True) is None
