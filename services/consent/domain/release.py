"""An Authorization for Release of what the portal does not hold, and the accounting of its disclosures (R21)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.calendar import end_of_day
from services.consent.domain.consent import Method
from services.consent.domain.errors import EndDateNeeded, ReleaseExtended, ReleaseNotOpen
from shared.aggregate import Aggregate, event

TIME_TO_ACT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ReleaseForm:
    """What the form says. ``expires_on`` is its last day, local."""

    what: str
    from_whom: str
    to_whom: str
    purpose: str
    expires_on: date


@dataclass(frozen=True, slots=True)
class Signed:
    """How it was signed: on screen by ``account_id``, or on paper whose scan that member of staff recorded."""

    method: Method
    scan_id: UUID | None
    account_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What went to whom, by which account of the staff; for the accounting of disclosures."""

    disclosure_id: UUID
    what: str
    to_whom: str
    made_by: UUID
    made_at: datetime
    is_last: bool


class RecordsRelease(Aggregate):
    """Open until the last disclosure, its revocation, or the end of its last day."""

    class Requested(Aggregate.Created):
        release_id: UUID
        practice_id: UUID
        patient_id: UUID
        form: ReleaseForm
        signed: Signed
        due_on: date

    class Extended(Aggregate.Event):
        reason: str
        extended_by: UUID
        extended_at: datetime
        due_on: date

    class Disclosed(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        disclosure: Disclosure

    class Revoked(Aggregate.Event):
        revoked_by: UUID
        revoked_at: datetime

    @staticmethod
    def create_id(release_id: UUID) -> UUID:
        return release_id

    @event(Requested)
    def __init__(
        self, release_id: UUID, practice_id: UUID, patient_id: UUID, form: ReleaseForm, signed: Signed, due_on: date
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.form = form
        self.due_on = due_on
        self.is_extended = False
        self.state: Literal["open", "fulfilled", "revoked"] = "open"

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def extend(self, reason: str, by: UUID, at: datetime) -> None:
        """By 30 days, once."""
        self._require_open()
        if self.is_extended:
            raise ReleaseExtended
        self._extended(reason=reason, extended_by=by, extended_at=at, due_on=self.due_on + TIME_TO_ACT)

    @event(Extended)
    def _extended(self, reason: str, extended_by: UUID, extended_at: datetime, due_on: date) -> None:
        self.due_on = due_on
        self.is_extended = True

    def disclose(self, disclosure: Disclosure, zone: ZoneInfo) -> None:
        """Within the form's last day only; the last disclosure fulfils it."""
        self._require_open()
        require_running(self.form, zone, disclosure.made_at)
        self._disclosed(practice_id=self.practice_id, patient_id=self.patient_id, disclosure=disclosure)

    @event(Disclosed)
    def _disclosed(self, practice_id: UUID, patient_id: UUID, disclosure: Disclosure) -> None:
        self.state = "fulfilled" if disclosure.is_last else self.state

    def revoke(self, by: UUID, at: datetime) -> None:
        self._require_open()
        self._revoked(revoked_by=by, revoked_at=at)

    @event(Revoked)
    def _revoked(self, revoked_by: UUID, revoked_at: datetime) -> None:
        self.state = "revoked"

    def _require_open(self) -> None:
        if self.state != "open":
            raise ReleaseNotOpen


def require_running(form: ReleaseForm, zone: ZoneInfo, at: datetime) -> None:
    """EndDateNeeded once the form's last day is over."""
    if end_of_day(form.expires_on, zone) <= at:
        raise EndDateNeeded
