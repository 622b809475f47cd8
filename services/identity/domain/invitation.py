"""An invitation: for 30 times 24 h a person may join an account to a patient's record."""

from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import LinkGone
from services.identity.domain.values import AccountId, InvitationId, Relation
from shared.aggregate import Aggregate, event

WRONG_BIRTH_DATES = 3
"""R8: the third voids the invitation."""


class Invitation(Aggregate):
    """Issued to the address that was on record then; accepted once, valid while now < issued + lifetime (R10)."""

    class Issued(Aggregate.Created):
        invitation_id: InvitationId
        relation: Relation
        contact_number: int
        issued_at: datetime
        expires_at: datetime

    class Voided(Aggregate.Event):
        relation: Relation
        reason: str
        voided_at: datetime

    class Accepted(Aggregate.Event):
        relation: Relation
        account_id: AccountId
        accepted_at: datetime

    @staticmethod
    def create_id(invitation_id: InvitationId) -> UUID:
        return invitation_id

    @event(Issued)
    def __init__(
        self,
        invitation_id: InvitationId,
        relation: Relation,
        contact_number: int,
        issued_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.relation = relation
        self.contact_number = contact_number
        self.expires_at = expires_at
        self.state = "open"

    @property
    def subject_id(self) -> UUID:
        return self.relation.patient_id

    def require_open(self, at: datetime) -> None:
        """LinkGone unless it can be accepted at that instant."""
        if self.state != "open" or at >= self.expires_at:
            raise LinkGone

    def void(self, reason: str, at: datetime) -> None:
        """Voids it where it is open; an expired one, too, so that its state says why."""
        if self.state == "open":
            self._voided(relation=self.relation, reason=reason, voided_at=at)

    @event(Voided)
    def _voided(self, relation: Relation, reason: str, voided_at: datetime) -> None:
        self.state = "void"

    def accept(self, account_id: AccountId, at: datetime) -> None:
        self.require_open(at)
        self._accepted(relation=self.relation, account_id=account_id, accepted_at=at)

    @event(Accepted)
    def _accepted(self, relation: Relation, account_id: AccountId, accepted_at: datetime) -> None:
        self.state = "accepted"


def expiry(issued_at: datetime, days: int) -> datetime:
    """``days`` times 24 h later, whatever clocks do in between."""
    return issued_at + timedelta(hours=24 * days)
