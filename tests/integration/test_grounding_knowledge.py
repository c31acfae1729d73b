"""The portal's knowledge of a connection: built in the background, cut short, asked, described and vouched for."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from core.connections.schema import Schema
from core.errors import ConnectionFailed, InvalidInput, ModelUnavailable, NotAllowed, NotFound, QueryRefused
from core.grounding.ground import Knowledge
from core.grounding.indexer import IndexProgress
from core.grounding.inquiry import Inquiry, language_of
from core.grounding.vectors import SchemaIndex
from core.jobs import Jobs
from core.models.embeddings import Embedder, EmbeddingModel
from core.security.permissions import SYSTEM, Actor, Role
from core.store.sessions import Store
from core.store.tables import connections, documents
from tests.conftest import audit_over
from tests.counting import calls
from tests.doubles_grounding import SHOP, SHOP_VALUES, BagOfWords, PaperConnection, PaperDatabases, wide

ANALYST = Actor(uuid4(), "an analyst", Role.ANALYST)
VIEWER = Actor(uuid4(), "a viewer", Role.VIEWER)


class Away:
    """An embedding model that cannot be reached; after `lasting` texts, if that is given."""

    name = "bag-of-words"

    def __init__(self, lasting: int = 0) -> None:
        self._bag, self._left = BagOfWords(), lasting

    def encode(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        self._left -= len(texts)
        if self._left < 0:
            raise ModelUnavailable("away")
        return self._bag.encode(texts, is_query)


class Desk:
    """A knowledge over databases on paper."""

    def __init__(self, store: Store, model: EmbeddingModel | None = None) -> None:
        self.store, self.databases = store, PaperDatabases(store)
        self.jobs = Jobs(store)
        self.knowledge = self.with_model(model or BagOfWords())

    def with_model(self, model: EmbeddingModel) -> Knowledge:
        return Knowledge(self.store, Embedder(model, batch=4), self.databases, self.jobs, audit_over(self.store))

    def state(self, connection_id: UUID) -> tuple[dict[str, object], bool]:
        """The index state of a connection, and whether it is indexed as its schema is now."""
        c = connections.c
        with self.store.begin() as line:
            row = line.execute(
                sa.select(c.index_state, c.indexed_version == c.schema_version).where(c.id == connection_id)
            ).one()
        return row[0], row[1]

    def deferred(self) -> list[str]:
        return [str(job.arguments["connection_id"]) for job in self.jobs.list(SYSTEM) if job.name == "index"]

    def opened(self, connection_id: UUID) -> PaperConnection:
        return self.databases.open(SYSTEM, connection_id)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def asked(text: str) -> Inquiry:
    return Inquiry(text, language_of(text), datetime.now(UTC))


def test_a_build_reads_values_embeds_everything_and_says_how_far_it_is(desk: Desk) -> None:
    mine, seen = desk.databases.add(SHOP, SHOP_VALUES), list[IndexProgress]()
    desk.knowledge.build(mine, seen.append)
    state, indexed = desk.state(mine)
    assert indexed
    assert (state["step"], state["error"]) == ("done", "")
    assert state["done"] == state["total"] == sum(len(t.columns) + 1 for t in SHOP.tables)
    assert list(dict.fromkeys(progress.step for progress in seen)) == ["schema", "values", "vectors", "done"]
    assert all(progress.done <= progress.total for progress in seen)
    assert SchemaIndex(desk.store).counts(mine)[0] == state["total"]


def test_a_second_build_embeds_only_what_changed(desk: Desk) -> None:
    mine, model = desk.databases.add(SHOP, SHOP_VALUES), BagOfWords()
    knowledge = desk.with_model(model)
    knowledge.build(mine)
    model.calls.clear()
    knowledge.build(mine)
    assert model.calls == []
    desk.databases.alter(mine, columns={**SHOP_VALUES, ("orders", "status"): ["lost"]})
    knowledge.build(mine)
    assert len(model.calls) == 1
    assert [hit.value for hit in knowledge.values(desk.opened(mine)).matching(["lost", "cancelled"])] == ["lost"]


def test_a_build_cut_short_is_of_use_and_goes_on_where_it_was(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    with pytest.raises(ModelUnavailable):
        desk.with_model(Away(lasting=8)).build(mine)
    state, indexed = desk.state(mine)
    assert not indexed
    assert (state["step"], state["error"]) == ("vectors", "errors.model_unavailable")
    assert SchemaIndex(desk.store).counts(mine)[0] == 8
    grounding = desk.with_model(Away()).ground(VIEWER, asked("orders in the North"), desk.opened(mine))
    assert [hit.value for hit in grounding.values] == ["North"]
    model = BagOfWords()
    desk.with_model(model).build(mine)
    assert len(model.calls) == sum(len(t.columns) + 1 for t in SHOP.tables) - 8
    assert desk.state(mine)[1]


def test_a_database_that_cannot_be_reached_is_noted(desk: Desk) -> None:
    class Gone(PaperDatabases):
        def refresh(self, actor: Actor, connection_id: UUID) -> PaperConnection:
            raise ConnectionFailed("no route to host")

    mine = desk.databases.add(SHOP)
    gone = Knowledge(desk.store, Embedder(BagOfWords()), Gone(desk.store), desk.jobs, audit_over(desk.store))
    with pytest.raises(ConnectionFailed):
        gone.build(mine)
    assert desk.state(mine)[0]["error"] == "errors.connection_failed"
    assert desk.state(mine)[0]["detail"] == "no route to host"


def test_building_a_connection_that_was_removed_ends_quietly(desk: Desk) -> None:
    desk.knowledge.build(uuid4())


def test_two_builds_of_one_connection_wait_for_each_other(desk: Desk) -> None:
    inside, most = [0], [0]

    class Watched(PaperDatabases):
        def refresh(self, actor: Actor, connection_id: UUID) -> PaperConnection:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.2)
            inside[0] -= 1
            return super().refresh(actor, connection_id)

    databases = Watched(desk.store)
    mine = databases.add(SHOP, SHOP_VALUES)
    knowledge = Knowledge(desk.store, Embedder(BagOfWords()), databases, desk.jobs, audit_over(desk.store))
    builds = [threading.Thread(target=knowledge.build, args=(mine,)) for _ in range(3)]
    for build in builds:
        build.start()
    for build in builds:
        build.join(30)
    assert (databases.read, most[0]) == (3, 1)
    assert desk.state(mine)[1]


def test_a_build_whose_process_was_killed_does_not_block_the_next(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    program = (
        "import sys, time, psycopg\n"
        "line = psycopg.connect(sys.argv[1], autocommit=True)\n"
        "line.execute('SELECT pg_advisory_lock(hashtextextended(%s, 0))', ['index ' + sys.argv[2]])\n"
        "print('locked', flush=True)\n"
        "time.sleep(60)\n"
    )
    url = desk.store.url.replace("postgresql+psycopg", "postgresql")
    with subprocess.Popen([sys.executable, "-c", program, url, str(mine)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        threading.Timer(0.3, holder.kill).start()
        desk.knowledge.build(mine)
    assert desk.state(mine)[1]


def test_grounding_a_small_schema_gives_it_whole_with_values_samples_and_joins(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    desk.knowledge.build(mine)
    grounding = desk.knowledge.ground(VIEWER, asked("net amount of Larkmoor products in São Tomé"), desk.opened(mine))
    assert len(grounding.tables) == 5
    assert {(hit.column, hit.value) for hit in grounding.values} == {("brand", "Larkmoor"), ("name", "São Tomé")}
    assert grounding.samples["orders", "status"] == ["completed", "cancelled", "open"]
    assert len(grounding.joins) == 4
    assert grounding.examples == ()


def test_the_longest_value_wins_and_a_misspelt_name_is_still_found(desk: Desk) -> None:
    values = {("regions", "name"): ["York", "New York"], ("customers", "name"): ["Alice Smith"]}
    mine = desk.databases.add(SHOP, values)
    desk.knowledge.build(mine)

    def said(text: str) -> list[str]:
        return [hit.value for hit in desk.knowledge.ground(VIEWER, asked(text), desk.opened(mine)).values]

    assert said("orders from New York") == ["New York"]
    assert said("orders of Alise Smith") == ["Alice Smith"]
    assert said("orders of nobody") == []


def test_values_of_columns_that_the_actor_does_not_see_stay_hidden(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    desk.knowledge.build(mine)
    narrow = replace(desk.opened(mine), schema=Schema(SHOP.dialect, SHOP.tables[:1]))
    grounding = desk.knowledge.ground(VIEWER, asked("Larkmoor in the North"), narrow)
    assert [hit.value for hit in grounding.values] == ["North"]
    assert set(grounding.samples) == {("regions", "name")}


def test_a_big_schema_is_grounded_at_once_even_before_it_is_indexed(desk: Desk) -> None:
    mine = desk.databases.add(wide(1000, 10))
    opened = desk.opened(mine)
    question = asked("total of ticket field 3 by invoice batch 981")
    first = desk.knowledge.ground(VIEWER, question, opened)
    assert "invoice_batch_981" in [hit.table for hit in first.tables][:3]
    assert calls(lambda: desk.knowledge.ground(VIEWER, question, opened)) < 100_000


def test_a_big_schema_is_searched_by_description_and_by_vector(desk: Desk) -> None:
    schema = wide(30, 3)
    odd = replace(schema.tables[17], comment="Lighthouse keepers: who tends the lamp | 灯塔看守：照看灯的人")
    mine = desk.databases.add(replace(schema, tables=(*schema.tables[:17], odd, *schema.tables[18:])))
    desk.knowledge.build(mine)
    for text in ("who tends a lamp", "谁在照看灯"):
        grounding = desk.knowledge.ground(VIEWER, asked(text), desk.opened(mine))
        assert grounding.tables[0].table == odd.key, text
        assert len(grounding.tables) <= 18


def test_a_description_is_kept_taken_back_and_indexed_later(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    desk.knowledge.describe(ANALYST, mine, "orders", "status", "en", " Stage: where it is ")
    desk.knowledge.describe(ANALYST, mine, "orders", "status", "en", "Stage: how far it is")
    assert desk.opened(mine).schema.by_key["orders"].by_name["status"].descriptions == {"en": "Stage: how far it is"}
    assert desk.deferred() == [str(mine)]
    desk.knowledge.describe(ANALYST, mine, "orders", "status", "en", "")
    assert desk.opened(mine).schema.by_key["orders"].by_name["status"].descriptions == {}
    with pytest.raises(NotFound):
        desk.knowledge.describe(ANALYST, mine, "orders", "nothing", "en", "x")
    with pytest.raises(NotFound):
        desk.knowledge.describe(ANALYST, mine, "orders", "", "de", "x")
    with pytest.raises(InvalidInput):
        desk.knowledge.describe(ANALYST, mine, "orders", "", "en", "x" * 2001)


def test_browsing_shows_the_schema_with_descriptions_and_samples(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    desk.knowledge.build(mine)
    desk.knowledge.describe(ANALYST, mine, "orders", "", "zh", "订单：全部购买")
    browsed = desk.knowledge.browse(VIEWER, mine)
    assert browsed.schema.by_key["orders"].descriptions == {"zh": "订单：全部购买"}
    assert browsed.samples["regions", "name"] == ["North", "South", "São Tomé"]


def test_a_question_vouched_for_is_recalled_and_becomes_an_example(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    kept = desk.knowledge.verify(ANALYST, mine, " How many orders in 2024? ", "SELECT count(*) FROM orders")
    recalled = desk.knowledge.recall(VIEWER, desk.opened(mine), "how many orders in 2024")
    assert recalled is not None
    assert (recalled.id, recalled.question, recalled.author_id) == (kept, "How many orders in 2024?", ANALYST.id)
    grounding = desk.knowledge.ground(VIEWER, asked("How many orders in 2025?"), desk.opened(mine))
    assert [example.distance for example in grounding.examples] == [pytest.approx(0, abs=1e-3)]
    assert [one.question.id for one in desk.knowledge.verified(VIEWER, mine)] == [kept]
    without_lines, without_orders = SHOP.tables[:4], (*SHOP.tables[:3], SHOP.tables[4])
    desk.databases.alter(mine, schema=Schema(SHOP.dialect, without_lines))
    desk.databases.refresh(SYSTEM, mine)
    assert desk.knowledge.recall(VIEWER, desk.opened(mine), "how many orders in 2024") is not None, "it reads no lines"
    desk.databases.alter(mine, schema=Schema(SHOP.dialect, without_orders))
    desk.databases.refresh(SYSTEM, mine)
    assert desk.knowledge.recall(VIEWER, desk.opened(mine), "how many orders in 2024") is None
    desk.knowledge.forget(ANALYST, kept)
    assert desk.knowledge.verified(VIEWER, mine) == []


def test_only_sql_that_the_guard_passes_can_be_vouched_for(desk: Desk) -> None:
    mine = desk.databases.add(SHOP)
    for sql in ("DELETE FROM orders", "SELECT * FROM secrets"):
        with pytest.raises(QueryRefused):
            desk.knowledge.verify(ANALYST, mine, "How many orders?", sql)
    with pytest.raises(InvalidInput):
        desk.knowledge.verify(ANALYST, mine, "  ", "SELECT 1")


def test_what_was_vouched_for_without_a_model_is_embedded_by_the_next_build(desk: Desk) -> None:
    mine = desk.databases.add(SHOP)
    desk.with_model(Away()).verify(ANALYST, mine, "How many orders?", "SELECT count(*) FROM orders")
    assert desk.knowledge.ground(VIEWER, asked("how many orders"), desk.opened(mine)).examples == ()
    desk.knowledge.build(mine)
    assert len(desk.knowledge.ground(VIEWER, asked("how many orders"), desk.opened(mine)).examples) == 1


def test_starters_and_what_can_be_asked_use_real_values(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    opened = desk.opened(mine)
    assert len(desk.knowledge.starters(VIEWER, opened, "en")) == 6
    desk.knowledge.build(mine)
    assert "How many orders have status cancelled?" in desk.knowledge.starters(VIEWER, opened, "en")
    assert desk.knowledge.can_ask(VIEWER, opened, "zh")[0].startswith("**")


def test_indexing_is_left_to_the_background_and_once(desk: Desk) -> None:
    mine = desk.databases.add(SHOP)
    desk.knowledge.index(ANALYST, mine)
    desk.knowledge.index(ANALYST, mine)
    assert desk.deferred() == [str(mine)]
    with pytest.raises(NotFound):
        desk.knowledge.index(ANALYST, uuid4())


def test_removing_a_connection_takes_its_index_along(desk: Desk) -> None:
    mine = desk.databases.add(SHOP, SHOP_VALUES)
    desk.knowledge.build(mine)
    with desk.store.begin() as line:
        line.execute(sa.delete(connections).where(connections.c.id == mine))
        assert line.scalar(sa.select(sa.func.count()).select_from(documents)) == 0
    assert desk.knowledge.values(desk.opened(mine)).matching(["North"]) == []


def test_nobody_may_do_anything_and_a_viewer_may_not_change(desk: Desk) -> None:
    mine = desk.databases.add(SHOP)
    opened, k = desk.opened(mine), desk.knowledge
    anyone: list[Callable[[Actor], object]] = [
        lambda actor: k.ground(actor, asked("x"), opened),
        lambda actor: k.recall(actor, opened, "x"),
        lambda actor: k.alike(actor, opened, "x", lambda _: True),
        lambda actor: k.browse(actor, mine),
        lambda actor: k.verified(actor, mine),
        lambda actor: k.starters(actor, opened, "en"),
        lambda actor: k.can_ask(actor, opened, "en"),
    ]
    analysts: list[Callable[[Actor], object]] = [
        lambda actor: k.index(actor, mine),
        lambda actor: k.describe(actor, mine, "orders", "", "en", "x"),
        lambda actor: k.verify(actor, mine, "x", "SELECT 1"),
        lambda actor: k.forget(actor, uuid4()),
    ]
    for call in (*anyone, *analysts):
        with pytest.raises(NotAllowed):
            call(None)  # type: ignore[arg-type]
    for call in analysts:
        with pytest.raises(NotAllowed):
            call(VIEWER)
