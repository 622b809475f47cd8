"""A record transmitted: a mailed link that opens a range of days with a code, for seven days or until taken back."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.documents.domain.errors import TransmissionNotOpen
from shared.aggregate import Aggregate, event
from shared.ids import natural_id

VALID = timedelta(days=7)
CODES = 3
"""So many wrong codes close the link (R39)."""

State = Literal["open", "revoked", "used_up"]


@dataclass(frozen=True, slots=True)
class Transmitted:
    """What is shown, and to whom: days as on the practice's calendar, both included."""

    first: date
    last: date
    scopes: tuple[str, ...]
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Transmitter:
    """Who transmits, and as whom. What the link shows is never more than that account may see at that moment."""

    account_id: UUID
    acting_as: str


@dataclass(frozen=True, slots=True)
class Term:
    """From ``sent_at`` ≤ t < ``expires_at`` the link opens."""

    sent_at: datetime
    expires_at: datetime


class Transmission(Aggregate):
    """One link to one part of one record; it shows what is released when it is opened."""

    class Sent(Aggregate.Created):
        transmission_id: UUID
        practice_id: UUID
        patient_id: UUID
        transmitter: Transmitter
        transmitted: Transmitted
        term: Term

    class Revoked(Aggregate.Event):
        transmission_id: UUID
        account_id: UUID
        revoked_at: datetime

    class UsedUp(Aggregate.Event):
        transmission_id: UUID
        used_up_at: datetime

    @staticmethod
    def create_id(transmission_id: UUID) -> UUID:
        """A stream of its own name, so that the id of anything else opens nothing."""
        return natural_id(transmission_id, "transmission")

    @event(Sent)
    def __init__(
        self,
        transmission_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        transmitter: Transmitter,
        transmitted: Transmitted,
        term: Term,
    ) -> None:
        self.transmission_id = transmission_id
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.transmitter = transmitter
        self.transmitted = transmitted
        self.expires_at = term.expires_at
        self.state: State = "open"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def is_open(self, at: datetime) -> bool:
        """Valid while ``at`` is before its end."""
        return self.state == "open" and at < self.expires_at

    def revoke(self, account_id: UUID, at: datetime) -> None:
        """From now on the link opens nothing."""
        if not self.is_open(at):
            raise TransmissionNotOpen
        self._revoked(transmission_id=self.transmission_id, account_id=account_id, revoked_at=at)

    @event(Revoked)
    def _revoked(self, transmission_id: UUID, account_id: UUID, revoked_at: datetime) -> None:
        self.state = "revoked"

    def use_up(self, at: datetime) -> None:
        """The third wrong code was tried; without effect on one that is closed already."""
        if self.is_open(at):
            self._used_up(transmission_id=self.transmission_id, used_up_at=at)

    @event(UsedUp)
    def _used_up(self, transmission_id: UUID, used_up_at: datetime) -> None:
        self.state = "used_up"
