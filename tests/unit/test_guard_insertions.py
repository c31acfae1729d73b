"""Fragments of attacks at the boundaries of harmless statements: what still passes is truly harmless."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.connections.guard import check
from core.connections.schema import Dialect
from core.errors import QueryRefused
from tests.doubles_guard import attack_statements, benign_statements, shop_scope
from tests.doubles_insertions import JUDGES, Judge, inserted

_STATEMENTS = 12  # made from each seed


@pytest.fixture(params=list(Dialect), ids=str, scope="module")
def judged(request: pytest.FixtureRequest) -> tuple[Dialect, Judge]:
    dialect: Dialect = request.param
    return dialect, JUDGES[dialect]()


def accepted(sql: str, dialect: Dialect) -> str:
    """What would run; "" where nothing would."""
    try:
        return check(sql, shop_scope(dialect)).runs
    except QueryRefused:
        return ""


def test_the_judges_find_what_there_is_to_find(judged: tuple[Dialect, Judge]) -> None:
    _, judge = judged
    assert judge.finds("SELECT * FROM vault")
    assert judge.finds("SELECT id FROM orders WHERE id IN (SELECT id FROM vault)")
    assert not judge.finds("SELECT 'vault' AS word FROM orders")


def test_some_of_these_statements_are_let_through(judged: tuple[Dialect, Judge]) -> None:
    random = Random(7)
    made = [inserted(random.choice(benign_statements(judged[0])), random) for _ in range(300)]
    assert 3 < sum(bool(accepted(sql, judged[0])) for sql in made) < 150


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_let_through_is_harmless(judged: tuple[Dialect, Judge], seed: int) -> None:
    dialect, judge = judged
    random = Random(seed)
    for _ in range(_STATEMENTS):
        sql = inserted(random.choice(benign_statements(dialect)), random)
        runs = accepted(sql, dialect)
        if runs:
            assert not judge.finds(runs), runs


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_an_attack_in_other_clothes_is_still_refused(judged: tuple[Dialect, Judge], seed: int) -> None:
    """Its case turned, its blanks made comments or line ends, comments and semicolons around it."""
    dialect, _ = judged
    random = Random(seed)
    attacks = [sql for sql in attack_statements(dialect) if "'" not in sql and '"' not in sql]
    for _ in range(_STATEMENTS):
        sql = random.choice(attacks)
        words = [random.choice((word, word.upper(), word.lower(), word.title())) for word in sql.split(" ")]
        text = random.choice((" ", "\n", "\t", " /* x */ ", "\r\n", " -- x\n")).join(words)
        text = random.choice(("{}", "{};", "/* a */ {}", "-- a\n{}", "```sql\n{}\n```", "( {} )")).format(text)
        assert not accepted(text, dialect), text
