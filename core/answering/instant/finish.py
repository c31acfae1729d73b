"""Makes a finished reading of a question: what was left open about groups and names is settled here."""

from dataclasses import replace

from core.answering.instant.meaning import Ask, Entity
from core.answering.instant.naming import whole_or_name
from core.answering.instant.paths import many, reversed_path
from core.answering.instant.reading import (
    Bucket,
    ColumnRef,
    Course,
    Expression,
    Field,
    Function,
    Grain,
    Missing,
    Order,
    Path,
    Portion,
    Reading,
    Related,
    Share,
    Tally,
    Trend,
)
from core.answering.instant.schema_words import SchemaWords
from core.connections.schema import Kind


def finished(ask: Ask, words: SchemaWords, language: str) -> Reading | None:
    """The reading of `ask`; None if it cannot be one."""
    entity = ask.entity
    show: tuple[Expression, ...] = ask.show or whole_or_name(words, entity.table, language)
    if ask.groups:
        return _grouped(ask, show, words)
    if ask.trend is not None:
        return None
    show = tuple(dict.fromkeys((*(ask.per.names if ask.per else ()), *show)))
    order = ask.order
    limit = ask.limit
    offset = 0
    groups: tuple[Field | Bucket, ...] = ()
    if entity.best is not None:
        if any(isinstance(e, Tally) for e in show):
            return None
        order = (Order(entity.best.by, entity.best.descending),)
        limit = entity.best.n
        offset = entity.best.skip
        if isinstance(entity.best.by, Tally) and entity.kind is not None:
            ask = replace(ask, entity=(entity := _filled(entity, entity.kind, words)))
    counted = any(isinstance(o.by, Tally) for o in order)
    if counted or entity.having:
        if entity.kind is not None:
            groups = (entity.kind,)
        else:
            key = words.table(entity.table)
            groups = tuple(Field(ColumnRef(entity.table, k), key.by_name[k].kind) for k in key.primary_key)
        plain = tuple(e for e in show if isinstance(e, Field | Bucket))
        groups = tuple(dict.fromkeys((*groups, *plain, *(ask.per.groups if ask.per else ()))))
        if len(plain) != len(show):
            return None
    if limit is not None and len(show) <= 4:
        # What makes it the best is worth seeing.
        show = tuple(dict.fromkeys((*show, *(o.by for o in order))))
    distinct = ask.distinct and not groups and not any(isinstance(e, Tally) for e in show)
    if distinct and limit is not None:
        # "the second highest salary" is one of the different salaries; rows that are cut stay as they are.
        distinct = len(show) == 1 and show == tuple(o.by for o in order)
    reading = Reading(
        entity.table,
        tuple(dict.fromkeys(show)),
        entity.conditions,
        groups,
        entity.having,
        order,
        limit,
        distinct,
        offset,
        ask.outer,
    )
    if ask.per is not None:
        reading = replace(reading, limit=None, per=ask.per)
    return reading if _sound(reading) else None


def _filled(entity: Entity, kind: Field, words: SchemaWords) -> Entity:
    """The rows of which the column says something, where it may say nothing: no value is not the commonest one."""
    column = words.table(kind.column.table).by_name[kind.column.column]
    filled = Missing(kind, negated=True)
    if not column.nullable or kind.column.column in words.table(kind.column.table).primary_key:
        return entity
    return replace(entity, conditions=(*entity.conditions, filled))


def _grouped(ask: Ask, show: tuple[Expression, ...], words: SchemaWords) -> Reading | None:
    entity = ask.entity
    if entity.best is not None:
        return None
    plain = ask.group_show or tuple(e for e in show if isinstance(e, Field | Bucket))
    measures = tuple(e for e in show if isinstance(e, Tally | Share | Portion))
    order = ask.order
    if not order and len(measures) == 1 and not any(isinstance(g, Bucket) for g in ask.groups):
        order = (Order(measures[0], descending=True),)  # the largest first is how groups are read
    groups = tuple(dict.fromkeys((*ask.groups, *plain)))
    if ask.trend is not None:
        return _told_over_time(ask, ask.trend, plain, measures)
    if (ask.limit or ask.per) and len(ask.groups) == 1 and isinstance(ask.groups[0], Field):
        entity = _filled(entity, ask.groups[0], words)
    if ask.zero:
        return _with_empty(ask, plain, measures, groups)
    reading = Reading(
        entity.table,
        tuple(dict.fromkeys((*plain, *measures))),
        entity.conditions,
        groups,
        entity.having,
        order,
        ask.limit,
        per=ask.per,
    )
    return reading if _sound(reading) else None


def _told_over_time(
    ask: Ask, trend: Trend, plain: tuple[Field | Bucket, ...], measures: tuple[Tally | Share | Portion, ...]
) -> Reading | None:
    """One row per period, with its figure and what that is by the periods before."""
    periods = [g for g in ask.groups if isinstance(g, Bucket) and g.grain is not Grain.WEEKDAY]
    only = measures[0] if len(measures) == 1 else None
    if len(periods) != 1 or not isinstance(only, Tally) or only.function is Function.MEDIAN or ask.limit or ask.zero:
        return None
    adds = only.function in (Function.SUM, Function.COUNT) and not only.distinct
    if trend is Trend.RUNNING and not adds:
        return None
    within = tuple(g for g in ask.groups if g != periods[0])
    course = Course(only, trend, periods[0], within)
    order = (*(Order(g) for g in plain if g != periods[0]), Order(periods[0]))
    shown = tuple(dict.fromkeys((*plain, only, course)))
    groups = tuple(dict.fromkeys((*ask.groups, *plain)))
    reading = Reading(ask.entity.table, shown, ask.entity.conditions, groups, ask.entity.having, order)
    return reading if _sound(reading) else None


def _with_empty(
    ask: Ask,
    plain: tuple[Field | Bucket, ...],
    measures: tuple[Tally | Share | Portion, ...],
    groups: tuple[Field | Bucket, ...],
) -> Reading | None:
    """The groups seen from their own table, with what is counted joined where there is some."""
    fields = [g for g in groups if isinstance(g, Field)]
    path = min((f.path for f in fields), key=len, default=())
    home = [f for f in fields if f.path == path]
    counts = len(measures) == 1 and isinstance(measures[0], Tally) and measures[0] == Tally(Function.COUNT)
    if len(home) != len(groups) or not path or any(step.many for step in path) or not counts:
        return None
    back = reversed_path(path)
    link = back[-1]
    tally = Tally(Function.COUNT, Field(ColumnRef(link.right, link.right_columns[0]), Kind.INTEGER, back))
    order = tuple(Order(tally if o.by == measures[0] else o.by, o.descending) for o in ask.order) or (
        Order(tally, True),
    )
    if any(not isinstance(o.by, Tally) for o in order):
        order = tuple(
            replace(o, by=replace(o.by, path=())) if isinstance(o.by, Field) and o.by in home else o for o in order
        )
    shown = tuple(replace(f, path=()) for f in plain if isinstance(f, Field))
    keys = tuple(replace(f, path=()) for f in home)
    return Reading(path[-1].right, (*shown, tally), (), keys, (), order, ask.limit, outer=True)


def _sound(reading: Reading) -> bool:
    """Whether sums and averages count each row once, and not too many joins multiply rows."""
    medians = [e for e in reading.show if isinstance(e, Tally) and e.function is Function.MEDIAN]
    tallies = [e for e in reading.show if not isinstance(e, Field | Bucket)]
    if medians and (len(tallies) != 1 or reading.having or reading.per or medians[0].distinct):
        return False  # the middle of rows is found on its own
    if any(h.tally.function is Function.MEDIAN for h in reading.having):
        return False
    if any(isinstance(o.by, Tally) and o.by.function is Function.MEDIAN and o.by not in medians for o in reading.order):
        return False
    paths = {p for p in _paths(reading) if many(p)}
    crossing = [p for p in paths if not any(p != q and q[: len(p)] == p for q in paths)]
    if len(crossing) > 1:
        return False
    measured = [e for e in reading.show if isinstance(e, Tally) and e.field and not e.distinct]
    adding = [e.field.path for e in measured if e.field and e.function in (Function.SUM, Function.AVG, Function.MEDIAN)]
    return all(_once(path, other) for path in adding for other in crossing)


def says_nothing(reading: Reading, words: SchemaWords) -> bool:
    """Whether it counts what there is one of: the rows of a group that is a single row, or what each row points at."""
    if any(isinstance(c, Related) and c.times and not many(c.path) for c in reading.conditions):
        return True
    refs = [ColumnRef(reading.table, column) for column in words.table(reading.table).primary_key]
    key = {Field(ref, words.kinds[ref]) for ref in refs}
    told = (*(h.tally for h in reading.having), *(o.by for o in reading.order))
    counts = any(expression == Tally(Function.COUNT) for expression in told)
    return bool(key) and counts and key <= set(reading.groups) and not any(many(path) for path in _paths(reading))


def _once(path: Path, other: Path) -> bool:
    """Whether rows measured at the end of `path` are not repeated by joining `other`; a bridge to groups may be."""
    if path[: len(other)] == other:
        return True
    if other[: len(path)] != path:
        return False
    rest = other[len(path) :]
    return sum(step.many for step in rest) == 1 and len(rest) <= 2


def _paths(reading: Reading) -> list[Path]:
    found: list[Path] = []
    expressions = [*reading.show, *reading.groups, *(o.by for o in reading.order), *(h.tally for h in reading.having)]
    for expression in expressions:
        inner = expression.of if isinstance(expression, Share | Course) else expression
        if isinstance(inner, Field):
            found.append(inner.path)
        elif isinstance(inner, Bucket):
            found.append(inner.field.path)
        elif isinstance(inner, Tally):
            found.append(inner.field.path if inner.field else inner.path)
    return found
