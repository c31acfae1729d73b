"""The words we say to a model: files of named parts, filled in; and data, fenced so that it stays data."""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from string import Template

MOST_DATA = 24_000  # characters of one piece of data
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs"})
_PART = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


@cache
def prompt(name: str) -> "Prompt":
    """The prompt that `prompts/<name>.md` holds."""
    text = files(__package__).joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")
    _, *named = _PART.split(text)
    return Prompt(name, dict(zip(named[::2], (part.strip() for part in named[1::2]), strict=True)))


@dataclass(frozen=True)
class Prompt:
    """The words for one step, in named parts. A `$word` in them is a value that `say` puts in."""

    name: str
    parts: Mapping[str, str]

    def say(self, part: str, **values: str) -> str:
        """One part with its values. Raises `KeyError` for a part or a value that is missing."""
        return Template(self.parts[part]).substitute(values)

    def wants(self, part: str) -> frozenset[str]:
        """The names of the values a part speaks of."""
        return frozenset(Template(self.parts[part]).get_identifiers())


@dataclass(frozen=True)
class Fence:
    """Marks around data, which data cannot know: they are drawn anew for every call (`private.Line`)."""

    boundary: str = field(default_factory=lambda: f"data-{secrets.token_hex(6)}")

    def around(self, text: str, most: int = MOST_DATA) -> str:
        """`text` as data of at most `most` characters: without hidden ones, without the boundary, between its marks."""
        inside = harmless(text)
        while self.boundary in inside:
            inside = inside.replace(self.boundary, "")
        cut = inside if len(inside) <= most else inside[: most - 1] + "…"
        return f"<{self.boundary}>\n{cut}\n</{self.boundary}>"


def harmless(text: str) -> str:
    """`text` without what a person would not see: control, zero-width, direction and tag characters."""
    return "".join(
        c if c == "\n" else " " if c.isspace() else "" if unicodedata.category(c) in _HIDDEN else c for c in text
    )
