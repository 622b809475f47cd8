"""A result: received, visible to staff only; released by a provider; perhaps taken back (R14)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.documents.domain.errors import ResultNotReleased, ResultNotWaiting
from shared.aggregate import Aggregate, event

Category = Literal["laboratory", "vital-signs", "imaging", "survey", "social-history", "procedure", "exam", "other"]
Origin = Literal["portal", "desk", "import"]
State = Literal["waiting", "released", "retracted"]


@dataclass(frozen=True, slots=True)
class Value:
    """One measured value, all as text: what comes from outside is data and is shown as it was given.

    ``code`` is LOINC's where the laboratory gave one; ``unit`` is UCUM; references may be empty.
    """

    name: str
    value: str
    unit: str = ""
    reference_low: str = ""
    reference_high: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a result says, as it was received."""

    title: str
    category: Category
    effective_at: datetime
    values: tuple[Value, ...]
    ordering_provider_id: UUID | None = None


class Result(Aggregate):
    """A result of a patient, visible to nobody but staff until a provider approves it."""

    class Received(Aggregate.Created):
        result_id: UUID
        practice_id: UUID
        patient_id: UUID
        report: Report
        origin: Origin
        received_at: datetime

    class Released(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        released_at: datetime

    class Retracted(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        provider_id: UUID
        reason: str
        retracted_at: datetime

    @staticmethod
    def create_id(result_id: UUID) -> UUID:
        return result_id

    @event(Received)
    def __init__(
        self,
        result_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        report: Report,
        origin: Origin,
        received_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.report = report
        self.state: State = "waiting"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def release(self, provider_id: UUID, at: datetime) -> None:
        """A participating provider approves; ResultNotWaiting unless it waits."""
        if self.state != "waiting":
            raise ResultNotWaiting
        self._released(self.practice_id, self.patient_id, provider_id, at)

    def retract(self, provider_id: UUID, reason: str, at: datetime) -> None:
        """A provider takes it back; ResultNotReleased unless it was released."""
        if self.state != "released":
            raise ResultNotReleased
        self._retracted(self.practice_id, self.patient_id, provider_id, reason, at)

    @event(Released)
    def _released(self, practice_id: UUID, patient_id: UUID, provider_id: UUID, released_at: datetime) -> None:
        self.state = "released"

    @event(Retracted)
    def _retracted(
        self, practice_id: UUID, patient_id: UUID, provider_id: UUID, reason: str, retracted_at: datetime
    ) -> None:
        self.state = "retracted"
