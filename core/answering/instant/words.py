"""The words of a question: tokens with their places, and the plain form of an English word.

Positions are token indices; each token knows its characters, so that an explanation can quote the question.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<quoted>(?<![\w])(?:``\s*(?P<q1>.+?)\s*''|"(?P<q2>[^"]+)"|“(?P<q3>[^”]+)”|‘(?P<q4>[^’]+)’|'(?P<q5>[^']+)'(?!\w)))
      |(?P<date>\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?)
      |(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?![\w-]))
      |(?P<owner>['’]s?(?!\w))
      |(?P<word>[^\W_]+(?:[-_.@/&+][^\W_]+)*)
      |(?P<sign>>=|<=|!=|<>|[<>=])
      |(?P<punct>[^\s])""",
    re.VERBOSE,
)
_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "criteria": "criterion", "data": "data",
    "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose", "lives": "life", "wives": "wife",
    "species": "species", "series": "series", "news": "news", "indices": "index", "analyses": "analysis",
    "bases": "base", "cases": "case", "sales": "sale", "databases": "database", "warehouses": "warehouse",
    "bonuses": "bonus", "campuses": "campus", "viruses": "virus",
    "statuses": "status", "buses": "bus", "movies": "movie", "cookies": "cookie", "mpg": "mpg",
    "this": "this", "was": "was", "has": "has", "is": "is", "its": "its", "does": "does", "gas": "gas", "yes": "yes",
}  # fmt: skip


@dataclass(frozen=True)
class Token:
    """One word, number, quotation or sign. `kind` is "word", "number", "date", "quoted", "owner", "sign" or "punct"."""

    text: str
    kind: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower()

    @property
    def plain(self) -> str:
        return singular(self.text.lower())


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of an English question, in order; a quotation is one token without its quotes."""
    found = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind.startswith("q"):
            kind = "quoted"
        inner = next((match.group(g) for g in ("q1", "q2", "q3", "q4", "q5") if match.group(g)), None)
        found.append(Token((inner or match.group(0)).strip(), kind, match.start(), match.end()))
    return tuple(found)


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """The singular of an English noun in lower case; a word that is no plural comes back as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return "id" if word == "ids" else word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search(r"[bdgiklmnprtv]uses$", word) and word not in ("abuses",):
        return word[:-2]
    if word.endswith(("sses", "xes", "ches", "shes", "zzes", "oes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """A rough root shared by "hire", "hires", "hired" and "hiring"; only for comparing with other roots."""
    word = singular(word)
    for ending in ("ation", "ing", "ment", "ion", "ed", "al"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    return word.rstrip("e") if len(word) > 3 else word


_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
    "single": 1,
}  # fmt: skip


def number_of(token: Token) -> float | None:
    """The number this token writes, in figures or as an English word; None if it writes none."""
    if token.kind == "number":
        return float(token.text.replace(",", ""))
    found = _SMALL.get(token.lower)
    return None if found is None else float(found)
