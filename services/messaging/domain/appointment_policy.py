"""Whether a practice shows its patients all appointments, also those made by phone or at the desk (R32)."""

from datetime import datetime
from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.ids import natural_id


class AppointmentPolicy(Aggregate):
    """One practice's choice; until it makes one, only what was made through the portal is shown."""

    class Chosen(Aggregate.Created):
        practice_id: UUID
        shows_all: bool
        account_id: UUID
        chosen_at: datetime

    class Changed(Aggregate.Event):
        practice_id: UUID
        shows_all: bool
        account_id: UUID
        changed_at: datetime

    @staticmethod
    def create_id(practice_id: UUID) -> UUID:
        return natural_id(practice_id, "appointment policy")

    @event(Chosen)
    def __init__(self, practice_id: UUID, shows_all: bool, account_id: UUID, chosen_at: datetime) -> None:
        self.practice_id = practice_id
        self.shows_all = shows_all

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def change(self, shows_all: bool, account_id: UUID, at: datetime) -> None:
        """Without effect where it is the choice already."""
        if shows_all != self.shows_all:
            self._changed(practice_id=self.practice_id, shows_all=shows_all, account_id=account_id, changed_at=at)

    @event(Changed)
    def _changed(self, practice_id: UUID, shows_all: bool, account_id: UUID, changed_at: datetime) -> None:
        self.shows_all = shows_all
