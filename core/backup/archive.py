"""The file of a backup: a compressed tar, encrypted where a passphrase is given, with a checksum over every byte.

First a line that says what it is, then a line of JSON that says how to read it, then the body, at the end SHA-256 of
all before. Encrypted: frames of AES-256-GCM under a key from the passphrase, numbered and the last one marked, so that
none can be moved, left out or cut off.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import InvalidInput
from core.i18n import Phrase

MAGIC = b"ASKWELL BACKUP 1\n"
_DIGEST = 32  # bytes at the end
_FRAME = 1 << 20
_TAG = 16
_COMPRESSION = 3  # of 9: most of the gain for a tenth of the time


def wrong(what: str, **values: object) -> InvalidInput:
    """Why this file cannot be used."""
    return InvalidInput(problem=Phrase(f"keeping.backup_{what}", values))


@contextmanager
def writing(file: IO[bytes], passphrase: str) -> Iterator[tarfile.TarFile]:
    """A tar to fill; when the block ends, `file` is whole."""
    hashed = _Hashed(file)
    salt = os.urandom(16)
    header = json.dumps({"encrypted": bool(passphrase), "salt": b64encode(salt).decode()}).encode() + b"\n"
    hashed.write(MAGIC)
    hashed.write(header)
    frames = _Sealing(hashed, _cipher(passphrase, salt), header) if passphrase else None
    with (
        gzip.GzipFile(fileobj=frames or hashed, mode="wb", compresslevel=_COMPRESSION, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        yield tar
    if frames is not None:
        frames.finish()
    file.write(hashed.digest())


def is_encrypted(path: Path) -> bool:
    """Whether a passphrase is needed. Raises `InvalidInput` for a file that is no backup."""
    with _opened(path) as file:
        return bool(_header(file)[0]["encrypted"])


def check_bytes(path: Path) -> None:
    """Nothing, if every byte is as it was written. Raises `InvalidInput`."""
    with _opened(path) as file:
        _header(file)
        left = path.stat().st_size - _DIGEST
        file.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (chunk := file.read(min(_FRAME, left))):
            digest.update(chunk)
            left -= len(chunk)
        if left or file.read() != digest.digest():
            raise wrong("damaged")


@contextmanager
def reading(path: Path, passphrase: str) -> Iterator[tarfile.TarFile]:
    """The tar inside, to be read from its beginning to its end. Raises `InvalidInput`, also for a wrong passphrase."""
    with _opened(path) as file:
        said, header = _header(file)
        body: Any = _Bounded(file, path.stat().st_size - _DIGEST)
        if said["encrypted"]:
            if not passphrase:
                raise wrong("needs_passphrase")
            body = _Opening(body, _cipher(passphrase, b64decode(said["salt"])), header)
        try:
            with (
                gzip.GzipFile(fileobj=io.BufferedReader(body, _FRAME)) as packed,
                tarfile.open(fileobj=packed, mode="r|") as tar,
            ):
                yield tar
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise wrong("damaged") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise wrong("unreadable", file=path.name) from error


def _header(file: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise wrong("no_backup")
    line = file.readline(1000)
    try:
        said = json.loads(line)
        return {"encrypted": said["encrypted"], "salt": said["salt"]}, line
    except (ValueError, KeyError, TypeError):
        raise wrong("damaged") from None


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.scrypt(passphrase.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=32))


class _Hashed:
    """Writes on, and knows the digest of all that was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def digest(self) -> bytes:
        return self._hash.digest()


class _Sealing:
    """Writes what it is given in sealed frames."""

    def __init__(self, to: _Hashed, cipher: AESGCM, header: bytes) -> None:
        self._to, self._cipher, self._header = to, cipher, header
        self._waiting, self._number = bytearray(), 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > _FRAME:
            self._frame(bytes(self._waiting[:_FRAME]), last=False)
            del self._waiting[:_FRAME]
        return len(data)

    def flush(self) -> None:
        """Frames are whole or not there."""

    def finish(self) -> None:
        self._frame(bytes(self._waiting), last=True)

    def _frame(self, data: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), data, self._header)
        self._to.write(len(sealed).to_bytes(4, "big") + bytes([last]) + sealed)
        self._number += 1


class _Bounded(io.RawIOBase):
    """The file up to a place."""

    def __init__(self, file: IO[bytes], end: int) -> None:
        self._file, self._left = file, end - file.tell()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


class _Opening(io.RawIOBase):
    """What `_Sealing` was given, frame by frame."""

    def __init__(self, source: _Bounded, cipher: AESGCM, header: bytes) -> None:
        self._source, self._cipher, self._header = io.BufferedReader(source, _FRAME), cipher, header
        self._ready, self._number, self._ended = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            self._next()
        data = self._ready[: len(buffer)]
        buffer[: len(data)] = data
        self._ready = self._ready[len(data) :]
        return len(data)

    def _next(self) -> None:
        head = self._source.read(5)
        length = int.from_bytes(head[:4], "big")
        if len(head) != 5 or length > _FRAME + _TAG:
            raise wrong("damaged")
        self._ended = bool(head[4])
        try:
            sealed = self._source.read(length)
            self._ready = self._cipher.decrypt(_nonce(self._number, self._ended), sealed, self._header)
        except InvalidTag:
            raise wrong("passphrase" if self._number == 0 else "damaged") from None
        self._number += 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
