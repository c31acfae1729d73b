"""Verbs that claim something of things: "how many orders are paid" does not count all orders.

Most verbs of a question only say that two things are related, and the schema says how. Said of things as done, some
take part of them: what is paid, shipped, completed. Then a cell has to hold the word, or a column or table of the
reading has to speak of it; otherwise the word is not explained.
"""

import re
from collections.abc import Iterator, Sequence

from core.answering.instant.chart import Edge
from core.answering.instant.dictionary_zh import ways
from core.answering.instant.lexicon import lexicon
from core.answering.instant.reading import Field, Portion, Reading, Tally
from core.answering.instant.words import root

# Chinese verbs that say what became of things, and not only that they have to do with each other.
_DEEDS = frozenset(
    {"退货", "付款", "支付", "获奖", "获得", "得到", "赢得", "收到", "签署", "签", "离开", "到达", "抵达",
     "推荐", "发出", "授予", "颁发", "奖励", "接受", "退", "缴", "缴纳", "交", "领取", "归还", "还", "取消",
     "发货", "完成", "处理", "录制", "提交", "递交", "评估", "预订", "预定"}
)  # fmt: skip
_BE = frozenset({"is", "are", "was", "were", "be", "been", "being", "get", "got", "has", "have", "had"})
_AFTER = frozenset(
    {"in", "on", "before", "after", "within", "since", "during", "under", "below", "over", ",", "and", "that", "this"}
)
_EACH_OF = re.compile("分别|各[有多几是为]")
_NEAR = 2  # characters behind 已 within which its word begins
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def claims(texts: Sequence[str], before_table: frozenset[int]) -> frozenset[int]:
    """The positions of English words that claim something: after "be", before what they are said of, or last."""
    outcomes = lexicon("en").outcomes
    lowers = [text.lower() for text in texts]
    found = set()
    for place, word in enumerate(lowers):
        if root(word) not in outcomes or lowers[place + 1 : place + 2] == ["by"]:
            continue
        if not _is_done(word):
            if lowers[max(0, place - 1) : place] in (["not"], ["never"]) and place + 1 not in before_table:
                found.add(place)  # "who did not finish"
            continue
        if place + 1 == len(lowers) or lowers[place + 1] in _AFTER:
            found.add(place)  # "how many women finished", "who finished in three hours"
            continue
        earlier = [text for text in lowers[max(0, place - 2) : place] if text not in ("not", "never", "already", "yet")]
        if (earlier and earlier[-1] in _BE) or place + 1 in before_table:
            found.add(place)
    return frozenset(found)


def _is_done(word: str) -> bool:
    return word.endswith("ed") or word in ("paid", "sold", "sent", "lent", "lost", "won", "begun")


def unexplained(edge: Edge, claimed: frozenset[int], texts: Sequence[str], sql: str, reading: Reading) -> str:
    """The first claim that the reading takes for a mere verb though nothing in its SQL speaks of it; "" for none.

    Chinese says of what is done that it is so already (已): what follows has to be a cell's word, or within a time.
    """
    held = [leaf for leaf in edge.leaves() if leaf.category in ("V", "W", "Done")] + list(_flags(edge))
    for place, text in enumerate(texts):
        ends = place + _NEAR
        if text.startswith("已") and not any(leaf.start <= ends and place < leaf.end for leaf in held):
            return "".join(texts[place : ends + 1])
    if word := _not_one_each("".join(texts), reading):
        return word
    named = {root(part.lower()) for part in _WORD.findall(sql)}
    if deed := _dated_deed(edge, texts, named):
        return deed
    outcomes = lexicon("en").outcomes
    for leaf in edge.leaves():
        if leaf.category == "verb" and leaf.start in claimed and outcomes[root(texts[leaf.start].lower())] not in named:
            return texts[leaf.start]
    return ""


def _not_one_each(text: str, reading: Reading) -> str:
    """What says "of each" where one figure is shown for all: 美国和英国的客户各有多少."""
    told = _EACH_OF.search(text)
    one = len(reading.show) == 1 and isinstance(reading.show[0], Tally | Portion) and not reading.groups
    return told[0] if told and one else ""


def left_out(edge: Edge, texts: Sequence[str], reading: Reading) -> bool:
    """Whether what is asked for by 哪 is not shown: 哪个[类别]的电影最长 asks for a category."""
    leaves = list(edge.leaves())
    shown = {e.column for e in (*reading.show, *reading.groups) if isinstance(e, Field)}
    for which, thing, de in zip(leaves, leaves[1:], leaves[2:], strict=False):
        if which.category != "which" or not texts[which.start].startswith("哪") or de.category != "de":
            continue
        if thing.category == "T" and thing.meaning.table not in {*(c.table for c in shown), *_counted(reading)}:
            return True
    return False


def _counted(reading: Reading) -> set[str]:
    """The tables that the keys of groups point at, whose names are those of the groups."""
    fields = [g for g in reading.groups if isinstance(g, Field)]
    return {step.right for f in fields for step in f.path}


def _flags(edge: Edge) -> Iterator[Edge]:
    """The columns that are taken for saying yes or no."""
    for part in edge.parts:
        if edge.category == "P" and part.category == "C" and len(edge.parts) == 1:
            yield part
        yield from _flags(part)


def _dated_deed(edge: Edge, texts: Sequence[str], named: set[str]) -> str:
    """A deed right behind a time, "2023年退货的订单", that no name in the SQL speaks of: the time may be another's."""
    leaves = list(edge.leaves())
    times = {leaf.end for leaf in leaves if leaf.category == "W"}
    for leaf in leaves:
        word = "".join(texts[leaf.start : leaf.end]).rstrip("过了")
        spoken = {root(part) for phrase, _ in ways(word) for part in phrase} & named
        if leaf.category == "verb" and leaf.start in times and word in _DEEDS and not spoken:
            return word
    return ""
