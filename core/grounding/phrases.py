"""The pieces of a question that may name a value, and the question with such pieces masked."""

import re

from core.grounding.folding import fold, question_terms

_QUOTED = re.compile(
    r"\"([^\"]{1,100})\"|“([^”]{1,100})”|「([^」]{1,100})」|『([^』]{1,100})』|‘([^’]{1,100})’|《([^》]{1,100})》"
)
_SINGLE = re.compile(r"(?<!\w)'([^']{1,100})'(?!\w)")
_TOKENS = re.compile(r"[\u3400-\u9fff]+|[^\s\u3400-\u9fff,;:!?()\[\]{}\"“”‘’「」『』《》，。；：！？（）、]+")
_ABBREVIATED = re.compile(r"\w\.$")  # the dot of "Inc." is the name's own, unless the sentence ends with it
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_MOST_WORDS, _MOST_CHARACTERS, _MOST_PHRASES = 6, 10, 500

_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|[零一二两三四五六七八九十百千万亿]+)"
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b"
)
_UNIT = r"(?:day|week|month|quarter|year)s?"
_DATES = re.compile(
    rf"\d{{4}}[-/.]\d{{1,2}}(?:[-/.]\d{{1,2}})?|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}"
    rf"|(?:\b(?:the\s+)?(?:last|past|previous|this|next|current)\s+(?:{_NUMBER}\s+|\w+\s+)?{_UNIT}\b)"
    rf"|\b(?:yesterday|today|tomorrow)\b|\b\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?:\s+\d{{4}})?"
    rf"|\b{_MONTH}(?:\s+\d{{1,2}}(?:st|nd|rd|th)?\b,?)?\s+\d{{4}}|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b"
    r"|\b(?-i:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|\b(?:19|20)\d\d\b(?:年)?"
    rf"|\d+年(?:\d+月)?(?:\d+[日号])?|\d+月(?:\d+[日号])?|去年|今年|前年|明年|昨天|今天|前天"
    rf"|(?:上|本|这|下)个?(?:周|星期|月|季度|年)|(?:最近|过去|近){_NUMBER}?个?(?:天|日|周|星期|月|季度|年)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(_NUMBER)
_NAMES = re.compile(r"(?<=[^.!?\s]\s)(?:[A-Z][\w'&.-]*\s?)+")


def quoted(text: str) -> list[str]:
    """What stands in quotation marks of any kind."""
    found = [*_QUOTED.finditer(text), *_SINGLE.finditer(text)]
    pieces = (next((group for group in match.groups() if group), "") for match in found)
    return [piece.strip() for piece in pieces if piece.strip()]


def quoted_spans(text: str) -> list[tuple[int, int]]:
    """Where quotations stand, their marks with them."""
    return [match.span() for match in (*_QUOTED.finditer(text), *_SINGLE.finditer(text))]


def proper_names(text: str) -> list[str]:
    """Runs of capitalised words that neither begin a sentence nor name a month."""
    return [match.group().strip(" .'") for match in _NAMES.finditer(_DATES.sub(" ", text))]


def phrases_of(text: str) -> list[str]:
    """Every run of up to six words, or two to ten Chinese characters, that could name a value, longest first."""
    tokens = list(_TOKENS.finditer(text))
    found = dict.fromkeys(quoted(text))
    for size in range(min(_MOST_WORDS, len(tokens)), 0, -1):
        for start in range(len(tokens) - size + 1):
            whole = text[tokens[start].start() : tokens[start + size - 1].end()].lstrip(".' ")
            run = whole.rstrip(".' ")
            if question_terms(run):
                found[run] = None
                found[re.sub(r"['’]s?$", "", run)] = None
                if _ABBREVIATED.search(whole):
                    found[whole] = None
    for run in _CHINESE.findall(text):
        for size in range(min(_MOST_CHARACTERS, len(run)), 1, -1):
            found.update((run[start : start + size], None) for start in range(len(run) - size + 1))
    return [phrase for phrase in found if len(phrase) > 1 or phrase.isascii()][:_MOST_PHRASES]


def mask(text: str) -> str:
    """The question's shape: dates, numbers and names taken out, folded (after DAIL-SQL, arXiv 2308.15363)."""
    shape = _DATES.sub("⟨date⟩", _SINGLE.sub("⟨name⟩", _QUOTED.sub("⟨name⟩", text)))
    return fold(_NUMBERS.sub("⟨number⟩", _NAMES.sub("⟨name⟩ ", shape)))
