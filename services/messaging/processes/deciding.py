"""Own events and what follows from them, and the effects by which peers' events are told, too."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.messaging.domain.appointment import Appointment
from services.messaging.domain.conversation import Conversation
from services.messaging.domain.notification import Kind
from services.messaging.domain.refill import Refill
from shared.effects import Decide, Effect
from shared.envelope import Recorded

TELL_READERS = "tell-readers"
"""Finds who may see what the event tells of: one MAIL_READER each."""
REMIND_READERS = "remind-readers"
"""The same after three days, for those who have not read the message: one REMIND_READER each."""
MAIL_READER, REMIND_READER = "mail-reader", "remind-reader"
"""One mail to a person whose window held at the event and holds now."""
TELL_GUARANTOR, MAIL_GUARANTOR = "tell-guarantor", "mail-guarantor"
"""A statement's guarantor, where there is one: one mail to the account that signs in as that person (R33)."""
MAIL_PERSON = "mail-person"
"""One mail to a person whom the event names, whose access may have ended."""
MAIL_LINK = "mail-link"
"""One mail with a one-time link, to the address that identity bound it to."""
MAIL_TRANSMISSION = "mail-transmission"
"""One mail with the link to a transmitted record, to whom its sender named at documents."""
MAIL_SIGNING = "mail-signing"
"""One mail with consent's one-time link to the form, to the patient's own address."""
MAIL_ACCOUNT = "mail-account"
"""One mail to the holder of an account, wherever identity reaches it."""
LEAVE_UNREAD = "leave-unread"
"""After a week a message that nobody has read becomes a task of the staff."""
REMIND_APPOINTMENT = "remind-appointment"
"""Two days before an appointment: one MAIL_APPOINTMENT_REMINDER each, if it is still at that time."""
MAIL_APPOINTMENT_REMINDER = "mail-appointment-reminder"
LAPSE_PROPOSAL = "lapse-proposal"
"""When a proposed time has not been accepted."""

REMINDER_AFTER, TASK_AFTER = timedelta(days=3), timedelta(days=7)
APPOINTMENT_REMINDER_BEFORE = timedelta(days=2)


def tell_readers(practice_id: UUID, patient_id: UUID, kind: Kind, scope: str, *, patient_only: bool = False) -> Effect:
    """Whoever may see ``scope`` ('' for anything) of the patient is told by a mail of that kind."""
    only = "self" if patient_only else ""
    details = {
        "practice_id": str(practice_id),
        "patient_id": str(patient_id),
        "notice": kind,
        "scope": scope,
        "only": only,
    }
    return Effect(TELL_READERS, key=patient_id, details=details)


def tell_guarantor(practice_id: UUID, patient_id: UUID) -> Effect:
    """Who pays for the patient is told that a statement is there; no access to the record is needed for it (R33)."""
    details = {"practice_id": str(practice_id), "patient_id": str(patient_id), "notice": "statement"}
    return Effect(TELL_GUARANTOR, key=patient_id, details=details)


def after_message(recorded: Recorded[Conversation.MessageAdded]) -> list[Effect]:
    """What the practice wrote is told, and remembered until it is read; nobody is mailed what they wrote themselves."""
    event, message = recorded.event, recorded.event.message
    if message.author.sender != "staff" or recorded.metadata.get("origin") == "import":
        return []
    told = tell_readers(event.practice_id, event.patient_id, "message", "messages")
    details = {**told.details, "conversation_id": str(recorded.stream_id), "number": str(message.number)}
    later = replace(told, details={**details, "notice": "reminder"})
    return [
        told,
        replace(later, kind=REMIND_READERS, due_at=message.sent_at + REMINDER_AFTER),
        replace(later, kind=LEAVE_UNREAD, due_at=message.sent_at + TASK_AFTER),
    ]


AppointmentEvent = (
    Appointment.Confirmed
    | Appointment.Proposed
    | Appointment.Accepted
    | Appointment.Lapsed
    | Appointment.Declined
    | Appointment.Rescheduled
    | Appointment.Cancelled
)


def tell_of_appointment(recorded: Recorded[AppointmentEvent]) -> Effect:
    about = recorded.event.about
    told = tell_readers(
        about.practice_id, about.patient_id, "appointment", "appointments", patient_only=about.confidential
    )
    return replace(told, details={**told.details, "appointment_id": str(recorded.stream_id)})


def remind_of_appointment(
    recorded: Recorded[Appointment.Confirmed | Appointment.Accepted | Appointment.Rescheduled],
) -> list[Effect]:
    """Two days before; what was agreed on later than that needs no reminder."""
    starts_at = recorded.event.starts_at
    due_at = starts_at - APPOINTMENT_REMINDER_BEFORE
    if due_at <= recorded.at:
        return []
    told = tell_of_appointment(recorded)
    details = {**told.details, "notice": "appointment-reminder", "starts_at": starts_at.isoformat()}
    return [replace(told, kind=REMIND_APPOINTMENT, due_at=due_at, details=details)]


def unless_of_desk(decide: Decide) -> Decide:
    """What was made at the desk is told there, and may not be shown in the portal (R32)."""
    return lambda recorded: [] if recorded.event.about.origin == "desk" else decide(recorded)


def after_time_by_practice(recorded: Recorded[Appointment.Confirmed | Appointment.Rescheduled]) -> list[Effect]:
    return [tell_of_appointment(recorded), *remind_of_appointment(recorded)]


def after_proposal(recorded: Recorded[Appointment.Proposed]) -> list[Effect]:
    event, told = recorded.event, tell_of_appointment(recorded)
    details = {**told.details, "lapses_at": event.lapses_at.isoformat()}
    return [told, replace(told, kind=LAPSE_PROPOSAL, due_at=event.lapses_at, details=details)]


def after_answer(recorded: Recorded[Appointment.Lapsed | Appointment.Declined]) -> list[Effect]:
    return [tell_of_appointment(recorded)]


def after_cancellation(recorded: Recorded[Appointment.Cancelled]) -> list[Effect]:
    """Nobody is mailed what their own side did."""
    return [tell_of_appointment(recorded)] if recorded.event.by == "staff" else []


def after_refill_decision(recorded: Recorded[Refill.Approved | Refill.Declined]) -> list[Effect]:
    return [tell_readers(recorded.event.practice_id, recorded.event.patient_id, "refill", "refills")]


PROCESSES: Mapping[type, Decide] = {
    Conversation.MessageAdded: after_message,
    Appointment.Confirmed: unless_of_desk(after_time_by_practice),
    Appointment.Rescheduled: unless_of_desk(after_time_by_practice),
    Appointment.Accepted: remind_of_appointment,
    Appointment.Proposed: after_proposal,
    Appointment.Lapsed: after_answer,
    Appointment.Declined: after_answer,
    Appointment.Cancelled: unless_of_desk(after_cancellation),
    Refill.Approved: after_refill_decision,
    Refill.Declined: after_refill_decision,
}
