"""The health record: medications, allergies, immunizations and problems, visible on arrival (R14)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from services.documents.domain.errors import ResultNotReleased, ResultNotWaiting
from services.documents.domain.results import Origin
from shared.aggregate import Aggregate, event

Kind = Literal["medication", "allergy", "immunization", "problem"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record, as text; ``since`` is the day it began or was given, None where unknown.

    ``waits``: for a provider's approval, since it was found in a wrong record.
    """

    kind: Kind
    title: str
    status: str
    since: date | None
    waits: bool = False


State = Literal["listed", "waiting", "retracted", "withdrawn"]


class RecordEntry(Aggregate):
    """A line of a patient's health record. One that was found in a wrong record waits in the right one (R44)."""

    class Listed(Aggregate.Created):
        entry_id: UUID
        practice_id: UUID
        patient_id: UUID
        entry: Entry
        origin: Origin
        listed_at: datetime

    class Approved(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        entry_id: UUID
        kind: Kind
        provider_id: UUID
        approved_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "listed"

    class Misfiled(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        entry_id: UUID
        kind: Kind
        provider_id: UUID
        was_listed: bool
        found_at: datetime

        def apply(self, aggregate: Any) -> None:
            aggregate.state = "retracted" if self.was_listed else "withdrawn"

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
        self.state: State = "waiting" if entry.waits else "listed"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def approve(self, provider_id: UUID, at: datetime) -> None:
        """A provider says that it belongs here; ResultNotWaiting unless it waits."""
        if self.state != "waiting":
            raise ResultNotWaiting("expected an entry that waits for approval")
        self.trigger_event(
            RecordEntry.Approved,
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            entry_id=self.id,
            kind=self.entry.kind,
            provider_id=provider_id,
            approved_at=at,
        )

    def find_misfiled(self, provider_id: UUID, at: datetime) -> None:
        """It is another patient's, whom nothing here names."""
        if self.state not in ("listed", "waiting"):
            raise ResultNotReleased("expected an entry that is listed or waits")
        self.trigger_event(
            RecordEntry.Misfiled,
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            entry_id=self.id,
            kind=self.entry.kind,
            provider_id=provider_id,
            was_listed=self.state == "listed",
            found_at=at,
        )
