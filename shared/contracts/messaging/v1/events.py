"""What messaging tells its peers: messages, requests, notices sent."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PatientEvent

Topic = Literal["medical", "appointments", "billing", "portal"]


class ConversationOpened(PatientEvent):
    """A thread began. ``provider_id`` None: addressed to the practice under ``topic``."""

    conversation_id: UUID
    provider_id: UUID | None = None
    topic: Topic


class MessageSent(PatientEvent):
    """A message joined a thread."""

    conversation_id: UUID
    message_id: UUID
    sender: Literal["patient", "representative", "staff"]
    account_id: UUID
    origin: Literal["portal", "desk", "import"] = "portal"


class AppointmentRequested(PatientEvent):
    """An appointment was asked for through the portal."""

    appointment_id: UUID
    provider_id: UUID | None = None
    confidential: bool = False


class AppointmentConfirmed(PatientEvent):
    """The practice confirmed a time."""

    appointment_id: UUID
    starts_at: datetime


class AppointmentDeclined(PatientEvent):
    """The practice declined the request."""

    appointment_id: UUID


class AppointmentCancelled(PatientEvent):
    """The appointment will not take place."""

    appointment_id: UUID
    by: Literal["patient", "representative", "staff"]


class RefillRequested(PatientEvent):
    """A refill was asked for."""

    refill_id: UUID


class RefillDecided(PatientEvent):
    """The practice approved or declined a refill."""

    refill_id: UUID
    decision: Literal["approved", "declined"]


class NotificationSent(PatientEvent):
    """A mail was handed to the mail server; ``cause`` is the event it tells of, as ``<service>:<position>``."""

    notification_id: UUID
    person_id: UUID
    kind: str
    cause: str


class NotificationBounced(PatientEvent):
    """A mail was refused for good by the recipient's server."""

    notification_id: UUID
    person_id: UUID
    kind: str
