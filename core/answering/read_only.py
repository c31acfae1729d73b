"""Whether a person asks to change data, which the portal never does, and what they could ask instead.

Told from the words alone, so that it is said at once and in the same way with every model and with none. Words that
also speak of what is shown ("remove the filter", "add the city") count only where they name what a database is made of.
"""

import re
from collections.abc import Callable, Iterator

from core.connections.schema import Schema
from core.grounding.names import plural, singular, words_of

_SQL = re.compile(
    r"\b(?:drop|alter|create(?: or replace)?)\s+(?:temp(?:orary)?\s+)?(?:table|database|schema|view|index|user|role"
    r"|function|trigger|sequence|procedure)\s+(?!of\b|showing\b|with\b|that\b|listing\b|for\b|to\b|and\b)[\w\"`\[]"
    r"|\bdelete\s+from\s+[\w\"`\[]|\binsert\s+(?:ignore\s+)?into\s+[\w\"`\[]"
    r"|\bmerge\s+into\s+[\w\"`\[]|\breplace\s+into\s+[\w\"`\[]"
    r"|\bupdate\s+[\w.\"`\[\]]+\s+set\s+[\w.\"`\[\]]+\s*=|\btruncate\s+(?:table\s+)?[\w\"`\[]|\bgrant\s+[\w\s,]+\s+(?:on|to)\s+\w"
    r"|\brevoke\s+[\w\s,]+\s+on\s+\w|\battach\s+(?:database\s+)?'|\bexplain\s+analy[sz]e\b.*\b(?:delet|updat|insert|remov|drop|truncat)",
    re.IGNORECASE | re.DOTALL,
)
_POLITE = re.compile(
    r"(?:(?:please|kindly|now|just|ok(?:ay)?|so|first|then|and|also|hey|hi|go ahead and|let'?s|help me(?: to)?"
    r"|(?:can|could|would|will) you(?: please)?|i (?:want|need|would like|'d like)(?: you)? to|be sure to"
    r"|you (?:must|should|have to|need to)|make sure (?:to|you)|run|execute|perform)\b[\s,:]*)+",
    re.IGNORECASE,
)
_DESTROYS = re.compile(
    r"(?:delete|erase|purge|wipe(?: out)?|truncate|destroy|overwrite|cancel|get rid of)\b(?! of\b|\s*\?)", re.I
)
_REMOVES = re.compile(r"(?:remove|drop|clear|empty)\b", re.I)
_MAKES = re.compile(r"(?:insert|add|create|register)\s+(?:(?:a|an|one|another|the|some|\d+)\s+)*(?:new\s+)?", re.I)
_ALTERS = re.compile(
    r"(?:update|change|set|modify|edit|rename|alter|reset|correct|replace|mark|assign|increase|decrease|raise|lower|reduce"
    r"|double|move|archive)\s+(?!in\b|of\b|on\b|me\b|us\b|over\b|from\b|than\b|rate)",
    re.I,
)  # fmt: skip
_TO = re.compile(r"\s(?:to|by|as|with|into|=)\s+\S", re.I)
_STORED = re.compile(
    r"\b(?:tables?|columns?|rows?|records?|entr(?:y|ies)|databases?|schemas?|index(?:es)?|user accounts?)\b", re.I
)
_ASKING = re.compile(
    r"^\W*(?:how|what|which|who|whose|when|where|why|is|are|do|does|did|was|were|list|show|count)\b", re.I
)
_SENTENCES = re.compile(r"(?<=[.!?;:])\s+|\n+|[。！？；;]")
_PARTS = re.compile(r",?\s+(?:and|then|and then)\s+|,\s*(?:please|then|and)\s+", re.I)

_POLITE_ZH = re.compile(
    r"(?:请|帮我|帮忙|麻烦|给我|现在|立即|马上|然后|接着|再|并且?|先|首先|可以|能否|能不能|你|您|执行|运行|必须|需要|我要|我想|想要|直接|顺便|一下|:|：|\s)+"
)
_DESTROYS_ZH = re.compile(
    r"(?:彻底|全部|统统)?(?:删除|删掉|删去|删光|清空|清除|抹掉|截断|销毁|移除|作废)(?!了|过|的|率|数量|次数|前|后|时|掉了)"
)
_TURNS_ZH = re.compile(
    r"(?:把|将).{1,60}?(?:改成|改为|改到|设为|设成|设置为|设置成|更新为|更新成|修改为|替换为|替换成|标记为|删除|删掉|清空|清零|重命名|涨|上调|下调|提高|降低|增加|减少|加到|降到)"
)
_ALTERS_ZH = re.compile(
    r"(?:修改|更新|更改|插入|新增|添加|录入|写入|创建|新建|重命名|变更)(?!了|过|的|率|数|量|时间|日期|情况|后|前|多少|最|客户数|用户数)"
)
_STORED_ZH = re.compile(r"一条|一个|一行|一笔|一名|一位|记录|数据|表|字段|数据库|为|成|到")
_ASKING_ZH = re.compile(r"多少|哪|几|什么|谁|列出|显示|统计|查询|是否|有没有|平均|最|占比|趋势|排名|对比")
_SHOWN_ZH = re.compile(r"筛选|条件|排序|分组|图|列|限制|过滤|取消的")
_MOST = 3


def asks_to_change(text: str, schema: Schema, leans: bool) -> str | None:
    """What a person wants to have changed, as they said it (""; where only SQL says so); None where they only ask.

    `leans` says that the words go on from a question before, where "drop" and "add" speak of what is shown.
    """
    if re.search(r"[\u4e00-\u9fff]", text):
        wishes = (_zh(part, leans) for part in re.split(r"[，。；！？,;!?\n]", text))
        found = [wish for wish in wishes if wish is not None]
        return found[0] if found else "" if _SQL.search(text) else None
    for sentence in _SENTENCES.split(text):
        parts = [sentence] if _ASKING.match(sentence) else _PARTS.split(sentence)
        for part in parts:
            wanted = _en(_POLITE.sub("", part.strip(" \"'`*-"), count=1), schema, leans)
            if wanted is not None:
                return wanted
    return "" if _SQL.search(text) else None


def instead(wanted: str, language: str, is_read: Callable[[str], bool]) -> tuple[str, ...]:
    """Questions that only read of what somebody wanted changed, of those that `is_read` can answer."""
    return tuple(dict.fromkeys(q for q in _questions(wanted.strip(" .!?。！？"), language) if is_read(q)))[:_MOST]


def _questions(wanted: str, language: str) -> Iterator[str]:
    if not wanted:
        return
    if language == "zh":
        bare = re.sub(r"^(?:所有的?|全部的?|一切)|(?:全部|都|掉|表|数据|记录)$", "", wanted)
        yield from (f"{bare}有多少？", f"列出{bare}", f"有多少{bare}？")
        return
    bare = re.sub(
        r"^(?:all|every|any|each|the)\s+(?:of\s+)?(?:the\s+|our\s+)?|\s+tables?$|\s+now$", "", wanted, flags=re.I
    )
    yield from (f"How many {bare} are there?", f"Show {bare}", f"List {bare}")


def _en(said: str, schema: Schema, leans: bool) -> str | None:
    """What an English clause that begins with a verb wants changed."""
    if (verb := _DESTROYS.match(said)) and said[verb.end() :].strip(" .!"):
        return said[verb.end() :].strip()

    def names_data() -> bool:
        return bool(_STORED.search(said)) or (not leans and _names_table(said, schema))

    if (verb := _REMOVES.match(said)) and names_data():
        return said[verb.end() :].strip()
    if (verb := _MAKES.match(said)) and _begins_stored(said[verb.end() :], schema, leans):
        return said[verb.end() :].strip() if "new" not in verb[0] else ""
    if (verb := _ALTERS.match(said)) and names_data() and (_TO.search(said) or _STORED.search(said)):
        return said[verb.end() :].split(" to ")[0].strip()
    return None


def _begins_stored(said: str, schema: Schema, leans: bool) -> bool:
    """Whether what is made is something a database holds: "customer named Bob", "row to orders"; no chart, no table
    of results."""
    if re.match(r"(?:tables?|views?|lists?|charts?|column)\s+(?:of|with|show\w*|that|for|by|list\w*)\b", said, re.I):
        return False
    first = re.match(r"[\w-]+", said)
    if first is None or leans:
        return bool(re.match(r"(?:rows?|records?|entr(?:y|ies)|databases?|schemas?)\b", said, re.I))
    return bool(_STORED.match(said)) or first[0].lower() in _table_words(schema)


def _names_table(said: str, schema: Schema) -> bool:
    return bool(_table_words(schema) & {word.lower() for word in re.findall(r"[\w]+", said)})


def _table_words(schema: Schema) -> set[str]:
    """What the tables are called, each word in the singular and in the plural."""
    words = {singular(word) for table in schema.tables for word in words_of(table.name) if len(word) > 2}
    return words | {plural(word) for word in words}


def _zh(part: str, leans: bool) -> str | None:
    """What a Chinese clause wants changed."""
    said = _POLITE_ZH.sub("", part.strip(), count=1) if _POLITE_ZH.match(part.strip()) else part.strip()
    if leans and _SHOWN_ZH.search(said):
        return None
    if (verb := _DESTROYS_ZH.match(said)) and said[verb.end() :]:
        return said[verb.end() :]
    if turned := _TURNS_ZH.match(said):
        return re.sub(r"^(?:把|将)|(?:改成|改为|设为|删除|删掉|清空).*$", "", turned[0])
    if _ALTERS_ZH.match(said) and _STORED_ZH.search(said) and not _ASKING_ZH.search(said) and not leans:
        return ""
    return None
