"""A minor who counts as an adult, as consent told: in every rule, until it is corrected (R18)."""

from datetime import datetime
from uuid import UUID

from services.identity.domain.ages import age_at
from services.identity.domain.patient import Patient
from services.identity.domain.values import PatientId, PracticeId, PracticeRules, emancipation_id
from shared.aggregate import Aggregate, event


class Emancipation(Aggregate):
    """Of one patient; there is none for most."""

    class Noted(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId
        noted_at: datetime

    class NotedAgain(Aggregate.Event):
        noted_at: datetime

    class Corrected(Aggregate.Event):
        corrected_at: datetime

    @staticmethod
    def create_id(patient_id: PatientId) -> UUID:
        return emancipation_id(patient_id)

    @event(Noted)
    def __init__(self, practice_id: PracticeId, patient_id: PatientId, noted_at: datetime) -> None:
        self.patient_id = patient_id
        self.holds = True

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def note(self, at: datetime) -> None:
        if not self.holds:
            self._noted_again(noted_at=at)

    @event(NotedAgain)
    def _noted_again(self, noted_at: datetime) -> None:
        self.holds = True

    def correct(self, at: datetime) -> None:
        """It had been recorded by mistake: the birthdays count again."""
        if self.holds:
            self._corrected(corrected_at=at)

    @event(Corrected)
    def _corrected(self, corrected_at: datetime) -> None:
        self.holds = False


def age_counted(patient: Patient, emancipation: Emancipation | None, rules: PracticeRules, at: datetime) -> int:
    """Whole years by the practice's calendar; whoever is emancipated is of the adult's age at least."""
    years = age_at(patient.birth_date, at, rules.time_zone)
    return max(years, rules.adult_age) if emancipation is not None and emancipation.holds else years
