"""A first look at an uploaded file, before any parser: whether it is what its name says, and how large it unpacks.

Only a file's first bytes and a ZIP's list of contents are read here; nothing is unpacked.
"""

import zipfile
from pathlib import Path

from core.errors import InvalidInput
from core.i18n import Phrase

MOST_UNPACKED = 2_000  # megabytes, of all parts of a workbook together
MOST_RATIO = 250  # unpacked to packed, for parts above a megabyte; sheets of numbers reach 30, long repetitions 100
MOST_PARTS = 5_000
_MEGABYTE = 1024 * 1024
_ZIP, _OLE, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
# What a ZIP must hold to be a workbook of this kind.
_HEARTS = {
    ".xlsx": ("xl/workbook.xml",),
    ".xlsm": ("xl/workbook.xml",),
    ".xlsb": ("xl/workbook.bin",),
    ".ods": ("content.xml",),
}
# Beginnings of files that are no table in text, whatever their names say; most others give themselves away by a zero.
_NO_TEXT = (
    _ZIP,
    b"PK\x05\x06",
    _OLE,
    _PARQUET,
    b"%PDF",
    b"\x7fELF",
    b"\x1f\x8b",
    b"Rar!",
    b"{\\rtf",
    b"<!DOCTYPE",
    b"<html",
)
_WITH_MARK = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16, in which every other byte may be zero


def look(file: Path, suffix: str) -> None:
    """Nothing, if the file is what `suffix` says and of a size to be read. Raises `InvalidInput`."""
    with file.open("rb") as opened:
        start = opened.read(8192)
    if suffix in _HEARTS:
        _workbook(file, start, suffix)
    elif suffix == ".xls":
        _agree(start.startswith(_OLE))
    elif suffix == ".parquet":
        with file.open("rb") as opened:
            opened.seek(-min(4, file.stat().st_size), 2)
            _agree(start.startswith(_PARQUET) and opened.read(4) == _PARQUET)
    elif start.startswith(_NO_TEXT) or (b"\0" in start and not start.startswith(_WITH_MARK)):
        raise InvalidInput(problem=Phrase("connections_core.upload_not_text"))


def _workbook(file: Path, start: bytes, suffix: str) -> None:
    """A ZIP with a workbook in it that does not unpack to more than anybody means to send."""
    if start.startswith(_OLE) and suffix != ".ods":
        return  # one with a password, or an older kind under a newer name: the parser says which
    _agree(start.startswith(_ZIP))
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, RuntimeError, OSError):
        raise _not_what_it_says() from None
    _agree({part.filename for part in parts} >= set(_HEARTS[suffix]))
    unpacked = sum(part.file_size for part in parts)
    dense = any(p.file_size > _MEGABYTE and p.file_size > MOST_RATIO * max(p.compress_size, 1) for p in parts)
    more_than_there_is = sum(part.compress_size for part in parts) > file.stat().st_size
    if dense or more_than_there_is or unpacked > MOST_UNPACKED * _MEGABYTE or len(parts) > MOST_PARTS:
        raise InvalidInput(problem=Phrase("connections_core.upload_too_heavy"))


def _agree(right: bool) -> None:
    if not right:
        raise _not_what_it_says()


def _not_what_it_says() -> InvalidInput:
    return InvalidInput(problem=Phrase("connections_core.upload_not_what_it_says"))
