"""A mail to one person about one event: handed to the mail server, or refused for good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT, Aggregate, event

Kind = Literal[
    "invitation",
    "staff-invitation",
    "message",
    "reminder",
    "document",
    "statement",
    "appointment",
    "appointment-reminder",
    "refill",
    "access",
    "access-ahead",
    "signing",
    "recovery",
    "recovery-withheld",
    "address-confirmation",
    "security",
    "transmission",
]
BounceReason = Literal["refused", "no_address"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Whom a mail tells of what. ``cause`` is the event, as ``<service>:<position>``.

    ``patient_id`` None: it concerns a member of staff and no patient.
    """

    practice_id: UUID
    patient_id: UUID | None
    person_id: UUID
    kind: Kind
    cause: str


class Notification(Aggregate):
    """One mail, named by the effect that sends it; it has one outcome, and may bounce after it was sent."""

    class Addressed(Aggregate.Created):
        notification_id: UUID
        notice: Notice

    class Sent(Aggregate.Event):
        notice: Notice
        sent_at: datetime

    class Bounced(Aggregate.Event):
        notice: Notice
        reason: BounceReason
        bounced_at: datetime

    @staticmethod
    def create_id(notification_id: UUID) -> UUID:
        return notification_id

    @event(Addressed)
    def __init__(self, notification_id: UUID, notice: Notice) -> None:
        self.notice = notice
        self.state: Literal["addressed", "sent", "bounced"] = "addressed"

    @property
    def subject_id(self) -> UUID:
        return self.notice.patient_id or SERVICE_SUBJECT

    def sent(self, at: datetime) -> None:
        """The mail server took it."""
        if self.state == "addressed":
            self._sent(notice=self.notice, sent_at=at)

    @event(Sent)
    def _sent(self, notice: Notice, sent_at: datetime) -> None:
        self.state = "sent"

    def bounced(self, reason: BounceReason, at: datetime) -> None:
        """The recipient's server refused it for good, or there is no address."""
        if self.state != "bounced":
            self._bounced(notice=self.notice, reason=reason, bounced_at=at)

    @event(Bounced)
    def _bounced(self, notice: Notice, reason: BounceReason, bounced_at: datetime) -> None:
        self.state = "bounced"
