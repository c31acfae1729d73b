"""The guard against its own cases: SQL files of what is allowed and what is refused, each with why."""

import pytest

from core.connections.guard import check
from core.connections.schema import Dialect
from core.errors import QueryRefused
from core.i18n import Phrase, Words
from tests.doubles_guard import (
    GuardCase,
    attack_statements,
    benign_statements,
    guard_cases,
    guarded_scope,
    shop_scope,
)


@pytest.mark.parametrize("case", guard_cases("allowed"), ids=str)
def test_a_query_that_only_reads_what_it_may_is_allowed(case: GuardCase) -> None:
    query = check(case.sql, guarded_scope(case.dialect))
    assert query.sql in case.sql
    assert query.dialect is case.dialect


@pytest.mark.parametrize("case", guard_cases("refused"), ids=str)
def test_anything_else_is_refused_with_a_sentence_in_both_languages(case: GuardCase) -> None:
    with pytest.raises(QueryRefused) as refused:
        check(case.sql, guarded_scope(case.dialect))
    reason = refused.value.values["reason"]
    assert isinstance(reason, Phrase)
    assert str(reason).startswith(("It", "“", "There", "The", "A ", "This", "EXPLAIN", "Questions"))
    assert any("\u4e00" <= character <= "\u9fff" for character in Words("zh").show(reason))


@pytest.mark.parametrize("dialect", Dialect, ids=str)
def test_no_attack_of_a_known_kind_comes_through(dialect: Dialect) -> None:
    scope = guarded_scope(dialect)
    through, attacks = [], attack_statements(dialect)
    assert len(attacks) > 60
    for sql in attacks:
        try:
            check(sql, scope)
        except QueryRefused:
            continue
        through.append(sql)
    assert through == []


@pytest.mark.parametrize("dialect", Dialect, ids=str)
def test_harmless_statements_of_every_kind_come_through(dialect: Dialect) -> None:
    named = {table.key: table for table in shop_scope(dialect).schema.tables}  # type: ignore[union-attr]
    assert {"orders", "customers", "events"} <= set(named)
    for sql in benign_statements(dialect):
        assert check(sql, shop_scope(dialect)).runs == sql
