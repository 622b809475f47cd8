"""Tokens and codes that staff hand to a person: derived, so that a retry shows the same; kept as hashes only."""

import hmac
from base64 import b32encode
from typing import Literal
from uuid import UUID

from services.identity.credentials.sessions import hashed
from shared.reading import Database

Purpose = Literal["recovery", "joining"]

TOKEN_LETTERS, CODE_LETTERS = 16, 8
"""Base32: 80 bits, to be found by; 40 bits, for three tries beside a link."""
_MISREAD = str.maketrans("018", "OIB", " -\t\r\n")

KEPT = "interval '60 days'"


class Handed:
    """Rows of ``credential_tokens``."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database, self._key = database, key

    def token(self, purpose: Purpose, object_id: UUID) -> str:
        """Four groups of four letters and digits."""
        return _grouped(self._derived(f"token\x1f{purpose}", object_id)[:TOKEN_LETTERS])

    async def keep(self, purpose: Purpose, object_id: UUID) -> None:
        """Before the event that it belongs to; a token without its event opens nothing."""
        token = plain(self.token(purpose, object_id))
        await self._database.execute(f"DELETE FROM credential_tokens WHERE since < now() - {KEPT}")  # noqa: S608  # a constant
        await self._database.execute(
            "INSERT INTO credential_tokens (hash, purpose, object_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            hashed(token), purpose, object_id,
        )  # fmt: skip

    async def find(self, purpose: Purpose, typed: str) -> UUID | None:
        """What a token opens, as it was typed; 0, 1 and 8 are read as the letters that they look like."""
        rows = await self._database.fetch(
            "SELECT object_id FROM credential_tokens WHERE hash = $1 AND purpose = $2", hashed(plain(typed)), purpose
        )
        return rows[0]["object_id"] if rows else None

    def code(self, purpose: str, object_id: UUID) -> str:
        """Two groups of four, for a form that the link alone does not open."""
        return _grouped(self._derived(f"code\x1f{purpose}", object_id)[:CODE_LETTERS])

    def is_code(self, purpose: str, object_id: UUID, typed: str) -> bool:
        return hmac.compare_digest(plain(self.code(purpose, object_id)).encode(), plain(typed).encode())

    def _derived(self, purpose: str, object_id: UUID) -> str:
        return b32encode(hmac.digest(self._key, f"{purpose}\x1f{object_id}".encode(), "sha256")).decode()


def plain(typed: str) -> str:
    return typed[:64].upper().translate(_MISREAD)


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
