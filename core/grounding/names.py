"""Names of tables and columns as words: split, lower case, in the singular."""

import re
from functools import lru_cache

_PIECES = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[\u3400-\u9fff]+|[^\W\d_]+")
_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "indices": "index",
    "matrices": "matrix", "vertices": "vertex", "criteria": "criterion", "analyses": "analysis", "movies": "movie",
    "statuses": "status", "addresses": "address", "buses": "bus", "leaves": "leaf", "wives": "wife", "lives": "life",
}  # fmt: skip
_SAME_BOTH = frozenset({"series", "species", "news", "sales", "goods", "staff", "inventory", "data", "equipment"})
_SAME = frozenset({"series", "species", "news", "sales", "goods", "status", "address", "class", "gas", "bus", "this"})


@lru_cache(maxsize=65536)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name: `dim_CustomerID2` as ("dim", "customer", "id", "2"); Chinese runs stay whole."""
    return tuple(piece.lower() for piece in _PIECES.findall(name))


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """The singular of one English word, lower case; a word that is not a plural comes back as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _SAME or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes")):
        return word[:-2]
    return word[:-1]


def plural(words: str) -> str:
    """A name in the plural: `order line` as `order lines`; what is plural or not English stays."""
    head, _, last = words.rpartition(" ")
    if not last.isascii() or not last.isalpha() or singular(last.lower()) != last.lower() or last.lower() in _SAME_BOTH:
        return words
    many = next((p for p, s in _IRREGULAR.items() if s == last.lower()), "")
    if not many:
        if last.endswith("y") and last[-2:-1] not in tuple("aeiou"):
            many = last[:-1] + "ies"
        else:
            many = last + ("es" if last.endswith(("s", "x", "z", "ch", "sh")) else "s")
    return f"{head} {many}".strip()
