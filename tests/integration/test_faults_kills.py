"""A few rounds of `kill -9` in the midst of writing; `python -m core bench faults` does two hundred."""

import json
import subprocess
import sys

from core.settings import ROOT

ROUNDS = 4  # the third of them kills PostgreSQL as well


def test_nothing_acknowledged_is_lost_and_nothing_is_there_by_half() -> None:
    call = f"print(json.dumps(kill_figures({ROUNDS})))"
    program = f"import json; from core.cli.faults_kills import kill_figures; {call}"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["survived"] == ROUNDS
    assert (figures["lost"], figures["halves"]) == (0, 0), figures["examples"]
    assert set(figures["acknowledged"]) == {"turn", "note", "charge"}
