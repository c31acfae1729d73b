"""Why a query found nothing, and what to ask instead.

Each filter is left out in turn, only counting rows; a text that stands nowhere is compared with the values that do;
a period is compared with the days there are. All of it goes through the guard and stops after a few seconds.
"""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import sqlglot
from sqlglot import exp

from core.answering.conditions import Filter, filters_of, inner_filters_of
from core.answering.events import Fix
from core.answering.literals import day_of
from core.answering.near_days import dated, is_outside, nearer
from core.answering.sql_parts import Place
from core.answering.wording import Wording
from core.connections.guard import CheckedQuery
from core.connections.result import ResultTable
from core.connections.schema import Kind, Table
from core.errors import QueryCancelled, QueryFailed, QueryLost, QueryRefused, QueryTimedOut, Stopped
from core.grounding.values import ValueHit, ValueSource
from core.i18n import Phrase
from core.stop import Stop

_MOST_FILTERS = 5
_MOST_FIXES = 3
_MOST_JOINS = 3
SECONDS = 4.0


class Database(Protocol):
    """A connection that checks and runs."""

    def check(self, sql: str) -> CheckedQuery: ...

    def run(self, query: CheckedQuery, stop: Stop | None = None, row_cap: int | None = None) -> ResultTable: ...


@dataclass(frozen=True)
class Emptiness:
    """Why there are no rows, as phrases, and at most three queries that do find some."""

    findings: tuple[Phrase, ...] = ()
    fixes: tuple[Fix, ...] = ()


def is_empty(table: ResultTable) -> bool:
    """Whether an answer says nothing: no rows, or one row of nothing but zeros and empty cells."""
    return not table.rows or (len(table.rows) == 1 and all(cell is None or cell == 0 for cell in table.rows[0]))


def why_empty(
    wording: Wording, database: Database, values: ValueSource, stop: Stop, limited: Collection[str] = ()
) -> Emptiness:
    """The findings and fixes for an empty answer, in at most four seconds; nothing where nothing was filtered.

    Of `limited` tables the person sees some rows only: what is said of them is said of those.

    Raises `Stopped` when the person stopped it.
    """
    if not wording.parts.faithful:
        return Emptiness()
    filters = [f for f in filters_of(wording) if f.words][:_MOST_FILTERS]
    with _limited(stop) as own:
        search = _Search(wording, database, values, own, limited)
        try:
            return search.explain(filters)
        except (QueryFailed, Stopped):
            stop.check()
            return Emptiness(tuple(search.findings), tuple(search.fixes[:_MOST_FIXES]))


@contextmanager
def _limited(stop: Stop) -> Iterator[Stop]:
    """A stop of its own that is asked when time is up, or when `stop` is."""
    own = Stop()
    timer = threading.Timer(SECONDS, own.ask)
    timer.daemon = True
    timer.start()
    try:
        with stop.reaching(own.ask):
            yield own
    finally:
        timer.cancel()


class _Search:
    """One search for the reason; what it has found so far is kept when time runs out."""

    def __init__(
        self, wording: Wording, database: Database, values: ValueSource, stop: Stop, limited: Collection[str]
    ) -> None:
        self._limited = limited
        self._wording, self._database, self._values, self._stop = wording, database, values, stop
        self._respelt: dict[int, str] = {}
        self.findings: list[Phrase] = []
        self.fixes: list[Fix] = []

    def explain(self, filters: list[Filter]) -> Emptiness:
        if not self._wording.parts.filters:
            self._nothing_at_all()
        for found in (*filters, *inner_filters_of(self._wording)[:_MOST_FILTERS]):
            self._misspelt(found)
            self._out_of_range(found)
        self._all_respelt()
        alone = [found for found in filters if self._without(found)]
        loses = self._lost_in_joins()
        if len(filters) > 1 and not alone:
            self._without_all(filters)
        elif len(filters) == 1 and not alone and not self.fixes and not loses:
            self._nothing_at_all()
        return Emptiness(tuple(self.findings), tuple(self.fixes[:_MOST_FIXES]))

    def _misspelt(self, found: Filter) -> None:
        """A text that its column does not hold: say what it holds that is near, and offer that."""
        if found.place is None or found.place.column.kind is not Kind.TEXT:
            return
        for literal in _texts(found):
            asked = str(literal.this).strip("%")
            hits = self._values.matching([asked], fuzzy=True)
            here = [hit for hit in hits if _is_of(hit, found.place)]
            if any(hit.value == str(literal.this) for hit in here):
                continue
            elsewhere = next((hit for hit in hits if hit.similarity >= 0.9 and not here), None)
            if here:
                self._offer_value(found.place, literal, asked, here[:2])
            elif elsewhere is not None:
                other = self._place_of(elsewhere)
                if other is not None:
                    said = self._wording.place(other)
                    self.findings.append(self._phrase("value_elsewhere", found.place, asked=asked, other=said))

    def _place_of(self, hit: ValueHit) -> Place | None:
        table = self._wording.parts.schema.by_key.get(hit.table)
        column = table.by_name.get(hit.column) if table else None
        return Place(table, column) if table and column else None

    def _offer_value(self, place: Place, literal: exp.Literal, asked: str, hits: list[ValueHit]) -> None:
        listed = self._wording.listed(f"“{hit.value}”" for hit in hits)
        self.findings.append(self._phrase("value_differs", place, asked=asked, values=listed))
        self._respelt[id(literal)] = hits[0].value
        for hit in hits:
            sql = self._changed({id(literal): exp.Literal.string(hit.value)})
            count = self._count(sql)
            if count:
                self._fix("fix_value", sql, value=hit.value, n=count)

    def _all_respelt(self) -> None:
        """Several texts were spelt wrong, and putting one right is not enough: offer all of them together."""
        if len(self._respelt) < 2 or self.fixes:
            return
        sql = self._changed({node: exp.Literal.string(value) for node, value in self._respelt.items()})
        count = self._count(sql)
        if count:
            listed = self._wording.listed(f"“{value}”" for value in self._respelt.values())
            self._fix("fix_values", sql, values=listed, n=count)

    def _out_of_range(self, found: Filter) -> None:
        """A period outside of the days there are."""
        place = dated(found, self._wording)
        if place is None:
            return
        first, last = self._range(place)
        if not first or not last or not is_outside(found, self._wording, first, last):
            return
        column = self._wording.place(place)
        values = {"column": column[:1].upper() + column[1:], "first": first, "last": last}
        self.findings.append(Phrase("answering.date_range", values))
        near = nearer(found, self._wording, first, last)
        if near is not None:
            sql = self._changed(near.changes)
            count = self._count(sql)
            if count:
                self._fix("fix_period", sql, condition=near.words, n=count)

    def _range(self, place: Place) -> tuple[date | None, date | None]:
        """The first and last day of a date column."""
        column = exp.column(exp.to_identifier(place.column.name, quoted=True))
        table = exp.table_(place.table.name, db=place.table.namespace or None, quoted=True)
        query = exp.select(exp.Min(this=column.copy()), exp.Max(this=column.copy())).from_(table)
        row = self._row(query.sql(dialect=self._wording.parts.dialect.value))
        first, last = (_day(cell) for cell in row[:2]) if len(row) >= 2 else (None, None)
        return first, last

    def _without(self, found: Filter) -> bool:
        """Whether leaving one filter out brings rows; if so it is said and offered."""
        sql = self._changed({id(node): exp.true() for node in found.nodes})
        count = self._count(sql)
        if count:
            self.findings.append(Phrase("answering.without_there_are", {"condition": found.words, "n": count}))
            self._fix("fix_without", sql, condition=found.words, n=count)
        return bool(count)

    def _lost_in_joins(self) -> bool:
        """Whether rows are there that have no partner in a table they are joined with; they are offered without.

        Of a table that the person sees some rows of only, it cannot be said that there is no partner in it.
        """
        top = self._wording.parts.top
        joins = [(join, table) for join in (top.args.get("joins") or () if top else ()) if (table := self._inner(join))]
        tries = [[one] for one in joins[:_MOST_JOINS]] + ([joins] if len(joins) > 1 else [])
        for some in tries:
            keys = {table.key for _, table in some}
            if keys & set(self._limited):
                continue
            sql = self._changed({id(join): _outer(join) for join, _ in some})
            count = self._count(sql)
            if count:
                tables = self._wording.listed(self._wording.many(table) for _, table in some)
                self.findings.append(Phrase("answering.join_loses", {"tables": tables, "n": count}))
                self._fix("fix_join", sql, tables=tables, n=count)
                return True
        return False

    def _inner(self, join: exp.Join) -> Table | None:
        """The table that an inner join asks for a partner in."""
        table = self._wording.parts.table_of(join.this) if isinstance(join.this, exp.Table) else None
        plain = not join.side and join.kind in ("", "INNER") and not join.method
        return table if plain and (join.args.get("on") is not None or join.args.get("using")) else None

    def _without_all(self, filters: list[Filter]) -> None:
        """No single filter is to blame: their combination is, or there is nothing at all."""
        sql = self._changed({id(node): exp.true() for found in filters for node in found.nodes})
        count = self._count(sql)
        if count:
            self.findings.append(Phrase("answering.together_nothing", {"n": count}))
            self._fix("fix_without_all", sql, n=count)
        elif count == 0:
            self._nothing_at_all()

    def _nothing_at_all(self) -> None:
        """Say which table is empty, or that the tables have nothing in common."""
        wording = self._wording
        for table in wording.parts.tables[:4]:
            name = exp.table_(table.name, db=table.namespace or None, quoted=True)
            some = exp.select(exp.Literal.number(1)).from_(name).limit(1)
            if not self._row(some.sql(dialect=wording.parts.dialect.value)):
                key = "rights.table_empty" if table.key in self._limited else "answering.table_empty"
                self.findings.append(Phrase(key, {"table": wording.table(table)}))
                return
        if len(wording.parts.tables) > 1:
            tables = wording.listed(map(wording.table, wording.parts.tables))
            limited = any(table.key in self._limited for table in wording.parts.tables)
            key = "rights.no_match_between" if limited else "answering.no_match_between"
            self.findings.append(Phrase(key, {"tables": tables}))

    def _changed(self, changes: dict[int, exp.Expr]) -> str:
        """The query with some of its nodes (by identity) replaced, conditions that are always true left out."""
        tree = self._wording.parts.tree
        copy = tree.copy()
        twins = dict(zip(map(id, tree.walk(bfs=False)), list(copy.walk(bfs=False)), strict=True))
        for node, new in changes.items():
            twins[node].replace(new.copy())
        return _tidy(copy).sql(dialect=self._wording.parts.dialect.value)

    def _count(self, sql: str) -> int | None:
        """How many rows a variant draws on before it groups or cuts them; None where that cannot be counted."""
        query = self._checked(sql)
        if query is None:
            return None
        counted = self._checked(_counting(sql, self._wording))
        if counted is None:
            return None
        row = self._first_row(counted)
        return int(row[0]) if row and isinstance(row[0], int) else None

    def _row(self, sql: str) -> tuple[object, ...]:
        query = self._checked(sql)
        return self._first_row(query) if query else ()

    def _first_row(self, query: CheckedQuery) -> tuple[object, ...]:
        try:
            rows = self._database.run(query, self._stop, row_cap=1).rows
        except QueryFailed as error:
            # One count that cannot be made does not spoil the others; no time left does.
            if isinstance(error, QueryCancelled | QueryTimedOut | QueryLost):
                raise
            return ()
        return rows[0] if rows else ()

    def _checked(self, sql: str) -> CheckedQuery | None:
        try:
            return self._database.check(sql)
        except QueryRefused:
            return None

    def _phrase(self, name: str, place: Place, **values: object) -> Phrase:
        return Phrase(f"answering.{name}", {"column": self._wording.place(place), **values})

    def _fix(self, name: str, sql: str, **values: object) -> None:
        label = self._wording.words.say(f"answering.{name}", **values)
        if all(fix.sql != sql for fix in self.fixes):
            self.fixes.append(Fix(label, sql))


def _counting(sql: str, wording: Wording) -> str:
    """A query that counts the rows which `sql` draws on: its groups, order and limit taken off."""
    dialect = wording.parts.dialect.value
    tree: exp.Expr = sqlglot.parse_one(sql, dialect=dialect)
    if isinstance(tree, exp.Select) and not tree.args.get("having"):
        for part in ("group", "order", "limit", "offset", "distinct"):
            tree.set(part, None)
        tree.set("expressions", [exp.alias_(exp.Count(this=exp.Star()), "n")])
        return tree.sql(dialect=dialect)
    tree.set("order", None)
    inner = exp.Subquery(this=tree, alias=exp.TableAlias(this=exp.to_identifier("q")))
    return exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(inner).sql(dialect=dialect)


def _outer(join: exp.Join) -> exp.Expr:
    """The same join, which keeps rows without a partner."""
    outer = join.copy()
    outer.set("side", "LEFT")
    outer.set("kind", None)
    return outer


def _tidy(tree: exp.Expr) -> exp.Expr:
    """The tree without conditions that are always true."""
    for both in list(tree.find_all(exp.And, bfs=False))[::-1]:
        for side, other in ((both.left, both.right), (both.right, both.left)):
            if _is_true(side):
                both.replace(other)
                break
    for clause in list(tree.find_all(exp.Where, exp.Having)):
        if _is_true(clause.this):
            clause.pop()
    return tree


def _is_true(node: exp.Expr) -> bool:
    node = node.unnest()
    return isinstance(node, exp.Boolean) and bool(node.this)


def _texts(found: Filter) -> list[exp.Literal]:
    """The text literals of a filter."""
    return [text for node in found.nodes for text in node.find_all(exp.Literal) if text.is_string]


def _is_of(hit: ValueHit, place: Place) -> bool:
    return (hit.table, hit.column) == (place.table.key, place.column.name)


def _day(cell: object) -> date | None:
    """A cell as a day, also where the database keeps days as text."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return day_of(str(cell)[:10])
