"""How fast values are found among millions, how well misspelt ones, and what their index takes: on made-up values."""

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa

from core.evaluation.timing import spread
from core.grounding.phrases import phrases_of
from core.grounding.stored_values import StoredValues
from core.grounding.value_keys import TWO_SLIPS
from core.grounding.value_lists import ValueLists
from core.grounding.values import MOST_DISTINCT
from core.store.sessions import Store, waiting
from core.store.tables import connections

VALUES = 10_000_000
_QUERIES, _WARMING = 200, 20
_PER_TABLE = 5  # columns
_FIRST = 5  # hits among which the right one counts as found
_STARTS = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "gr", "st", "tr")
_MIDDLES = (*"aeiou", "ai", "ea", "ou")
_ENDS = ("", *"nrlsm", "nd", "rt")
_KEPT_FOR_ASKING = 4_000
_SHORT = 6  # letters of a word

_Maker = Callable[[random.Random], str]


@dataclass(frozen=True)
class _Words:
    """The vocabularies that values are made of."""

    given: Sequence[str]
    family: Sequence[str]
    things: Sequence[str]
    signs: Sequence[str]  # Chinese

    @classmethod
    def made(cls, chance: random.Random) -> "_Words":
        def words(count: int, least: int, most: int) -> list[str]:
            return [_word(chance, chance.randint(least, most)).capitalize() for _ in range(count)]

        signs = [chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(1_500)]
        return cls(words(4_000, 2, 3), words(20_000, 2, 4), words(3_000, 2, 3), signs)


def measure(store: Store, owner: UUID, values: int = VALUES, queries: int = _QUERIES) -> dict[str, object]:
    """Seconds to write so many values column by column, to connections of this person, the bytes of the index, and
    seconds to look one up in each way."""
    chance = random.Random(values)  # noqa: S311 (made-up values)
    mine, other = _connection(store, owner), _connection(store, owner)
    lists, asked = ValueLists(store), []
    started, writing, written = time.perf_counter(), 0.0, 0
    for number, column in enumerate(_columns(_Words.made(chance), chance, values)):
        # A tenth belongs to another connection, and is found by nobody who asks this one.
        whose = other if number % 10 == 9 else mine
        begun = time.perf_counter()
        lists.keep(whose, f"table_{number // _PER_TABLE}", f"column_{number}", column)
        writing += time.perf_counter() - begun
        written += len(column)
        if whose == mine:
            asked += chance.sample(column, min(len(column), _KEPT_FOR_ASKING * MOST_DISTINCT // values + 1))
    chance.shuffle(asked)
    _settle(store)
    return {
        "values": written,
        "seconds": {"all": round(time.perf_counter() - started, 1), "writing": round(writing, 1)},
        "bytes": _sizes(store),
        "size_shown": lists.size(mine).bytes + lists.size(other).bytes,
        "process_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "lookups": _lookups(StoredValues(store, mine), asked, chance, queries),
    }


def _lookups(
    found_in: StoredValues, asked: Sequence[str], chance: random.Random, queries: int
) -> dict[str, dict[str, float]]:
    """Seconds of each kind of look-up, and the share of them that found the value meant among the first five."""
    ways: dict[str, tuple[Callable[[str], Sequence[str]], bool]] = {
        "exact": (lambda value: [value], False),
        "folded": (lambda value: [_dressed(value)], False),
        "question": (
            lambda value: phrases_of(f"How many orders were there from {value} in the last three months?"),
            False,
        ),
        "missing": (lambda _: [_word(chance, 4)], False),
        "fuzzy": (lambda value: [_slipped(value, chance)], True),
        "fuzzy_missing": (lambda _: [_word(chance, 5) + " " + _word(chance, 4)], True),
        "part": (lambda value: [_part(value)], True),
        "part_misspelt": (lambda value: [_slipped(_part(value), chance)], True),
        "part_of_word": (lambda value: [_inside(value)], True),
        "two_slips": (lambda value: [_slipped_twice(value, chance)], True),
    }
    made: dict[str, dict[str, float]] = {}
    for name, (said, fuzzy) in ways.items():
        seconds, found = [], 0
        for value in asked[: queries + _WARMING]:
            phrases = said(value)
            started = time.perf_counter()
            hits = found_in.matching(phrases, fuzzy)
            seconds.append(time.perf_counter() - started)
            if name.startswith("part"):
                wanted = (_inside if name == "part_of_word" else _part)(value).casefold()
                found += any(wanted in hit.value.casefold() for hit in hits[:_FIRST])
            else:
                found += any(hit.value == value for hit in hits[:_FIRST])
        made[name] = {**spread(seconds[_WARMING:]), "found": round(found / len(seconds), 3)}
    return made


def _columns(words: _Words, chance: random.Random, values: int) -> Iterator[list[str]]:
    """Columns of distinct values, each as long as a list may be: people, companies, goods, places, codes, Chinese."""
    makers: tuple[_Maker, ...] = (
        *[lambda c: f"{c.choice(words.given)} {c.choice(words.family)}"] * 3,
        *[lambda c: f"{c.choice(words.family)} {c.choice(words.things)} {c.choice(('Ltd', 'GmbH', 'Inc.', 'S.A.'))}"]
        * 2,
        *[lambda c: f"{c.choice(words.things)} {c.choice(words.things)} {c.randint(1, 999)}"] * 2,
        lambda c: _word(c, c.randint(3, 4)).capitalize(),
        lambda c: f"{c.choice('ABCDEFGH')}{c.choice('KLMNPQ')}-{c.randint(10_000, 99_999)}-{_word(c, 2).upper()}",
        lambda c: "".join(c.choice(words.signs) for _ in range(c.randint(4, 7))),
    )
    number, left = 0, values
    while left:
        size, maker = min(left, MOST_DISTINCT), makers[number % len(makers)]
        column: dict[str, None] = {}
        while len(column) < size:
            column.update(dict.fromkeys(maker(chance) for _ in range(size - len(column))))
        yield list(column)
        left, number = left - size, number + 1


def _word(chance: random.Random, syllables: int) -> str:
    parts = (chance.choice(_STARTS) + chance.choice(_MIDDLES) for _ in range(syllables))
    return f"{''.join(parts)}{chance.choice(_ENDS)}"


def _dressed(value: str) -> str:
    """The value in full width where it is Latin, and in capitals."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in value.upper())


def _part(value: str) -> str:
    """The longest word of a value that is no number; of a Chinese one its middle."""
    words = [word for word in value.replace("-", " ").split() if not word.isdigit()]
    return max(words, key=len) if value.isascii() else value[1:-1]


def _inside(value: str) -> str:
    """The inside of the longest word where that is long enough to be known, else the word."""
    word = _part(value)
    return word[1:-1] if value.isascii() and len(word) > _SHORT else word


def _slipped_twice(value: str, chance: random.Random) -> str:
    """The value with two slips in its longest word where that is long, else with one."""
    word = _part(value)
    if not value.isascii() or len(word) < TWO_SLIPS:
        return _slipped(value, chance)
    return value.replace(word, _slipped(_slipped(word, chance), chance))


def _slipped(value: str, chance: random.Random) -> str:
    """The value with one slip: a letter too many, too few, another one, or two that changed places. No digit slips."""
    places = [place for place in range(1, len(value)) if value[place].isalpha()]
    place = chance.choice(places) if places else len(value) - 1
    letter = chance.choice("aeinrst") if value.isascii() else chance.choice("的一是在")
    before, here, after = value[:place], value[place], value[place + 1 :]
    slips = (
        before + letter + here + after,
        before + after,
        before + letter + after,
        before + after[:1] + here + after[1:],
    )
    return chance.choice([slip for slip in slips if slip != value] or [value + letter])


def _connection(store: Store, owner: UUID) -> UUID:
    made = uuid4()
    with store.begin() as line:
        row: dict[str, object] = {"id": made, "owner_id": owner, "name": made.hex, "kind": "sqlite", "address": {}}
        line.execute(sa.insert(connections).values(row))
    return made


def _settle(store: Store) -> None:
    """Have what was written sorted in and on disk, as the server does it by itself after a while."""
    with store.engine.connect() as line, waiting(line, None):
        connection = line.execution_options(isolation_level="AUTOCOMMIT")
        for command in ("VACUUM (ANALYZE) value_blocks", "VACUUM (ANALYZE) value_columns", "CHECKPOINT"):
            connection.execute(sa.text(command))


def _sizes(store: Store) -> dict[str, int]:
    whole, index = "pg_total_relation_size('value_blocks')", "pg_relation_size('ix_value_blocks_keys')"
    with store.reading() as line:
        total, keys, blocks = line.execute(sa.text(f"SELECT {whole}, {index}, count(*) FROM value_blocks")).one()  # noqa: S608
    return {"total": int(total), "index": int(keys), "blocks": int(blocks)}
