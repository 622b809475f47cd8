"""Recovery of an account: what somebody asked for, and the link or token by which a new password may be chosen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.identity.domain.errors import LinkGone
from services.identity.domain.values import AccountId, AttemptId, PracticeId, RecoveryId, StaffId
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event

Route = Literal["user_name", "details", "token"]
"""R23, R24, R25."""
Means = Literal["link", "notice", "token"]
"""``notice``: the address proves nobody (R12), so that the mail says that somebody asked, and holds no link."""
Verification = Literal["", "fact", "call_back", "photo_id"]
"""How support knew who was calling (R25): by a fact that the portal does not show, by calling back, at the desk."""

LINK_LIFETIME = timedelta(minutes=60)
"""R26."""
TOKEN_LIFETIME = timedelta(hours=1)
"""R25."""


class RecoveryAttempt(Aggregate):
    """Somebody asked by a user name, or by names, birth date and address. Appended whether or not anyone matches.

    ``word`` and ``details`` are blind indexes of what was typed, so that nothing personal is stored of strangers.
    """

    class Made(Aggregate.Created):
        attempt_id: AttemptId
        route: Route
        word: UUID
        details: UUID
        made_at: datetime

    @staticmethod
    def create_id(attempt_id: AttemptId) -> UUID:
        return attempt_id

    @event(Made)
    def __init__(self, attempt_id: AttemptId, route: Route, word: UUID, details: UUID, made_at: datetime) -> None:
        self.route = route

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a recovery goes: the contact of the patient, person or member of staff, as it stood then."""

    kind: Literal["patient", "person", "staff"]
    holder_id: UUID
    practice_id: PracticeId
    contact_number: int = 1


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a recovery began. ``in_mail``: the recoveries whose links stand in the mail that this one leads."""

    route: Route
    means: Means
    reached: Reached
    in_mail: tuple[RecoveryId, ...] = ()
    verification: Verification = ""
    verified_how: str = ""
    staff_id: StaffId | None = None


class Recovery(Aggregate):
    """One way to a new password for one account: single-use, for an hour, until any other one has succeeded."""

    class Begun(Aggregate.Created):
        recovery_id: RecoveryId
        account_id: AccountId
        beginning: Beginning
        password_number: int
        begun_at: datetime
        expires_at: datetime

    class Completed(Aggregate.Event):
        completed_at: datetime

    class Voided(Aggregate.Event):
        reason: str
        voided_at: datetime

    @staticmethod
    def create_id(recovery_id: RecoveryId) -> UUID:
        return recovery_id

    @event(Begun)
    def __init__(
        self,
        recovery_id: RecoveryId,
        account_id: AccountId,
        beginning: Beginning,
        password_number: int,
        begun_at: datetime,
        expires_at: datetime,
    ) -> None:
        self.account_id = account_id
        self.beginning = beginning
        self.password_number = password_number
        self.expires_at = expires_at
        self.state = "open"

    @property
    def subject_id(self) -> UUID:
        return self.account_id

    def require_open(self, password_number: int, at: datetime) -> None:
        """LinkGone unless it can be used: not used, not void, in its hour, and no password chosen since."""
        usable = self.state == "open" and self.beginning.means != "notice"
        if not usable or at >= self.expires_at or password_number != self.password_number:
            raise LinkGone

    def complete(self, password_number: int, at: datetime) -> None:
        self.require_open(password_number, at)
        self._completed(completed_at=at)

    @event(Completed)
    def _completed(self, completed_at: datetime) -> None:
        self.state = "used"

    def void(self, reason: str, at: datetime) -> None:
        if self.state == "open":
            self._voided(reason=reason, voided_at=at)

    @event(Voided)
    def _voided(self, reason: str, voided_at: datetime) -> None:
        self.state = "void"
