"""What a person's condition meets on rows that a rule takes away: nothing, in whatever order a database works.

Each oracle fails on the hidden row alone. Where the database tries it there, the error tells that the row exists.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace

import pytest

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.schema import Dialect
from core.connections.seen import see
from core.connections.session import Session
from core.errors import QueryFailed
from core.security.policies import EVERYTHING, Rights, TableRights
from tests.integration.conftest import Place

# A rule that takes long to weigh: an optimizer likes to try what is quicker first.
RULE = "CASE WHEN n = 1234 THEN (SELECT count(*) FROM words WHERE words.word LIKE '%n%ve%') ELSE 1 END = 1"
CHEAP = "n <> 1234"
TWO_ROWS = "(SELECT w.id FROM words w WHERE w.id <= CASE WHEN n = 1234 THEN 2 ELSE 1 END) = 1"
ORACLES: Mapping[Dialect, tuple[str, ...]] = {
    Dialect.POSTGRES: (
        "1 / (n - 1234) < 9",
        "CAST(CASE WHEN n = 1234 THEN 'x' ELSE '1' END AS INT) = 1",
        TWO_ROWS,
        "CASE WHEN n = 1234 THEN 'ab' ELSE 'b' END NOT LIKE 'a\\'",
    ),
    Dialect.MYSQL: (TWO_ROWS, "CASE WHEN n = 1234 THEN CAST(n AS SIGNED) * 9223372036854775807 ELSE 1 END > 0"),
    Dialect.SQLITE: (
        "abs(CASE WHEN n = 1234 THEN -9223372036854775807 - 1 ELSE 1 END) = 1",
        "json_extract(CASE WHEN n = 1234 THEN '{' ELSE '{}' END, '$.a') IS NULL",
    ),
    Dialect.DUCKDB: (
        "CAST(CASE WHEN n = 1234 THEN 'x' ELSE '1' END AS INT) = 1",
        TWO_ROWS,
    ),
}
SHAPES = (
    "SELECT count(*) AS found FROM numbers WHERE {oracle}",
    "SELECT count(*) AS found FROM numbers JOIN words ON words.id = numbers.n AND {oracle}",
    "SELECT count(*) AS found FROM (SELECT n FROM numbers) AS inside WHERE {oracle}",
    "WITH part AS (SELECT n FROM numbers) SELECT count(*) AS found FROM part WHERE {oracle}",
    "SELECT count(*) AS found FROM words WHERE EXISTS (SELECT 1 FROM numbers WHERE numbers.n > words.id AND {oracle})",
    "SELECT max(n) AS found FROM numbers GROUP BY n % 7 HAVING max(CASE WHEN {oracle} THEN 1 ELSE 0 END) = 1",
)


@pytest.fixture
def seen(place: Place) -> Callable[[str], Scope]:
    """What somebody sees of this database, whom a rule for `numbers` binds."""
    engine = place.engine
    with closing(place.open()) as session:
        schema, naming = engine.introspect(session), engine.naming(session)

    def bound(rule: str) -> Scope:
        left = see(schema, Rights(tables={"numbers": TableRights(rows=(rule,))}, version="x"), naming)
        return Scope(
            schema.dialect, left.schema, namespace=naming.namespace, ignores_case=naming.ignores_case,
            rights=left.rights, shields=left.shields,
        )  # fmt: skip

    return bound


def outcome(session: Session, query: CheckedQuery) -> str:
    try:
        return str(sorted(session.read(query.runs).rows))
    except QueryFailed as error:
        return f"failed: {error.detail}"


@pytest.mark.parametrize("rule", [RULE, CHEAP], ids=["slow rule", "cheap rule"])
def test_no_error_tells_of_a_hidden_row(place: Place, seen: Callable[[str], Scope], rule: str) -> None:
    scope = seen(rule)
    with closing(place.open()) as session:
        for oracle in ORACLES[scope.dialect]:
            for shape in SHAPES:
                query = check(shape.format(oracle=oracle), scope)
                assert not outcome(session, query).startswith("failed"), query.runs


def test_the_oracles_do_tell_where_nothing_hinders_them(place: Place, seen: Callable[[str], Scope]) -> None:
    """Over the whole table each of them fails, so the test above could."""
    scope = replace(seen(RULE), rights=EVERYTHING)
    with closing(place.open()) as session:
        for oracle in ORACLES[scope.dialect]:
            query = check(SHAPES[0].format(oracle=oracle), scope)
            assert outcome(session, query).startswith("failed"), query.sql


def test_a_plain_condition_needs_no_fence_and_a_clever_one_has_it(place: Place, seen: Callable[[str], Scope]) -> None:
    scope = seen(CHEAP)
    plain = check("SELECT n FROM numbers WHERE n = 7 AND n BETWEEN 2 AND 9", scope)
    clever = check("SELECT n FROM numbers WHERE n + 1 = 8", scope)
    assert ("LIMIT" in clever.runs) or ("OFFSET" in clever.runs)
    assert plain.runs.endswith("WHERE n = 7 AND n BETWEEN 2 AND 9")
    assert plain.limited == ("numbers",)
    fenced = scope.dialect is Dialect.DUCKDB  # which may fail at any comparison
    assert ("LIMIT" in plain.runs or "OFFSET" in plain.runs) is fenced
