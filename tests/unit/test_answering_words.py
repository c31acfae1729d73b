"""Everything the answering says is there in both languages, and says the same values in both."""

import inspect
import re
from pathlib import Path
from string import Formatter

import pytest

from core import errors
from core.i18n import LANGUAGES, catalogue

ANSWERING = Path(__file__).resolve().parents[2] / "core" / "answering"
OURS = [key for key in catalogue() if key.startswith(("answering.", "errors."))]
ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.AskwellError)]


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_its_docstring_as_its_english_and_a_chinese_of_the_same_values(
    kind: type[errors.AskwellError],
) -> None:
    entry = catalogue()[kind.key]
    assert entry["en"] == inspect.cleandoc(kind.__doc__ or "")
    assert _names(entry["zh"]) == _names(entry["en"])
    assert any("\u4e00" <= character <= "\u9fff" for character in entry["zh"]) or entry["zh"] == "{problem}"


@pytest.mark.parametrize("key", OURS)
def test_every_string_has_both_languages_with_the_same_values(key: str) -> None:
    entry = catalogue()[key]
    assert set(LANGUAGES) <= set(entry) <= {*LANGUAGES, "en_one"}
    assert _names(entry["en"]) == _names(entry["zh"])
    assert _names(entry.get("en_one", "")) <= _names(entry["en"])


def test_every_key_that_the_code_names_exists() -> None:
    named = set()
    for file in ANSWERING.rglob("*.py"):
        named |= set(re.findall(r'"(answering\.[a-z_]+)"', file.read_text(encoding="utf-8")))
    assert named
    assert named <= set(catalogue())


def test_every_string_is_used_somewhere() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in ANSWERING.rglob("*.py"))
    code += "\n".join(file.read_text(encoding="utf-8") for file in (ANSWERING.parents[1] / "pages").rglob("*.py"))
    made = {
        "grain_",
        "receipt_",
        "term_",
        "step_",
        "doing_",
        "rung_",
        "sureness_",
        "lever_",
        "because_",
        "leader",
        "last",
        "ago_",
        "start_of_",
    }
    names = [key.removeprefix("answering.") for key in OURS if key.startswith("answering.")]
    unused = [name for name in names if f'"{name}"' not in code and f"answering.{name}" not in code]
    assert [name for name in unused if not name.startswith(tuple(made)) and not name.endswith("_of_value")] == []
