"""A pair of representative and patient that staff have stopped: it holds, whatever is granted, until lifted (R20)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.consent.domain.errors import PairNotSuspended, PairSuspended
from services.consent.domain.facts import Span
from services.consent.domain.identifiers import pair_stream, reference
from shared.aggregate import Aggregate, event


class PairSuspension(Aggregate):
    """Suspended and lifted, as often as staff decide."""

    class Suspended(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        reason: str
        suspended_by: UUID | None
        suspended_at: datetime

    class SuspendedAgain(Aggregate.Event):
        reason: str
        suspended_by: UUID | None
        suspended_at: datetime

    class Lifted(Aggregate.Event):
        reason: str
        lifted_by: UUID | None
        lifted_at: datetime

    @staticmethod
    def create_id(patient_id: UUID, person_id: UUID) -> UUID:
        return pair_stream(patient_id, person_id)

    @event(Suspended)
    def __init__(
        self,
        practice_id: UUID,
        patient_id: UUID,
        person_id: UUID,
        reason: str,
        suspended_by: UUID | None,
        suspended_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.person_id = person_id
        self.spans: tuple[Span, ...] = (Span(suspended_at, None, reference(self.id, 1)),)

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def is_suspended(self) -> bool:
        return any(span.until is None for span in self.spans)

    def suspend_again(self, reason: str, by: UUID | None, at: datetime) -> None:
        if self.is_suspended:
            raise PairSuspended
        self._suspended_again(reason=reason, suspended_by=by, suspended_at=at)

    @event(SuspendedAgain)
    def _suspended_again(self, reason: str, suspended_by: UUID | None, suspended_at: datetime) -> None:
        self.spans = (*self.spans, Span(suspended_at, None, reference(self.id, self.version + 1)))

    def lift(self, reason: str, by: UUID | None, at: datetime) -> None:
        if not self.is_suspended:
            raise PairNotSuspended
        self._lifted(reason=reason, lifted_by=by, lifted_at=at)

    @event(Lifted)
    def _lifted(self, reason: str, lifted_by: UUID | None, lifted_at: datetime) -> None:
        self.spans = tuple(replace(span, until=span.until or lifted_at) for span in self.spans)
