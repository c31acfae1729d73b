"""The guard against its own cases: SQL files of what is allowed and what is refused, each with why."""

import pytest

from core.connections.guard import check
from core.errors import QueryRefused
from core.i18n import Phrase, Words
from tests.doubles_guard import GuardCase, guard_cases, guarded_scope


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
    assert str(reason).startswith(("It", "“", "There", "The", "A ", "This", "EXPLAIN"))
    assert any("\u4e00" <= character <= "\u9fff" for character in Words("zh").show(reason))
