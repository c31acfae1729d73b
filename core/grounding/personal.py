"""Which columns hold personal data, found by the form of their values and by what they are called.

Nothing of a value is kept: a finding names the kind, why, and how sure it is.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

from core.connections.schema import Column, Kind, Schema, Table
from core.grounding.names import singular, words_of
from core.security.personal import PersonalKind, Place, find_personal, kind_of

Samples = Mapping[Place, Sequence[str]]

_LEAST_SHARE = 0.6  # of a column's values that are personal data as a whole
_LEAST_INSIDE = 0.2  # of a column's texts that hold some
_LEAST_VALUES = 2
_BY_NAME, _BY_TABLE = 0.9, 0.8
_NOT_THE_THING = frozenset(
    {"count", "type", "id", "flag", "status", "verified", "sent", "opened", "at", "total", "amount", "rate", "length"}
    | {"kind", "category", "hash", "optin", "enabled", "format", "order", "version", "range", "size", "valid", "key"}
    | {"数", "数量", "次数", "类型", "状态", "金额", "比例"}
)
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
    "廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文欧阳"
)
_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]\s[\u4e00-\u9fff]{1,2}")
_WESTERN_NAME = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?[^\W\d_][\w'’-]+(?: [^\W\d_]\.?)?(?: (?:de|da|van|von|der|la|le|bin|al))*"
    r"(?: [^\W\d_][\w'’-]+){1,3}"
)
_COMPANY = re.compile(
    r"\b(?:inc|ltd|llc|gmbh|corp|co|company|plc|group|holdings?|sons|bank|university|school|hospital|store|shop"
    r"|department|team|systems?|services?|solutions?)\b|公司|集团|银行|大学|学校|医院|商店|部$|店$|厂$",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b\d{1,5}[a-z]?,? [\w.' -]{2,40}\b(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way|court"
    r"|ct|square|place|pl|terrace)\b|\b[\w-]{2,30}(?:stra(?:ß|ss)e|str\.|weg|platz|gasse) ?\d{1,4}|\brue [\w' -]{2,40}|"
    r"[\u4e00-\u9fff]{1,12}(?:路|街|大道|巷|弄|道)\s?\d{1,5}\s?号"
    r"|[\u4e00-\u9fff]{2,8}(?:省|市)[\u4e00-\u9fff]{2,12}(?:区|县|市|镇)"
    r"[\u4e00-\u9fff]{1,12}(?:路|街|村|号)",
    re.IGNORECASE,
)


class Why(StrEnum):
    """What a tag stands on."""

    VALUES = "values"
    INSIDE = "inside"  # some texts hold personal data among other things
    NAME = "name"
    TABLE = "table"  # a plain name, in a table of people
    PERSON = "person"  # an administrator's word


@dataclass(frozen=True)
class Finding:
    """One column that holds personal data; `sure` in (0, 1]."""

    table: str
    column: str
    kind: PersonalKind
    why: Why
    sure: float


def find_columns(schema: Schema, samples: Samples) -> list[Finding]:
    """The columns of `schema` that hold personal data, judged by their names and by a few values of each."""
    found = []
    for table in schema.tables:
        of_people = _is_of_people(table)
        for column in table.columns:
            values = [v for v in samples.get((table.key, column.name), ()) if v.strip()]
            if judged := _judge(column, values, of_people):
                found.append(Finding(table.key, column.name, *judged))
    return found


_Judged = tuple[PersonalKind, Why, float]


def _judge(column: Column, values: Sequence[str], of_people: bool) -> _Judged | None:
    """What a column holds. Values that show what they are count for more than a name."""
    if column.kind is Kind.BOOLEAN:
        return None
    by_value = None if column.kind.temporal or column.kind is Kind.TIME else _by_values(values)
    if by_value and by_value[1] is Why.VALUES:
        return by_value
    named = _named(column, values)
    if named:
        return named, Why.NAME, _BY_NAME
    if column.kind is Kind.TEXT and _looks_like_people(column, values, of_people):
        return PersonalKind.PERSON, Why.TABLE if of_people else Why.VALUES, _BY_TABLE
    return by_value


def _by_values(values: Sequence[str]) -> _Judged | None:
    if len(values) < _LEAST_VALUES:
        return None
    kinds = [kind_of(value) or (PersonalKind.ADDRESS if _STREET.search(value) else None) for value in values]
    for kind in PersonalKind:
        share = kinds.count(kind) / len(values)
        if share >= _LEAST_SHARE:
            return kind, Why.VALUES, round(share, 2)
    inside = [found[0].kind for value in values if (found := find_personal(value))]
    share = len(inside) / len(values)
    if share >= _LEAST_INSIDE and len(inside) >= _LEAST_VALUES:
        return max(PersonalKind, key=inside.count), Why.INSIDE, round(share, 2)
    return None


def _named(column: Column, values: Sequence[str]) -> PersonalKind | None:
    """The kind that the column's name, comment or description speaks of, where its values can be that."""
    if not column.comment and not column.descriptions:
        kind = _kind_called(column.name, "")
        return kind if kind and _possible(kind, column, values) else None
    label = " ".join(text.split(":")[0].split("：")[0] for text in (column.comment, *column.descriptions.values()))
    kind = _kind_called(column.name, label[:60])
    return kind if kind and _possible(kind, column, values) else None


@lru_cache(maxsize=20_000)  # the same few names stand in thousands of tables
def _kind_called(name: str, label: str) -> PersonalKind | None:
    """The kind that a name, or the short part of what is said of it, speaks of."""
    said = _phrase(name)
    words = said.split()
    if words and (words[-1] in _NOT_THE_THING and not _says(said, _NAMES_ALWAYS)):
        return None
    for kind, names in _names().items():
        if kind in _KINDS and (_says(said, names["words"]) or any(z in name or z in label for z in names["zh"])):
            return PersonalKind(kind)
    return None


def _possible(kind: PersonalKind, column: Column, values: Sequence[str]) -> bool:
    """Whether a column of this type and these values can hold this kind at all."""
    if column.kind.temporal:
        return kind is PersonalKind.BIRTH_DATE
    if kind is PersonalKind.BIRTH_DATE:
        return not values or any(any(c.isdigit() for c in v) and len(v) >= 6 for v in values)
    if column.kind is Kind.NUMBER or (column.kind is Kind.INTEGER and kind is PersonalKind.PERSON):
        return False
    if column.kind is Kind.INTEGER:
        return not values or sum(len(v) >= 5 for v in values) * 2 > len(values)
    if kind is PersonalKind.PERSON:
        return not values or sum(bool(_COMPANY.search(v)) for v in values) * 2 < len(values)
    return True


def _looks_like_people(column: Column, values: Sequence[str], of_people: bool) -> bool:
    """Whether a text column holds people's names: a plain name in a table of people, or values that look like it."""
    said = _phrase(column.name)
    plain = said in ("name", "display name", "nickname") or column.name in ("名称", "名字", "名", "昵称")
    if of_people and plain:
        return not values or sum(bool(_COMPANY.search(v)) for v in values) * 2 < len(values)
    perhaps = _names()["perhaps"]
    hinted = _says(said, perhaps["words"]) or any(z in column.name for z in perhaps["zh"])
    if not hinted or len(values) < _LEAST_VALUES or (plain and not of_people):
        return plain and len(values) >= _LEAST_VALUES and _share(values, _is_chinese_name) >= 0.9
    return _share(values, _is_name) >= _LEAST_SHARE


def _share(values: Sequence[str], is_it: Callable[[str], bool]) -> float:
    return sum(map(is_it, values)) / len(values)


def _is_chinese_name(value: str) -> bool:
    return bool(_CHINESE_NAME.fullmatch(value)) and value[0] in _SURNAMES and not _COMPANY.search(value)


def _is_name(value: str) -> bool:
    if _is_chinese_name(value):
        return True
    return bool(_WESTERN_NAME.fullmatch(value)) and value[0].isupper() and not _COMPANY.search(value)


def _is_of_people(table: Table) -> bool:
    names = _names()["tables"]
    return _says(_phrase(table.name), names["words"]) or any(
        z in f"{table.name} {table.comment}"[:60] for z in names["zh"]
    )


def _phrase(name: str) -> str:
    """A name as words in the singular: `emailAddresses` as "email address"."""
    return " ".join(singular(word) for word in words_of(name))


def _says(said: str, phrases: Sequence[str]) -> bool:
    """Whether one of the phrases stands in `said` as whole words."""
    return any(f" {phrase} " in f" {said} " for phrase in phrases)


_KINDS = frozenset(PersonalKind)
_NAMES_ALWAYS = ("national id", "tax id", "social security")


@cache
def _names() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """What columns of each kind are called."""
    return tomllib.loads(files(__package__).joinpath("personal_names.toml").read_text(encoding="utf-8"))
