"""An appointment, asked for through the portal or made at the desk, and what became of it (R32, R38)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.messaging.domain.conversation import Author
from services.messaging.domain.errors import (
    NotInThatState,
    ProposalChanged,
    TimeNotPreferred,
    TimePast,
    TooLateToCancel,
)
from shared.aggregate import Aggregate, event

CANCELLABLE_UNTIL = timedelta(hours=24)
"""Before it begins; from then on only the practice cancels."""
PROPOSAL_BUSINESS_DAYS = 3

State = Literal["requested", "proposed", "confirmed", "declined", "lapsed", "cancelled", "attended", "no_show"]
Origin = Literal["portal", "desk"]
Side = Literal["patient", "representative", "staff"]


@dataclass(frozen=True, slots=True)
class About:
    """Whose appointment. What is confidential is the patient's alone (R18).

    ``origin`` stays what it was, whoever moves the appointment later: ``desk`` is what was made by phone or there.
    """

    practice_id: UUID
    patient_id: UUID
    confidential: bool
    origin: Origin = "portal"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: when, with whom (None: any provider), and why."""

    author: Author
    provider_id: UUID | None
    preferred: tuple[datetime, ...]
    reason: str


class Appointment(Aggregate):
    """Its origin never changes, whoever moves it later (R32)."""

    class Requested(Aggregate.Created):
        appointment_id: UUID
        about: About
        wish: Wish
        requested_at: datetime

    class Confirmed(Aggregate.Event):
        about: About
        starts_at: datetime
        confirmed_at: datetime

    class Proposed(Aggregate.Event):
        about: About
        starts_at: datetime
        lapses_at: datetime
        proposed_at: datetime

    class Accepted(Aggregate.Event):
        about: About
        starts_at: datetime
        accepted_at: datetime

    class Lapsed(Aggregate.Event):
        about: About
        lapsed_at: datetime

    class Declined(Aggregate.Event):
        about: About
        reason: str
        declined_at: datetime

    class Rescheduled(Aggregate.Event):
        about: About
        starts_at: datetime
        rescheduled_at: datetime

    class Cancelled(Aggregate.Event):
        about: About
        by: Side
        reason: str
        cancelled_at: datetime

    class AttendanceRecorded(Aggregate.Event):
        attended: bool
        recorded_at: datetime

    @staticmethod
    def create_id(appointment_id: UUID) -> UUID:
        return appointment_id

    @event(Requested)
    def __init__(self, appointment_id: UUID, about: About, wish: Wish, requested_at: datetime) -> None:
        self.about = about
        self.preferred = wish.preferred
        self.state: State = "requested"
        self.starts_at: datetime | None = None
        self.lapses_at: datetime | None = None

    @property
    def subject_id(self) -> UUID:
        return self.about.patient_id

    def confirm(self, starts_at: datetime, at: datetime) -> None:
        """The practice takes one of the preferred times."""
        self._in("requested", "proposed")
        if starts_at not in self.preferred:
            raise TimeNotPreferred
        _in_future(starts_at, at)
        self._confirmed(about=self.about, starts_at=starts_at, confirmed_at=at)

    @event(Confirmed)
    def _confirmed(self, about: About, starts_at: datetime, confirmed_at: datetime) -> None:
        self.state, self.starts_at, self.lapses_at = "confirmed", starts_at, None

    def propose(self, starts_at: datetime, lapses_at: datetime, at: datetime) -> None:
        """The practice offers another time; it lapses with the offer or with the time itself."""
        self._in("requested", "proposed")
        _in_future(starts_at, at)
        until = min(lapses_at, starts_at)
        self._proposed(about=self.about, starts_at=starts_at, lapses_at=until, proposed_at=at)

    @event(Proposed)
    def _proposed(self, about: About, starts_at: datetime, lapses_at: datetime, proposed_at: datetime) -> None:
        self.state, self.starts_at, self.lapses_at = "proposed", starts_at, lapses_at

    def accept(self, starts_at: datetime, at: datetime) -> None:
        """The patient takes the proposed time, as it was shown, before it lapses."""
        self._in("proposed")
        if starts_at != self.starts_at:
            raise ProposalChanged
        if self.lapses_at is None or at >= self.lapses_at:
            raise NotInThatState
        self._accepted(about=self.about, starts_at=starts_at, accepted_at=at)

    @event(Accepted)
    def _accepted(self, about: About, starts_at: datetime, accepted_at: datetime) -> None:
        self.state, self.starts_at, self.lapses_at = "confirmed", starts_at, None

    def lapse(self, lapses_at: datetime, at: datetime) -> None:
        """The proposal that lapses at that instant, if it still stands; nothing otherwise."""
        if self.state == "proposed" and self.lapses_at == lapses_at <= at:
            self._lapsed(about=self.about, lapsed_at=at)

    @event(Lapsed)
    def _lapsed(self, about: About, lapsed_at: datetime) -> None:
        self.state, self.starts_at, self.lapses_at = "lapsed", None, None

    def decline(self, reason: str, at: datetime) -> None:
        self._in("requested", "proposed")
        self._declined(about=self.about, reason=reason, declined_at=at)

    @event(Declined)
    def _declined(self, about: About, reason: str, declined_at: datetime) -> None:
        self.state, self.starts_at, self.lapses_at = "declined", None, None

    def reschedule(self, starts_at: datetime, at: datetime) -> None:
        """The practice moves a confirmed appointment; to the same time changes nothing."""
        self._in("confirmed")
        _in_future(starts_at, at)
        if starts_at != self.starts_at:
            self._rescheduled(about=self.about, starts_at=starts_at, rescheduled_at=at)

    @event(Rescheduled)
    def _rescheduled(self, about: About, starts_at: datetime, rescheduled_at: datetime) -> None:
        self.starts_at = starts_at

    def cancel(self, by: Side, reason: str, at: datetime) -> None:
        """The patient's side until 24 hours before a confirmed appointment begins; the practice at any time."""
        self._in("requested", "proposed", "confirmed")
        is_confirmed = self.state == "confirmed" and self.starts_at is not None
        if by != "staff" and is_confirmed and self.starts_at and at >= self.starts_at - CANCELLABLE_UNTIL:
            raise TooLateToCancel
        self._cancelled(about=self.about, by=by, reason=reason, cancelled_at=at)

    @event(Cancelled)
    def _cancelled(self, about: About, by: Side, reason: str, cancelled_at: datetime) -> None:
        self.state, self.lapses_at = "cancelled", None

    def record_attendance(self, attended: bool, at: datetime) -> None:
        """Whether the patient came, once the appointment has begun."""
        self._in("confirmed")
        if self.starts_at is None or at < self.starts_at:
            raise NotInThatState
        self._attendance_recorded(attended=attended, recorded_at=at)

    @event(AttendanceRecorded)
    def _attendance_recorded(self, attended: bool, recorded_at: datetime) -> None:
        self.state = "attended" if attended else "no_show"

    def _in(self, *states: State) -> None:
        if self.state not in states:
            raise NotInThatState


def _in_future(starts_at: datetime, at: datetime) -> None:
    if starts_at <= at:
        raise TimePast
