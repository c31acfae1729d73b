"""Text from cells and questions made safe to stand inside our own Markdown.

Nothing that came from data may become a link, an image, markup, a formula or an icon. Backslashes take care of
what Markdown reads; Streamlit also looks for addresses, arrows and `:icons:` after Markdown was read, where
backslashes are gone, so that an invisible word joiner breaks those up.
"""

import re
import unicodedata

from core.i18n import Phrase, Words

_JOINER = "\u2060"
_MARKUP = re.compile(r"([\\`*_\[\]<>$~|#&{}^])")
_AT_THE_START = re.compile(r"^(\d{1,9})([.)])|^([-+=])")
_ADDRESS = re.compile(r"(https?:|ftp:|mailto:|xmpp:)(?=\S)|\b(www)(?=\.)|([\w+-])(?=@)", re.IGNORECASE)
_DIRECTIVE = re.compile(r":(?=[a-z+]|-1:|\d\w*:)", re.IGNORECASE)  # ":red[…]", ":smile:", ":100:", ":material/home:"
_ARROW = re.compile(r"(?<=[-<>=~])(?=[-<>=~])")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_LONGEST = 120
_LONGEST_PHRASE = 1000


def escape(text: object, longest: int = _LONGEST) -> str:
    """`text` on one line, at most `longest` characters, as Markdown that shows it and nothing else."""
    line = " ".join("".join(c if _harmless(c) else " " for c in str(text)).split())
    if len(line) > longest:
        line = line[: longest - 1].rstrip() + "…"
    line = _MARKUP.sub(r"\\\1", _ARROW.sub(_JOINER, line))
    line = _AT_THE_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", line)
    return unlinked(line)


def unlinked(markdown: str) -> str:
    """A line of Markdown whose data has its backslashes already, with addresses and `:icons:` in it broken up too."""
    return _DIRECTIVE.sub(f":{_JOINER}", _ADDRESS.sub(lambda m: f"{m[0]}{_JOINER}", markdown))


def bold(text: object) -> str:
    """`text` escaped and in bold.

    Without spaces, as in Chinese, Markdown opens and closes bold only beside a letter; a joiner counts as one.
    """
    safe = escape(text)
    before, after = ("" if safe[i : i + 1 or None].isalnum() else _JOINER for i in (0, -1))
    return f"**{before}{safe}{after}**"


def said(words: Words, phrase: Phrase) -> str:
    """A phrase in words, escaped as a whole: its values may come from cells, names and questions."""
    return escape(words.show(phrase), _LONGEST_PHRASE)


def plain(markdown: str) -> str:
    """The words of a sentence made with `escape` and `bold`, for a terminal, a file or a program."""
    kept = _ESCAPE.sub(lambda m: chr(0xE000 + ord(m[1])), markdown).replace("**", "").replace(_JOINER, "")
    return "".join(chr(ord(c) - 0xE000) if 0xE000 <= ord(c) < 0xE080 else c for c in kept)


def _harmless(character: str) -> bool:
    """Whether a character is neither a control, nor one that turns the direction of writing or hides itself."""
    return unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
