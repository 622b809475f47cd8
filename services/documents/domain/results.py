"""A result: received, visible to staff only, until a provider approves it (R14)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.documents.domain.review import Reviewed
from shared.aggregate import Aggregate, event

Category = Literal["laboratory", "vital-signs", "imaging", "survey", "social-history", "procedure", "exam", "other"]
Origin = Literal["portal", "desk", "import"]


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
    """What a result says, as it was received; ``corrects_id`` is the result of the same patient that it corrects."""

    title: str
    category: Category
    effective_at: datetime
    values: tuple[Value, ...]
    ordering_provider_id: UUID | None = None
    corrects_id: UUID | None = None


class Result(Reviewed):
    """A result of a patient, visible to nobody but staff until a provider approves it."""

    class Received(Aggregate.Created):
        result_id: UUID
        practice_id: UUID
        patient_id: UUID
        report: Report
        origin: Origin
        received_at: datetime

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
        self.state = "waiting"

    @property
    def corrects_id(self) -> UUID | None:
        return self.report.corrects_id
