"""What names mean at one place of a query: the tables in sight, their columns, the named queries, the aliases."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Output:
    """The columns that a query gives, by folded name, each with the base columns it stands for ("" where unknown).

    `complete` says that there are no others; without it, a name that is not listed may still be one of them.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    complete: bool = False

    def named(self, names: Iterable[str]) -> "Output":
        """The same columns under the names of a list as in `AS t(a, b)`; those beyond the list keep their own."""
        new = list(names)
        if not new:
            return self
        old = list(self.columns.items())
        kept = dict(old[len(new) :])
        given = {name: old[i][1] if self.complete and i < len(old) else "" for i, name in enumerate(new)}
        return Output({**kept, **given}, self.complete)


@dataclass(frozen=True)
class Source:
    """Something to read from, under the name it has in this query. `namespace` is that of a table without alias."""

    name: str
    output: Output
    namespace: str = ""


@dataclass(frozen=True)
class View:
    """What can be seen from one SELECT; `outer` is what its surroundings see."""

    named: Mapping[str, Output] = field(default_factory=dict)
    outer: "View | None" = None
    sources: list[Source] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)

    def inner(self) -> "View":
        """For a query inside this one."""
        return View(self.named, self)

    def with_named(self, name: str, output: Output) -> "View":
        """The same place, where `name` is a named query."""
        return replace(self, named={**self.named, name: output})

    def outward(self) -> Iterator["View"]:
        view: View | None = self
        while view is not None:
            yield view
            view = view.outer
