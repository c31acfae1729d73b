"""Actions for Chinese word order: each hands its parts, turned around, to the action that gives the meaning."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from core.answering.instant.asks import Asks
from core.answering.instant.binding import Binder
from core.answering.instant.dates import nearest_dates
from core.answering.instant.meaning import (
    Ask,
    Average,
    Blank,
    By,
    Check,
    Columns,
    Entity,
    Has,
    Holds,
    InTime,
    Most,
    Number,
    Operand,
    Predicate,
    Together,
    Values,
    Want,
    Wishes,
)
from core.answering.instant.phrases import Phrases
from core.answering.instant.reading import AnyOf, ColumnRef, Compare, Field, Function, Grain, Op, Portion, Tally
from core.answering.instant.times import When
from core.connections.schema import Kind

Made = Iterable[tuple[Any, float]]


class Turned:
    """Actions whose parts come in another order than in English."""

    def __init__(self, phrases: Phrases, asks: Asks, binder: Binder) -> None:
        self._phrases = phrases
        self._asks = asks
        self._bind = binder

    # -- predicates ------------------------------------------------------------------------------------------------

    def check_tail(self, columns: Columns, operand: Operand, op: str) -> Made:
        return self._phrases.check(columns, op, operand)

    def check_when(self, columns: Columns, operand: Operand, op: str) -> Made:
        return self._phrases.check_time(columns, op, operand)

    def against_average_tail(self, columns: Columns, *rest: Any) -> Made:
        return self._phrases.against_average(columns, rest[-1], *rest[:-1])

    def against_extreme(self, columns: Columns, op: str, extreme: str, other: Columns) -> Made:
        if {r for r, _ in columns.options} & {r for r, _ in other.options}:
            function = Function.MAX if extreme == "desc" else Function.MIN
            yield Check(columns, Op(op), (Average(function),)), 0.0

    def equals_either(self, first: Number, columns: Columns, second: Number, again: Columns) -> Made:
        return self._phrases.equals(columns, first, second) if columns == again else ()

    def equals_two(self, first: Number, second: Number, columns: Columns) -> Made:
        return self._phrases.equals(columns, first, second)

    def over(self, number: Number, columns: Columns) -> Made:
        """ "4个以上": whether four belongs to it is open, so both are meant until one is chosen."""
        for op in (">", ">="):
            yield from self._phrases.check(columns, op, number)

    def over_times(self, number: Number, entity: Entity) -> Made:
        for op in (">", ">="):
            yield from self._phrases.has_times(op, number, entity)

    def ages(self, first: Number, adjective: tuple[Columns, Op], second: Number, again: tuple[Columns, Op]) -> Made:
        return self._phrases.adjective(adjective, first, second) if adjective == again else ()

    def has_times_after(self, entity: Entity, op: str, number: Number) -> Made:
        return self._phrases.has_times(op, number, entity)

    def time_after_op(self, window: When, op: str) -> Made:
        return self._phrases.time_op(op, window)

    def most_columns_desc(self, columns: Columns) -> Made:
        return self._most_of("desc", columns)

    def most_columns_asc(self, columns: Columns) -> Made:
        return self._most_of("asc", columns)

    def _most_of(self, extreme: str, columns: Columns) -> Made:
        """ "座位最多": there may be many of what is counted, but not of dates and years."""
        counted = tuple((ref, cost) for ref, cost in columns.options if not self._timely(ref))
        return self._phrases.most(extreme, replace(columns, options=counted)) if counted else ()

    def _timely(self, ref: ColumnRef) -> bool:
        field = Field(ref, self._bind.words.kind(ref))
        return self._bind.dated(field) or self._bind.yearly(field)

    def nth_after(self, columns: Columns, place: str) -> Made:
        """ "单价第二高的产品"."""
        yield Most(True, columns=columns, skip=int(place) - 1), 0.0

    def nth_least_after(self, columns: Columns, place: str) -> Made:
        yield Most(False, columns=columns, skip=int(place) - 1), 0.0

    def nth_before(self, place: str, columns: Columns) -> Made:
        return self.nth_after(columns, place)

    def nth_least_before(self, place: str, columns: Columns) -> Made:
        return self.nth_least_after(columns, place)

    def is_done(self, columns: Columns) -> Made:
        """ "已归还": the date of returning is filled in."""
        yield Blank(columns, negated=True), 0.0

    def has_unflagged(self, columns: Columns, entity: Entity) -> Made:
        """ "未通过检查": an inspection that was not passed, or none that was; both are meant until one is chosen."""
        if entity.bare:
            for flag, cost in self._phrases.not_flagged(columns):
                for found, more in self._bind.narrowed(entity, flag):
                    yield Has(replace(found, distinct=False)), cost + more

    def most_related_sup(self, entity: Entity, extreme: str) -> Made:
        return self._phrases.most_counted(extreme, entity)

    def has_when(self, window: When, entity: Entity) -> Made:
        """ "2014年举办音乐会": the time is that of the concerts."""
        for found, cost in self._bind.narrowed(entity, InTime((window,))):
            for predicate, more in self._phrases.has(found):
                yield predicate, cost + more

    def has_no_when(self, window: When, entity: Entity) -> Made:
        for found, cost in self._bind.narrowed(entity, InTime((window,))):
            for predicate, more in self._phrases.has_no(found):
                yield predicate, cost + more

    def time_on(self, window: When, columns: Columns) -> Made:
        """ "2019年入职的": the date that is called so."""
        return self._phrases.check_time(columns, "=", window)

    def time_on_op(self, window: When, op: str, columns: Columns) -> Made:
        return self._phrases.check_time(columns, op, window)

    def both_times_before(self, first: When, second: When, entity: Entity) -> Made:
        """ "2014年和2015年都有音乐会": related rows in each of the two."""
        return self._phrases.both_times(entity, first, second)

    def both_related(self, first: Entity, second: Entity) -> Made:
        """ "既有猫又有狗的学生"."""
        for one, cost in self._phrases.has(first):
            for two, more in self._phrases.has(second):
                yield Together((one, two)), cost + more

    def neither_related(self, first: Entity, second: Entity) -> Made:
        for one, cost in self._phrases.has_no(first):
            for two, more in self._phrases.has_no(second):
                yield Together((one, two)), cost + more

    def blank_noun(self, columns: Columns) -> Made:
        """ "没有邮箱": nothing stands there; of a column that says yes or no it would mean the no, of an
        amount 0."""
        others = [(r, c) for r, c in columns.options if not self._phrases.says_yes(r)]
        nouns = tuple((ref, cost) for ref, cost in others if not self._bind.always_sized(ref))
        return self._phrases.blank(replace(columns, options=nouns)) if nouns else ()

    # -- entities --------------------------------------------------------------------------------------------------

    def best_in_few(self, most: Most, number: Number, entity: Entity) -> Made:
        return self._phrases.best_few(number, most, entity)

    def best_top(self, columns: Columns, number: Number, entity: Entity) -> Made:
        """ "单价排名前三的产品"."""
        return self.best_few_before(Most(True, columns=columns), number, entity)

    def best_top_counted(self, counted: Entity, number: Number, entity: Entity) -> Made:
        """ "订单数前五的客户"."""
        if counted.each:
            return ()
        return self.best_few_before(Most(True, entity=replace(counted, distinct=False)), number, entity)

    def best_few_before(self, predicate: Predicate, number: Number, entity: Entity) -> Made:
        if isinstance(predicate, Most) and number.value >= 1:
            return self._bind.narrowed(entity, replace(predicate, n=int(number.value)))
        return ()

    def kind_or_compound(self, first: Entity, second: Entity) -> Made:
        """ "汽车的型号", "不同位置": what belongs to something else."""
        if first.bare and second.bare and first.table != second.table and not first.each and first.kind is None:
            return self.compound_near(first, second)
        return ()

    def compound_near(self, first: Entity, second: Entity) -> Made:
        """A thing named after what it belongs to; what stands before the two speaks of the first one."""
        for found, cost in self._phrases.compound(first, second):
            yield replace(found, owned=True), cost

    def kind_of_entity(self, entity: Entity, columns: Columns) -> Made:
        """ "商店的位置": the values of a column of these rows."""
        if entity.kind is None and not entity.best and not entity.each:
            for found, cost in self._phrases.kind(columns):
                if found.table == entity.table:
                    yield replace(found, conditions=entity.conditions, owned=entity.bare), cost

    def by_kind(self, entity: Entity) -> Made:
        for found, cost in self._phrases.each_kind(entity):
            yield By(replace(found, each=False, distinct=False)), cost

    def count_kinds(self, columns: Columns, entity: Entity) -> Made:
        """ "多少种不同类型的宠物": how many different values the column has."""
        for found, cost in self.kind_of_entity(entity, columns):
            for ask, more in self._asks.count(replace(found, distinct=True)):
                yield ask, cost + more

    def wishes_beside(self, entity: Entity, wishes: Wishes) -> Made:
        """Without 的 between them, words belong to the thing alone: 没用过的[模板代码]."""
        for ask, cost in self._asks.wishes_of(wishes, entity):
            yield ask, cost + (0.0 if entity.bare else 0.3)

    # -- questions -------------------------------------------------------------------------------------------------

    def want_function_after(self, columns: Columns, function: str) -> Made:
        return self._asks.want_function(function, columns)

    def count_each_before(self, entity: Entity, counted: Entity) -> Made:
        """ "每个体育场有多少场音乐会", and without "each": how many this one has."""
        if entity.each:
            return self._asks.for_each_count(By(replace(entity, each=False)), counted)
        return self._counted_of(entity, counted)

    def _counted_of(self, entity: Entity, counted: Entity) -> Made:
        for found, cost in self._bind.narrowed(counted, Has(replace(entity, distinct=False))):
            for ask, more in self._asks.count(found):
                yield ask, cost + more

    def count_of_named(self, values: Values, counted: Entity) -> Made:
        """ "AC/DC有多少张专辑": what has the value as its name is not called by its sort."""
        for found, cost in self._bind.narrowed(counted, Holds((values,), named=True)):
            for ask, more in self._asks.count(found):
                yield ask, cost + more

    def count_each_and(self, entity: Entity, counted: Entity) -> Made:
        """ "每个性别代码以及对应的客人数量"."""
        return self._asks.for_each_count(By(replace(entity, each=False, distinct=False)), counted)

    def count_each_value(self, entity: Entity) -> Made:
        """ "美国和英国的客户各有多少": how many for each of the values."""
        either = [c for c in entity.conditions if isinstance(c, AnyOf)]
        same = [c for c in (either[0].options if len(either) == 1 else ()) if isinstance(c, Compare) and c.op is Op.EQ]
        fields = {c.field for c in same}
        if len(fields) == 1 and len(same) == len(either[0].options):
            field = fields.pop()
            for ask, cost in self._asks.count(entity):
                yield replace(ask, groups=(field,), group_show=(field,)), cost

    def most_function_of(self, entity: Entity, function: str, columns: Columns, extreme: str) -> Made:
        """ "哪个类别的[电影平均时长最长]": the column is one of those rows."""
        own = tuple((ref, cost) for ref, cost in columns.options if ref.table == entity.table)
        if own:
            yield from self._phrases.most_function(extreme, function, replace(columns, options=own))

    def called(self, entity: Entity) -> Made:
        """ "最年轻的船长叫什么名字": its name, and no number that it has."""
        if entity.kind is None or entity.kind.kind is Kind.TEXT:
            yield from self._asks.show(entity)

    def count_narrowed(self, entity: Entity, predicate: Predicate) -> Made:
        """ "多少宠物的体重大于10": the predicate comes after."""
        for found, cost in self._bind.narrowed(entity, predicate):
            for ask, more in self._asks.count(found):
                yield ask, cost + more

    def portion_of_all(self, predicate: Predicate, entity: Entity, whole: Entity) -> Made:
        """ "退课的报名占全部报名的百分之几"."""
        return self._asks.portion(entity, predicate) if entity == whole and entity.bare else ()

    def portion_of_kind(self, part: Entity, whole: Entity) -> Made:
        """ "女会员占会员的比例": rows of the same table, some of them narrowed."""
        plain = part.kind is None and whole.kind is None and not (part.best or part.having or part.each)
        if part.table == whole.table and whole.bare and part.conditions and plain:
            yield Ask(whole, (Portion(part.conditions),)), 0.0

    def values_of(self, entity: Entity, columns: Columns) -> Made:
        """ "客户来自哪些国家": the different values of a column of these rows."""
        for found, cost in self.kind_of_entity(entity, columns):
            for ask, more in self._asks.show(replace(found, distinct=True)):
                yield ask, cost + more

    def count_where(self, predicate: Predicate) -> Made:
        """ "工资高于平均工资的有几人": the rows are those of the column that is compared."""
        if isinstance(predicate, Check):
            tables = {ref.table for ref, _ in predicate.columns.options}
            for table in tables if len(tables) == 1 else ():
                yield from self.count_narrowed(Entity(table), predicate)

    def with_count(self, ask: Ask) -> Made:
        """ "订单最多的客户是谁,一共有多少单": the count by which they were found is shown anyway."""
        best = ask.entity.best
        if best is not None and isinstance(best.by, Tally) and best.by.function is Function.COUNT:
            yield ask, 0.0

    def count_rows_each(self, by: By) -> Made:
        """ "每种付款方式各有多少笔": the rows that have the value."""
        if by.entity is not None and by.entity.kind is not None and not by.entity.kind.path:
            rows = Entity(by.entity.table, conditions=by.entity.conditions)
            yield from self._asks.for_each_count(By(replace(by.entity, conditions=())), rows)

    def with_zero_said(self, ask: Ask, counted: Entity, group: Entity) -> Made:
        """ "没有会员的公司也列出来"."""
        return self._asks.with_zero_of(ask, group, counted)

    def against_average_of(self, columns: Columns, op: str, entity: Entity, *again: Columns) -> Made:
        """ "日薪高于全体司机平均日薪": the average is that of all of them."""
        own = tuple((ref, cost) for ref, cost in columns.options if ref.table == entity.table)
        if own:
            yield from self._phrases.against_average(replace(columns, options=own), op, *again)

    def against_average_of_tail(self, columns: Columns, entity: Entity, *rest: Any) -> Made:
        return self.against_average_of(columns, rest[-1], entity, *rest[:-1])

    def grain_before(self, grain: str, ask: Ask) -> Made:
        return self._asks.grouped(ask, By(grain=Grain(grain)))

    def grain_after(self, ask: Ask, grain: str) -> Made:
        return self._asks.grouped(ask, By(grain=Grain(grain)))

    def wishes_where_before(self, predicate: Predicate, wishes: Wishes) -> Made:
        return self._asks.wishes_where(wishes, predicate)

    def shown_narrowed(self, entity: Entity, predicate: Predicate) -> Made:
        for found, cost in self._bind.narrowed(entity, predicate):
            for ask, more in self._asks.show(found):
                yield ask, cost + more

    def which_narrowed(self, entity: Entity, predicate: Predicate) -> Made:
        return self.shown_narrowed(entity, predicate)

    def which_before(self, predicate: Predicate, entity: Entity) -> Made:
        return self.shown_narrowed(entity, predicate)

    def which_kind(self, columns: Columns, predicate: Predicate) -> Made:
        for entity, cost in self._phrases.kind(columns):
            for ask, more in self.shown_narrowed(entity, predicate):
                yield ask, cost + more

    def commonest_whose(self, most: str, entity: Entity, columns: Columns) -> Made:
        return self._asks.commonest_of(most, columns, entity)

    def commonest_before(self, entity: Entity, most: str, columns: Columns) -> Made:
        return self._asks.commonest_of(most, columns, entity)

    def instead_whose(self, ask: Ask, entity: Entity, wishes: Wishes) -> Made:
        return self._asks.instead_of(ask, wishes, entity)

    def asked_when(self, entity: Entity) -> Made:
        """ "最早的订单是什么时候": the date that these rows have."""
        for field, cost in nearest_dates(self._bind, entity.table):
            if not field.path and not entity.each and entity.kind is None:
                wish = Want(Columns(((field.column, 0.0),), ""))
                for ask, more in self._asks.wishes_of((wish,), entity):
                    yield ask, cost + more

    def timed_ask(self, window: When, ask: Ask) -> Made:
        return self._asks.narrowed_ask(ask, InTime((window,)))
