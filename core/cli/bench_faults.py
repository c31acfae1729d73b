"""`bench faults`: what was done to a portal, and what it lost by it."""

from collections.abc import Mapping

from core.cli.bench_load import load_figures
from core.cli.faults_kills import kill_figures


def fault_figures() -> Mapping[str, object]:
    """Two hundred kills in the midst of writing, and a hundred people at once. About twenty minutes."""
    return {"kills": kill_figures(), "load": load_figures()}
