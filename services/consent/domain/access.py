"""What was decided for one account and patient: all windows, with a generation that only grows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.consent.domain.identifiers import access_stream
from services.consent.domain.windows import Window
from shared.aggregate import Aggregate, event


class Access(Aggregate):
    """The decisions on one account and one patient; the last one counts."""

    class AccessDecided(Aggregate.Created):
        practice_id: UUID
        patient_id: UUID
        account_id: UUID
        generation: int
        windows: tuple[Window, ...]
        decided_at: datetime

    class AccessDecidedAgain(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        account_id: UUID
        generation: int
        windows: tuple[Window, ...]
        decided_at: datetime

    @staticmethod
    def create_id(account_id: UUID, patient_id: UUID) -> UUID:
        return access_stream(account_id, patient_id)

    @event(AccessDecided)
    def __init__(
        self,
        practice_id: UUID,
        patient_id: UUID,
        account_id: UUID,
        generation: int,
        windows: tuple[Window, ...],
        decided_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.account_id = account_id
        self.generation = generation
        self.windows = windows
        self.decided_at = decided_at

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def decide_again(self, windows: Sequence[Window], at: datetime, *, even_if_same: bool = False) -> None:
        """A new generation, unless the windows that are not over are the same."""
        if not even_if_same and [window for window in self.windows if not window.is_over(at)] == list(windows):
            return
        self._decided_again(
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            account_id=self.account_id,
            generation=self.generation + 1,
            windows=tuple(windows),
            decided_at=at,
        )

    @event(AccessDecidedAgain)
    def _decided_again(
        self,
        practice_id: UUID,
        patient_id: UUID,
        account_id: UUID,
        generation: int,
        windows: tuple[Window, ...],
        decided_at: datetime,
    ) -> None:
        self.generation = generation
        self.windows = windows
        self.decided_at = decided_at
