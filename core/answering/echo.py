"""Whether a text says over what a model was told in confidence: its instructions.

The rule: all letters and digits of the instructions, in small letters with everything else left out, are cut into
stretches of 48. A text that holds one of these, read the same way (also backwards, or behind base64, hexadecimal or
ROT13), repeats them; so does one that holds the boundary of the data. That is ten words in a row: no answer about
data says ten words of ours in our order. A translation or a free retelling is not recognised.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

STRETCH = 48  # letters and digits
_LONGEST_TAIL = 2_000
_MOST = 20_000  # characters looked at behind an encoding
_UNFINISHED = re.compile(r"(?:[A-Za-z0-9+/_=-]{24,}|(?:[0-9A-Fa-f]{2}[\s:]?){12,})$")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:]?){40,}")


class Confidence:
    """Instructions given in confidence, and the boundary that only they name."""

    def __init__(self, instructions: str, boundary: str = "") -> None:
        letters = _letters(instructions)
        self._stretches = frozenset(letters[i : i + STRETCH] for i in range(len(letters) - STRETCH + 1))
        self._boundary = boundary

    def repeated_in(self, text: str) -> bool:
        """Whether `text` repeats them."""
        if self._boundary and self._boundary in text:
            return True
        return any(self._holds(_letters(reading)) for reading in _readings(text))

    def _holds(self, letters: str) -> bool:
        return any(letters[i : i + STRETCH] in self._stretches for i in range(len(letters) - STRETCH + 1))


class Held:
    """Text that passes while it comes, the last stretch of it held back until it is known to be no echo."""

    def __init__(self, kept: Confidence) -> None:
        self._kept, self._whole, self._given = kept, "", 0
        self.is_echo = False

    def take(self, piece: str) -> str:
        """What may be shown now that this piece has come."""
        self._whole += piece
        if self.is_echo:
            return ""
        recent = self._whole[max(0, self._given - 4 * STRETCH) :]
        if self._kept.repeated_in(recent):
            self.is_echo = True
            return ""
        safe = len(self._whole) - _tail(self._whole)
        if run := _UNFINISHED.search(recent):  # what may be an encoding is judged from its beginning to its end
            safe = min(safe, len(self._whole) - len(recent) + run.start())
        shown = self._whole[self._given : safe] if safe > self._given else ""
        self._given += len(shown)
        return shown

    def rest(self) -> str:
        """What was held back, once the whole has come; nothing of an echo."""
        if self.is_echo or self._kept.repeated_in(self._whole):
            self.is_echo = True
            return ""
        return self._whole[self._given :]


def _tail(text: str) -> int:
    """How many characters at the end hold one stretch of letters."""
    letters, text = 0, text[-_LONGEST_TAIL:]
    for back, character in enumerate(reversed(text), 1):
        letters += character.isalnum()
        if letters >= STRETCH:
            return back
    return len(text)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _readings(text: str) -> Iterator[str]:
    """`text`, and what it may be when it is read in another way."""
    yield text
    some = text[:_MOST]
    yield some[::-1]
    yield codecs.encode(some, "rot13")
    for found in _BASE64.findall(some):
        bare = found.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue
    for found in _HEX.findall(some):
        yield bytes.fromhex(re.sub(r"[^0-9A-Fa-f]", "", found)).decode("utf-8", "replace")
