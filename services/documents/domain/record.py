"""The health record: medications, allergies, immunizations and problems, visible on arrival (R14)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.documents.domain.results import Origin
from shared.aggregate import Aggregate, event

Kind = Literal["medication", "allergy", "immunization", "problem"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record, as text; ``since`` is the day it began or was given, None where unknown."""

    kind: Kind
    title: str
    status: str
    since: date | None


class RecordEntry(Aggregate):
    """A line of a patient's health record."""

    class Listed(Aggregate.Created):
        entry_id: UUID
        practice_id: UUID
        patient_id: UUID
        entry: Entry
        origin: Origin
        listed_at: datetime

    @staticmethod
    def create_id(entry_id: UUID) -> UUID:
        return entry_id

    @event(Listed)
    def __init__(
        self, entry_id: UUID, practice_id: UUID, patient_id: UUID, entry: Entry, origin: Origin, listed_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.entry = entry

    @property
    def subject_id(self) -> UUID:
        return self.patient_id
