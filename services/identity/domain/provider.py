"""A provider of a practice, and whether that provider takes part in the portal."""

from datetime import datetime
from uuid import UUID

from services.identity.domain.values import PersonName, PracticeId, ProviderId, provider_id_of
from shared.aggregate import Aggregate, event


class Provider(Aggregate):
    """Known by name and NPI; takes part only from an activation until a deactivation (R28)."""

    class Registered(Aggregate.Created):
        practice_id: PracticeId
        npi: str
        name: PersonName
        credentials: str
        registered_at: datetime

    class Activated(Aggregate.Event):
        practice_id: PracticeId
        activated_at: datetime

    class Deactivated(Aggregate.Event):
        practice_id: PracticeId
        deactivated_at: datetime

    @staticmethod
    def create_id(practice_id: PracticeId, npi: str) -> UUID:
        return provider_id_of(practice_id, npi)

    @event(Registered)
    def __init__(
        self, practice_id: PracticeId, npi: str, name: PersonName, credentials: str, registered_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.npi = npi
        self.name = name
        self.credentials = credentials
        self.takes_part = False
        self.activated_at: datetime | None = None

    @property
    def subject_id(self) -> UUID:
        return self.id

    @property
    def provider_id(self) -> ProviderId:
        return ProviderId(self.id)

    def activate(self, at: datetime) -> None:
        if not self.takes_part:
            self._activated(practice_id=self.practice_id, activated_at=at)

    @event(Activated)
    def _activated(self, practice_id: PracticeId, activated_at: datetime) -> None:
        self.takes_part = True
        self.activated_at = activated_at

    def deactivate(self, at: datetime) -> None:
        if self.takes_part:
            self._deactivated(practice_id=self.practice_id, deactivated_at=at)

    @event(Deactivated)
    def _deactivated(self, practice_id: PracticeId, deactivated_at: datetime) -> None:
        self.takes_part = False
        self.activated_at = None
