"""The provider whom a patient usually sees, taking part or not; when that one joins the portal, the patient is told."""

from datetime import datetime
from uuid import UUID

from services.identity.domain.values import AccountId, PatientId, PracticeId, ProviderId, usual_provider_id
from shared.aggregate import Aggregate, event


class UsualProvider(Aggregate):
    """One patient's. Who is not on the portal keeps nobody from it, and is named here to be told of (R29)."""

    class Named(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId
        provider_id: ProviderId
        named_by: AccountId | None
        named_at: datetime

    class Replaced(Aggregate.Event):
        practice_id: PracticeId
        patient_id: PatientId
        provider_id: ProviderId
        named_by: AccountId | None
        named_at: datetime

    class Joined(Aggregate.Event):
        practice_id: PracticeId
        patient_id: PatientId
        provider_id: ProviderId
        activated_at: datetime

    @staticmethod
    def create_id(patient_id: PatientId) -> UUID:
        return usual_provider_id(patient_id)

    @event(Named)
    def __init__(
        self,
        practice_id: PracticeId,
        patient_id: PatientId,
        provider_id: ProviderId,
        named_by: AccountId | None,
        named_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.provider_id = provider_id
        self.named_at = named_at

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def name(self, provider_id: ProviderId, by: AccountId | None, at: datetime) -> None:
        """Without effect where it is that provider already."""
        if provider_id != self.provider_id:
            self._replaced(
                practice_id=self.practice_id,
                patient_id=self.patient_id,
                provider_id=provider_id,
                named_by=by,
                named_at=at,
            )

    @event(Replaced)
    def _replaced(
        self,
        practice_id: PracticeId,
        patient_id: PatientId,
        provider_id: ProviderId,
        named_by: AccountId | None,
        named_at: datetime,
    ) -> None:
        self.provider_id = provider_id
        self.named_at = named_at

    def note_joining(self, provider_id: ProviderId, activated_at: datetime) -> None:
        """Nothing where another provider was named since, or this one only after the activation."""
        if provider_id == self.provider_id and self.named_at <= activated_at:
            self._joined(
                practice_id=self.practice_id,
                patient_id=self.patient_id,
                provider_id=provider_id,
                activated_at=activated_at,
            )

    @event(Joined)
    def _joined(
        self, practice_id: PracticeId, patient_id: PatientId, provider_id: ProviderId, activated_at: datetime
    ) -> None:
        """Changes nothing: it is what the patient is told."""
