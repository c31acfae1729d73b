"""Passwords: hashed slowly, compared in the same time whoever is meant, and refused when they are easily guessed."""

import hashlib
import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import bcrypt

from core.errors import InvalidInput
from core.i18n import Phrase
from core.observability import HASHING

LEAST = 10  # characters
MOST = 1024  # characters
LEAST_COST = 12
_LEFT = 6  # characters that must remain once everything easily guessed is taken out
_BCRYPT_READS = 72  # bytes
_MARKER = b"askwell long password 1:"
_RUNS = ("01234567890123456789", "98765432109876543210", "13579", "24680", "147258369", "123123", "112233", "520131")
_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_two_at_a_time = threading.Semaphore(2)  # a burst of sign-ins must not take every core


def hashed(password: str, cost: int = LEAST_COST, about: Iterable[str] = ()) -> str:
    """The bcrypt hash of a password, which must be no easy guess for a person with the words `about` them.

    Raises `InvalidInput` that says what is wrong with the password.
    """
    if len(password) < LEAST:
        raise InvalidInput(problem=Phrase("people.short_password", {"least": LEAST}))
    if len(password) > MOST:
        raise InvalidInput(problem=Phrase("people.long_password", {"most": MOST}))
    if is_easy(password, about):
        raise InvalidInput(problem=Phrase("people.easy_password"))
    return of(password, cost)


def of(password: str, cost: int = LEAST_COST) -> str:
    """The bcrypt hash of any password, good or not."""
    with _two_at_a_time:
        return _hash(_digest(password), cost).decode()


def matches(password: str, password_hash: str, cost: int = LEAST_COST) -> bool:
    """Whether this is the password. Takes the time of one hash of `cost`, also for a cheaper hash and for none ("")."""
    digest, kept = _digest(password), password_hash or _nobodys(cost)
    with _two_at_a_time:
        HASHING.inc(2 ** cost_of(kept))
        right = bcrypt.checkpw(digest, kept.encode())
        for cheaper in range(cost_of(kept), cost):  # 2^a + 2^a + 2^(a+1) + … + 2^(c-1) = 2^c
            _hash(digest, cheaper)
    return right and bool(password_hash)


def cost_of(password_hash: str) -> int:
    """The cost a hash was made with."""
    return int(password_hash.split("$")[2])


def is_easy(password: str, about: Iterable[str] = ()) -> bool:
    """Whether hardly anything is left of a password without its owner's words, common words and runs of digits."""
    whole = unicodedata.normalize("NFKC", password).casefold()
    if len(set(whole)) < 4 and len(whole) < 3 * LEAST:
        return True
    own = [part for text in about for part in re.findall(r"\w{3,}", text.casefold().replace("_", " "))]
    return any(len(_left(whole, [*own, *_common()], looks)) < _LEFT for looks in (False, True))


@cache
def _common() -> tuple[str, ...]:
    """What people choose first, and what lists of stolen passwords begin with; what stands around it adds little."""
    return tuple((files(__package__) / "common_words.txt").read_text(encoding="utf-8").split())


def _left(text: str, words: Iterable[str], as_letters: bool) -> str:
    """What is left of a text without these words and without runs, digits and signs read as letters if wished."""
    if as_letters:
        text = text.translate(_LOOKS_LIKE)
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    text = re.sub(r"(.)\1{2,}", " ", text)
    for run in _RUNS:
        for length in range(len(run), 2, -1):
            for start in range(len(run) - length + 1):
                text = text.replace(run[start : start + length], " ")
    return re.sub(r"[\W_]+|(?<!\d)(?:19|20)\d\d(?!\d)", "", text)


def _hash(digest: bytes, cost: int) -> bytes:
    HASHING.inc(2**cost)
    return bcrypt.hashpw(digest, bcrypt.gensalt(cost))


def _digest(password: str) -> bytes:
    """What bcrypt sees: the password itself up to its limit of 72 bytes, a longer one whole through SHA-512.

    The marker keeps the digest of a long password, which may be known from elsewhere, from being one itself.
    """
    raw = unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
    return raw if len(raw) <= _BCRYPT_READS else hashlib.sha512(_MARKER + raw).digest().hex()[:_BCRYPT_READS].encode()


def _nobodys(cost: int) -> str:
    """What stands in for a hash where there is none, so that the work is the same: well formed, and no password's."""
    return f"$2b${cost:02d}$" + "." * 53
