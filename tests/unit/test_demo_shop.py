"""The demo shop's rows and descriptions, without a server."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from core.connections.schema import business_name, language_part
from data import demo_shop
from data.demo_shop_rows import Columns, Period, cast
from data.demo_shop_trade import trade

DAY = date(2026, 11, 21)
DESCRIBED = re.compile(r"COMMENT ON (?:TABLE|COLUMN) (\w+)(?:\.(\w+))? IS '([^']+)'")


@cache
def shop(day: date, seed: int = demo_shop.SEED) -> Mapping[str, Columns]:
    period = Period(day, seed)
    people_and_goods = cast(period)
    return {**people_and_goods.tables, **trade(period, people_and_goods)}


def column(table: str, name: str, day: date = DAY) -> list[object]:
    return list(shop(day)[table][name])


def looked_up(keys: list[object], table: str, name: str) -> list[object]:
    """The values of another table's column for 1-based keys."""
    values = column(table, name)
    return [values[int(str(key)) - 1] for key in keys]


def sales_by(labels: list[object]) -> Counter[object]:
    """Revenue in whole dollars by a label per order line."""
    found: Counter[object] = Counter()
    for label, amount in zip(labels, column("order_lines", "sales"), strict=True):
        found[label] += int(Decimal(str(amount)))
    return found


def order_values(name: str) -> list[object]:
    return looked_up(column("order_lines", "order_id"), "orders", name)


def descriptions() -> dict[tuple[str, str], str]:
    text = (Path(demo_shop.__file__).parent / "demo_shop_tables.sql").read_text(encoding="utf-8")
    return {(table, name): comment for table, name, comment in DESCRIBED.findall(text)}


def test_every_table_and_column_is_described_in_both_languages() -> None:
    described = descriptions()
    wanted = {(table, name) for table, columns in shop(DAY).items() for name in ["", *columns]}
    assert set(described) == wanted
    for (table, name), comment in described.items():
        for language, colon in (("en", ":"), ("zh", "：")):
            label, _, explanation = language_part(comment, language).partition(colon)
            assert label, (table, name, language)
            assert explanation.strip(), (table, name, language)
            assert business_name(name or table, comment, {}, language) == label


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_columns_share_a_label_except_keys(language: str) -> None:
    labels: dict[str, set[str]] = defaultdict(set)
    for (table, name), comment in descriptions().items():
        if name:
            label = business_name(name, comment, {}, language)
            labels[label].add(name if name.endswith("_id") else f"{table}.{name}")
    assert {label: places for label, places in labels.items() if len(places) > 1} == {}


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("revenue", "order_lines.sales"), ("sales", "order_lines.sales"), ("销售额", "order_lines.sales"),
        ("quantity", "order_lines.quantity"), ("销量", "order_lines.quantity"),
        ("profit", "order_lines.profit"), ("利润", "order_lines.profit"),
        ("cost", "order_lines.cost"), ("成本", "order_lines.cost"),
        ("discount", "order_lines.discount"), ("折扣", "order_lines.discount"),
        ("region", "regions.name"), ("区域", "regions.name"), ("city", "stores.city"), ("城市", "stores.city"),
        ("country", "stores.country"), ("国家", "stores.country"), ("store", "stores.name"), ("门店", "stores.name"),
        ("category", "categories.name"), ("品类", "categories.name"),
        ("department", "categories.department"), ("部门", "categories.department"),
        ("brand", "products.brand"), ("品牌", "products.brand"),
        ("product", "products.name"), ("商品", "products.name"), ("price", "products.price"),
        ("supplier", "suppliers.name"), ("供应商", "suppliers.name"), ("employee", "employees.name"),
        ("员工", "employees.name"), ("customer", "customers.name"), ("客户", "customers.name"),
        ("return reason", "returns.reason"), ("退货原因", "returns.reason"), ("refund", "returns.refund"),
        ("payment method", "payments.method"), ("付款方式", "payments.method"),
        ("channel", "orders.channel"), ("渠道", "orders.channel"), ("stock", "stocktakes.stock"),
        ("库存", "stocktakes.stock"), ("order date", "orders.order_date"), ("salary", "employees.salary"),
    ],
)  # fmt: skip
def test_a_business_word_is_the_name_or_label_of_exactly_one_column(word: str, place: str) -> None:
    language = "en" if word.isascii() else "zh"
    found = {
        f"{table}.{name}"
        for (table, name), comment in descriptions().items()
        if name and word in (business_name(name, comment, {}, language).lower(), name.replace("_", " "))
    }
    assert found == {place}


def test_the_same_seed_and_day_give_the_same_rows_and_another_seed_others() -> None:
    once, again = shop(DAY), {**shop.__wrapped__(DAY)}
    assert {table: dict(columns) for table, columns in once.items()} == again
    assert column("orders", "customer_id") != list(shop.__wrapped__(DAY, seed=8)["orders"]["customer_id"])


def test_a_week_later_the_past_is_the_same() -> None:
    for table, name in [("orders", "customer_id"), ("order_lines", "sales"), ("customers", "name")]:
        before, after = column(table, name), column(table, name, DAY + timedelta(days=7))
        assert len(after) > len(before)
        assert after[: len(before)] == before


@pytest.mark.parametrize("day", [DAY, date(2027, 1, 1), date(2028, 2, 29)])
def test_there_are_three_years_and_a_hundred_thousand_lines_on_any_day(day: date) -> None:
    ordered = column("orders", "order_date", day)
    assert len(column("order_lines", "order_id", day)) > 100_000
    assert min(map(str, ordered)) == f"{day.year - 3}-01-01"
    assert max(map(str, ordered)) == day.isoformat()


def test_every_key_points_at_a_row() -> None:
    owners = {f"{t[:-3] + 'y' if t.endswith('ies') else t[:-1]}_id": t for t in shop(DAY) if t != "stocktakes"}
    for columns in shop(DAY).values():
        for name, values in columns.items():
            if name.endswith("_id"):
                rows = len(column(owners[name], name))
                assert {v for v in values if v is not None} <= set(range(1, rows + 1)), name


def test_nobody_orders_before_they_exist() -> None:
    ordered = column("orders", "order_date")
    for key, table, since in [
        ("customer_id", "customers", "joined_on"),
        ("store_id", "stores", "opened_on"),
        ("employee_id", "employees", "hired_on"),
    ]:
        keys = column("orders", key)
        pairs = [(k, str(day)) for k, day in zip(keys, ordered, strict=True) if k is not None]
        begun = looked_up([k for k, _ in pairs], table, since)
        assert all(str(b) <= day for b, (_, day) in zip(begun, pairs, strict=True)), key


def test_revenue_grows_from_year_to_year_and_peaks_in_november_and_december() -> None:
    days = [str(day) for day in order_values("order_date")]
    years = sales_by([day[:4] for day in days])
    assert years["2023"] * 1.06 < years["2024"] < years["2025"] / 1.06
    months = sales_by([day[:7] for day in days])
    usual = years["2025"] / 12
    assert min(months["2025-11"], months["2025-12"]) > usual * 1.08
    assert months["2025-02"] < usual * 0.85
    assert 0 < months["2026-11"] < months["2025-11"] * 1.1, "the current month is not over"


def test_saturday_is_the_strongest_day_and_the_garden_sells_in_spring() -> None:
    ordered = order_values("order_date")
    weekdays = sales_by([day.weekday() for day in ordered if isinstance(day, date)])
    assert max(weekdays, key=lambda day: weekdays[day]) == 5
    departments = looked_up(
        looked_up(column("order_lines", "product_id"), "products", "category_id"), "categories", "department"
    )
    outdoor = sales_by([(d, day.month) for d, day in zip(departments, ordered, strict=True) if isinstance(day, date)])
    assert outdoor["Outdoor", 5] > 2.5 * outdoor["Outdoor", 12]


def test_every_top_list_has_a_clear_winner_that_does_not_dominate() -> None:
    product = column("order_lines", "product_id")
    store = order_values("store_id")
    lists = {
        "region": looked_up(looked_up(store, "stores", "region_id"), "regions", "name"),
        "store": looked_up(store, "stores", "name"),
        "city": looked_up(store, "stores", "city"),
        "category": looked_up(looked_up(product, "products", "category_id"), "categories", "name"),
        "brand": looked_up(product, "products", "brand"),
        "product": looked_up(product, "products", "name"),
        "supplier": looked_up(looked_up(product, "products", "supplier_id"), "suppliers", "name"),
        "customer": looked_up(order_values("customer_id"), "customers", "name"),
        "employee": order_values("employee_id"),
    }
    for name, labels in lists.items():
        ranking = sales_by(labels)
        ranking.pop(None, None)
        (_, first), (_, second) = ranking.most_common(2)
        assert first > second * 1.02, name
        assert first < sum(ranking.values()) * 0.4, name


def test_cancelled_orders_count_nothing_and_some_goods_come_back() -> None:
    status = order_values("status")
    cancelled = [i for i, word in enumerate(status) if word == "Cancelled"]
    assert 0.02 < len(cancelled) / len(status) < 0.06
    for name in ("quantity", "discount", "sales", "cost", "profit"):
        values = column("order_lines", name)
        assert {Decimal(str(values[i])) for i in cancelled} == {Decimal(0)}, name
    assert 0.02 < len(column("returns", "return_id")) / len(status) < 0.08
    back = looked_up(looked_up(column("returns", "order_line_id"), "order_lines", "order_id"), "orders", "status")
    assert "Cancelled" not in back


@pytest.mark.parametrize(
    ("table", "name", "most"),
    [
        ("customers", "email", 0.1), ("customers", "birth_year", 0.4), ("customers", "loyalty_tier", 0.6),
        ("products", "rating", 0.15), ("products", "weight_kg", 0.2), ("returns", "reason", 0.15),
        ("orders", "employee_id", 0.6), ("orders", "delivery_days", 0.65), ("orders", "promotion_id", 0.9),
        ("employees", "left_on", 0.7), ("stocktakes", "counted_on", 0.1),
    ],
)  # fmt: skip
def test_some_values_are_missing(table: str, name: str, most: float) -> None:
    values = column(table, name)
    assert 0 < values.count(None) / len(values) < most


def test_names_of_people_are_unique() -> None:
    names = column("customers", "name") + column("employees", "name")
    assert len(set(names)) == len(names)


def test_an_address_does_not_show_its_password() -> None:
    assert "hush" not in repr(demo_shop.Address("localhost", 5432, "shop", "reader", "hush"))
