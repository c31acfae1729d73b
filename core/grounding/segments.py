"""Chinese text cut into the words of a dictionary, with what they mean in English (CC-CEDICT, by lindera)."""

import re
from functools import cache, lru_cache
from typing import Any

from core.grounding.names import singular

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_GLOSS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_BEFORE = re.compile(r"^(?:to be|to|an?|the) ")
_MOST_GLOSSES, _MOST_WORDS = 6, 3
_NO_MEANING = ("CL:", "variant", "old variant", "see ", "surname ", "abbr", "also ", "archaic ", "used in")
_SMALL = frozenset({"to", "a", "an", "the", "of", "be", "sb", "sth", "in", "for", "or", "and", "with", "on", "at"})


@cache
def tokenizer() -> Any:
    """The dictionary, loaded at the first Chinese text: it takes a moment and some memory."""
    import lindera

    return lindera.Tokenizer(lindera.load_dictionary("embedded://cc-cedict"))


@lru_cache(maxsize=2048)
def segments(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The Chinese words of a text, each with its meaning: English words in the singular, the likeliest first.

    () for a text without Chinese.
    """
    if not _CHINESE.search(text):
        return ()
    tokens = (token for token in tokenizer().tokenize(text) if _CHINESE.match(token.surface))
    return tuple((token.surface, _meaning(",".join(token.details[7:]))) for token in tokens)


@lru_cache(maxsize=4096)
def meanings(word: str) -> tuple[str, ...]:
    """What a Chinese word means, as phrases, the first meaning first; () for what is no single word."""
    tokens = tokenizer().tokenize(word)
    if len(tokens) != 1:
        return ()
    glosses = ",".join(tokens[0].details[7:]).split("/")
    plain = (_GLOSS.sub(" ", gloss).split(",")[0] for gloss in glosses if not gloss.startswith(_NO_MEANING))
    found = (" ".join(gloss.split()) for gloss in plain)
    return tuple(dict.fromkeys(_BEFORE.sub("", gloss) for gloss in found if gloss))


def _meaning(glosses: str) -> tuple[str, ...]:
    words: dict[str, None] = {}
    for gloss in glosses.split("/")[:_MOST_GLOSSES]:
        if gloss.startswith(_NO_MEANING):
            continue
        plain = [word for word in re.findall(r"[a-z]+", _GLOSS.sub("", gloss).lower()) if word not in _SMALL]
        if len(plain) <= _MOST_WORDS:
            words.update((singular(word), None) for word in plain)
    return tuple(words)
