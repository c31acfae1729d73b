"""Documents, values and verified questions as PostgreSQL keeps and finds them."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from core.connections.schema import Schema
from core.errors import NotFound
from core.evaluation.bench_retrieve import measure
from core.grounding.documents import Document, documents_of
from core.grounding.stored_values import StoredValues
from core.grounding.value_lists import SampleShelf, ValueLists
from core.grounding.vectors import SchemaIndex
from core.grounding.verified import VerifiedQuestion, VerifiedQuestions
from core.models.embeddings import Embedder
from core.store.sessions import Store
from tests.doubles_grounding import SHOP, SHOP_VALUES, BagOfWords, PaperDatabases, unit_vectors, wide

EMBEDDER = Embedder(BagOfWords())


def indexed(store: Store, schema: Schema = SHOP, embed: bool = True) -> tuple[SchemaIndex, UUID]:
    """A connection whose documents are kept, and embedded if wanted."""
    connection_id = PaperDatabases(store).add(schema)
    index = SchemaIndex(store)
    index.keep(connection_id, documents_of(schema, SHOP_VALUES), EMBEDDER.name)
    if embed:
        waiting = index.unembedded(connection_id, 10_000)
        vectors = EMBEDDER.embed_passages([text for _, text in waiting])
        index.embed([(*one, vector) for one, vector in zip(waiting, vectors, strict=True)])
    return index, connection_id


def places(index: SchemaIndex, connection_id: UUID, text: str, vector: bool) -> list[tuple[str, str]]:
    embedding = EMBEDDER.embed_query(text) if vector else None
    return [(hit.table_key, hit.column_name) for hit in index.search(connection_id, text, embedding, 5)]


@pytest.mark.parametrize("vector", [True, False])
def test_documents_are_found_with_vectors_and_without(store: Store, vector: bool) -> None:
    index, mine = indexed(store, embed=vector)
    assert ("orders", "shipping_fee") in places(index, mine, "what is the shipping fee?", vector)[:2]
    assert places(index, mine, "区域", vector)[0] == ("regions", "")
    assert ("orders", "status") in places(index, mine, "cancelled", vector)


def test_a_search_by_vector_alone_and_one_for_nothing(store: Store) -> None:
    index, mine = indexed(store)
    near = index.search(mine, "", EMBEDDER.embed_query("product brand"), 3)
    assert {hit.table_key for hit in near} == {"products"}
    assert all(0 < hit.score <= 1 for hit in near)
    assert index.search(mine, "how many are there", None) == []


def test_one_connection_never_finds_the_documents_of_another(store: Store) -> None:
    index, mine = indexed(store)
    other = PaperDatabases(store).add(wide(3))
    assert index.search(other, "orders", EMBEDDER.embed_query("orders")) == []
    index.keep(other, documents_of(wide(3)), EMBEDDER.name)
    assert {hit.table_key for hit in index.search(other, "orders invoice", None)} <= {t.key for t in wide(3).tables}
    assert {hit.table_key for hit in index.search(mine, "orders invoice", None)} <= {t.key for t in SHOP.tables}


def test_only_what_changed_is_written_and_what_is_gone_goes(store: Store) -> None:
    index, mine = indexed(store)
    total = index.counts(mine)[1]
    assert index.keep(mine, documents_of(SHOP, SHOP_VALUES), EMBEDDER.name) == 0
    assert index.counts(mine) == (total, total)
    assert index.keep(mine, documents_of(SHOP, {}), EMBEDDER.name) == len(SHOP_VALUES)
    assert index.counts(mine) == (total - len(SHOP_VALUES), total)
    assert index.keep(mine, documents_of(Schema(SHOP.dialect, SHOP.tables[:1])), EMBEDDER.name) == 0
    assert index.counts(mine)[1] == 3


def test_another_model_makes_all_vectors_anew(store: Store) -> None:
    index, mine = indexed(store)
    assert index.keep(mine, documents_of(SHOP, SHOP_VALUES), "another") == index.counts(mine)[1]
    assert index.counts(mine)[0] == 0


def test_a_document_that_changed_while_it_was_embedded_waits_on(store: Store) -> None:
    index, mine = indexed(store, embed=False)
    ((which, _),) = index.unembedded(mine, 1)
    index.embed([(which, "the text as it was before", next(unit_vectors(1)))])
    assert index.counts(mine)[0] == 0


def test_names_that_look_like_query_syntax_are_only_words(store: Store) -> None:
    mine, index = PaperDatabases(store).add(SHOP), SchemaIndex(store)
    odd = Document("table", "o'r\\d & | ! :*", "", "odd", "o'r\\d & | ! :*", "it's", "a'b\\'c")
    index.keep(mine, [odd], "m")
    assert index.search(mine, "' & | ! :* \\ \\' o'r", None) is not None
    assert index.counts(mine) == (0, 1)


def test_the_search_of_a_big_connection_uses_the_vector_index(store: Store) -> None:
    figures = measure(store, sizes=(4000,), queries=20)["4000"]
    assert figures["hnsw"] == 1
    assert 0 < figures["p50"] <= figures["p95"] < 1


def test_values_are_found_in_one_connection_only_and_replaced_whole(store: Store) -> None:
    databases = PaperDatabases(store)
    mine, other = databases.add(SHOP), databases.add(SHOP)
    lists, values = ValueLists(store), StoredValues(store, mine)
    for (table, column), listed in SHOP_VALUES.items():
        lists.keep(mine, table, column, listed)
    lists.keep(other, "regions", "name", ["North"])
    assert [(hit.table, hit.value, hit.similarity) for hit in values.matching(["north", "ALICE SMITH"])] == [
        ("regions", "North", 0.95),
        ("customers", "Alice Smith", 0.95),
    ]
    assert len(StoredValues(store, other).matching(["North", "Alice Smith"])) == 1
    lists.keep(mine, "regions", "name", ["East"])
    assert values.matching(["North"]) == []
    assert values.of_column("regions", "name") == ["East"]


def test_near_values_are_found_when_asked_for(store: Store) -> None:
    mine = PaperDatabases(store).add(SHOP)
    ValueLists(store).keep(mine, "regions", "name", ["Germany", "Greenland", "United States of America", "北京市"])
    values = StoredValues(store, mine)
    assert values.matching(["Germny"]) == []
    for said, meant in (("Germny", "Germany"), ("germany!", "Germany"), ("ermany", "Germany"), ("北京", "北京市")):
        assert [hit.value for hit in values.matching([said], fuzzy=True)] == [meant], said
    (part,) = values.matching(["united states"], fuzzy=True)
    assert part.similarity < 0.9


def test_many_phrases_are_looked_up_at_once(store: Store) -> None:
    mine = PaperDatabases(store).add(SHOP)
    ValueLists(store).keep(mine, "regions", "name", [f"Region {n}" for n in range(5000)])
    hits = StoredValues(store, mine).matching([f"region {n}" for n in range(0, 1000, 2)])
    assert len(hits) == 500


def test_columns_that_are_gone_lose_their_values(store: Store) -> None:
    mine, lists = PaperDatabases(store).add(SHOP), ValueLists(store)
    lists.keep(mine, "regions", "name", ["North"])
    lists.keep(mine, "gone", "name", ["Away"])
    lists.keep_only(mine, SHOP)
    assert lists.samples(mine) == {("regions", "name"): ["North"]}


def test_samples_are_the_most_frequent_first_and_few(store: Store) -> None:
    mine, lists = PaperDatabases(store).add(SHOP), ValueLists(store)
    lists.keep(mine, "regions", "name", [f"r{n}" for n in range(500)])
    assert lists.samples(mine, 3) == {("regions", "name"): ["r0", "r1", "r2"]}
    assert len(SampleShelf(store).of(mine)["regions", "name"]) == 64


def vouch(store: Store, connection_id: UUID, question: str, sql: str = "SELECT 1", version: str = "v1") -> UUID:
    kept = VerifiedQuestion(uuid4(), connection_id, question, sql, version, uuid4(), datetime.now(UTC))
    return VerifiedQuestions(store).add(kept, EMBEDDER.embed_query(question))


def test_a_verified_question_is_recalled_in_any_dress_on_the_same_schema_only(store: Store) -> None:
    mine, verified = PaperDatabases(store).add(SHOP), VerifiedQuestions(store)
    kept = vouch(store, mine, "How many orders?", "SELECT count(*) FROM orders")
    recalled = verified.recall(mine, "HOW MANY  ORDERS")
    assert recalled is not None
    assert (recalled.id, recalled.sql) == (kept, "SELECT count(*) FROM orders")
    assert verified.recall(PaperDatabases(store).add(SHOP), "How many orders?") is None


def test_vouching_again_replaces_the_sql_and_forgetting_ends_it(store: Store) -> None:
    mine, verified = PaperDatabases(store).add(SHOP), VerifiedQuestions(store)
    first, second = vouch(store, mine, "How many orders?"), vouch(store, mine, "how many orders", "SELECT 2")
    assert first == second
    assert [kept.sql for kept in verified.vouched(mine)] == ["SELECT 2"]
    verified.forget(first)
    assert verified.recall(mine, "How many orders?") is None
    with pytest.raises(NotFound):
        verified.find(first)


def test_similar_questions_come_nearest_first(store: Store) -> None:
    mine, verified = PaperDatabases(store).add(SHOP), VerifiedQuestions(store)
    assert not verified.any(mine)
    for question in ("total revenue by region", "number of customers", "revenue by region and month"):
        vouch(store, mine, question)
    near = verified.similar(mine, EMBEDDER.embed_query("total revenue by region"), 2)
    assert [one.question for one, _ in near] == ["total revenue by region", "revenue by region and month"]
    assert near[0][1] == pytest.approx(0, abs=1e-3)
