"""`evaluate`: a question set, asked of a portal of its own that is gone afterwards.

Everything but the models is scratch: an embedded PostgreSQL in a temporary folder, the set's databases as
connections, their index. So a run needs no running portal, and changes nothing in the one that there may be.
"""

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal
from uuid import UUID

from core.answering.ask import Answers
from core.cli.portal_door import model_named, rung_named
from core.cli.portal_door import portal as users_portal
from core.cli.scratch_portal import own_person, scratch_settings
from core.cli.telling import Telling
from core.errors import InvalidInput
from core.evaluation.databases import shelve
from core.evaluation.examine import Examiner
from core.evaluation.questions import Dialogue, read_questions
from core.evaluation.results import Examined, summary
from core.evaluation.scratch import Loaded, Scratch
from core.evaluation.yardstick import Place, Yardstick
from core.i18n import Phrase, Words
from core.models.book import Models
from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM, Actor
from core.settings import Settings, read_settings


@dataclass(frozen=True)
class Wish:
    """What the command line asked for."""

    questions: Path
    databases: Path
    rung: str = ""
    model: str = ""
    limit: int | None = None
    workers: int = 1
    details: Path | None = None
    as_json: bool = False


@dataclass(frozen=True)
class _Desk:
    """What every process of a run needs to take part in it.

    `borrows` says that the models are those of the user's own portal, so that keys stay where they are and what the
    run costs is booked there.
    """

    settings: Settings
    places: Mapping[tuple[str, str], Place]
    actor: Actor
    rung: Literal["instant", "model"] | None
    model_id: UUID | None
    borrows: bool


def evaluate(wish: Wish) -> None:
    """Ask, measure, and print: one JSON object, or a few lines for a person.

    Raises `InvalidInput` for whatever is missing, before the first question is asked.
    """
    rung = rung_named(wish.rung)
    dialogues, shelf = read_questions(wish.questions, wish.limit), shelve(wish.databases)
    found = {name: shelf.find(*name) for name in dict.fromkeys((d.database, d.dialect) for d in dialogues)}
    with ExitStack() as ends:
        details = ends.enter_context(_details(wish.details))
        scratch = ends.enter_context(Scratch())
        settings = scratch_settings(scratch.folder, model_name=wish.model)
        telling = Telling(Words(settings.language), sum(len(dialogue.exercises) for dialogue in dialogues))
        loaded = {name: scratch.open(database) for name, database in found.items()}
        telling.failures(loaded)
        opened = ends.enter_context(open_portal(settings))
        borrows = bool(wish.model) and not settings.model_url
        with _models(opened, borrows) as models:
            model_id = model_named(models.list(SYSTEM), wish.model) if wish.model or rung == "model" else None
        places = {name: _connect(opened, place, " ".join(name)) for name, place in loaded.items()}
        desk = _Desk(settings, places, own_person(opened), rung, model_id, borrows)
        examined = []
        for one in _examined(desk, dialogues, opened, wish.workers):
            examined.append(one)
            print(json.dumps(asdict(one.result), ensure_ascii=False), file=details, flush=True)
            telling.progress(len(examined))
    telling.troubles(examined)
    print(json.dumps(summary([one.result for one in examined])) if wish.as_json else telling.all_of(examined))


@contextmanager
def _details(file: Path | None) -> Iterator[IO[str]]:
    """Where the lines go. Raises `InvalidInput` if they cannot be written there."""
    try:
        with open(file or os.devnull, "w", encoding="utf-8") as opened:
            yield opened
    except OSError as error:
        values = {"file": str(file), "reason": error.strerror or type(error).__name__}
        raise InvalidInput(problem=Phrase("terminal.unwritable", values)) from error


def _connect(opened: Portal, loaded: Loaded, name: str) -> Place:
    """One database as a connection of the scratch portal, read and indexed."""
    info = opened.connections.add(SYSTEM, loaded.as_connection(name))
    opened.knowledge.build(info.id)
    return Place(info.id, loaded)


@contextmanager
def _models(opened: Portal, borrows: bool) -> Iterator[Models]:
    """The models to be asked: the scratch portal's, or those of the user's own."""
    if not borrows:
        yield opened.models
        return
    with users_portal() as lender:
        yield lender.models


def _examined(desk: _Desk, dialogues: Sequence[Dialogue], opened: Portal, workers: int) -> Iterator[Examined]:
    """Every exercise's end, in the set's order, from this process or from as many as were wished for."""
    workers = min(workers, len(dialogues))
    if workers == 1:
        with _models(opened, desk.borrows) as models:
            examiner = _examiner(desk, opened, models)
            for dialogue in dialogues:
                yield from examiner.examine(dialogue)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_take_part, initargs=(desk,)) as pool:
        try:
            for examined in pool.map(_examine, dialogues):
                yield from examined
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _examiner(desk: _Desk, opened: Portal, models: Models) -> Examiner[Place]:
    opened.warm()
    parts = (opened.store, opened.connections, opened.knowledge, models, opened.audit, opened.clock, opened.privacy)
    answers = Answers(*parts)
    return Examiner(answers, desk.actor, desk.places, Yardstick().judge, desk.rung, desk.model_id)


_taking_part: list[Examiner[Place]] = []  # of this process, one of several


def _take_part(desk: _Desk) -> None:
    """Open the same portal in this process; it is left when the process ends, as all that it holds open is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it and ends the others
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    opened = open_portal(desk.settings)
    models = open_portal(read_settings()).models if desk.borrows else opened.models
    _taking_part.append(_examiner(desk, opened, models))


def _end_with_the_first() -> None:
    """Wait for the first process to end, however it ends: nobody else would tell this one to."""
    first = multiprocessing.parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def _examine(dialogue: Dialogue) -> tuple[Examined, ...]:
    return _taking_part[0].examine(dialogue)
