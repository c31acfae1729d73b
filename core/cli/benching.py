"""`bench`: figures of speed and memory, by name, each measured on a portal of its own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import InvalidInput
from core.i18n import Phrase


def _start() -> Mapping[str, object]:
    from core.cli.bench_start import start

    return start()


def _overhead() -> Mapping[str, object]:
    from core.cli.bench_trip import overhead

    return overhead()


def _instant() -> Mapping[str, object]:
    from core.cli.bench_trip import instant

    return instant()


def _retrieve() -> Mapping[str, object]:
    from core.cli.scratch_portal import scratch_portal
    from core.evaluation.bench_retrieve import measure
    from core.evaluation.scratch import Scratch

    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        return measure(opened.store)


def _introspection() -> Mapping[str, object]:
    from core.cli.bench_introspection import measure
    from core.cli.scratch_portal import scratch_portal
    from core.evaluation.scratch import Scratch

    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        return measure(opened, scratch.folder)


def _values() -> Mapping[str, object]:
    from core.cli.scratch_portal import own_person, scratch_portal
    from core.evaluation.bench_values import measure
    from core.evaluation.scratch import Scratch

    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        return measure(opened.store, own_person(opened).id)


def _faults() -> Mapping[str, object]:
    from core.cli.bench_faults import fault_figures

    return fault_figures()


def _safety() -> Mapping[str, object]:
    from core.cli.bench_safety import safety

    return safety()


def _guard() -> Mapping[str, object]:
    from core.cli.bench_guard import guard_bench

    return guard_bench()


def _people() -> Mapping[str, object]:
    from core.cli.bench_people import people_bench

    return people_bench()


def _linking(folder: Path) -> Mapping[str, object]:
    from core.cli.bench_linking import measure
    from core.cli.bench_linking_sets import recall_on_sets
    from core.cli.scratch_portal import scratch_portal
    from core.evaluation.scratch import Scratch

    with Scratch() as scratch, scratch_portal(scratch.folder) as opened:
        sets = recall_on_sets(opened, scratch, folder)
        return {"sets": sets, **measure(opened, folder / "retrieval")}


BENCHES: Mapping[str, Callable[[], Mapping[str, object]]] = {
    "start": _start,
    "overhead": _overhead,
    "retrieve": _retrieve,
    "values": _values,
    "instant": _instant,
    "introspection": _introspection,
    "faults": _faults,
    "people": _people,
    "safety": _safety,
    "guard": _guard,
}

ON_DATA: Mapping[str, Callable[[Path], Mapping[str, object]]] = {"linking": _linking}  # what reads data from a folder


def bench(name: str, as_json: bool, folder: Path | None = None) -> None:
    """Measure and print: one JSON object, or a line for each figure.

    Raises `InvalidInput` for an unknown name, and where the folder that a bench reads its data from is not given.
    """
    if name not in BENCHES and name not in ON_DATA:
        known = ", ".join((*BENCHES, *ON_DATA))
        raise InvalidInput(problem=Phrase("terminal.no_bench", {"name": name, "known": known}))
    if name in ON_DATA and folder is None:
        raise InvalidInput(problem=Phrase("terminal.bench_needs_folder", {"name": name}))
    measured = ON_DATA[name](folder) if folder is not None and name in ON_DATA else BENCHES[name]()
    figures = {"bench": name, **measured}
    print(json.dumps(figures) if as_json else "\n".join(_lines(figures)))


def _lines(figures: Mapping[str, object], above: str = "") -> list[str]:
    """Each figure with the names that lead to it."""
    lines: list[str] = []
    for name, figure in figures.items():
        path = f"{above}{name}"
        lines += _lines(figure, f"{path} ") if isinstance(figure, Mapping) else [f"{path}: {figure}"]
    return lines
