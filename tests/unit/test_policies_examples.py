"""What the form of a policy shows of a mask is what a database makes of such a value."""

import sqlite3
from datetime import date
from decimal import Decimal

import pytest
from sqlglot import exp

from core.connections.guard.policies_masks import masked
from core.connections.mask_examples import example, made_up
from core.connections.schema import Column, Dialect, Kind
from core.security.policies import Mask, MaskKind

TEXT = Column("email", "text", Kind.TEXT)
WHOLE = Column("amount", "integer", Kind.INTEGER)
NUMBER = Column("price", "numeric", Kind.NUMBER)
DAY = Column("joined", "date", Kind.DATE)


@pytest.mark.parametrize(
    ("column", "mask", "shown"),
    [
        (TEXT, Mask(MaskKind.NULL), None),
        (TEXT, Mask(MaskKind.CONSTANT, "hidden"), "hidden"),
        (TEXT, Mask(MaskKind.PARTIAL, "4"), "***.com"),
        (TEXT, Mask(MaskKind.PARTIAL, "20"), "***"),
        (WHOLE, Mask(MaskKind.PARTIAL, "2"), "***13"),
        (WHOLE, Mask(MaskKind.BUCKET, "1000"), 48_000),
        (NUMBER, Mask(MaskKind.BUCKET, "0.5"), Decimal("1234.5")),
        (DAY, Mask(MaskKind.BUCKET, "year"), date(2024, 1, 1)),
        (DAY, Mask(MaskKind.BUCKET, "quarter"), date(2024, 4, 1)),
        (DAY, Mask(MaskKind.BUCKET, "month"), date(2024, 5, 1)),
        (DAY, Mask(MaskKind.BUCKET, "day"), date(2024, 5, 17)),
    ],
)
def test_an_example_is_what_a_database_makes_of_it(column: Column, mask: Mask, shown: object) -> None:
    found = example(column, mask)
    assert found == (made_up(column), shown)
    value = exp.Literal.string(str(made_up(column))) if column.kind is not Kind.INTEGER else exp.Literal.number(48_213)
    if column.kind is Kind.NUMBER:
        value = exp.Literal.number(str(made_up(column)))
    sql = exp.select(masked(value, column, mask, Dialect.SQLITE, "salt")).sql("sqlite")
    with sqlite3.connect(":memory:") as line:
        (real,) = line.execute(sql).fetchone()
    line.close()
    assert str(real) == str(shown) or float(real) == float(str(shown))


def test_a_digest_is_as_long_as_a_real_one_and_a_mask_that_does_not_fit_has_no_example() -> None:
    found = example(TEXT, Mask(MaskKind.HASH))
    assert found is not None
    assert len(str(found[1])) == 20
    assert example(TEXT, Mask(MaskKind.BUCKET, "10")) is None
    assert example(DAY, Mask(MaskKind.BUCKET, "10")) is None
    assert example(WHOLE, Mask(MaskKind.BUCKET, "")) is None
