"""Seals secrets with AES-256-GCM, so that a stolen database gives none away.

A sealed text reads `v1.<key id>.<base64 of nonce and ciphertext>`. The identity of the row it belongs to is
associated data: a sealed text moved to another row does not open.
"""

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import SettingsInvalid
from core.settings import Settings

_NONCE = 12  # bytes, as NIST SP 800-38D recommends for GCM


class Vault:
    """Seals and opens with one key, derived from the operator's secret."""

    def __init__(self, secret: str) -> None:
        key = hashlib.scrypt(secret.encode(), salt=b"askwell vault v1", n=2**14, r=8, p=1, dklen=32)
        self._cipher = AESGCM(key)
        self.key_id = hashlib.sha256(b"askwell key id" + key).hexdigest()[:8]

    def seal(self, text: str, identity: str) -> str:
        """`text` sealed for the row `identity`; "" stays ""."""
        if not text:
            return ""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), identity.encode())
        return f"v1.{self.key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, identity: str) -> str:
        """What `seal` was given. Raises `SettingsInvalid` when the key or the row is another one."""
        if not sealed:
            return ""
        _, key_id, text = sealed.split(".", 2)
        if key_id != self.key_id:
            raise SettingsInvalid(problem="a stored secret was sealed with another ASKWELL_SECRET_KEY")
        raw = base64.urlsafe_b64decode(text)
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], identity.encode()).decode()
        except InvalidTag:
            raise SettingsInvalid(problem="a stored secret does not belong to its row") from None


def open_vault(settings: Settings) -> Vault:
    """The vault of these settings. In demo mode without a key, one is made and kept beside the data."""
    secret = settings.secret_key.get_secret_value()
    return Vault(secret or _demo_secret(settings.data_dir / "demo.key"))


def _demo_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(base64.urlsafe_b64encode(os.urandom(32)).decode())
    except FileExistsError:
        pass
    return file.read_text().strip()
