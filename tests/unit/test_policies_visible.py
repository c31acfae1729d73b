"""What of the index one actor is shown: of tables and columns that are theirs whole, and their own rows of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.result import ResultTable
from core.errors import QueryFailed
from core.grounding.stored_values import StoredValues
from core.grounding.values import ListedValues
from core.grounding.visible import OwnShelf, Sight, VisibleValues, visible_samples
from core.security.policies import EVERYTHING, Mask, MaskKind, Rights, TableRights
from tests.doubles_grounding import SHOP, SHOP_VALUES

LESS = Rights(
    frozenset({"products"}),
    {
        "customers": TableRights(masks={"name": Mask(MaskKind.NULL)}),
        "orders": TableRights(rows=("status = 'open'",)),
    },
    "less",
)
THEIRS = {("orders", "status"): ["open"]}


@dataclass
class Paper:
    """A connection on paper, of which its actor sees what `rights` leave; `reads` counts how often it was read."""

    rights: Rights = EVERYTHING
    own: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=lambda: THEIRS)
    fails: bool = False
    reads: int = 0
    id: UUID = field(default_factory=lambda: UUID(int=5))
    schema = SHOP

    @property
    def scope(self) -> Scope:
        return Scope(SHOP.dialect, SHOP, rights=self.rights)

    def check(self, sql: str) -> CheckedQuery:
        return check(sql, Scope(SHOP.dialect, SHOP))

    def sample(self, table_key: str, count: int = 5) -> ResultTable:
        return ResultTable((), (), False, 0.0)

    def values_of(
        self, table_key: str, columns: Sequence[str], limit: int = 100, seconds: float = 15.0
    ) -> dict[str, list[str]]:
        self.reads += 1
        if self.fails:
            raise QueryFailed("away")
        return {column: list(self.own.get((table_key, column), ())) for column in columns}


class Listed(StoredValues):
    """An index that lies in memory."""

    def __init__(self) -> None:
        self._listed = ListedValues(SHOP_VALUES)

    def matching(self, phrases, fuzzy=False):  # type: ignore[no-untyped-def]
        return self._listed.matching(phrases, fuzzy)

    def of_column(self, table: str, column: str, limit: int = 50) -> list[str]:
        return self._listed.of_column(table, column, limit)


def values(paper: Paper) -> VisibleValues:
    return VisibleValues(Listed(), Sight.of(paper), OwnShelf().of(paper).listed)


def found(paper: Paper, *phrases: str, fuzzy: bool = False) -> list[str]:
    return [hit.value for hit in values(paper).matching(phrases, fuzzy)]


def test_whoever_sees_everything_is_shown_everything_and_nothing_is_read_for_them() -> None:
    paper = Paper()
    assert found(paper, "cancelled", "open", "Alice Smith") == ["cancelled", "open", "Alice Smith"]
    assert paper.reads == 0
    samples = dict(SHOP_VALUES)
    assert visible_samples(samples, {}, Sight.of(paper)) is samples


def test_values_of_limited_tables_are_those_of_the_actors_own_rows() -> None:
    paper = Paper(LESS)
    assert found(paper, "open", "cancelled") == ["open"]
    assert found(paper, "cancelld", fuzzy=True) == []
    assert values(paper).of_column("orders", "status") == ["open"]
    assert found(Paper(LESS, own={}), "open", "cancelled") == []


def test_masked_columns_and_hidden_tables_give_no_values() -> None:
    assert found(Paper(LESS), "Alice Smith", "Corporate", "North", "Oak Table") == ["Corporate", "North"]
    assert values(Paper(LESS)).of_column("customers", "name") == []
    shown = visible_samples(SHOP_VALUES, THEIRS, Sight.of(Paper(LESS)))
    assert ("customers", "name") not in shown
    assert shown["orders", "status"] == ["open"]


def test_no_document_of_a_table_that_is_less_than_whole_is_searched() -> None:
    assert Sight.of(Paper(LESS)).barred == {"products", "customers", "orders"}
    assert Sight.of(Paper()).barred == frozenset()


def test_own_values_are_read_once_for_people_who_may_see_the_same_and_never_for_others() -> None:
    shelf, one = OwnShelf(), Paper(LESS)
    assert shelf.of(one).samples == THEIRS
    assert shelf.of(Paper(LESS, own={})).samples == THEIRS
    other = Rights(frozenset(), {"orders": TableRights(rows=("status = 'lost'",))}, "other")
    assert shelf.of(Paper(other, own={("orders", "status"): ["lost"]})).samples == {("orders", "status"): ["lost"]}
    assert shelf.of(one).samples == THEIRS
    assert one.reads == 1


def test_a_database_that_cannot_be_read_leaves_nothing_to_show() -> None:
    assert found(Paper(LESS, fails=True), "open", "North") == ["North"]
