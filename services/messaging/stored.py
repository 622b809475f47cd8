"""The stored words of messaging: a word is for ever, whatever its class is called."""

from services.messaging.domain.appointment import Appointment
from services.messaging.domain.appointment_policy import AppointmentPolicy
from services.messaging.domain.conversation import Conversation
from services.messaging.domain.mail_choices import MailChoices
from services.messaging.domain.notification import Notification
from services.messaging.domain.refill import Refill
from shared.eventstore.stored import Json, Stored


def without_attachments(fields: dict[str, Json]) -> dict[str, Json]:
    """Before version 2 no file went with a message."""
    message = fields["message"]
    return {**fields, "message": {**message, "attachments": []} if isinstance(message, dict) else message}


def of_the_portal(fields: dict[str, Json]) -> dict[str, Json]:
    """Before version 2 all appointments were asked for through the portal."""
    about = fields["about"]
    return {**fields, "about": {**about, "origin": "portal"} if isinstance(about, dict) else about}


STORED = (
    Stored("ConversationOpened", Conversation.Opened),
    Stored("MessageAdded", Conversation.MessageAdded, 2, {1: without_attachments}),
    Stored("ConversationRead", Conversation.Read),
    Stored("ConversationAssigned", Conversation.Assigned),
    Stored("ConversationSettled", Conversation.Settled),
    Stored("ConversationLeftUnread", Conversation.LeftUnread),
    Stored("AppointmentRequested", Appointment.Requested, 2, {1: of_the_portal}),
    Stored("AppointmentConfirmed", Appointment.Confirmed, 2, {1: of_the_portal}),
    Stored("AppointmentProposed", Appointment.Proposed, 2, {1: of_the_portal}),
    Stored("AppointmentProposalAccepted", Appointment.Accepted, 2, {1: of_the_portal}),
    Stored("AppointmentProposalLapsed", Appointment.Lapsed, 2, {1: of_the_portal}),
    Stored("AppointmentDeclined", Appointment.Declined, 2, {1: of_the_portal}),
    Stored("AppointmentRescheduled", Appointment.Rescheduled, 2, {1: of_the_portal}),
    Stored("AppointmentCancelled", Appointment.Cancelled, 2, {1: of_the_portal}),
    Stored("AppointmentAttendanceRecorded", Appointment.AttendanceRecorded),
    Stored("AppointmentPolicyChosen", AppointmentPolicy.Chosen),
    Stored("AppointmentPolicyChanged", AppointmentPolicy.Changed),
    Stored("RefillRequested", Refill.Requested),
    Stored("RefillApproved", Refill.Approved),
    Stored("RefillDeclined", Refill.Declined),
    Stored("RefillSentToPharmacy", Refill.SentToPharmacy),
    Stored("NotificationAddressed", Notification.Addressed),
    Stored("NotificationSent", Notification.Sent),
    Stored("NotificationBounced", Notification.Bounced),
    Stored("MailsChosen", MailChoices.Chosen),
    Stored("MailChoiceChanged", MailChoices.Changed),
)
