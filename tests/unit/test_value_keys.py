"""What values are found by: grams that a slip leaves alone, other names, and blocks that change as little as may be."""

from uuid import uuid4

import pytest

from core.grounding.aliases import Alias, aliases_of, translations
from core.grounding.folding import fold
from core.grounding.value_blocks import BlockKind, aliases_in, blocks_of, folded_in, squeezed_in, texts_in
from core.grounding.value_keys import Keys, arms, can_be_misspelt, firm_words, grams_of, inner_arm, neighbours, squeezed
from core.grounding.values import nearness

KEYS = Keys.of(uuid4())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("germny", "germany"),
        ("gremany", "germany"),
        ("germaany", "germany"),
        ("gernany", "germany"),
        ("germanz", "germany"),
        ("hermany", "germany"),
        ("parris", "paris"),
        ("pari", "paris"),
        ("mgbh", "gmbh"),
        ("internatoinal", "international"),
        ("innternational", "international"),
        ("北京師范大学", "北京师范大学"),
        ("北京师范大雪", "北京师范大学"),
    ],
)
def test_a_slip_leaves_two_words_a_neighbour_in_common(said: str, meant: str) -> None:
    assert neighbours(said) & neighbours(meant)
    assert set(KEYS.neighbours(said)) & set(KEYS.neighbours(meant))


def test_any_one_slip_leaves_a_neighbour_in_common() -> None:
    for word in ("anna", "berlin", "straße", "constantinople"):
        for place in range(len(word)):
            before, here, after = word[:place], word[place], word[place + 1 :]
            for said in (before + after, before + "x" + here + after, before + "x" + after, before + after[:1] + here):
                slipped = said + after[1:] if said == before + after[:1] + here else said
                assert neighbours(slipped) & neighbours(word), slipped


def test_two_slips_leave_a_neighbour_in_common_or_one_set_of_grams_whole() -> None:
    for said, meant in (
        ("switzrlnd", "switzerland"),
        ("constentinoqle", "constantinople"),
        ("mississppii", "mississippi"),
        ("kanstantinople", "constantinople"),
        ("ocnsantinople", "constantinople"),
    ):
        assert neighbours(said) & neighbours(meant) or any(arm <= set(grams_of(meant)) for arm in arms(said)), said
    assert not any(arm <= set(grams_of("philadelphia")) for arm in arms("constantinople"))


def test_two_slips_in_a_long_words_beginning_are_looked_for_once() -> None:
    assert len(arms("constantinople")) == 1
    assert all(len(arms(word)) <= 3 for word in ("mississip", "mississipp", "mississippi"))


@pytest.mark.parametrize("word", ["york", "gonquin", "gonquins", "stantinople"])
def test_grams_that_are_asked_for_cover_every_letter_and_stand_in_each_longer_word(word: str) -> None:
    grams = inner_arm(word)
    assert grams <= set(grams_of(f"x{word}yz"))
    covered = {at for gram in grams for at in range(word.find(gram), word.find(gram) + 3)}
    assert covered == set(range(len(word)))
    assert len(grams) <= max(5, len(word) // 2)


def test_another_word_has_no_neighbour_in_common() -> None:
    for other in ("spain", "norway", "hungary", "armenia"):
        assert not neighbours("germany") & neighbours(other), other


def test_short_words_may_be_others_and_numbers_may_not() -> None:
    assert firm_words("trazert dano nic") == ["trazert", "dano"]
    assert firm_words("nelan 25") == ["nelan", "25"]
    assert firm_words("a bc") == ["a", "bc"]


def test_a_text_with_another_number_is_not_near() -> None:
    assert nearness("nolan 255", "nolan 256") == 0
    assert nearness("nolen 255", "nolan 255") > 0.8


def test_another_number_is_another_number() -> None:
    assert not can_be_misspelt("2024")
    assert can_be_misspelt("x7k29")


def test_signs_and_blanks_do_not_make_another_text() -> None:
    assert {squeezed(fold(text)) for text in ("New York", "new-york", "ＮＥＷＹＯＲＫ")} == {"newyork"}
    assert squeezed("++") == "++"


def test_traditional_and_simplified_chinese_are_the_same_text() -> None:
    assert fold("臺灣電腦公司") == fold("台湾电脑公司")


def test_a_new_value_changes_its_own_block_and_no_other() -> None:
    values = [f"Name {number:05}" for number in range(5_000)]
    before = {block.digest for block in blocks_of(values, [], KEYS)}
    after = {block.digest for block in blocks_of([*values, "Name 02500 and a half"], [], KEYS)}
    assert len(before) > 50
    assert len(after - before) <= 4
    assert len(before - after) <= 2


def test_blocks_give_back_every_value_and_other_name() -> None:
    values, other = ["Zoë", "北京 市", "O'Neil", *(f"v{n}" for n in range(300))], [Alias("germany", "DE", True)]
    blocks = list(blocks_of(values, other, KEYS))
    assert sorted(v for b in blocks if b.kind is BlockKind.VALUES for v in texts_in(b.body)) == sorted(values)
    assert [a for b in blocks if b.kind is BlockKind.ALIASES for a in aliases_in(b.body)] == other
    looks = [" Zoë ", "ＮＥＷ   york", "臺灣", "Straße", "plain", "++", "a_b-c", "R & D_"]
    for some in (looks, looks[-1:], ["  A  ", "B\t c"], ["__"]):
        (block,) = (b for b in blocks_of(some, [], KEYS) if b.kind is BlockKind.VALUES)
        assert list(folded_in(block.body)) == [(value, fold(value)) for value in texts_in(block.body)]
        assert list(squeezed_in(block.body)) == [(v, fold(v), squeezed(fold(v))) for v in texts_in(block.body)]
    (named,) = (b for b in blocks if b.kind is BlockKind.ALIASES)
    assert named.keys == {KEYS.whole("germany")}


def test_keys_of_two_connections_differ() -> None:
    assert Keys.of(uuid4()).whole("germany") != KEYS.whole("germany")


def test_codes_of_countries_go_by_their_names_in_both_languages() -> None:
    found = aliases_of("customers", "country_code", ["DE", "CN", "US"])
    assert {(a.name, a.value) for a in found if a.sure} >= {("germany", "DE"), ("德国", "DE"), ("美国", "US")}
    assert ("germany", "DEU") in {(a.name, a.value) for a in aliases_of("customers", "country", ["DEU", "USA"])}


def test_letters_that_no_column_calls_countries_have_no_other_names() -> None:
    assert aliases_of("people", "state", ["CA", "DE", "IN"]) == []
    assert aliases_of("people", "surname", ["Georgia", "Jordan", "Smith"]) == []


def test_names_go_by_those_of_the_other_language() -> None:
    assert Alias("德国", "Germany", True) in aliases_of("customers", "country", ["Germany", "Atlantis"])
    colours = aliases_of("goods", "颜色", ["红色", "蓝色"])
    assert Alias("red", "红色", True) in colours
    assert Alias("revolutionary", "红色", False) in colours


def test_a_meaning_that_two_values_share_is_not_sure() -> None:
    shared = [alias for alias in aliases_of("goods", "状态", ["关闭", "闭"]) if alias.name == "close"]
    assert shared
    assert not any(alias.sure for alias in shared)


def test_a_long_list_has_no_other_names() -> None:
    assert aliases_of("customers", "country", ["Germany", *(f"land {n}" for n in range(1_000))]) == []


def test_a_chinese_phrase_is_put_into_english() -> None:
    assert "germany" in translations("德国")
    assert "red" in translations("紅色")
    assert translations("Germany") == []
