"""What `evaluate` tells a person: on standard error while it runs, and as a few lines at its end."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.evaluation.results import Examined, Result, by_kind, further, summary
from core.evaluation.scratch import Loaded
from core.i18n import Words

_NAMED = 5  # ids that are shown of many


@dataclass(frozen=True)
class Telling:
    """Speaks of one run of `questions` questions."""

    words: Words
    questions: int

    def failures(self, loaded: Mapping[tuple[str, str], Loaded]) -> None:
        """Dumps that did not load as a whole: their questions may come out worse than they are."""
        for (name, dialect), place in loaded.items():
            if place.failures:
                values = {"name": f"{name} ({dialect})", "n": len(place.failures), "first": place.failures[0]}
                self._aside(self.words.say("terminal.dump_failures", **values))

    def progress(self, done: int) -> None:
        """How far it is, for somebody who watches."""
        if sys.stderr.isatty():
            end = "\n" if done == self.questions else ""
            print(f"\r{done}/{self.questions}", end=end, file=sys.stderr, flush=True)

    def troubles(self, examined: Sequence[Examined]) -> None:
        """Questions that nothing could be compared with, and those that broke off: both count as wrong."""
        self._troubled("gold_failures", [(one.result.id, one.gold_error) for one in examined if one.gold_error])
        self._troubled("faults", [(one.result.id, one.fault) for one in examined if one.fault])

    def _troubled(self, what: str, found: Sequence[tuple[str, str]]) -> None:
        if found:
            names = ", ".join(name for name, _ in found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
            self._aside(self.words.say(f"terminal.{what}", n=len(found), names=names, first=found[0][1]))

    def all_of(self, examined: Sequence[Examined]) -> str:
        """The figures as lines, then each dialect and language by itself."""
        figures = {**summary([one.result for one in examined]), **further(examined)}
        lines = [f"{self.words.say(f'terminal.figure_{name}')}: {_shown(value)}" for name, value in figures.items()]
        return "\n".join([*lines, *(self._in_short(kind, some) for kind, some in by_kind(examined).items())])

    def _in_short(self, kind: str, results: Sequence[Result]) -> str:
        figures = summary(results)
        shown = {name: _shown(figures[name]) for name in ("accuracy", "precision", "coverage", "wilson")}
        return self.words.say("terminal.figures_of_kind", kind=kind, n=len(results), **shown)

    def _aside(self, text: str) -> None:
        print(text, file=sys.stderr)


def _shown(figure: object) -> str:
    return "–".join(str(part) for part in figure) if isinstance(figure, list) else str(figure)
