"""Personal data as it looks: e-mail addresses, phones, numbers with checksums; and its forms that say nothing.

Pure functions over text. Which columns hold personal data is found out in `core/grounding/personal.py`; what a
language model may see of it is decided in `core/answering/private.py`.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Level(StrEnum):
    """How much of a connection a language model may see, the strictest first."""

    NAMES = "names"  # names, types and descriptions of tables and columns
    MASKED = "masked"  # sample values as well, those of personal columns masked
    FULL = "full"  # values as they are


class PersonalKind(StrEnum):
    """What kind of personal data something is. The value is part of the token that stands for it."""

    EMAIL = "email"
    PHONE = "phone"
    NATIONAL_ID = "national_id"
    IBAN = "iban"
    CARD = "card"
    IP = "ip"
    ADDRESS = "address"
    PERSON = "person"
    BIRTH_DATE = "birth_date"
    PLATE = "plate"
    PASSPORT = "passport"
    ACCOUNT = "account"
    OTHER = "private"


Place = tuple[str, str]  # (Table.key, column name)


@dataclass(frozen=True)
class PrivacyRules:
    """What a model may see of one connection. `tags` are the columns that hold personal data."""

    level: Level = Level.MASKED
    tags: Mapping[Place, PersonalKind] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """Personal data at `text[start:end]`."""

    kind: PersonalKind
    start: int
    end: int


_EMAIL = re.compile(
    r"(?<![A-Za-zÀ-ɏ0-9._%+-])[A-Za-zÀ-ɏ0-9._%+-]{1,64}@[A-Za-zÀ-ɏ0-9-]{1,63}(?:\.[A-Za-zÀ-ɏ0-9-]{1,63}){1,8}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])")
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_MOBILE = re.compile(r"(?<![\d.])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\d.]\d|\d)")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9+])(?:\+|00)[1-9]\d{0,2}(?:[ ().-]{0,2}\d){7,13}(?!\d)"
    r"|(?<![A-Za-z0-9.-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\d-])|(?<![\d-])0\d{2,3}-\d{7,8}(?![\d-])"
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]\d|\d)")
_IPV6 = re.compile(
    r"(?<![A-Za-z0-9:])(?=[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![A-Za-z0-9:])"
)
_MAPPED = re.compile(r"(?<![A-Za-z0-9:])[0-9A-Fa-f:]{2,30}:(?:\d{1,3}\.){3}\d{1,3}(?![\d.]\d|\d)")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][·•\s-]?"
    r"[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])"
)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29, "BR": 29, "QA": 29, "KW": 30, "PK": 24,
}  # fmt: skip
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def is_iban(text: str) -> bool:
    """Whether these are the letters and digits of an IBAN: known country, its length, ISO 7064 mod 97."""
    bare = re.sub(r"[ -]", "", text).upper()
    if len(bare) != _IBAN_LENGTHS.get(bare[:2], len(bare)) or not 15 <= len(bare) <= 34 or not bare.isalnum():
        return False
    turned = bare[4:] + bare[:4]
    return turned.isascii() and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_card(text: str) -> bool:
    """Whether these are the digits of a payment card: a known first digit, 13 to 19 digits, Luhn's checksum."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(2 * d, 10)) if odd else d for odd, d in zip(_odd(), reversed(digits), strict=False))
    return sum(doubled) % 10 == 0


def _odd() -> Iterator[bool]:
    while True:
        yield False
        yield True


def is_resident_id(text: str) -> bool:
    """Whether this is a Chinese resident's number: 18 characters, a real day of birth, GB 11643's checksum."""
    if not re.fullmatch(r"\d{17}[0-9Xx]", text):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(c) * weight for c, weight in zip(text[:17], _WEIGHTS, strict=True))
    return 1880 <= born.year <= 2100 and "10X98765432"[total % 11] == text[17].upper()


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return len(text) > 2


_Test = Callable[[str], bool]
_PATTERNS: tuple[tuple[PersonalKind, re.Pattern[str], _Test | None], ...] = (
    (PersonalKind.EMAIL, _EMAIL, None),
    (PersonalKind.IBAN, _IBAN, is_iban),
    (PersonalKind.NATIONAL_ID, _RESIDENT, is_resident_id),
    (PersonalKind.CARD, _CARD, is_card),
    (PersonalKind.NATIONAL_ID, _SSN, None),
    (PersonalKind.PHONE, _MOBILE, None),
    (PersonalKind.PHONE, _PHONE, None),
    (PersonalKind.IP, _MAPPED, _is_ip),
    (PersonalKind.IP, _IPV6, _is_ip),
    (PersonalKind.IP, _IPV4, _is_ip),
    (PersonalKind.PLATE, _PLATE, None),
)


def find_personal(text: str) -> list[Found]:
    """The personal data in `text` that shows by its form alone, from left to right, none within another."""
    found: list[Found] = []
    text = _narrow(text)
    taken = bytearray(len(text))  # 1 where something was found already
    for kind, pattern, test in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if (test is None or test(match[0])) and 1 not in taken[start:end]:
                found.append(Found(kind, start, end))
                taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda f: f.start)


def _narrow(text: str) -> str:
    """`text` with full-width letters and digits as plain ones, each in its place."""
    if text.isascii():
        return text
    return "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)


def kind_of(value: str) -> PersonalKind | None:
    """The kind of personal data that the whole of `value` is, by its form."""
    text = value.strip()
    found = find_personal(text)
    return found[0].kind if len(found) == 1 and (found[0].start, found[0].end) == (0, len(text)) else None


def shape(value: str) -> str:
    """The form of a value and nothing of what it says: "ada@example.com" as "•••@•••••••.•••", "+44 20" as "+## ##"."""
    return "".join("#" if c.isdigit() else "•" if c.isalnum() else c for c in value[:40])


def masked_form(kind: PersonalKind, value: str) -> str:
    """What somebody who may not see a value is shown in its place."""
    if kind is PersonalKind.EMAIL and "@" in value:
        return f"•••@•••.{value.rpartition('.')[2]}" if "." in value else "•••@•••"
    return "•••"
