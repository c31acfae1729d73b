"""The tables of general words: what stands for what, abbreviations, units behind names, verbs of one end of a way."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from core.answering.instant.words import root, singular

Phrase = tuple[str, ...]


@cache
def synonyms() -> Mapping[Phrase, tuple[Phrase, ...]]:
    """For each phrase of the synonym table, the other phrases of its groups."""
    text = files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    others: dict[Phrase, set[Phrase]] = defaultdict(set)
    for group in tomllib.loads(text)["groups"]:
        phrases = [tuple(singular(w) for w in member.split()) for member in group]
        for phrase in phrases:
            others[phrase] |= set(phrases) - {phrase}
    return {phrase: tuple(sorted(rest)) for phrase, rest in others.items()}


@cache
def near_words() -> Mapping[Phrase, frozenset[Phrase]]:
    """For each phrase of the wide table of near words, the other phrases of its groups."""
    text = files(__package__).joinpath("near_words.toml").read_text(encoding="utf-8")
    others: dict[Phrase, set[Phrase]] = defaultdict(set)
    for line in tomllib.loads(text)["groups"].strip().splitlines():
        phrases = [tuple(singular(w) for w in member.split()) for member in line.split(",")]
        for phrase in phrases:
            others[phrase] |= set(phrases) - {phrase}
    return {phrase: frozenset(rest) for phrase, rest in others.items()}


@cache
def abbreviations() -> Mapping[str, tuple[str, ...]]:
    text = files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    return {short: tuple(long.split()) for short, long in tomllib.loads(text)["abbreviations"].items()}


@cache
def units() -> frozenset[str]:
    """What a number is counted in, written behind its name: "floor_area_sqm", "budget_millions"."""
    text = files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)["units"])


@cache
def directions() -> Mapping[str, frozenset[str]]:
    """For each verb's root, the roots of the words that the column of its end of a way has."""
    text = files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    found: dict[str, frozenset[str]] = {}
    for group in tomllib.loads(text)["directions"]:
        ends = frozenset(root(w) for w in (*group["verbs"], *group["ends"]))
        found |= {root(verb): ends for verb in group["verbs"]}
    return found
