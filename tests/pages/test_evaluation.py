"""Evaluation on the Models page, as people use it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.connections.registry import ConnectionInfo
from core.evaluation.runs import Wanted
from core.portal import Portal
from core.security.permissions import SYSTEM, Actor, Role
from core.stop import Stop
from core.worker import job_functions
from tests.integration.test_evaluation_runs import lines
from tests.pages.conftest import said

Visit = Callable[..., AppTest]


def actor_of(portal: Portal, email: str) -> Actor:
    person = next(person for person in portal.people.list(SYSTEM) if person.email == email)
    return Actor(person.id, person.name, person.role)


def test_a_set_is_uploaded_started_watched_and_read(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = visit("models", Role.ANALYST)
    assert "No runs yet" in said(page)
    page.file_uploader(key="evaluation.file").upload("set.jsonl", lines().encode(), "application/jsonl").run()
    page.button(key="evaluation.start").click().run()
    assert not page.exception
    ann = actor_of(portal, "ann@example.org")
    [run] = portal.evaluation.list(ann)
    assert (run.name, run.total, run.rung) == ("set.jsonl", 4, "instant")
    job_functions(portal, Stop())["evaluate"](str(run.id))
    page.run()
    page.selectbox(key="evaluation.chosen").set_value(run.id).run()
    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Accuracy"] == "50 %"
    assert figures["Precision"] == "50 %"
    page.selectbox(key=f"evaluation.question.{run.id}").set_value("wrong").run()
    assert not page.exception
    codes = [code.value for code in page.code]
    assert "SELECT -1" in codes
    assert any("COUNT" in code.upper() and "orders" in code for code in codes)


def test_two_runs_are_compared_and_one_is_removed(visit: Visit, portal: Portal, shop: ConnectionInfo) -> None:
    page = visit("models", Role.ANALYST)
    ann = actor_of(portal, "ann@example.org")
    runs = [portal.evaluation.start(ann, shop.id, Wanted(name, lines(), rung="instant")) for name in ("a", "b")]
    for run_id in runs:
        job_functions(portal, Stop())["evaluate"](str(run_id))
    page.run()
    page.selectbox(key="evaluation.chosen").set_value(runs[1]).run()
    page.selectbox(key=f"evaluation.other.{runs[1]}").set_value(runs[0]).run()
    assert not page.exception
    assert "On 4 shared questions this run wins 0 and loses 0" in said(page)
    page.button(key=f"evaluation.remove.{runs[1]}").click().run()
    assert not page.exception
    assert [run.id for run in portal.evaluation.list(ann)] == [runs[0]]


def test_a_broken_file_is_told_and_a_viewer_sees_none_of_it(visit: Visit, shop: ConnectionInfo) -> None:
    page = visit("models", Role.ANALYST)
    page.file_uploader(key="evaluation.file").upload("set.jsonl", b"{not json", "application/jsonl").run()
    assert "set.jsonl:1" in said(page)
    assert not page.exception
    assert "Evaluation" not in said(visit("models", Role.VIEWER, "Eve"))
