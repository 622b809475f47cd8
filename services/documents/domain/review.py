"""What waits for approval: held, approved, released, taken back, corrected or found misfiled (R14, R44)."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.documents.domain.errors import (
    ApprovalNotPending,
    HoldTooLong,
    ResultHeld,
    ResultNotHeld,
    ResultNotReleased,
    ResultNotWaiting,
)
from shared.aggregate import Aggregate

State = Literal["waiting", "approved", "released", "retracted", "corrected", "withdrawn"]
VISIBLE: tuple[State, ...] = ("released", "retracted", "corrected")
"""The states of which others than staff may know; of retracted and corrected ones only that they are so."""

LONGEST_HOLD = timedelta(days=14)
UNDO = timedelta(seconds=30)
"""A bulk approval takes effect after that, and is undoable until then."""


class Reviewed(Aggregate):
    """An item of a patient that a provider approves before anybody but staff sees it.

    Subclasses add the event that creates it, and set ``practice_id``, ``patient_id`` and ``state`` in it.
    """

    practice_id: UUID
    patient_id: UUID
    state: State
    held_until: datetime | None = None
    effective_at: datetime | None = None
    approver_id: UUID | None = None

    class Approved(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        approved_at: datetime
        effective_at: datetime
        standing_approval_id: UUID | None

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "approved"
            aggregate.effective_at = self.effective_at
            aggregate.approver_id = self.provider_id

    class ApprovalUndone(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        undone_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "waiting"
            aggregate.effective_at = aggregate.approver_id = None

    class Released(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        released_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "released"

    class Held(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        author_id: UUID
        reason: str
        held_at: datetime
        held_until: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.held_until = self.held_until

    class HoldLifted(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        lifted_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.held_until = None

    class Retracted(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        reason: str
        retracted_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "retracted"

    class Misfiled(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        was_released: bool
        found_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "retracted" if self.was_released else "withdrawn"

    class Corrected(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        corrected_by_id: UUID
        was_released: bool
        corrected_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "corrected" if self.was_released else "withdrawn"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def corrects_id(self) -> UUID | None:
        """The item of the same kind and patient that this one corrects."""
        raise NotImplementedError

    def release(self, provider_id: UUID, at: datetime, *, patient_waits: bool = False) -> None:
        """A participating provider approves: visible now, or once the patient no longer waits."""
        self._check_waiting(at)
        if patient_waits:
            self._approve(provider_id, at, at, None)
        else:
            self._release(provider_id, at)

    def approve(self, provider_id: UUID, at: datetime) -> None:
        """The same among many: it takes effect after ``UNDO``."""
        self._check_waiting(at)
        self._approve(provider_id, at, at + UNDO, None)

    def approve_by_standing(self, provider_id: UUID, approval_id: UUID, at: datetime, *, patient_waits: bool) -> None:
        """On arrival, by what a provider signed for its category before."""
        self._check_waiting(at)
        self._approve(provider_id, at, at, approval_id)
        if not patient_waits:
            self._release(provider_id, at)

    def take_effect(self, at: datetime, *, patient_waits: bool) -> bool:
        """Whether an approval that still stands became visible: its time has come and the patient does not wait."""
        due = self.state == "approved" and self.effective_at is not None and self.effective_at <= at
        if not due or patient_waits or self.approver_id is None:
            return False
        self._release(self.approver_id, at)
        return True

    def undo_approval(self, at: datetime, *, patient_waits: bool) -> None:
        """Back among those that wait; only until it takes effect, which a waiting patient puts off."""
        pending = self.state == "approved" and self.effective_at is not None
        if not pending or not (patient_waits or (self.effective_at is not None and at < self.effective_at)):
            raise ApprovalNotPending
        self._trigger("ApprovalUndone", undone_at=at)

    def hold(self, author_id: UUID, reason: str, until: datetime, at: datetime) -> None:
        """Out of the queue until ``until``, at most 14 days from now; then it is queued again by itself."""
        self._check_waiting(at)
        if not at < until <= at + LONGEST_HOLD:
            raise HoldTooLong
        self._trigger("Held", author_id=author_id, reason=reason, held_at=at, held_until=until)

    def lift_hold(self, at: datetime) -> None:
        if self.state != "waiting" or not self.is_held(at):
            raise ResultNotHeld
        self._trigger("HoldLifted", lifted_at=at)

    def retract(self, provider_id: UUID, reason: str, at: datetime) -> None:
        """A provider takes it back; ResultNotReleased unless it was released."""
        if self.state != "released":
            raise ResultNotReleased
        self._trigger("Retracted", provider_id=provider_id, reason=reason, retracted_at=at)

    def find_misfiled(self, provider_id: UUID, at: datetime) -> None:
        """It is another patient's, whom nothing here names."""
        if self.state not in ("waiting", "approved", "released"):
            raise ResultNotReleased("expected a result that waits or is released")
        self._trigger("Misfiled", provider_id=provider_id, was_released=self.state == "released", found_at=at)

    def correct(self, corrected_by_id: UUID, at: datetime) -> None:
        """Another one says it better; without effect on one that was taken back."""
        if self.state in ("waiting", "approved", "released"):
            released = self.state == "released"
            self._trigger("Corrected", corrected_by_id=corrected_by_id, was_released=released, corrected_at=at)

    def is_held(self, at: datetime) -> bool:
        return self.held_until is not None and at < self.held_until

    def _check_waiting(self, at: datetime) -> None:
        if self.state != "waiting":
            raise ResultNotWaiting
        if self.is_held(at):
            raise ResultHeld

    def _approve(self, provider_id: UUID, at: datetime, effective_at: datetime, standing_id: UUID | None) -> None:
        self._trigger(
            "Approved",
            provider_id=provider_id,
            approved_at=at,
            effective_at=effective_at,
            standing_approval_id=standing_id,
        )

    def _release(self, provider_id: UUID, at: datetime) -> None:
        self._trigger("Released", provider_id=provider_id, released_at=at)

    def _trigger(self, name: str, **values: object) -> None:
        """An event of the subclass's own class of that name: each kind of item has its own stored words."""
        event_class: type[Aggregate.Event] = getattr(type(self), name)
        self.trigger_event(event_class, practice_id=self.practice_id, patient_id=self.patient_id, **values)
