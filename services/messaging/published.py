"""Own event → public event: ids and words, never what was written."""

from collections.abc import Mapping

from services.messaging.domain.appointment import Appointment
from services.messaging.domain.conversation import Conversation
from services.messaging.domain.notification import Notification
from services.messaging.domain.refill import Refill
from shared.contracts.messaging.v1.events import (
    AppointmentCancelled,
    AppointmentConfirmed,
    AppointmentDeclined,
    AppointmentRequested,
    ConversationOpened,
    MessageSent,
    NotificationBounced,
    NotificationSent,
    RefillDecided,
    RefillRequested,
)
from shared.envelope import Recorded
from shared.service import Publish


def conversation_opened(recorded: Recorded[Conversation.Opened]) -> ConversationOpened:
    event = recorded.event
    return ConversationOpened(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        conversation_id=event.conversation_id,
        provider_id=event.recipient.provider_id,
        topic=event.recipient.topic,
    )


def message_sent(recorded: Recorded[Conversation.MessageAdded]) -> MessageSent:
    event = recorded.event
    return MessageSent(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        conversation_id=recorded.stream_id,
        message_id=event.message.message_id,
        sender=event.message.author.sender,
        account_id=event.message.author.account_id,
    )


def notification_sent(recorded: Recorded[Notification.Sent]) -> NotificationSent | None:
    notice = recorded.event.notice
    if notice.patient_id is None:
        return None
    return NotificationSent(
        practice_id=notice.practice_id,
        patient_id=notice.patient_id,
        notification_id=recorded.stream_id,
        person_id=notice.person_id,
        kind=notice.kind,
        cause=notice.cause,
    )


def notification_bounced(recorded: Recorded[Notification.Bounced]) -> NotificationBounced | None:
    notice = recorded.event.notice
    if notice.patient_id is None:
        return None
    return NotificationBounced(
        practice_id=notice.practice_id,
        patient_id=notice.patient_id,
        notification_id=recorded.stream_id,
        person_id=notice.person_id,
        kind=notice.kind,
    )


def appointment_requested(recorded: Recorded[Appointment.Requested]) -> AppointmentRequested | None:
    """What was made at the desk was not asked for; that its time holds is told at once."""
    event = recorded.event
    if event.about.origin == "desk":
        return None
    return AppointmentRequested(
        practice_id=event.about.practice_id,
        patient_id=event.about.patient_id,
        appointment_id=event.appointment_id,
        provider_id=event.wish.provider_id,
        confidential=event.about.confidential,
    )


def appointment_confirmed(
    recorded: Recorded[Appointment.Confirmed] | Recorded[Appointment.Accepted] | Recorded[Appointment.Rescheduled],
) -> AppointmentConfirmed:
    """A time holds: confirmed, accepted by the patient, or moved."""
    about = recorded.event.about
    return AppointmentConfirmed(
        practice_id=about.practice_id,
        patient_id=about.patient_id,
        appointment_id=recorded.stream_id,
        starts_at=recorded.event.starts_at,
    )


def appointment_declined(recorded: Recorded[Appointment.Declined]) -> AppointmentDeclined:
    about = recorded.event.about
    return AppointmentDeclined(
        practice_id=about.practice_id, patient_id=about.patient_id, appointment_id=recorded.stream_id
    )


def appointment_cancelled(recorded: Recorded[Appointment.Cancelled]) -> AppointmentCancelled:
    about = recorded.event.about
    return AppointmentCancelled(
        practice_id=about.practice_id,
        patient_id=about.patient_id,
        appointment_id=recorded.stream_id,
        by=recorded.event.by,
    )


def refill_requested(recorded: Recorded[Refill.Requested]) -> RefillRequested:
    event = recorded.event
    return RefillRequested(practice_id=event.practice_id, patient_id=event.patient_id, refill_id=event.refill_id)


def refill_decided(recorded: Recorded[Refill.Approved] | Recorded[Refill.Declined]) -> RefillDecided:
    event = recorded.event
    return RefillDecided(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        refill_id=recorded.stream_id,
        decision="approved" if isinstance(event, Refill.Approved) else "declined",
    )


PUBLISHED: Mapping[type, Publish] = {
    Conversation.Opened: conversation_opened,
    Conversation.MessageAdded: message_sent,
    Appointment.Requested: appointment_requested,
    Appointment.Confirmed: appointment_confirmed,
    Appointment.Accepted: appointment_confirmed,
    Appointment.Rescheduled: appointment_confirmed,
    Appointment.Declined: appointment_declined,
    Appointment.Cancelled: appointment_cancelled,
    Refill.Requested: refill_requested,
    Refill.Approved: refill_decided,
    Refill.Declined: refill_decided,
    Notification.Sent: notification_sent,
    Notification.Bounced: notification_bounced,
}
