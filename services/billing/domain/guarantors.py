"""Who pays for a patient: a person of the record who sees amount, number and practice of a statement only (R33)."""

from datetime import datetime
from uuid import UUID

from shared.aggregate import Aggregate, event
from shared.ids import natural_id


class Guarantee(Aggregate):
    """The guarantor of one patient; at most one at a time, without any access to the record by it."""

    class Named(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        named_at: datetime

    class Renamed(Aggregate.Event):
        practice_id: UUID
        person_id: UUID
        named_at: datetime

    class Released(Aggregate.Event):
        practice_id: UUID
        person_id: UUID
        released_at: datetime

    @staticmethod
    def create_id(patient_id: UUID) -> UUID:
        return natural_id(patient_id, "guarantor")

    @event(Named)
    def __init__(self, practice_id: UUID, patient_id: UUID, person_id: UUID, named_at: datetime) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.person_id: UUID | None = person_id

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def name(self, person_id: UUID, at: datetime) -> None:
        """Another one takes the former's place; the same one again changes nothing."""
        if self.person_id != person_id:
            self._renamed(self.practice_id, person_id, at)

    @event(Renamed)
    def _renamed(self, practice_id: UUID, person_id: UUID, named_at: datetime) -> None:
        self.person_id = person_id

    def release(self, at: datetime) -> None:
        """From now on the patient pays alone."""
        if self.person_id is not None:
            self._released(self.practice_id, self.person_id, at)

    @event(Released)
    def _released(self, practice_id: UUID, person_id: UUID, released_at: datetime) -> None:
        self.person_id = None
