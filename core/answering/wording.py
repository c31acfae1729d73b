"""Parts of a query in business words: "number of orders", "total amount", "order date in 2024"."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sqlglot import exp

from core.answering.figures import Figures, Style
from core.answering.sql_parts import AGGREGATES, Place, SqlParts
from core.answering.units import currency_of
from core.connections.schema import Kind, Table, business_name, humanise
from core.grounding.names import plural
from core.i18n import Words

_PLAIN_NAME = re.compile(r"(^|_| )(id|year|no|code|zip|编号|年份|年|邮编)$", re.IGNORECASE)
_PERCENT_NAME = re.compile(
    r"(^|_| )(share|ratio|percent|percentage|pct|rate|proportion)($|_| )|占比|比例|率$|百分比", re.IGNORECASE
)
_YEAR_NAME = re.compile(r"(^|_| )year$|年份$|年度$", re.IGNORECASE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_AGGREGATE_KEYS: dict[type[exp.Expr], str] = {
    exp.Sum: "answering.total_of", exp.Avg: "answering.average_of",
    exp.Max: "answering.highest_of", exp.Min: "answering.lowest_of",
}  # fmt: skip


def digits_are_a_name(name: str) -> bool:
    """Whether a column's numbers name something and are no amounts: years, numbers of orders, codes."""
    return bool(_PLAIN_NAME.search(name))


@dataclass(frozen=True)
class Wording:
    """Speaks of one query in one language."""

    parts: SqlParts
    language: str

    @property
    def words(self) -> Words:
        return Words(self.language)

    @property
    def figures(self) -> Figures:
        return Figures(self.language)

    def table(self, table: Table) -> str:
        """What people call a table."""
        return _inside(business_name(table.name, table.comment, table.descriptions, self.language))

    def many(self, table: Table) -> str:
        """What people call several rows of a table."""
        return plural(self.table(table)) if self.language == "en" else self.table(table)

    def place(self, place: Place) -> str:
        """What people call a column; a bare "name" or "id" says whose it is when there are several tables."""
        name = _inside(business_name(place.column.name, place.column.comment, place.column.descriptions, self.language))
        bare = name.lower() in {"name", "id", "title", "code", "type", "status", "date", "名称", "编号", "状态", "日期"}
        if bare and len(self.parts.joined) > 1:
            return self.words.say("answering.of_table", column=name, table=self.table(place.table))
        return name

    def of(self, node: exp.Expr | None) -> str:
        """What an expression is, in words; "" where it is a calculation without a name."""
        grain = self.parts.grain(node)
        if grain:
            return self.words.say(f"answering.grain_{grain.unit}", of=self.of(grain.date))
        aggregate = self.parts.aggregate(node)
        if aggregate is not None:
            return self._aggregate(aggregate)
        place = self.parts.place(node)
        if place:
            return self.place(place)
        return self._share(node) or self._alias(node)

    def _share(self, node: exp.Expr | None) -> str:
        """ "share of total sales" for an amount divided by the sum of it over all rows; "" for anything else."""
        ratio = self.parts.origin(node)
        whole = ratio.expression.find(exp.Window) if isinstance(ratio, exp.Div) else None
        part = next(ratio.this.find_all(*AGGREGATES), None) if isinstance(ratio, exp.Div) else None
        if whole is None or part is None or whole.args.get("partition_by"):
            return ""
        return self.words.say("answering.share_of", of=self.of(part))

    def _alias(self, node: exp.Expr | None) -> str:
        name = node.alias_or_name if isinstance(node, exp.Alias | exp.Column) else ""
        return name if _CHINESE.search(name) else humanise(name)

    def _aggregate(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Count):
            return self._count(node)
        of = self.of(node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this)
        place = self.parts.place(node.this)
        dated = place is not None and place.column.kind.temporal
        if dated and isinstance(node, exp.Max | exp.Min):
            return self.words.say(
                "answering.latest_of" if isinstance(node, exp.Max) else "answering.earliest_of", of=of
            )
        key = _AGGREGATE_KEYS[type(node)]
        return self.words.say(key, of=of) if of else self.words.say(f"{key}_value")

    def _count(self, node: exp.Count) -> str:
        counted = node.this
        if isinstance(counted, exp.Distinct) and len(counted.expressions) == 1:
            place = self.parts.place(counted.expressions[0])
            if place and place.table.primary_key == (place.column.name,):
                return self.words.say("answering.number_of", of=self.many(place.table))
            referred = self._referred(place) if place else None
            if referred:
                return self.words.say("answering.different_of", of=self.many(referred))
            return self.words.say("answering.different_of", of=self.of(counted.expressions[0]))
        table = self.counted(node)
        return self.words.say("answering.number_of", of=self.many(table)) if table else self.words.say("answering.rows")

    def _referred(self, place: Place) -> Table | None:
        """The table that a foreign key of one column points at."""
        keys = [key for key in place.table.foreign_keys if key.columns == (place.column.name,)]
        return self.parts.schema.by_key.get(keys[0].referred_table) if keys else None

    def counted(self, node: exp.Expr) -> Table | None:
        """The table whose rows a COUNT counts: the counted key's, or for COUNT(*) the one with most rows a match.

        In a join over foreign keys the table that refers to the others decides how many rows there are.
        """
        place = self.parts.place(node.this) if isinstance(node.this, exp.Column) else None
        if place:
            return place.table
        tables = self.parts.joined
        if len(tables) == 1:
            return tables[0]
        keys = {table.key for table in tables}
        referred = {k.referred_table for t in tables for k in t.foreign_keys if k.referred_table != t.key}
        referring = [table for table in tables if table.key in keys - referred]
        return referring[0] if len(referring) == 1 else self.parts.main_table

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for each column of the result; () when the query selects a star."""
        return tuple(self._label(select) for select in self.parts.selects)

    def _label(self, select: exp.Expr) -> str:
        alias = select.alias if isinstance(select, exp.Alias) else ""
        if _CHINESE.search(alias):
            return alias
        return self.of(select) or humanise(alias) or self.words.say("answering.value")

    def style(self, position: int, name: str) -> Style:
        """How the values of the result column at `position`, called `name`, are written."""
        select = self.parts.selects[position] if position < len(self.parts.selects) else None
        grain = self.parts.grain(select)
        if grain:
            return Style(grain=grain.unit)
        place = self.parts.place(select)
        if place:
            key = place.table.primary_key == (place.column.name,) or any(
                place.column.name in foreign.columns for foreign in place.table.foreign_keys
            )
            if _YEAR_NAME.search(place.column.name) and place.column.kind is Kind.INTEGER:
                return Style(grain="year")
            return Style(plain=key or digits_are_a_name(place.column.name), currency=currency_of(place.column))
        return Style(plain=digits_are_a_name(name), currency=self._currency(select))

    def _currency(self, select: exp.Expr | None) -> str:
        """The currency of a total, an average or an extreme of amounts in one currency."""
        aggregate = self.parts.aggregate(select)
        if aggregate is None or isinstance(aggregate, exp.Count) or aggregate.find(exp.Div):
            return ""
        places = [self.parts.place(column) for column in aggregate.find_all(exp.Column)]
        found = {currency for place in places if place and (currency := currency_of(place.column))}
        return found.pop() if len(found) == 1 else ""

    def percent(self, position: int, name: str, values: Iterable[object]) -> int:
        """What 1 stands for in a calculated column that holds parts of a whole: 100, 1 when it was multiplied by
        a hundred already, 0 in any other column."""
        select = self.parts.selects[position] if position < len(self.parts.selects) else None
        if not _PERCENT_NAME.search(name) or self.parts.place(select) is not None:
            return 0
        hundred = select is not None and any(
            literal.name in ("100", "100.0") for literal in select.find_all(exp.Literal)
        )
        numbers = [float(v) for v in values if isinstance(v, int | float | Decimal)]
        return (1 if hundred else 100) if numbers and all(0 <= n <= (100 if hundred else 1) for n in numbers) else 0

    def listed(self, items: Iterable[str], most: int = 5, by: str = "and") -> str:
        """ "a, b and c"; after `most` items only how many more there are."""
        shown = list(dict.fromkeys(items))
        if len(shown) > most:
            more = self.words.say("answering.others", n=len(shown) - most)
            shown = [*shown[:most], more]
        if len(shown) < 2:
            return "".join(shown)
        joined = self.words.say("answering.comma").join(shown[:-1])
        return self.words.say(f"answering.{by}", left=joined, right=shown[-1])


def _inside(name: str) -> str:
    """A name as it stands inside a sentence: "Order date" as "order date", "VAT rate" and "GmbH" as they are."""
    return name[0].lower() + name[1:] if len(name) > 1 and name[1:] == name[1:].lower() else name
