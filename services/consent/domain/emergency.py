"""Emergency access: staff see one record for 60 minutes, with a typed reason, and an admin reviews it (R43)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.consent.domain.errors import EmergencyReviewed, SecondPersonNeeded
from services.consent.domain.facts import Emergency, Span
from services.consent.domain.identifiers import reference
from shared.aggregate import Aggregate, event

DURATION = timedelta(minutes=60)

Finding = Literal["justified", "unjustified"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who declared it and why, and from when to when it holds."""

    account_id: UUID
    staff_id: UUID
    reason: str
    declared_at: datetime
    until: datetime


class EmergencyAccess(Aggregate):
    """Declared by one member of staff about one patient; the admin's finding ends it where it was not justified."""

    class Declared(Aggregate.Created):
        emergency_id: UUID
        practice_id: UUID
        patient_id: UUID
        declaration: Declaration

    class Reviewed(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        finding: Finding
        note: str
        reviewed_by: UUID
        reviewed_at: datetime

    @staticmethod
    def create_id(emergency_id: UUID) -> UUID:
        return emergency_id

    @event(Declared)
    def __init__(self, emergency_id: UUID, practice_id: UUID, patient_id: UUID, declaration: Declaration) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.account_id = declaration.account_id
        span = Span(declaration.declared_at, declaration.until, reference(self.id, 1))
        self.emergency = Emergency(declaration.staff_id, span)
        self.is_reviewed = False

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def review(self, finding: Finding, note: str, by: UUID, at: datetime) -> None:
        """By another person than the one who declared it, once."""
        if by == self.account_id:
            raise SecondPersonNeeded
        if self.is_reviewed:
            raise EmergencyReviewed
        self._reviewed(
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            finding=finding,
            note=note,
            reviewed_by=by,
            reviewed_at=at,
        )

    @event(Reviewed)
    def _reviewed(
        self,
        practice_id: UUID,
        patient_id: UUID,
        finding: Finding,
        note: str,
        reviewed_by: UUID,
        reviewed_at: datetime,
    ) -> None:
        self.is_reviewed = True
        span = self.emergency.span
        if finding == "unjustified" and span.holds(reviewed_at):
            self.emergency = replace(self.emergency, span=replace(span, until=reviewed_at))
