"""The published language as a table: which events each service's topic may carry, and their names on the wire."""

from collections.abc import Mapping

from shared.contracts.access.v1 import events as access
from shared.contracts.billing.v1 import events as billing
from shared.contracts.consent.v1 import events as consent
from shared.contracts.documents.v1 import events as documents
from shared.contracts.event import PublicEvent
from shared.contracts.identity.v1 import events as identity
from shared.contracts.messaging.v1 import events as messaging

PUBLISHED: Mapping[str, tuple[type[PublicEvent], ...]] = {
    "identity": (
        identity.PracticeOpened,
        identity.ProviderRegistered,
        identity.ProviderActivated,
        identity.ProviderDeactivated,
        identity.UsualProviderJoined,
        identity.StaffInvited,
        identity.StaffJoined,
        identity.StaffRolesChanged,
        identity.StaffLeft,
        identity.PatientRegistered,
        identity.BirthDateCorrected,
        identity.PatientDeceased,
        identity.DeathCorrected,
        identity.PatientsJoined,
        identity.PatientsParted,
        identity.PatientSuperseded,
        identity.PatientRestored,
        identity.PatientErased,
        identity.ContactRecorded,
        identity.PersonRegistered,
        identity.InvitationIssued,
        identity.InvitationVoided,
        identity.PatientEnrolled,
        identity.PatientUnenrolled,
        identity.RecoveryRequested,
        identity.RecoveryWithheld,
        identity.AddressConfirmationRequested,
        identity.AddressReplaced,
        identity.SecurityNoticed,
        access.RecordViewed,
    ),
    "consent": (
        consent.ConsentFormPublished,
        consent.ConsentSigned,
        consent.ConsentWithdrawn,
        consent.AuthorizationGranted,
        consent.AuthorizationEnded,
        consent.DocumentsVerified,
        consent.AccessDecided,
        consent.SigningLinkIssued,
        consent.PatientEmancipated,
        consent.EmancipationCorrected,
        consent.BirthdayAnnounced,
        consent.EmergencyAccessDeclared,
        consent.EmergencyAccessReviewed,
        consent.RecordsReleaseRequested,
        access.RecordViewed,
    ),
    "messaging": (
        messaging.ConversationOpened,
        messaging.MessageSent,
        messaging.AppointmentRequested,
        messaging.AppointmentConfirmed,
        messaging.AppointmentDeclined,
        messaging.AppointmentCancelled,
        messaging.RefillRequested,
        messaging.RefillDecided,
        messaging.NotificationSent,
        messaging.NotificationBounced,
        access.RecordViewed,
    ),
    "documents": (
        documents.ResultReceived,
        documents.ResultReleased,
        documents.ResultRetracted,
        documents.ResultWithdrawn,
        documents.DocumentReceived,
        documents.DocumentReleased,
        documents.DocumentRetracted,
        documents.RecordEntryListed,
        documents.RecordEntryRetracted,
        documents.RecordTransmitted,
        access.RecordViewed,
    ),
    "billing": (
        billing.ChargePosted,
        billing.ChargeAdjusted,
        billing.ChargeMadeConfidential,
        billing.StatementPosted,
        billing.StatementWithdrawn,
        billing.PaymentStarted,
        billing.PaymentReceived,
        billing.PaymentFailed,
        billing.PaymentRefunded,
        billing.RefundReturned,
        billing.DisputeOpened,
        billing.DisputeFundsTaken,
        billing.DisputeFundsReturned,
        billing.DisputeClosed,
        billing.GuarantorNamed,
        billing.GuarantorReleased,
        access.RecordViewed,
    ),
}
"""Service → its public events. A class that is not here is not sent, and passed over where it is read."""


def wire_type(event_class: type[PublicEvent]) -> str:
    """The CloudEvents type, e.g. ``ConsentSigned.v1``."""
    return f"{event_class.__name__}.v{event_class.version}"


WIRE_TYPES: Mapping[str, Mapping[str, type[PublicEvent]]] = {
    service: {wire_type(event_class): event_class for event_class in event_classes}
    for service, event_classes in PUBLISHED.items()
}
