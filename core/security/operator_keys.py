"""The operator's keys: from the environment or a file, the current one and those before it.

They never seal a secret themselves; they wrap the data keys that do. A file is read again when a key is met that is
not known yet, so that a running portal learns of a new one.
"""

import base64
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import SettingsInvalid
from core.settings import DEFAULT_SECRETS, Settings

LEAST = 32  # characters of a key outside demo mode
_NONCE = 12  # bytes, as NIST SP 800-38D recommends for GCM


@dataclass(frozen=True)
class OperatorKey:
    """One key of the operator, by an id that gives nothing away."""

    id: str
    cipher: AESGCM = field(repr=False)

    def seal(self, raw: bytes, identity: str) -> str:
        """Nonce and ciphertext as text, bound to `identity`."""
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self.cipher.encrypt(nonce, raw, identity.encode())).decode()

    def open(self, text: str, identity: str) -> bytes | None:
        """What `seal` was given; None if it was sealed with another key or for something else."""
        return opened(self.cipher, text, identity)


def opened(cipher: AESGCM, text: str, identity: str) -> bytes | None:
    """The plain bytes of nonce and ciphertext in base64; None where this cipher did not make them for `identity`."""
    try:
        raw = base64.urlsafe_b64decode(text)
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], identity.encode())
    except (InvalidTag, ValueError):
        return None


class OperatorKeys:
    """The keys that `read` gives, the current one first."""

    def __init__(self, read: Callable[[], Sequence[str]]) -> None:
        self._read = read
        self._keys = [derived(secret) for secret in read()]

    @property
    def current(self) -> OperatorKey:
        return self._keys[0]

    @property
    def known(self) -> Sequence[OperatorKey]:
        return tuple(self._keys)

    def named(self, key_id: str) -> OperatorKey | None:
        """The key of this id, looked for anew where it is not known; None if the operator does not give it."""
        found = next((key for key in self._keys if key.id == key_id), None)
        if found is None:
            self._keys = [derived(secret) for secret in self._read()]
            found = next((key for key in self._keys if key.id == key_id), None)
        return found


@lru_cache(maxsize=16)
def derived(secret: str) -> OperatorKey:
    """The key of a secret text; takes some tens of milliseconds the first time, on purpose."""
    key = hashlib.scrypt(secret.encode(), salt=b"askwell vault v1", n=2**14, r=8, p=1, dklen=32)
    return OperatorKey(hashlib.sha256(b"askwell key id" + key).hexdigest()[:8], AESGCM(key))


def keys_of(settings: Settings, may_make: bool = True) -> OperatorKeys:
    """The operator's keys as the settings give them. `may_make`: whether demo mode may make one where there is none.

    Raises `SettingsInvalid` for a missing key, an unfit one, or a file that others may read.
    """
    if settings.secret_key_file is not None:
        return OperatorKeys(lambda: _of_file(settings.secret_key_file, settings.demo))
    previous = _listed(settings.previous_secret_keys.get_secret_value())
    given = settings.secret_key.get_secret_value()
    secret = given or _demo_secret(settings.data_dir / "demo.key", may_make)
    return OperatorKeys(lambda: (secret, *previous))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\s,]+", text) if part)


def _of_file(file: Path | None, lenient: bool) -> Sequence[str]:
    """The lines of the file: the key, then earlier ones."""
    assert file is not None
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(problem=f"ASKWELL_SECRET_KEY_FILE cannot be read ({type(error).__name__})") from None
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsInvalid(problem=f"ASKWELL_SECRET_KEY_FILE can be read by others; run chmod 600 {file}")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0].lower() in DEFAULT_SECRETS:
        raise SettingsInvalid(problem="ASKWELL_SECRET_KEY_FILE holds no key, or a default; its first line is the key")
    if len(lines[0]) < LEAST and not lenient:
        raise SettingsInvalid(problem=f"the key in ASKWELL_SECRET_KEY_FILE is shorter than {LEAST} characters")
    return lines


def _demo_secret(file: Path, may_make: bool) -> str:
    """The key of demo mode, made once and kept beside the data."""
    if not file.exists():
        if not may_make:
            raise SettingsInvalid(problem=f"the key in {file.name} is missing, and secrets were sealed with it")
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=file.parent, prefix=".demo-key-")  # 0600, and whole before it is in place
        with open(handle, "w") as new:
            new.write(base64.urlsafe_b64encode(os.urandom(32)).decode())
        try:
            os.link(made, file)
        except FileExistsError:
            pass
        finally:
            os.unlink(made)
    return file.read_text().strip()
