"""A task of the desk: an account to be offered at 12, an objection to a representative, access to be verified again
after records were joined (R20, R42, R44)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.consent.domain.errors import TaskSettled
from shared.aggregate import Aggregate, event

TaskKind = Literal["offer_account", "objection", "verify_access"]


@dataclass(frozen=True, slots=True)
class TaskAbout:
    """``person_id`` is the representative objected to, or whose access waits; ``words`` are the patient's own."""

    kind: TaskKind
    person_id: UUID | None
    words: str


class DeskTask(Aggregate):
    """Raised, and settled once by a member of staff."""

    class Raised(Aggregate.Created):
        task_id: UUID
        practice_id: UUID
        patient_id: UUID
        about: TaskAbout
        raised_at: datetime
        due_on: date

    class Settled(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        note: str
        settled_by: UUID
        settled_at: datetime

    @staticmethod
    def create_id(task_id: UUID) -> UUID:
        return task_id

    @event(Raised)
    def __init__(
        self, task_id: UUID, practice_id: UUID, patient_id: UUID, about: TaskAbout, raised_at: datetime, due_on: date
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.about = about
        self.is_settled = False

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def settle(self, note: str, by: UUID, at: datetime) -> None:
        if self.is_settled:
            raise TaskSettled
        self._settled(practice_id=self.practice_id, patient_id=self.patient_id, note=note, settled_by=by, settled_at=at)

    @event(Settled)
    def _settled(self, practice_id: UUID, patient_id: UUID, note: str, settled_by: UUID, settled_at: datetime) -> None:
        self.is_settled = True
