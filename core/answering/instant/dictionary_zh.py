"""Chinese words and the English that they may stand for: our own table first, then the CC-CEDICT dictionary.

Schema names in English are found through these, and the Chinese names of a schema by other words for the same thing.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import product
from typing import Any

from core.answering.instant.words import singular

Way = tuple[tuple[str, ...], float]
LONGEST_WORD = 5
_GLOSSES = ("glosses_zh.toml", "glosses_zh_fields.toml")
_MOST_WAYS = 9
_WHO = 2  # letters or characters that a deed has at least
_DOER = 0.2
_NO_MEANING = ("CL:", "variant", "old variant", "see ", "surname ", "abbr", "also written", "used in ")
_LITTLE = re.compile(r"^(to be|to|a|an|the) ")
_OBJECTS = re.compile(r"\b(sth|sb|oneself|one's)\b")


def gloss_texts() -> list[str]:
    """Our tables of Chinese words, as TOML."""
    return [files(__package__).joinpath(name).read_text(encoding="utf-8") for name in _GLOSSES]


@cache
def glosses() -> Mapping[str, tuple[str, ...]]:
    """Our own English for Chinese words, as written, what is meant most first."""
    return {
        word: tuple(part.strip() for part in meant.split(","))
        for text in gloss_texts()
        for words, meant in tomllib.loads(text)["glosses"].items()
        for word in words.split()
    }


@cache
def _tokenizer() -> Any:
    # Loaded at the first Chinese question: the dictionary takes a moment and some memory.
    import lindera

    return lindera.Tokenizer(lindera.load_dictionary("embedded://cc-cedict"))


@lru_cache(maxsize=512)
def segments(text: str) -> tuple[tuple[str, int], ...]:
    """The words of a text as the dictionary cuts it, with their places in characters."""
    encoded = text.encode()
    return tuple(
        (token.surface, len(encoded[: token.byte_start].decode(errors="ignore")))
        for token in _tokenizer().tokenize(text)
    )


@lru_cache(maxsize=50_000)
def ways(word: str) -> tuple[Way, ...]:
    """English phrases for one Chinese word, in singular words, each at a cost; () for what is no word."""
    found: dict[tuple[str, ...], float] = {}
    for place, own in enumerate(glosses().get(word, ())):
        found.setdefault(tuple(singular(p) for p in re.findall(r"[^\W_]+", own.lower())), 0.03 * place)
    tokens = _tokenizer().tokenize(word)
    if len(tokens) == 1:
        entries = [g for g in ",".join(tokens[0].details[7:]).split("/") if not g.startswith(_NO_MEANING)]
        for place, gloss in enumerate(entries[:8]):
            phrase = _phrase(gloss)
            if 0 < len(phrase) <= 3:
                found.setdefault(phrase, 0.1 + 0.03 * place)
    elif not found and len(word) > _WHO and word[-1] in "者员手师":
        for doer in _doers(word[:-1]):
            found.setdefault((doer,), _DOER)
    return tuple(sorted(found.items(), key=lambda w: w[1])[:_MOST_WAYS])


def _doers(deed: str) -> Iterator[str]:
    """Who does it, as English may say it: 评论[者] as "reviewer", 投资[者] as "investor"."""
    for phrase, _ in ways(deed):
        verb = phrase[0].removesuffix("ing")
        if len(phrase) == 1 and len(verb) > _WHO:
            stem = verb.removesuffix("e")
            yield from (stem + "er", stem + "or", stem + stem[-1] + "er")


@lru_cache(maxsize=20_000)
def is_doing(word: str) -> bool:
    """Whether the dictionary has the word for a verb first: "to return"."""
    tokens = _tokenizer().tokenize(word) if len(word) > 1 else []
    if len(tokens) != 1:
        return False
    entries = [g for g in ",".join(tokens[0].details[7:]).split("/") if g and not g.startswith(_NO_MEANING)]
    return bool(entries) and re.sub(r"\([^)]*\)", "", entries[0]).strip().startswith("to ")


@lru_cache(maxsize=5_000)
def deeds(verb: str) -> tuple[str, ...]:
    """The single English words that a Chinese verb stands for: what a date or a way may be called by."""
    return tuple(phrase[0] for phrase, _ in ways(verb.rstrip("过了") or verb) if len(phrase) == 1)[:4]


def said(word: str) -> tuple[str, ...]:
    """The English words that a cell might hold for a Chinese word, as they would be written, the likeliest first."""
    own = glosses().get(word, ())
    return (*own, *(" ".join(phrase) for phrase, _ in ways(word) if " ".join(phrase) not in own))[:_MOST_WAYS]


def _phrase(gloss: str) -> tuple[str, ...]:
    """ "to return sth", "London, capital of the UK": what is said first, without what only helps the reader."""
    plain = re.sub(r"\([^)]*\)", " ", gloss).lower().strip().partition(",")[0]
    plain = _OBJECTS.sub(" ", _LITTLE.sub("", plain))
    return tuple(singular(p) for p in re.findall(r"[^\W_]+", plain))


# What the endings of Chinese names say, as an English name would say it.
_ENDINGS = {
    "编号": "id", "标识": "id", "代码": "code", "编码": "code", "号码": "number", "序号": "number", "号": "number",
    "姓名": "name", "名称": "name", "名字": "name", "全名": "name", "名": "name", "标题": "title",
    "日期": "date", "时间": "time", "生日": "birthday", "年份": "year", "年度": "year", "月份": "month", "类型": "type",
    "种类": "kind", "类别": "category", "分类": "category", "性别": "gender", "状态": "status", "年龄": "age",
    "数量": "quantity", "人数": "number", "数": "number", "金额": "amount", "总额": "total", "单价": "price",
    "价格": "price", "售价": "price", "成本": "cost", "利润": "profit", "收入": "income", "费用": "cost", "费": "fee",
    "比例": "ratio", "率": "rate", "评分": "rating", "得分": "score", "分数": "score", "电话": "phone",
    "地址": "address", "备注": "remark", "描述": "description",
}  # fmt: skip
_ASKS_YES = "是否"


@lru_cache(maxsize=20_000)
def name_parts(name: str) -> tuple[str, ...]:
    """A Chinese name as an English one would be put: "出生日期" as ("出生", "date"), "是否上架" as ("is", "上架")."""
    if name.startswith(_ASKS_YES) and len(name) > len(_ASKS_YES):
        return ("is", name[len(_ASKS_YES) :])
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if name.endswith(ending):
            return (*((name[: -len(ending)],) if name != ending else ()), _ENDINGS[ending])
    return (name,)


def pivots(name: str) -> tuple[Way, ...]:
    """English phrases for a Chinese name of one word or a few, so that other Chinese words for them find it too."""
    alone = ways(name)
    if alone:
        return alone[:4]
    parts = [ways(word)[:2] for word, _ in segments(name)]
    if not 1 < len(parts) <= 3 or not all(parts):
        return ()
    found = [(tuple(w for phrase, _ in some for w in phrase), sum(c for _, c in some)) for some in product(*parts)]
    return tuple(sorted(found, key=lambda way: way[1])[:4])


def is_chinese(text: str) -> bool:
    """Whether a name holds Chinese characters."""
    return any("\u4e00" <= c <= "\u9fff" for c in text)
