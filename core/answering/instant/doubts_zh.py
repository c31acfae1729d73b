"""What a Chinese word cannot stand for where it stands: leaves that would let part of the meaning fall away.

A translation says what a word may mean anywhere. Its ending and what stands beside it say what it means here: 销售额 is
an amount and no list of sales, 借出的书 are not all books, 代码 is no postal code.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.answering.instant.chart import Edge
from core.answering.instant.dictionary_zh import is_doing
from core.answering.instant.lexicon import lexicon
from core.answering.instant.reading import ColumnRef
from core.answering.instant.schema_words import Call, SchemaWords, plain_words

# What a word so ending is: an amount of money, or at least a number.
_MONEY = re.compile("(?:额|金额|价|价格|费|费用|薪|工资|成本|利润|收入|营收)$")
_NUMBER = re.compile("(?:量|率|龄|时长|数)$")
_CODES = {"代码", "代号", "编码", "编号", "号码", "号", "序号", "标识"}
_PAID = {"amount", "price", "cost", "fee", "revenue", "salary", "payment", "income"}
_CONDITIONS = {"状态", "状况", "情况"}
_OF_PLACES = {"city", "town", "country", "zip", "zipcode", "postcode", "address", "county", "street"}
_THINGS_NAME = {"名称", "全称"}
_NAMES = {"名称", "全称", "名字", "姓名", "名"}
_OF_PEOPLE = {"contact", "first", "last", "middle", "manager", "person"}
_TAIL = 0.4  # what a column costs that only ends in the words
_EACH_TIME = re.compile("按[天日周月季年]|每[一个]?[天日周月季年]|逐[日周月季年]|各[月季年]|分月|历年|同比|环比")
_SUMS_UP = re.compile("累[计积加]")
_EVERY = re.compile("(?:所有|全部|每[个一次条笔张位名家种]|任何)[^,。;]*都")
_DONE_SIGNS = "了过出完好掉"
_HAVING = ("有", "无", "没", "未")
_AHEAD = {"due", "expiry", "expire", "expired", "expiration", "required", "planned", "scheduled", "deadline", "birth"}
_EACH = ("各", "每")
_SURELY = 0.35
_HOW_MANY = ("count_of", "most_after", "fewest_after")


def fitting(text: str, calls: Sequence[tuple[Call, float]], words: SchemaWords) -> list[tuple[Call, float]]:
    """What the schema calls by this word through its translation, without what the word itself denies."""
    found = list(calls)
    if _MONEY.search(text):
        found = [(c, cost) for c, cost in found if c.column and _measures(c, words)]
    elif _NUMBER.search(text):
        found = [(c, cost) for c, cost in found if not c.column or _measures(c, words)]
    if text.endswith("数"):
        found = [(c, cost) for c, cost in found if not c.column or plain_words(c.column)[-1] not in _PAID]
    if text in _CODES:
        found = [(c, cost) for c, cost in found if not c.column or c.cost < _TAIL or words.is_key(_ref(c))]
    if text in _CONDITIONS:
        found = [(c, cost) for c, cost in found if not _place(c, words)]
    if text in _NAMES:
        found = [(c, cost) for c, cost in found if not _other_name(c, text, words)]
    return found


def _place(call: Call, words: SchemaWords) -> bool:
    """Whether it is the state that a city lies in, and not the one that things are in."""
    said = plain_words(call.column) if call.column else ()
    beside = {word for c in words.table(call.table).columns for word in plain_words(c.name)}
    return said[-1:] == ("state",) and bool(beside & _OF_PLACES)


def _ref(call: Call) -> ColumnRef:
    return ColumnRef(call.table, call.column)


def _measures(call: Call, words: SchemaWords) -> bool:
    ref = _ref(call)
    return bool(call.column) and (words.kind(ref).numeric or _written_number(ref, words)) and not words.is_key(ref)


def _written_number(ref: ColumnRef, words: SchemaWords) -> bool:
    """A text column may hold numbers; a name, a date or a code does not."""
    last = plain_words(ref.column)[-1]
    return words.kind(ref).value == "text" and last not in ("name", "date", "time", "code", "id", "type", "title")


def _other_name(call: Call, text: str, words: SchemaWords) -> bool:
    """Whether the column names something else than the rows: a job title, or for things the name of a person."""
    said = plain_words(call.column) if call.column else ()
    if not said or call.cost < _TAIL:
        return False
    if said[-1] == "title":
        return any(plain_words(c.name)[-1] == "name" for c in words.table(call.table).columns)
    return text in _THINGS_NAME and said[-1] == "name" and bool(_OF_PEOPLE & set(said))


def standing(leaves: Sequence[Edge], text: str, words: SchemaWords) -> list[Edge]:
    """The leaves that can mean what they say at their place."""
    tables = {leaf.start for leaf in leaves if leaf.category == "T" and leaf.cost < _SURELY}
    counting = {t.key for t in words.schema.tables if any("quantity" in plain_words(c.name) for c in t.columns)}
    called = {(leaf.end, leaf.meaning.table) for leaf in leaves if leaf.category == "T" and leaf.cost < _SURELY}
    plain = {end for end, table in called if not counting & {table, *words.paths.neighbours(table)}}
    every = [match.end() - 1 for match in _EVERY.finditer(text)]
    added_up = bool(_SUMS_UP.search(text)) and bool(_EACH_TIME.search(text))
    return [
        leaf
        for leaf in leaves
        if not (leaf.category == "T" and _done(leaf, text, tables))
        and not (leaf.category in _HOW_MANY and counting and leaf.start not in plain and _bought(leaf, text))
        and not (leaf.category == "agg" and added_up and _SUMS_UP.match(text, leaf.start))
        and not any(leaf.start <= place < leaf.end for place in every)
        and not (leaf.category == "V" and text[max(0, leaf.start - 1) : leaf.start] in _EACH)
    ]


def _done(leaf: Edge, text: str, tables: set[int]) -> bool:
    """A deed that narrows what follows: 借出的书, 住院的病人; which deeds count is left open."""
    end = leaf.end
    while text[end : end + 1] and text[end] in _DONE_SIGNS:
        end += 1
    told = text[leaf.start : leaf.end]
    if text[leaf.start - 1 : leaf.start] in _HAVING:
        return False  # "没有借阅的会员" has none of them
    return text[end : end + 1] == "的" and end + 1 in tables and (end > leaf.end or is_doing(told))


def _bought(leaf: Edge, text: str) -> bool:
    """订购数量, 销售数量: how much was ordered or sold is not how often, where the schema counts pieces."""
    said = text[leaf.start : leaf.end]
    before = text[max(0, leaf.start - 2) : leaf.start]
    return said.startswith(("数量", "总量", "总数量")) and (before in lexicon("zh").verbs or is_doing(before))


def dones(leaves: Sequence[Edge], words: SchemaWords, text: str) -> Iterator[Edge]:
    """Deeds of which a date says when they were done: 归还 where there is a date of returning."""
    for leaf in leaves:
        if leaf.category != "C" or re.search("(?:日期|时间|日|年|年份|月|期)$", text[leaf.start : leaf.end]):
            continue
        dated = tuple(
            (ref, cost)
            for ref, cost in leaf.meaning.options
            if cost < _SURELY and words.kind(ref).temporal and not _AHEAD & set(plain_words(ref.column))
        )
        called = any(t.category == "T" and (t.start, t.end) == (leaf.start, leaf.end) for t in leaves)
        if dated and not called and is_doing(text[leaf.start : leaf.end]):
            yield Edge("Done", leaf.start, leaf.end, replace(leaf.meaning, options=dated), leaf.cost)
