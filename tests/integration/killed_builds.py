"""Builds of an index in a process of their own, which is killed in the middle."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from core.grounding import value_lists
from core.grounding.ground import Knowledge
from core.grounding.value_blocks import Block
from core.models.embeddings import Embedder
from core.portal import Portal
from core.settings import ROOT
from tests.doubles_grounding import BagOfWords

_WRITE = value_lists._replace
_MARK = 4_711
# How many transactions stand open with blocks that nobody sees yet.
HELD = (
    sa.select(sa.func.count())
    .select_from(sa.text("pg_locks"))
    .where(sa.text(f"locktype = 'advisory' AND objid = {_MARK} AND granted"))
)


class Slow:
    """Embeds a text in a twentieth of a second, as the bag of words would."""

    name = BagOfWords.name

    def encode(self, texts: Sequence[str], is_query: bool) -> NDArray[np.float32]:
        time.sleep(0.05 * len(texts))
        return BagOfWords().encode(texts, is_query)


def hold(line: sa.Connection, known: Sequence[int], blocks: Iterable[tuple[int, Iterable[Block]]]) -> None:
    """Write the blocks and let the transaction stand open, known by a lock: a kill then meets it in its midst."""
    _WRITE(line, known, blocks)
    line.execute(sa.select(sa.func.pg_advisory_xact_lock(_MARK)))
    time.sleep(600)


def build_slowly(url: str, data: str, connection_id: str, holding: str) -> None:
    """What the process that is killed does: a build that takes its time at every step."""
    from pydantic import SecretStr

    from core.portal import wire
    from core.settings import Settings
    from core.store.sessions import open_url

    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        secret_key=SecretStr("a test's own secret, long enough for the vault"),
        admin_email="admin@example.org",
        admin_password=SecretStr("first admin's password"),
        data_dir=Path(data),
        allow_server_files=True,
    )
    if holding:
        value_lists._replace = hold
    portal = wire(open_url(url), settings)
    knowledge = Knowledge(portal.store, Embedder(Slow(), batch=4), portal.connections, portal.jobs, portal.audit)
    knowledge.build(UUID(connection_id), lambda _: time.sleep(0.1))


def killed_when(portal: Portal, data: Path, connection_id: UUID, reached: sa.Select[int], least: int) -> None:
    """Build in a process of its own, and kill that as soon as so much is there."""
    program = "import sys; from tests.integration.killed_builds import build_slowly as b; b(*sys.argv[1:])"
    call = [
        sys.executable,
        "-c",
        program,
        portal.store.url,
        str(data),
        str(connection_id),
        "held" if reached is HELD else "",
    ]
    with subprocess.Popen(call, cwd=ROOT) as child:
        patience = time.monotonic() + 600
        there = 0
        while there < least and time.monotonic() < patience and child.poll() is None:
            time.sleep(0.02)
            with portal.store.begin() as line:
                there = line.scalar(reached) or 0
        assert child.poll() is None, "it ended before it could be killed"
        child.send_signal(signal.SIGKILL)
    assert there >= least
