"""A refill that was asked for: approved or declined, and sent to the pharmacy (R38)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.messaging.domain.conversation import Author
from services.messaging.domain.errors import NotInThatState
from shared.aggregate import Aggregate, event

State = Literal["requested", "approved", "declined", "sent_to_pharmacy"]


@dataclass(frozen=True, slots=True)
class Prescription:
    """What is to be refilled: an entry of the patient's medication list, or a name in the patient's words, or both."""

    author: Author
    provider_id: UUID | None
    entry_id: UUID | None
    medication: str
    note: str


class Refill(Aggregate):
    """One request; a decision on it is final, the next refill is a new request."""

    class Requested(Aggregate.Created):
        refill_id: UUID
        practice_id: UUID
        patient_id: UUID
        prescription: Prescription
        requested_at: datetime

    class Approved(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        staff_id: UUID
        approved_at: datetime

    class Declined(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        staff_id: UUID
        reason: str
        declined_at: datetime

    class SentToPharmacy(Aggregate.Event):
        staff_id: UUID
        sent_at: datetime

    @staticmethod
    def create_id(refill_id: UUID) -> UUID:
        return refill_id

    @event(Requested)
    def __init__(
        self,
        refill_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        prescription: Prescription,
        requested_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.state: State = "requested"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def approve(self, staff_id: UUID, at: datetime) -> None:
        self._in("requested")
        self._approved(practice_id=self.practice_id, patient_id=self.patient_id, staff_id=staff_id, approved_at=at)

    @event(Approved)
    def _approved(self, practice_id: UUID, patient_id: UUID, staff_id: UUID, approved_at: datetime) -> None:
        self.state = "approved"

    def decline(self, staff_id: UUID, reason: str, at: datetime) -> None:
        self._in("requested")
        self._declined(
            practice_id=self.practice_id, patient_id=self.patient_id, staff_id=staff_id, reason=reason, declined_at=at
        )

    @event(Declined)
    def _declined(
        self, practice_id: UUID, patient_id: UUID, staff_id: UUID, reason: str, declined_at: datetime
    ) -> None:
        self.state = "declined"

    def send_to_pharmacy(self, staff_id: UUID, at: datetime) -> None:
        self._in("approved")
        self._sent_to_pharmacy(staff_id=staff_id, sent_at=at)

    @event(SentToPharmacy)
    def _sent_to_pharmacy(self, staff_id: UUID, sent_at: datetime) -> None:
        self.state = "sent_to_pharmacy"

    def _in(self, state: State) -> None:
        if self.state != state:
            raise NotInThatState
