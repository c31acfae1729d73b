"""What phrases may be meant to be: for each word those of the index that a slip or two make of it, or that hold it.

The words of all values are kept as blocks of their own. A word one slip away shares its beginning with one letter
missing, which is looked up as it is. Where there is none, a long word may have two slips: with one of them behind its
beginning it is among what was found already, and with both in its beginning it is looked for by the grams after these.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice, product

from core.grounding.block_search import BlockSearch, Wanted
from core.grounding.value_blocks import BlockKind, texts_in
from core.grounding.value_keys import TWO_SLIPS, Keys, arms, can_be_misspelt, inner_arm, is_chinese, runs

_NEAR_BLOCKS, _MOST_NEAR_BLOCKS = 300, 750  # of words one slip away: of one word, and of all together
_GRAM_BLOCKS = 96  # for each set of grams
_KIND = (BlockKind.WORDS,)
_MOST_WORDS, _MOST_LIKE, _MOST_LONG = 12, 24, 3  # words looked for; words like one; long ones looked for again
_LONGER = 2  # words that hold a word
_MOST_READINGS = 96  # of a phrase
_AGAIN = 4  # words like one that are tried together with those like another


@dataclass(frozen=True)
class Reading:
    """What a phrase may be meant to be. `ratio` is that of the words that differ, 1 for the phrase as it is."""

    phrase: str
    meant: str
    ratio: float


_Likely = tuple[str, float]  # a word, and its ratio


def readings(search: BlockSearch, keys: Keys, asked: Mapping[str, str]) -> list[Reading]:
    """What each phrase, by its folded text, may be meant to be: first itself, then the likeliest."""
    said = dict.fromkeys(run for folded in asked for run in runs(folded) if can_be_misspelt(run))
    like = _like(search, keys, list(islice(said, _MOST_WORDS)))
    found: list[Reading] = []
    for folded, phrase in asked.items():
        meant = dict(_combined(runs(folded), like))
        found += (Reading(phrase, text, ratio) for text, ratio in islice(meant.items(), _MOST_READINGS))
    return found


def _combined(words: Sequence[str], like: Mapping[str, Sequence[_Likely]]) -> Iterator[_Likely]:
    """The words as they are, with one of them in another's place, and with two, the likeliest first."""
    if not words:
        return
    yield " ".join(words), 1.0
    places = [place for place, word in enumerate(words) if like.get(word)]
    others = [(other, place) for place in places for other in like[words[place]]]
    for (other, ratio), place in sorted(others, key=lambda one: -one[0][1]):
        yield " ".join((*words[:place], other, *words[place + 1 :])), ratio
    for first, second in combinations(places, 2):
        few = like[words[first]][:_AGAIN], like[words[second]][:_AGAIN]
        for (one, ratio), (two, also) in product(*few):
            put = {first: one, second: two}
            yield " ".join(put.get(place, word) for place, word in enumerate(words)), ratio * also


def _like(search: BlockSearch, keys: Keys, words: Sequence[str]) -> dict[str, list[_Likely]]:
    """For each word those of the index that are like it, the likeliest first, and then those that hold it where no
    value has the word itself."""
    each = min(_NEAR_BLOCKS, _MOST_NEAR_BLOCKS // max(1, len(words)))
    alike = [(number, keys.neighbours(word)) for number, word in enumerate(words)]
    known = _words_of(search.bodies(Wanted(alike, each, _KIND)), len(words))
    near = [_within(word, choices, 1) for word, choices in zip(words, known, strict=True)]
    unknown = [number for number, word in enumerate(words) if word not in known[number]]
    alone = [number for number in unknown if not near[number] and len(words[number]) >= TWO_SLIPS][:_MOST_LONG]
    # In Chinese every pair of characters is a key of the value itself.
    inner = [(number, inner_arm(words[number])) for number in unknown if not is_chinese(words[number])]
    tails = [(number, arm) for number in alone for arm in arms(words[number])]
    sets = [(number, keys.grams(arm)) for number, arm in (*inner, *tails)]
    more = _words_of(search.bodies(all_of=Wanted(sets, _GRAM_BLOCKS, _KIND)), len(words))
    for number in alone:
        near[number] = _within(words[number], {**known[number], **more[number]}, 2)
    return {word: [*near[number], *_holding(word, more[number])] for number, word in enumerate(words)}


def _holding(word: str, choices: Mapping[str, None]) -> list[_Likely]:
    """The shortest words that hold this one."""
    longer = sorted((other for other in choices if other != word and word in other), key=len)[:_LONGER]
    return [(other, 0.8 + 0.1 * len(word) / len(other)) for other in longer]


def _words_of(found: Mapping[int, Iterable[bytes]], count: int) -> list[dict[str, None]]:
    """The words of the blocks found for each number."""
    return [dict.fromkeys(chain.from_iterable(map(texts_in, found.get(number, ())))) for number in range(count)]


def _within(word: str, choices: Mapping[str, None], slips: int) -> list[_Likely]:
    """The words that so many slips make of this one, those first that are made by fewer, and then the likest.
    Two letters that changed places are one slip (optimal string alignment)."""
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA

    found = process.extract(word, list(choices), scorer=OSA.distance, processor=None, limit=None, score_cutoff=slips)
    rated = sorted((distance, -fuzz.ratio(word, other), other) for other, distance, _ in found if other != word)
    return [(other, -ratio / 100) for _, ratio, other in rated[:_MOST_LIKE]]
