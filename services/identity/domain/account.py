"""An account: one person's way in, the records and memberships it is joined to; and the user name it took."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.identity.domain.errors import FactorNeeded, UserNameTaken
from services.identity.domain.values import (
    AccountId,
    AddressRequestId,
    PasskeyId,
    PasswordIssue,
    PracticeId,
    Relation,
    StaffId,
    UserNameId,
)
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.errors import NotFound, Refused

About = Literal["password", "factor", "address", "token", "question"]
"""What the holder of an account is told of, and cannot switch off (R35)."""


MOST_PASSKEYS = 20
FACTOR_RESET_AFTER = timedelta(hours=24)
"""R36: as long the account can cancel."""


@dataclass(frozen=True, slots=True)
class FactorResetPlan:
    """What support announced."""

    staff_id: StaffId
    how: str
    due_at: datetime


class Account(Aggregate):
    """Lives while it is joined to a record or a staff; secrets lie elsewhere, events say only that they changed."""

    class Opened(Aggregate.Created):
        account_id: AccountId
        user_name: str
        user_name_id: UserNameId
        opened_at: datetime

    class RecordJoined(Aggregate.Event):
        relation: Relation

    class RecordLeft(Aggregate.Event):
        relation: Relation

    class StaffJoined(Aggregate.Event):
        practice_id: PracticeId
        staff_id: StaffId

    class StaffLeft(Aggregate.Event):
        practice_id: PracticeId
        staff_id: StaffId

    class TotpEnrolled(Aggregate.Event):
        enrolled_at: datetime

    class TotpRemoved(Aggregate.Event):
        removed_at: datetime

    class PasswordChanged(Aggregate.Event):
        issue: PasswordIssue
        changed_at: datetime

    class SecurityQuestionChosen(Aggregate.Event):
        chosen_at: datetime

    class Noticed(Aggregate.Event):
        practice_id: PracticeId
        about: About
        noticed_at: datetime

    class PasskeyAdded(Aggregate.Event):
        passkey_id: PasskeyId
        added_at: datetime

    class PasskeyRemoved(Aggregate.Event):
        passkey_id: PasskeyId
        removed_at: datetime

    class AddressAsked(Aggregate.Event):
        request_id: AddressRequestId
        asked_at: datetime

    class FactorResetAnnounced(Aggregate.Event):
        staff_id: StaffId
        how: str
        announced_at: datetime
        due_at: datetime

    class FactorResetCancelled(Aggregate.Event):
        cancelled_at: datetime

    class FactorReset(Aggregate.Event):
        staff_id: StaffId
        how: str
        reset_at: datetime

    class Closed(Aggregate.Event):
        closed_at: datetime

    @staticmethod
    def create_id(account_id: AccountId) -> UUID:
        return account_id

    @event(Opened)
    def __init__(self, account_id: AccountId, user_name: str, user_name_id: UserNameId, opened_at: datetime) -> None:
        self.user_name = user_name
        self.user_name_id = user_name_id
        self.records: list[Relation] = []
        self.staff: dict[PracticeId, StaffId] = {}
        self.has_totp = False
        self.is_open = True
        self.factor_reset: FactorResetPlan | None = None
        self.password_number = 1
        self.password_issue: PasswordIssue | None = None
        self.address_request: AddressRequestId | None = None
        self.passkeys: set[PasskeyId] = set()

    @property
    def subject_id(self) -> UUID:
        return self.id

    def require_open(self) -> None:
        """A closed account answers like an absent one."""
        if not self.is_open:
            raise NotFound

    def join_record(self, relation: Relation) -> None:
        self.require_open()
        self._record_joined(relation=relation)

    @event(RecordJoined)
    def _record_joined(self, relation: Relation) -> None:
        self.records.append(relation)

    def leave_record(self, relation: Relation) -> None:
        if relation not in self.records:
            raise NotFound
        self._record_left(relation=relation)

    @event(RecordLeft)
    def _record_left(self, relation: Relation) -> None:
        self.records.remove(relation)

    def join_staff(self, practice_id: PracticeId, staff_id: StaffId) -> None:
        self.require_open()
        if practice_id in self.staff:
            raise Refused("expected an account without a membership in this practice's staff")
        self._staff_joined(practice_id=practice_id, staff_id=staff_id)

    @event(StaffJoined)
    def _staff_joined(self, practice_id: PracticeId, staff_id: StaffId) -> None:
        self.staff[practice_id] = staff_id

    def leave_staff(self, practice_id: PracticeId) -> None:
        self._staff_left(practice_id=practice_id, staff_id=self.staff[practice_id])

    @event(StaffLeft)
    def _staff_left(self, practice_id: PracticeId, staff_id: StaffId) -> None:
        del self.staff[practice_id]

    def enrol_totp(self, at: datetime) -> None:
        self.require_open()
        self._totp_enrolled(enrolled_at=at)

    @event(TotpEnrolled)
    def _totp_enrolled(self, enrolled_at: datetime) -> None:
        self.has_totp = True
        self.factor_reset = None

    def remove_totp(self, at: datetime) -> None:
        """Refused for staff, who must have a factor (R36)."""
        if self.staff:
            raise FactorNeeded
        if not self.has_totp:
            raise Refused("expected an account with a second factor")
        self._totp_removed(removed_at=at)

    @event(TotpRemoved)
    def _totp_removed(self, removed_at: datetime) -> None:
        self.has_totp = False
        self.factor_reset = None

    def require_factor_to_reset(self) -> None:
        """Staff are invited anew instead: they must have a factor at every moment (R36)."""
        self.require_open()
        if self.staff:
            raise FactorNeeded
        if not self.has_totp:
            raise Refused("expected an account with a second factor")

    def reset_factor(self, staff_id: StaffId, how: str, at: datetime) -> None:
        """At the desk, with a photo ID: at once (R36)."""
        self.require_factor_to_reset()
        self._factor_reset(staff_id=staff_id, how=how, reset_at=at)

    @event(FactorReset)
    def _factor_reset(self, staff_id: StaffId, how: str, reset_at: datetime) -> None:
        self.has_totp = False
        self.factor_reset = None

    def announce_factor_reset(self, staff_id: StaffId, how: str, at: datetime) -> None:
        """By support, who see nobody: 24 h in which the account can cancel (R36)."""
        self.require_factor_to_reset()
        if self.factor_reset is not None:
            raise Refused("expected an account without an announced reset")
        self._factor_reset_announced(staff_id=staff_id, how=how, announced_at=at, due_at=at + FACTOR_RESET_AFTER)

    @event(FactorResetAnnounced)
    def _factor_reset_announced(self, staff_id: StaffId, how: str, announced_at: datetime, due_at: datetime) -> None:
        self.factor_reset = FactorResetPlan(staff_id, how, due_at)

    def cancel_factor_reset(self, at: datetime) -> None:
        if self.factor_reset is None:
            raise Refused("expected an announced reset")
        self._factor_reset_cancelled(cancelled_at=at)

    @event(FactorResetCancelled)
    def _factor_reset_cancelled(self, cancelled_at: datetime) -> None:
        self.factor_reset = None

    def carry_out_factor_reset(self, due_at: datetime, at: datetime) -> bool:
        """Whether that announcement still stands, is due, and was carried out."""
        plan = self.factor_reset
        stands = plan is not None and plan.due_at == due_at and at >= due_at
        if plan is None or not stands or not self.is_open or self.staff or not self.has_totp:
            return False
        self._factor_reset(staff_id=plan.staff_id, how=plan.how, reset_at=at)
        return True

    def change_password(self, issue: PasswordIssue, at: datetime) -> None:
        """Another password counts; every link and token to choose one is of no use any more (R26)."""
        self.require_open()
        self._password_changed(issue=issue, changed_at=at)

    @event(PasswordChanged)
    def _password_changed(self, issue: PasswordIssue, changed_at: datetime) -> None:
        self.password_number += 1
        self.password_issue = issue

    def choose_security_question(self, at: datetime) -> None:
        """Another question and answer count from now on (R23)."""
        self.require_open()
        self._security_question_chosen(chosen_at=at)

    @event(SecurityQuestionChosen)
    def _security_question_chosen(self, chosen_at: datetime) -> None:
        """Changes nothing: question and answer are no events."""

    def add_passkey(self, passkey_id: PasskeyId, at: datetime) -> None:
        self.require_open()
        if len(self.passkeys) >= MOST_PASSKEYS:
            raise Refused(f"expected fewer than {MOST_PASSKEYS} passkeys")
        self._passkey_added(passkey_id=passkey_id, added_at=at)

    @event(PasskeyAdded)
    def _passkey_added(self, passkey_id: PasskeyId, added_at: datetime) -> None:
        self.passkeys.add(passkey_id)

    def remove_passkey(self, passkey_id: PasskeyId, at: datetime) -> None:
        if passkey_id not in self.passkeys:
            raise NotFound
        self._passkey_removed(passkey_id=passkey_id, removed_at=at)

    @event(PasskeyRemoved)
    def _passkey_removed(self, passkey_id: PasskeyId, removed_at: datetime) -> None:
        self.passkeys.discard(passkey_id)

    def ask_address(self, request_id: AddressRequestId, at: datetime) -> PracticeId:
        """The request before counts no longer (R35). On whose behalf the holder is written to."""
        self.require_open()
        practice_id = self.practice_id
        if practice_id is None:
            raise NotFound
        self._address_asked(request_id=request_id, asked_at=at)
        return practice_id

    @event(AddressAsked)
    def _address_asked(self, request_id: AddressRequestId, asked_at: datetime) -> None:
        self.address_request = request_id

    @property
    def practice_id(self) -> PracticeId | None:
        """On whose behalf the holder is written to: of the own record, else of another, else the employer."""
        own = [record.practice_id for record in self.records if record.is_own]
        return next(iter([*own, *(record.practice_id for record in self.records), *self.staff]), None)

    def notice(self, about: About, at: datetime) -> None:
        """The holder is to be told of it by mail."""
        practice_id = self.practice_id
        if practice_id is not None:
            self._noticed(practice_id=practice_id, about=about, noticed_at=at)

    @event(Noticed)
    def _noticed(self, practice_id: PracticeId, about: About, noticed_at: datetime) -> None:
        """Changes nothing: what changed is told by its own event."""

    @property
    def is_joined(self) -> bool:
        """Joined to a record, be it as a representative, or to a staff: the user name lives (R27)."""
        return bool(self.records or self.staff)

    def close(self, at: datetime) -> None:
        if self.is_open:
            self._closed(closed_at=at)

    @event(Closed)
    def _closed(self, closed_at: datetime) -> None:
        self.is_open = False


class UserName(Aggregate):
    """A user name that was ever taken, under the blind index of its skeleton. It never comes free again (R27)."""

    class Taken(Aggregate.Created):
        user_name_id: UserNameId
        account_id: AccountId
        taken_at: datetime

    class Retired(Aggregate.Event):
        retired_at: datetime

    @staticmethod
    def create_id(user_name_id: UserNameId) -> UUID:
        return user_name_id

    @event(Taken)
    def __init__(self, user_name_id: UserNameId, account_id: AccountId, taken_at: datetime) -> None:
        self.account_id = account_id
        self.is_alive = True

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    def retire(self, at: datetime) -> None:
        if self.is_alive:
            self._retired(retired_at=at)

    @event(Retired)
    def _retired(self, retired_at: datetime) -> None:
        self.is_alive = False

    @staticmethod
    def refuse_taken(found: "UserName | None") -> None:
        """UserNameTaken where anyone has, or ever had, the name or a look-alike."""
        if found is not None:
            raise UserNameTaken
