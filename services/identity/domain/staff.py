"""A member of a practice's staff: invited for 72 h, active with roles, gone for good."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import LinkGone
from services.identity.domain.values import AccountId, Duty, Invitee, PracticeId, StaffId
from shared.aggregate import Aggregate, event
from shared.errors import Refused

INVITATION_LIFETIME = timedelta(hours=72)
"""R43."""


class StaffMember(Aggregate):
    """One person's membership in one practice's staff. Who comes back is invited as a new member."""

    class Invited(Aggregate.Created):
        practice_id: PracticeId
        staff_id: StaffId
        invitee: Invitee
        duty: Duty
        invited_at: datetime
        expires_at: datetime

    class Joined(Aggregate.Event):
        practice_id: PracticeId
        account_id: AccountId
        duty: Duty
        joined_at: datetime

    class RolesChanged(Aggregate.Event):
        practice_id: PracticeId
        account_id: AccountId
        duty: Duty
        changed_at: datetime

    class AddressChanged(Aggregate.Event):
        practice_id: PracticeId
        email: str
        changed_at: datetime

    class Left(Aggregate.Event):
        practice_id: PracticeId
        account_id: AccountId
        left_at: datetime

    class InvitationWithdrawn(Aggregate.Event):
        practice_id: PracticeId
        withdrawn_at: datetime

    @staticmethod
    def create_id(staff_id: StaffId) -> UUID:
        return staff_id

    @event(Invited)
    def __init__(
        self,
        practice_id: PracticeId,
        staff_id: StaffId,
        invitee: Invitee,
        duty: Duty,
        invited_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.invitee = invitee
        self.duty = duty
        self.expires_at = expires_at
        self.account_id: AccountId | None = None
        self.contact_number = 1
        self.state = "invited"

    @property
    def subject_id(self) -> UUID:
        return self.id

    @property
    def staff_id(self) -> StaffId:
        return StaffId(self.id)

    def require_open(self, at: datetime) -> None:
        """LinkGone unless the invitation can be accepted: from ≤ t < until."""
        if self.state != "invited" or at >= self.expires_at:
            raise LinkGone

    def join(self, account_id: AccountId, at: datetime) -> None:
        self.require_open(at)
        self._joined(practice_id=self.practice_id, account_id=account_id, duty=self.duty, joined_at=at)

    @event(Joined)
    def _joined(self, practice_id: PracticeId, account_id: AccountId, duty: Duty, joined_at: datetime) -> None:
        self.account_id = account_id
        self.state = "active"

    def require_active(self) -> AccountId:
        """The member's account; Refused where there is none, or it has left."""
        if self.account_id is None or self.state != "active":
            raise Refused("expected an active member of staff")
        return self.account_id

    def change_duty(self, duty: Duty, at: datetime) -> None:
        account_id = self.require_active()
        if duty != self.duty:
            self._roles_changed(practice_id=self.practice_id, account_id=account_id, duty=duty, changed_at=at)

    @event(RolesChanged)
    def _roles_changed(self, practice_id: PracticeId, account_id: AccountId, duty: Duty, changed_at: datetime) -> None:
        self.duty = duty

    def move(self, email: str, at: datetime) -> None:
        """The holder of the account confirmed another address (R35)."""
        self.require_active()
        self._address_changed(practice_id=self.practice_id, email=email, changed_at=at)

    @event(AddressChanged)
    def _address_changed(self, practice_id: PracticeId, email: str, changed_at: datetime) -> None:
        self.invitee = replace(self.invitee, email=email)
        self.contact_number += 1

    def end(self, at: datetime) -> None:
        """Leaves, or withdraws the invitation; what has ended cannot end again."""
        if self.state == "invited":
            self._invitation_withdrawn(practice_id=self.practice_id, withdrawn_at=at)
        elif self.state == "active" and self.account_id is not None:
            self._left(practice_id=self.practice_id, account_id=self.account_id, left_at=at)
        else:
            raise Refused("expected a member of staff who is invited or active")

    @event(Left)
    def _left(self, practice_id: PracticeId, account_id: AccountId, left_at: datetime) -> None:
        self.state = "left"

    @event(InvitationWithdrawn)
    def _invitation_withdrawn(self, practice_id: PracticeId, withdrawn_at: datetime) -> None:
        self.state = "left"
