"""Who is joined to one patient's record: of each person the consent in force, the invitation, the account."""

from datetime import datetime
from uuid import UUID

from services.identity.domain.errors import AlreadyEnrolled, ConsentMissing, NotEnrolled
from services.identity.domain.values import (
    AccountId,
    ConsentId,
    InvitationId,
    PatientId,
    PersonId,
    PracticeId,
    Relation,
    enrolments_id,
)
from shared.aggregate import Aggregate, event


class Enrolments(Aggregate):
    """One stream a patient, so that two tabs, a withdrawal and an acceptance cannot pass each other."""

    class Begun(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId

    class ConsentRecorded(Aggregate.Event):
        relation: Relation
        consent_id: ConsentId
        recorded_at: datetime

    class ConsentEnded(Aggregate.Event):
        relation: Relation
        consent_id: ConsentId
        ended_at: datetime

    class Invited(Aggregate.Event):
        relation: Relation
        invitation_id: InvitationId

    class Joined(Aggregate.Event):
        relation: Relation
        account_id: AccountId
        joined_at: datetime

    class Left(Aggregate.Event):
        relation: Relation
        account_id: AccountId
        by: str
        reason: str
        left_at: datetime

    @staticmethod
    def create_id(patient_id: PatientId) -> UUID:
        return enrolments_id(patient_id)

    @event(Begun)
    def __init__(self, practice_id: PracticeId, patient_id: PatientId) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.consents: dict[PersonId, ConsentId] = {}
        self.invitations: dict[PersonId, InvitationId] = {}
        self.accounts: dict[PersonId, AccountId] = {}

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def relation(self, person_id: PersonId) -> Relation:
        return Relation(self.practice_id, self.patient_id, person_id)

    def record_consent(self, person_id: PersonId, consent_id: ConsentId, at: datetime) -> None:
        if self.consents.get(person_id) != consent_id:
            self._consent_recorded(relation=self.relation(person_id), consent_id=consent_id, recorded_at=at)

    @event(ConsentRecorded)
    def _consent_recorded(self, relation: Relation, consent_id: ConsentId, recorded_at: datetime) -> None:
        self.consents[relation.person_id] = consent_id

    def end_consent(self, person_id: PersonId, consent_id: ConsentId, at: datetime) -> None:
        """Ends that consent; an older or unknown one changes nothing."""
        if self.consents.get(person_id) == consent_id:
            self._consent_ended(relation=self.relation(person_id), consent_id=consent_id, ended_at=at)

    @event(ConsentEnded)
    def _consent_ended(self, relation: Relation, consent_id: ConsentId, ended_at: datetime) -> None:
        del self.consents[relation.person_id]

    def require_joinable(self, person_id: PersonId) -> None:
        """An invitation without consent is impossible (R2), and a person joins one account only (R12)."""
        if person_id not in self.consents:
            raise ConsentMissing
        if person_id in self.accounts:
            raise AlreadyEnrolled

    def invite(self, person_id: PersonId, invitation_id: InvitationId) -> None:
        self.require_joinable(person_id)
        self._invited(relation=self.relation(person_id), invitation_id=invitation_id)

    @event(Invited)
    def _invited(self, relation: Relation, invitation_id: InvitationId) -> None:
        self.invitations[relation.person_id] = invitation_id

    def join(self, person_id: PersonId, account_id: AccountId, at: datetime) -> None:
        self.require_joinable(person_id)
        self._joined(relation=self.relation(person_id), account_id=account_id, joined_at=at)

    @event(Joined)
    def _joined(self, relation: Relation, account_id: AccountId, joined_at: datetime) -> None:
        self.accounts[relation.person_id] = account_id
        self.invitations.pop(relation.person_id, None)

    def leave(self, person_id: PersonId, by: str, reason: str, at: datetime) -> None:
        if person_id not in self.accounts:
            raise NotEnrolled
        self._left(
            relation=self.relation(person_id), account_id=self.accounts[person_id], by=by, reason=reason, left_at=at
        )

    @event(Left)
    def _left(self, relation: Relation, account_id: AccountId, by: str, reason: str, left_at: datetime) -> None:
        del self.accounts[relation.person_id]
