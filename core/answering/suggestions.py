"""What to ask next: three questions that are known to be answerable here without a model.

Made by rules from the query and its rows, in the question's language, and kept only if the instant engine can read
them after the question at hand. Nothing is run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import sqlglot
from sqlglot import exp

from core.answering.conditions import filters_of
from core.answering.instant.interpret import Interpretation, Outcome
from core.answering.literals import day_of, literal_of
from core.answering.narrator import Story
from core.answering.wording import Wording
from core.connections.schema import Column, Kind, Table, business_name
from core.grounding.names import words_of

MOST = 3
SECONDS = 0.1  # for all readings together: an answer does not wait for its follow-ups
_LONGEST_VALUE = 40
_NAMING = {
    "name",
    "title",
    "email",
    "phone",
    "address",
    "url",
    "description",
    "comment",
    "note",
    "code",
    "id",
    "名称",
    "编号",
}

Read = Callable[[str], Outcome]
Masked = frozenset[tuple[str, str]]


def follow_ups(answer: Story, read: Read, masked: Masked = frozenset()) -> tuple[str, ...]:
    """At most three follow-ups that `read` makes a new query of, over the tables of this one.

    None of them speaks of the `masked` columns (table key, name): what the person does not see is nothing to group
    or to filter by.
    """
    deadline = time.monotonic() + SECONDS
    dialect = answer.wording.parts.dialect.value
    before = {answer.wording.parts.tree.sql(dialect=dialect)}
    kept: list[str] = []
    tables = {table.name.lower() for table in answer.wording.parts.tables}
    for text in candidates(answer, masked):
        if len(kept) == MOST or time.monotonic() > deadline:
            break
        outcome = read(text)
        if not isinstance(outcome, Interpretation):
            continue
        tree = sqlglot.parse_one(outcome.sql, dialect=dialect)
        sql = tree.sql(dialect=dialect)
        if sql not in before and tables <= {table.name.lower() for table in tree.find_all(exp.Table)}:
            before.add(sql)
            kept.append(text)
    return tuple(kept)


def candidates(answer: Story, masked: Masked = frozenset()) -> Iterator[str]:
    """Follow-ups that could make sense, the most useful first."""
    groupings = _groupings(answer.wording, masked)
    wording, parts = answer.wording, answer.wording.parts
    say = wording.words.say
    counted = any(parts.aggregate(select) is not None for select in parts.selects)
    by_time = any(parts.grain(select) is not None for select in parts.selects)
    if counted and not by_time and _date_column(wording) is not None:
        yield say("answering.next_by_month")
    if counted and not by_time:
        yield from (say("answering.next_by", by=name) for name in groupings[:2])
    leader = _leader(answer, masked)
    if leader:
        yield say("answering.next_only", value=leader)
    yield from _periods(answer)
    if by_time:
        yield from (say("answering.next_by", by=name) for name in groupings[:2])
    if counted and len(answer.table.rows) > 5 and parts.limit is None and not by_time:
        yield say("answering.next_top", n=5)
    yield from (say("answering.next_by", by=name) for name in groupings[2:4] if counted)


def _date_column(wording: Wording) -> Column | None:
    """A date column of the tables in use."""
    return next((c for table in wording.parts.tables for c in table.columns if c.kind.temporal), None)


def _groupings(wording: Wording, masked: Masked) -> list[str]:
    """Columns worth grouping by, in words: short texts that sort rows into kinds, not used for it yet."""
    parts = wording.parts
    used = {place.column.name for select in parts.selects if (place := parts.place(select))}
    filtered = {found.place.column.name for found in filters_of(wording) if found.place}
    found: dict[str, None] = {}
    for table in (*parts.tables, *_referred(wording)):
        for column in table.columns:
            sorts = column.kind in (Kind.TEXT, Kind.BOOLEAN) and not _NAMING & set(words_of(column.name))
            key = any(column.name in foreign.columns for foreign in table.foreign_keys)
            if sorts and not key and column.name not in used | filtered and (table.key, column.name) not in masked:
                name = business_name(column.name, column.comment, column.descriptions, wording.language)
                found[name[:1].lower() + name[1:]] = None
    return list(found)


def _referred(wording: Wording) -> Sequence[Table]:
    """Tables that those in use refer to."""
    parts = wording.parts
    keys = {key.referred_table for table in parts.tables for key in table.foreign_keys}
    used = {table.key for table in parts.tables}
    return [parts.schema.by_key[key] for key in sorted(keys - used) if key in parts.schema.by_key]


def _leader(answer: Story, masked: Masked) -> str:
    """The text that a person may want to see alone: the name in the row with most, or in the first one."""
    parts, rows = answer.wording.parts, answer.table.rows
    places = {i: parts.place(select) for i, select in enumerate(parts.selects)}
    named = [i for i in answer.dimensions if (p := places.get(i)) and (p.table.key, p.column.name) not in masked]
    texts = [i for i in named if answer.table.columns[i].kind is Kind.TEXT]
    if len(rows) < 2 or not texts:
        return ""
    ordered = parts.order is not None and parts.order.position in answer.measures
    best = rows[0] if ordered or not answer.measures else max(rows, key=lambda row: _size(row[answer.measures[0]]))
    cell = best[texts[0]]
    return cell if isinstance(cell, str) and 0 < len(cell) <= _LONGEST_VALUE and "\n" not in cell else ""


def _size(cell: object) -> float:
    return float(cell) if isinstance(cell, int | float | Decimal) else float("-inf")


def _periods(answer: Story) -> Iterator[str]:
    """The year before the one asked for, or the last whole year where none was."""
    wording = answer.wording
    if _date_column(wording) is None:
        return
    asked = None
    for found in filters_of(wording):
        days = (day_of(literal_of(text)) for node in found.nodes for text in node.find_all(exp.Literal))
        asked = next((day for day in days if day), asked)
    year = answer.now.year - 1 if asked is None else asked.year - 1
    key = "answering.next_only_year" if asked is None else "answering.next_year_before"
    yield wording.words.say(key, year=str(year))
