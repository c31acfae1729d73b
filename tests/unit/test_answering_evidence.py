"""How sure an answer is follows from facts."""

import pytest

from core.answering.events import Evidence, Rung, Sureness
from core.answering.evidence import Facts, unknown_values, weigh
from core.answering.sql_parts import SqlParts
from core.answering.wording import Wording
from core.connections.schema import Schema
from core.i18n import Words
from tests.doubles_answering import SHOP_VALUES, shop

JOINED = (
    "SELECT c.country, SUM(o.amount) FROM orders o JOIN customers c ON c.id = o.customer_id"
    " WHERE o.status = 'completed' GROUP BY c.country"
)
ASKED = "What is the total amount of completed orders per country?"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    return shop(tmp_path_factory.mktemp("shop")).schema


def _weigh(schema: Schema, facts: Facts, sql: str = JOINED, language: str = "en") -> Evidence:
    return weigh(facts, Wording(SqlParts(sql, schema.dialect, schema), language))


def _keys(evidence: Evidence) -> list[str]:
    return [reason.key.removeprefix("answering.because_") for reason in evidence.reasons]


def test_a_verified_question_is_verified(schema: Schema) -> None:
    evidence = _weigh(schema, Facts(Rung.VERIFIED))
    assert (evidence.sureness, evidence.confidence) == (Sureness.VERIFIED, 1.0)


def test_what_a_person_wrote_says_so(schema: Schema) -> None:
    assert _keys(_weigh(schema, Facts(Rung.PERSON))) == ["person"]


def test_the_instant_engine_is_sure_when_every_word_is_explained(schema: Schema) -> None:
    evidence = _weigh(schema, Facts(Rung.INSTANT, ASKED, confidence=0.95, rows=2))
    assert evidence.sureness is Sureness.SURE
    assert _keys(evidence) == ["every_word"]


def test_it_is_less_sure_of_a_value_that_was_not_said_like_this(schema: Schema) -> None:
    said = _weigh(schema, Facts(Rung.INSTANT, "orders with done", confidence=0.95, rows=2))
    assert _keys(said) == ["every_word", "value_read"]
    assert said.confidence < 0.95


def test_a_first_draft_that_speaks_of_everything_is_sure(schema: Schema) -> None:
    evidence = _weigh(schema, Facts(Rung.MODEL, ASKED, rows=2))
    assert evidence.sureness is Sureness.SURE
    assert _keys(evidence) == ["first_draft", "spoken", "keys", "values_found"]


def test_mends_missing_words_and_no_rows_take_sureness_away(schema: Schema) -> None:
    mended = _weigh(schema, Facts(Rung.MODEL, ASKED, mends=2, rows=2))
    missing = _weigh(schema, Facts(Rung.MODEL, "What is the warehouse capacity of each supplier?", rows=2))
    nothing = _weigh(schema, Facts(Rung.MODEL, ASKED, mends=1, rows=0))
    assert mended.sureness is Sureness.FAIRLY
    assert missing.sureness is Sureness.UNSURE or missing.confidence < mended.confidence
    assert "“warehouse”" in Words("en").show(missing.reasons[1])
    assert nothing.confidence < mended.confidence
    assert nothing.sureness is not Sureness.SURE


def test_a_join_beside_the_keys_is_named(schema: Schema) -> None:
    odd = "SELECT COUNT(*) FROM orders o JOIN customers c ON c.id = o.id"
    evidence = _weigh(schema, Facts(Rung.MODEL, "How many orders of customers?", rows=1), odd)
    assert "odd_join" in _keys(evidence)
    assert evidence.sureness is not Sureness.SURE


def test_a_value_that_its_column_is_not_known_to_hold_is_named(schema: Schema) -> None:
    wrong = "SELECT COUNT(*) FROM customers WHERE country IN ('DE', 'Germany') OR name = 'Anna'"
    wording = Wording(SqlParts(wrong, schema.dialect, schema), "en")
    unknown = unknown_values(wording, SHOP_VALUES, rows=1)
    assert unknown == (("Germany", "country"),)
    evidence = weigh(Facts(Rung.MODEL, "How many customers in Germany?", rows=1, unknown=unknown), wording)
    assert "value_unknown" in _keys(evidence)
    met = Wording(SqlParts("SELECT name FROM customers WHERE country = 'XX'", schema.dialect, schema), "en")
    assert unknown_values(met, SHOP_VALUES, rows=1) == ()
    assert unknown_values(met, SHOP_VALUES, rows=0) == (("XX", "country"),)


def test_chinese_questions_are_weighed_by_their_descriptions(schema: Schema) -> None:
    good = _weigh(schema, Facts(Rung.MODEL, "各国家订单的金额合计", rows=2), language="zh")
    bad = _weigh(schema, Facts(Rung.MODEL, "仓库库存的周转天数", rows=2), language="zh")
    assert "spoken" in _keys(good)
    assert "partly_spoken" in _keys(bad)
    assert bad.confidence < good.confidence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_can_be_said(schema: Schema, language: str) -> None:
    for rung in Rung:
        for reason in _weigh(schema, Facts(rung, ASKED, 0.9, 1, 0, True), language=language).reasons:
            assert Words(language).show(reason)
