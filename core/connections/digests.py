"""The digest that stands for a masked value on SQLite, which has none of its own: its process lends it this one."""

import hashlib

DIGEST = "askwell_digest"


def digest(salt: str, value: object) -> str | None:
    """SHA-256 of the salt and the value as text, in hexadecimal; none for none. Equal values give equal digests."""
    if value is None:
        return None
    if isinstance(value, bytes):
        raw = value
    elif isinstance(value, float) and value.is_integer():
        raw = str(int(value)).encode()  # SQLite takes 1 and 1.0 for equal
    else:
        raw = str(value).encode("utf-8", "replace")
    return hashlib.sha256(salt.encode() + raw).hexdigest()
