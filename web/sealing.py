"""Between the two steps of signing in, what was typed in the first waits sealed in the form of the second."""

import base64
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.clock import machine_now

LIFE_SECONDS = 300
NONCE_BYTES = 12
_PURPOSE = b"portal web: first step of signing in"


class Sealer:
    """All web processes that share a certificate seal alike: the key comes from web's private key."""

    def __init__(self, private_key: bytes) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(private_key))

    @classmethod
    def of(cls, certificates: Path) -> "Sealer":
        return cls((certificates / "web.key").read_bytes())

    def seal(self, values: list[str]) -> str:
        """Only this portal's web can open it, within five minutes."""
        nonce = os.urandom(NONCE_BYTES)
        text = json.dumps([int(machine_now().timestamp()), values]).encode()
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, text, _PURPOSE)).decode()

    def open(self, sealed: str) -> list[str] | None:
        """What was sealed; None when too old, altered or foreign."""
        try:
            raw = base64.urlsafe_b64decode(sealed.encode("ascii"))
            at, values = json.loads(self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _PURPOSE))
        except (ValueError, InvalidTag):
            return None
        age = machine_now().timestamp() - at
        return [str(value) for value in values] if 0 <= age <= LIFE_SECONDS else None
