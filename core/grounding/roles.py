"""The part a column plays for people: something to add up, to group by, to date by, to call a row by, or none."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from core.connections.schema import Column, Kind, Table, business_name, language_part
from core.grounding.keys import KEY_WORDS
from core.grounding.names import singular, words_of


class Role(StrEnum):
    """What a column is good for in a question."""

    MEASURE = "measure"  # an amount or a quantity: its sum means something
    LEVEL = "level"  # a price, a rate, an age: its average means something
    DIMENSION = "dimension"  # text that repeats: to group and to filter by
    NAME = "name"  # who or what a row is
    DATE = "date"
    NONE = "none"


_SUMMED = frozenset(
    {"amount", "total", "revenue", "sale", "quantity", "qty", "profit", "income", "turnover", "expense", "volume"}
    | {"spend", "cost", "payment", "subtotal", "gross", "net", "discount", "refund", "budget", "attendance", "units"}
    | {"sold", "paid", "hours", "population", "stock", "score", "points", "balance", "salary", "fee", "value"}
)
_LEVELS = frozenset(
    {"price", "rate", "ratio", "percent", "percentage", "pct", "average", "avg", "rating", "age", "temperature", "size"}
    | {"weight", "height", "area", "capacity", "length", "width", "speed", "duration", "unit", "share", "margin"}
)
_TECHNICAL = frozenset(
    {"lat", "latitude", "lng", "lon", "longitude", "zip", "postcode", "postal", "phone", "fax", "email", "url", "uuid"}
    | {"hash", "token", "password", "salt", "version", "rank", "sort", "position", "index", "sequence", "flag", "ip"}
    | {"year", "month", "day", "week", "hour", "birth"}
)
_NAMES = frozenset({"name", "title", "label", "名称", "姓名"})
_BOOKKEEPING = frozenset({"created", "updated", "modified", "deleted", "inserted", "loaded", "synced", "changed"})
_FEW, _MANY = 2, 60  # different values of a column to group by


def role_of(table: Table, column: Column, values: int | None = None) -> Role:
    """The part this column plays; `values` is how many different ones it has, where that is known."""
    if is_key(table, column):
        return Role.NONE
    english = column.descriptions.get("en") or language_part(column.comment, "en")
    role = _role_by_name(table.name, column.name, column.kind, english.split(":")[0])
    if role is Role.DIMENSION and values is not None and not _FEW <= values <= _MANY:
        return Role.NONE
    return role


@lru_cache(maxsize=32768)
def _role_by_name(table: str, name: str, kind: Kind, label: str) -> Role:
    words = {singular(word) for word in words_of(name)} | set(words_of(name))
    if not words:
        return Role.NONE
    if kind.temporal:
        return Role.DATE
    if kind.numeric:
        return _numeric_role(words | set(words_of(label)))
    if kind is Kind.TEXT and not words & _TECHNICAL:
        is_name = words & _NAMES or words <= {singular(word) for word in words_of(table)}
        return Role.NAME if is_name else Role.DIMENSION
    return Role.NONE


def _numeric_role(words: set[str]) -> Role:
    if words & _TECHNICAL:
        return Role.NONE
    if words & _LEVELS:
        return Role.LEVEL
    return Role.MEASURE if words & _SUMMED else Role.NONE


def is_key(table: Table, column: Column) -> bool:
    """Whether the column only identifies or refers: part of a key, or named like one."""
    if column.name in table.primary_key or any(column.name in key.columns for key in table.foreign_keys):
        return True
    words = words_of(column.name)
    return bool(words) and words[-1] in KEY_WORDS - {"code", "number", "num", "no"}


def is_bookkeeping(column: Column) -> bool:
    """Whether a date says when a row was written rather than when something happened."""
    return bool(_BOOKKEEPING & set(words_of(column.name)))


def name_of(table: Table, language: str) -> Column | None:
    """The column that says who or what a row is, the one in `language` where there are several."""
    named = [column for column in table.columns if role_of(table, column) is Role.NAME]
    suited = [column for column in named if _suits(column.name, language)]
    return next(iter(suited or named), None)


def _suits(name: str, language: str) -> bool:
    """Whether a column that may hold one language ("name_zh") holds this one."""
    last = words_of(name)[-1:]
    marks: Mapping[str, set[str]] = {"zh": {"zh", "cn", "chinese"}, "en": {"en", "english"}}
    return bool(marks[language] & set(last)) or not any(marked & set(last) for marked in marks.values())


def label_of(thing: Table | Column, language: str) -> str:
    """What a person calls a table or column, in `language`."""
    return business_name(thing.name, thing.comment, thing.descriptions, language)
