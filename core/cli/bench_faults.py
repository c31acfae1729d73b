"""`bench faults`: what was done to a portal, and what it lost by it."""

from collections.abc import Mapping

from core.cli.bench_load import churn_figures, load_figures
from core.cli.faults_kills import kill_figures
from core.cli.faults_rows import million_rows


def fault_figures() -> Mapping[str, object]:
    """A million rows from each database, two hundred kills in the midst of writing, a hundred people at once, and five
    hundred who come and go.

    About half an hour.
    """
    return {"million_rows": million_rows(), "kills": kill_figures(), "load": load_figures(), "churn": churn_figures()}
