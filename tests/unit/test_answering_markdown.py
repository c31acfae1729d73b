"""Text from cells shows as it is and does nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answering.markdown import bold, escape, plain

ATTACKS = [
    "![x](https://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "https://evil.example/?q=secret",
    "www.evil.example",
    "someone@evil.example",
    ":red[danger] :material/home: :smile:",
    "$\\frac{1}{2}$",
    "**bold** _it_ `code` ~~gone~~",
    ":red-badge[x] a:b",
    "a -> b <= c -- d",
    "# heading",
    "1. list",
    "- list",
    "| a | b |",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_a_cell_cannot_become_markup_and_reads_as_it_was(text: str) -> None:
    safe = escape(text)
    assert not re.search(r"(?<!\\)[*_`\[\]<>$~|#&]", safe)
    assert "://" not in safe.replace(":\u2060//", "")
    assert not re.search(r"www(?=\.)|\w@", safe)
    assert not re.search(r":[a-z+]", safe)
    assert plain(safe) == text


def test_line_breaks_and_hidden_characters_are_taken_out() -> None:
    assert escape("a\n# b\u202e\x00c") == "a \\# b c"


def test_long_text_is_cut() -> None:
    assert escape("x" * 500, longest=10) == "x" * 9 + "…"


@pytest.mark.parametrize("text", ["23%", "（甲）", "-5", "“x”"])
def test_bold_holds_beside_letters_without_blanks(text: str) -> None:
    """CommonMark wants a letter, or something that is no punctuation, on the inner side of the stars."""
    inner = bold(text)[2:-2]
    assert inner[0] == inner[-1] == "\u2060" or (inner[0].isalnum() or inner[-1].isalnum())


@given(st.text())
def test_what_was_escaped_can_be_read_back(text: str) -> None:
    shown = plain(f"Number {bold(text)} of {escape(text)}.")
    assert shown.startswith("Number ")
    assert "**" not in escape(text)
