"""Links and codes of transmitted records: derived, so that a stolen database gives none; tries are counted first."""

import base64
import hmac
from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.documents.domain.errors import LinkOrCodeWrong
from services.documents.domain.transmission import CODES, Transmission
from shared.access.enforcement import as_the_system, held_window
from shared.access.windows import holding
from shared.contracts.consent.v1.peers_pb2 import DecideRequest, DecideResponse
from shared.errors import AccessUndecided, PortalError
from shared.eventstore.store import EventStore
from shared.reading import Database

CODE_LETTERS = 8
"""Base32: 40 bits, for three tries beside a link of 256."""
_MISREAD = str.maketrans("018", "OIB", " -\t\r\n")

_COUNT = """
INSERT INTO transmission_tries AS known (transmission_id, tries) VALUES ($1, 1)
ON CONFLICT (transmission_id) DO UPDATE SET tries = known.tries + 1 RETURNING tries
"""
_TAKE_BACK = "UPDATE transmission_tries SET tries = tries - 1 WHERE transmission_id = $1"


class Consent(Protocol):
    """As much of consent's peer stub as links need."""

    def Decide(self, request: DecideRequest, /) -> Awaitable[DecideResponse]: ...


class Shares:
    """What opens a transmitted record, and how much of it."""

    def __init__(self, store: EventStore, database: Database, consent: Consent, key: bytes, public_url: str) -> None:
        self._store, self._database, self._consent = store, database, consent
        self._key, self._public_url = key, public_url

    def url(self, transmission_id: UUID) -> str:
        return f"{self._public_url}/shared-record/{transmission_id}/{self.secret(transmission_id)}"

    def secret(self, transmission_id: UUID) -> str:
        """256 bits, base64url."""
        return base64.urlsafe_b64encode(self._derived("link", transmission_id)).rstrip(b"=").decode()

    def code(self, transmission_id: UUID) -> str:
        """Two groups of four letters and digits, which the sender tells the recipient."""
        letters = base64.b32encode(self._derived("code", transmission_id)).decode()[:CODE_LETTERS]
        return f"{letters[:4]}-{letters[4:]}"

    async def find(self, transmission_id: UUID) -> Transmission | None:
        return await self._store.find(Transmission, Transmission.create_id(transmission_id))

    async def scopes(self, transmission: Transmission, at: datetime) -> frozenset[str]:
        """What of the transmitted its sender may still see: when that access ends, what rests on it does, too."""
        account_id, patient_id = transmission.transmitter.account_id, transmission.patient_id
        try:
            with as_the_system():
                decided = await self._consent.Decide(
                    DecideRequest(account_id=str(account_id), patient_id=str(patient_id))
                )
        except PortalError:
            raise AccessUndecided from None
        held = holding((held_window(window) for window in decided.windows), at)
        seen: frozenset[str] = frozenset().union(*(window.scopes for window in held))
        return seen & frozenset(transmission.transmitted.scopes)

    async def open(self, transmission_id: UUID, secret: str, code: str, at: datetime) -> tuple[Transmission, int]:
        """The transmission that link and code open. Its number of wrong codes, where this was one, is raised with it.

        LinkOrCodeWrong alike for an unknown, forged, expired, revoked or used up link and for a wrong code.
        """
        if not hmac.compare_digest(self.secret(transmission_id).encode(), secret.encode()):
            raise LinkOrCodeWrong
        transmission = await self.find(transmission_id)
        if transmission is None or not transmission.is_open(at):
            raise LinkOrCodeWrong
        tries = (await self._database.fetch(_COUNT, transmission_id))[0]["tries"]
        is_right = tries <= CODES and hmac.compare_digest(plain(self.code(transmission_id)), plain(code))
        if is_right or tries > CODES:
            await self._database.execute(_TAKE_BACK, transmission_id)
        if tries > CODES:
            raise LinkOrCodeWrong
        return transmission, 0 if is_right else tries

    def _derived(self, purpose: str, transmission_id: UUID) -> bytes:
        return hmac.digest(self._key, f"{purpose}\x1f{transmission_id}".encode(), "sha256")


def plain(typed: str) -> bytes:
    """0, 1 and 8 are read as the letters that they look like; blanks and dashes do not count."""
    return typed[:64].upper().translate(_MISREAD).encode()
