"""Questions to begin with speak of what this schema holds, in words of its people."""

import pytest

from core.connections.schema import Column, Dialect, Kind, Schema, Table
from core.grounding.joins import JoinGraph
from core.grounding.roles import Role, role_of
from core.grounding.starters import Starters
from tests.doubles_grounding import DAY, NUMBER, SHOP, SHOP_VALUES, TEXT, WHOLE, table, wide


def starters(language: str, schema: Schema = SHOP, count: int = 6) -> list[str]:
    values = SHOP_VALUES if schema is SHOP else {}
    return Starters(schema, JoinGraph(schema), values, language).questions(count)


def test_a_shop_begins_with_orders_totals_bests_months_shares_and_a_real_value() -> None:
    assert starters("en") == [
        "How many orders are there?",
        "Total net amount by region",
        "Top 5 products by net amount",
        "Number of orders per month",
        "Share of net amount by segment",
        "How many orders have status cancelled?",
    ]


def test_chinese_starters_use_chinese_labels_where_there_are_some() -> None:
    assert starters("zh") == [
        "一共有多少订单？",
        "按区域统计net amount总和",
        "net amount最高的5个商品",
        "按月统计订单数量",
        "各segment的net amount占比",
        "有多少订单的status是“cancelled”？",
    ]


def test_no_question_is_said_twice_and_no_more_are_made_than_wanted() -> None:
    for count in (0, 1, 3, 6, 30):
        made = starters("en", count=count)
        assert len(made) == len(set(made)) <= count


def test_a_table_without_figures_still_gives_questions() -> None:
    schema = Schema(Dialect.SQLITE, (table("singer", "singer_id", name=TEXT, country=TEXT),))
    made = starters("en", schema)
    assert "How many singers are there?" in made
    assert "List all singers" in made


def test_an_empty_schema_gives_none() -> None:
    assert starters("en", Schema(Dialect.SQLITE, ())) == []
    assert Starters(Schema(Dialect.SQLITE, ()), JoinGraph(Schema(Dialect.SQLITE, ())), {}, "zh").summary() == []


def test_keys_hashes_and_secrets_are_not_asked_for() -> None:
    schema = Schema(
        Dialect.SQLITE,
        (
            table(
                "events", "event_id", user_uuid=TEXT, password_hash=TEXT, latitude=NUMBER, created_at=DAY, amount=NUMBER
            ),
        ),
    )
    said = " ".join((*starters("en", schema, 20), *Starters(schema, JoinGraph(schema), {}, "en").summary()))
    assert "amount" in said
    for technical in ("uuid", "hash", "latitude", "event id"):
        assert technical not in said


def test_what_can_be_asked_is_said_table_by_table_and_safe_to_show() -> None:
    odd = Schema(Dialect.SQLITE, (table("a*b", "id", amount=NUMBER, status=TEXT, day=DAY),))
    (line,) = Starters(odd, JoinGraph(odd), {}, "en").summary()
    assert line.startswith("**a\\*b**: how many there are; totals, averages and rankings of amount")
    assert Starters(wide(40), JoinGraph(wide(40)), {}, "zh").summary()[-1] == "以及另外 28 张表"


@pytest.mark.parametrize(
    ("name", "kind", "values", "role"),
    [
        ("net_amount", NUMBER, None, Role.MEASURE),
        ("unit_price", NUMBER, None, Role.LEVEL),
        ("birth_year", WHOLE, None, Role.NONE),
        ("customer_id", WHOLE, None, Role.NONE),
        ("status", TEXT, 4, Role.DIMENSION),
        ("status", TEXT, 4000, Role.NONE),
        ("remark", TEXT, 1, Role.NONE),
        ("full_name", TEXT, 900, Role.NAME),
        ("email", TEXT, 10, Role.NONE),
        ("shipped_on", DAY, None, Role.DATE),
        ("is_open", Kind.BOOLEAN, 2, Role.NONE),
    ],
)
def test_columns_play_the_part_that_people_give_them(name: str, kind: Kind, values: int | None, role: Role) -> None:
    column = Column(name, kind.value, kind)
    assert role_of(Table("things", (column,)), column, values) is role
