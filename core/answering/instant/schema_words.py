"""The words by which a schema's tables and columns may be called, as a tree of words to walk.

Built once for a schema and kept: names in plain words, labels and explanations of descriptions in both languages,
names without their table's own words, abbreviations written out. Each way of calling has a cost: 0 is the very name.
"""

import re
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from core.answering.instant.dictionary_zh import is_chinese, name_parts, pivots
from core.answering.instant.meaning import Columns
from core.answering.instant.paths import Paths
from core.answering.instant.reading import ColumnRef
from core.answering.instant.word_tables import Phrase, abbreviations, near_words, synonyms, units
from core.answering.instant.words import root, singular
from core.connections.schema import Column, Kind, Schema, Table, humanise, language_part
from core.grounding.keys import keyed

_SORTS = {"type", "kind", "category"}
_GENERIC = {"id", "code", "name", "number", "no", "num", "key", "text", "value", "title", "date"}
_LITTLE = {"to", "from", "of", "in", "by", "for", "at", "on", "is", "no", "not", "and", "or", "with", "up"}
_PIVOT = 0.15  # a Chinese name found through the English of another word for it
_PREFIXES = {"ref", "dim", "fact", "tbl", "tb", "t", "vw", "v", "lkp", "stg"}
DONE = {"sold", "made", "paid", "held", "won", "lost", "sent", "given", "taken", "done", "built", "spent"}
_WHEN = {"on", "at", "date", "time", "year", "day"}
_LABEL = re.compile(r"[:：(（,，;；]")


@dataclass(frozen=True)
class Call:
    """Something a phrase may mean: a table (`column` empty) or a column, at a cost."""

    table: str
    column: str
    cost: float


class SchemaWords:
    """What each phrase may call in one schema, its join paths, and its kinds of columns."""

    def __init__(self, schema: Schema) -> None:
        schema = keyed(schema)
        self.schema = schema
        self.paths = Paths(schema)
        self.tree: dict[str, Any] = {}
        self.chinese: dict[str, list[Call]] = defaultdict(list)
        self.longest = 0
        self.acts: dict[str, list[str]] = defaultdict(list)
        self.shorts: set[str] = set()
        self.nearly = lru_cache(maxsize=4096)(self._nearly)
        self._said: set[str] = set()
        self.dates: dict[str, list[ColumnRef]] = defaultdict(list)
        self.kinds = {ColumnRef(t.key, c.name): c.kind for t in schema.tables for c in t.columns}
        for table in schema.tables:
            own = _table_phrases(table)
            sorts = {plain_words(c.name) for c in table.columns if (c.name,) != table.primary_key}
            # What a view shows stands in a table too; the table is meant first.
            view = 0.3 if table.is_view else 0.0
            for phrase, cost in own.items():
                # Rows that each have an allergy type are no allergy types.
                sort = 0.55 if phrase in sorts and phrase[-1] in _SORTS else 0.0
                self._put(phrase, Call(table.key, "", cost + view + sort))
                if len(phrase) == 1 and cost < 0.1:
                    self.acts[root(phrase[0])].append(table.key)
            called = _chinese_table(table)
            for label, cost in called.items():
                self._label(label, Call(table.key, "", cost + view))
            for column in table.columns:
                for phrase, cost in _column_phrases(column, table, own).items():
                    self._put(phrase, Call(table.key, column.name, cost + view))
                for label, cost in _chinese_column(column, called).items():
                    self._label(label, Call(table.key, column.name, cost + view))
                if column.kind.temporal or _WHEN & set(plain_words(column.name)[1:]):
                    for word in {root(w) for w in plain_words(column.name)} - _WHEN:
                        self.dates[word].append(ColumnRef(table.key, column.name))

    def _put(self, phrase: Phrase, call: Call) -> None:
        node = self.tree
        self.shorts |= {w for w in phrase if 3 <= len(w) <= 6 and w.isalpha() and not set(w[1:]) & set("aeiouy")}
        self._said.update(phrase)
        for word in phrase:
            node = node.setdefault(word, {})
        calls = node.setdefault("", [])
        calls.append(call)
        # A table called exactly so is meant before one that only ends so.
        tables = [c for c in calls if not c.column]
        if len(tables) > 1 and min(c.cost for c in tables) < 0.1:
            calls[:] = [c for c in calls if c.column or c.cost < 0.3]
        if tables and min(c.cost for c in tables) < 0.1:
            calls[:] = [c for c in calls if not (c.column and c.cost >= 0.3 and (self._key(c) or self._own(c, tables)))]

    def _nearly(self, phrase: Phrase) -> Phrase | None:
        """What stands for words that nothing here is called by: the only word of their groups that does; else None."""
        others = near_words().get(phrase)
        if not others or self._said.issuperset(phrase):
            return None
        found = [other for other in others if walk(self.tree, other) is not None]
        return found[0] if len(found) == 1 else None

    def _label(self, label: str, call: Call) -> None:
        for phrase, cost in pivots(label) if call.cost < 0.3 else ():
            self._put(phrase, replace(call, cost=call.cost + _PIVOT + cost))
        calls = self.chinese[label]
        calls.append(call)
        if any(not c.column and c.cost < 0.1 for c in calls):
            calls[:] = [c for c in calls if not (c.column and c.cost >= 0.3 and self._key(c))]
        self.longest = max(self.longest, len(label))

    def _own(self, call: Call, tables: list[Call]) -> bool:
        """Whether the column is one of a table called just so: payments are no payment dates."""
        return any(t.table == call.table and t.cost < 0.1 for t in tables)

    def _key(self, call: Call) -> bool:
        return self.is_key(ColumnRef(call.table, call.column))

    def table(self, key: str) -> Table:
        return self.schema.by_key[key]

    def kind(self, ref: ColumnRef) -> Kind:
        return Kind.NUMBER if ref.sign else self.kinds[ref]

    def referred(self, ref: ColumnRef) -> frozenset[ColumnRef]:
        """The columns that this one points at as a foreign key."""
        keys = self.table(ref.table).foreign_keys
        return frozenset(
            ColumnRef(k.referred_table, k.referred_columns[k.columns.index(ref.column)])
            for k in keys
            if ref.column in k.columns and len(k.referred_columns) == len(k.columns)
        )

    def unique(self, ref: ColumnRef) -> bool:
        """Whether no two rows share a value of this column, by its keys."""
        table = self.table(ref.table)
        return table.primary_key == (ref.column,) or (ref.column,) in table.unique_keys

    def flag(self, ref: ColumnRef) -> bool:
        """Whether the column says yes or no: by its type, or as 1 and 0 by a name like "is_open"."""
        if self.kind(ref) is Kind.BOOLEAN:
            return True
        words = plain_words(ref.column)
        done = len(words) == 1 and (words[0].endswith("ed") or words[0] in DONE)
        return self.kind(ref) is Kind.INTEGER and (done or (len(words) > 1 and words[0] in ("is", "has")))

    def is_key(self, ref: ColumnRef) -> bool:
        """Whether the column is (part of) a primary or foreign key."""
        table = self.table(ref.table)
        return ref.column in table.primary_key or any(ref.column in k.columns for k in table.foreign_keys)


_kept: "OrderedDict[int, tuple[Schema, SchemaWords]]" = OrderedDict()
_lock = threading.Lock()
_ROOM = 16


def words_of(schema: Schema) -> SchemaWords:
    """The words of this schema, built at the first question and kept for the next ones."""
    with _lock:
        found = _kept.get(id(schema))
        if found is not None:
            _kept.move_to_end(id(schema))
            return found[1]
    # The entry holds the very schema it was asked for, so that its id is never met again for another one.
    built = SchemaWords(schema)
    with _lock:
        _kept[id(schema)] = (schema, built)
        while len(_kept) > _ROOM:
            _kept.popitem(last=False)
    return built


def walk(tree: Mapping[str, Any], phrase: Iterable[str]) -> Mapping[str, Any] | None:
    """The node that `phrase` leads to; None if nothing is called so."""
    node: Mapping[str, Any] | None = tree
    for word in phrase:
        node = node.get(word) if node else None
        if node is None:
            return None
    return node


@lru_cache(maxsize=50_000)
def plain_words(name: str) -> Phrase:
    """A name in singular words, abbreviations written out: `Fname` as ("first", "name")."""
    words: list[str] = []
    for raw in re.findall(r"[^\W_]+", humanise(name)):
        if is_chinese(raw):
            words.extend(name_parts(raw))
            continue
        for word in re.findall(r"\d+|\D+", raw):
            words.extend(abbreviations().get(word, (singular(word),)))
    return tuple(words)


def _table_phrases(table: Table) -> dict[Phrase, float]:
    words = plain_words(table.name)
    while len(words) > 1 and words[0] in _PREFIXES:
        words = words[1:]
    found: dict[Phrase, float] = {words: 0.0}
    if len(words) > 1 and words[-1] in ("data", "list", "info", "record", "table", "master", "detail", "name"):
        found.setdefault(words[:-1], 0.3)
    if "of" in words[1:-1]:
        found.setdefault(words[: words.index("of")], 0.3)
    for size in range(1, len(words)):
        if not set(words[size:]) <= _GENERIC | _LITTLE:
            found.setdefault(words[size:], 0.35)
    for place in range(1, len(words) - 1):
        if words[place] in ("of", "in"):
            # a member of a club is a club member, and a member
            found.setdefault((*words[place + 1 :], *words[:place]), 0.1)
            found.setdefault(words[:place], 0.3)
    for text, cost in _english_labels(table.comment, table.descriptions):
        found[text] = min(cost, found.get(text, 9.0))
    return found


def _column_phrases(column: Column, table: Table, owner: Mapping[Phrase, float]) -> dict[Phrase, float]:
    words = _split_glued(plain_words(column.name), owner)
    found: dict[Phrase, float] = {words: 0.0}
    for own in owner:
        if len(words) > len(own) and words[: len(own)] == own:
            found.setdefault(words[len(own) :], 0.1)
    if words[-1] in _GENERIC and len(words) == 1:
        for own in owner:
            if len(own) <= 2:
                found.setdefault((*own, *words), 0.05)
    if words[0] in ("is", "has") and len(words) > 1:
        found.setdefault(words[1:], 0.1)
    if len(words) > 1 and _last(column.name) in units():
        found.setdefault(words[:-1], 0.05)
    if len(words) > 2 and words[-2] == "in" and {words[-1], _last(column.name)} & units():
        found.setdefault(words[:-2], 0.05)
    if len(words) > 1 and (words[-1] in DONE or (words[-1].endswith("ed") and column.kind.numeric)):
        found.setdefault(words[:-1], 0.3)
    if column.kind.numeric and words[-1] != _last(column.name) and words[-1] not in _GENERIC:
        found.setdefault((*words, "count"), 0.1)
    for phrase in _of_doing(words):
        found.setdefault(phrase, 0.1)
    for phrase, cost in list(found.items()):
        if len(phrase) > 1 and phrase[-1] in _GENERIC | _SORTS:
            found.setdefault(phrase[:-1], cost + 0.3)
        if len(phrase) > 1 and phrase[0] in ("number", "num", "no", "total", "count"):
            found.setdefault((*phrase[1:], phrase[0]), cost + 0.05)
    for size in range(1, len(words)):
        deed = size == len(words) - 1 and (words[-1] in DONE or words[-1].endswith("ed"))
        if not set(words[size:]) <= _LITTLE and not deed:
            found.setdefault(words[size:], 0.4)
    if words[0] == "birth" and words[-1] == "year":
        found.setdefault(("birth",), 0.1)
    if table.primary_key == (column.name,) and (words[-1] == "id" or column.kind is Kind.INTEGER):
        found.setdefault(("id",), 0.1)
    for text, cost in _english_labels(column.comment, column.descriptions):
        found[text] = min(cost, found.get(text, 9.0))
    return found


def _last(name: str) -> str:
    """The last word of a name as it is written."""
    parts = re.findall(r"[^\W_]+", humanise(name).lower())
    return parts[-1] if parts else ""


def _of_doing(words: Phrase) -> Iterator[Phrase]:
    """ "opened_on" is the opening date too, "published_year" the year of publishing, "due_on" the due date."""
    if len(words) == 2 and words[1] in ("on", "at") and not words[0].endswith("ed"):
        yield (words[0], "date")
    if len(words) == 2 and words[1] in _WHEN and words[0].endswith("ed"):
        stem = words[0][:-2]
        stem = stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "ls" else stem
        last = "date" if words[1] in ("on", "at") else words[1]
        for form in (words[0], stem + "ing", words[0][:-2] + "ing", stem, stem + "e"):
            yield (form, last)


@lru_cache(maxsize=20_000)
def shortened(word: str, short: str) -> bool:
    """Whether `short` is `word` without its vowels, double letters written once: "vsl" for "vessel"."""
    bare = word[:1] + re.sub("[aeiouy]", "", word[1:])
    return len(word) > len(short) and re.sub(r"(.)\1", r"\1", bare) == short


def _split_glued(words: Phrase, owner: Iterable[Phrase]) -> Phrase:
    """ "stuid" of a student as ("student", "id"): a beginning of the table's own word, and a common ending."""
    own = {word for phrase in owner for word in phrase}
    out: list[str] = []
    for word in words:
        ending = next((e for e in ("id", "name", "code", "type", "date", "number") if word.endswith(e)), "")
        begin = word[: -len(ending)] if ending else ""
        least = 1 if ending == "name" else 3  # "bname" of a bank
        whole = next((o for o in own if begin and (o == begin or (len(begin) >= least and o.startswith(begin)))), "")
        if whole:
            out += [whole, ending]
        elif len(word) >= 3 and len(words) > 1 and word not in own:
            out.append(next((o for o in own if o.startswith(word)), word))
        else:
            out.append(word)
    return tuple(out)


def _english_labels(comment: str, descriptions: Mapping[str, str]) -> Iterator[tuple[Phrase, float]]:
    text = descriptions.get("en") or language_part(comment, "en")
    label, *rest = _LABEL.split(text, maxsplit=1)
    words = tuple(singular(w) for w in re.findall(r"[^\W_]+", label.lower()))
    if words and len(words) <= 6:
        yield words, 0.0
        if len(words) > 1 and words[0] in ("the", "a", "an"):
            yield words[1:], 0.0
    # What the explanation says first is another way of calling it; the rest only describes.
    for part in re.split(r"[,;.()]", rest[0])[:2] if rest else ():
        alias = tuple(singular(w) for w in re.findall(r"[^\W_]+", part.lower()))
        if 0 < len(alias) <= 3:
            yield alias, 0.2


def _chinese_table(table: Table) -> dict[str, float]:
    """What a table is called in Chinese, by its name or by those who described it."""
    found: dict[str, float] = {}
    for label, cost in _chinese_labels(table.name, table.comment, table.descriptions):
        found.setdefault(label, cost)
        for ending in ("信息表", "记录表", "明细表", "数据表", "表", "记录", "信息", "数据", "档案"):
            if label.endswith(ending) and len(label) > len(ending):
                found.setdefault(label[: -len(ending)], cost + (0.0 if ending == "表" else 0.1))
    return found


def _chinese_column(column: Column, owner: Mapping[str, float]) -> dict[str, float]:
    """What a column is called in Chinese: also without its table's own word, or without an ending that says little."""
    found: dict[str, float] = {}
    for label, cost in _chinese_labels(column.name, column.comment, column.descriptions):
        found.setdefault(label, cost)
        for own in owner:
            if label.startswith(own) and len(label) > len(own):
                found.setdefault(label[len(own) :], cost + 0.1)
        for ending in ("名称", "编号", "日期", "时间"):
            if label.endswith(ending) and len(label) > len(ending):
                found.setdefault(label[: -len(ending)], cost + 0.3)
    return found


def _chinese_labels(name: str, comment: str, descriptions: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    if is_chinese(name):
        yield re.sub(r"[\W_]+", "", name), 0.0
    text = descriptions.get("zh") or language_part(comment, "zh")
    label, *rest = _LABEL.split(text, maxsplit=1)
    if 0 < len(label.strip()) <= 12:
        yield label.strip(), 0.0
    for part in re.split(r"[，,；;。()（）、]", rest[0])[:2] if rest else ():
        if 0 < len(part.strip()) <= 6:
            yield part.strip(), 0.2


def attribute(words: SchemaWords, name: str) -> Columns | None:
    """The columns that a general word such as "age" or "price" speaks of."""
    options: dict[ColumnRef, float] = {}
    for phrase in ((name,), *synonyms().get((name,), ())):
        node: Mapping[str, Any] | None = words.tree
        for part in phrase:
            node = node.get(part) if node else None
        for call in node.get("", ()) if node else ():
            if call.column:
                ref = ColumnRef(call.table, call.column)
                options[ref] = min(call.cost, options.get(ref, 9.0))
    return columns_of(options, name) if options else None


def columns_of(options: Mapping[ColumnRef, float], words: str) -> Columns:
    """A mention of these columns, the likeliest first."""
    return Columns(tuple(sorted(options.items(), key=lambda o: (o[1], o[0].table, o[0].column))), words)
