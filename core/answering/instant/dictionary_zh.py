"""Chinese words and the English that they may stand for: our own table first, then the CC-CEDICT dictionary.

Schema names in English are found through these, and the Chinese names of a schema by other words for the same thing.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from core.answering.instant.words import singular

Way = tuple[tuple[str, ...], float]
LONGEST_WORD = 5
_MOST_WAYS = 9
_NO_MEANING = ("CL:", "variant", "old variant", "see ", "surname ", "abbr", "also written", "used in ")
_LITTLE = re.compile(r"^(to be|to|a|an|the) ")
_OBJECTS = re.compile(r"\b(sth|sb|oneself|one's)\b")


@cache
def glosses() -> Mapping[str, tuple[str, ...]]:
    """Our own English for Chinese words, as written, what is meant most first."""
    text = files(__package__).joinpath("glosses_zh.toml").read_text(encoding="utf-8")
    return {
        word: tuple(part.strip() for part in meant.split(","))
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
    return tuple(sorted(found.items(), key=lambda w: w[1])[:_MOST_WAYS])


def said(word: str) -> tuple[str, ...]:
    """The English words that a cell might hold for a Chinese word, as they would be written, the likeliest first."""
    own = glosses().get(word, ())
    return (*own, *(" ".join(phrase) for phrase, _ in ways(word) if " ".join(phrase) not in own))[:_MOST_WAYS]


def _phrase(gloss: str) -> tuple[str, ...]:
    """ "to return sth", "London, capital of the UK": what is said first, without what only helps the reader."""
    plain = re.sub(r"\([^)]*\)", " ", gloss).lower().strip().partition(",")[0]
    plain = _OBJECTS.sub(" ", _LITTLE.sub("", plain))
    return tuple(singular(p) for p in re.findall(r"[^\W_]+", plain))
