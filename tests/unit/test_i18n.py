"""Strings, numbers and days as people read them in either language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.i18n import Phrase, Words

EN, ZH = Words("en"), Words("zh")


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert EN.show(1234567.5) == "1,234,567.5"
    assert EN.show(date(2026, 11, 21)) == "21 Nov 2026"
    assert ZH.show(date(2026, 11, 21)) == "2026年11月21日"
    assert ZH.show(datetime(2026, 11, 21, 9, 5, tzinfo=UTC)) == "2026年11月21日 09:05"


@pytest.mark.parametrize("digits", [27, 28, 38, 60, 308])
def test_a_number_of_any_length_is_shown_whole(digits: int) -> None:
    assert EN.show(Decimal("9" * digits)).replace(",", "") == "9" * digits


@pytest.mark.parametrize(("number", "shown"), [("NaN", "NaN"), ("sNaN", "NaN"), ("Infinity", "∞"), ("-Infinity", "-∞")])
def test_what_is_no_number_is_shown_as_such(number: str, shown: str) -> None:
    assert EN.show(Decimal(number)) == shown


def test_one_is_not_many() -> None:
    assert EN.say("ask.rows", n=1) == "1 row"
    assert EN.say("ask.rows", n=2) == "2 rows"
    assert ZH.say("ask.rows", n=1) == "1 行"


def test_a_phrase_inside_a_phrase_is_said_in_the_same_language() -> None:
    inner = Phrase("people.last_admin")
    assert ZH.say("errors.invalid_input", problem=inner) == ZH.say("people.last_admin")
    assert str(inner) == EN.say("people.last_admin")


def test_nothing_and_truth_have_words() -> None:
    assert (EN.show(None), EN.show(True), ZH.show(False)) == ("empty", "yes", "否")
