"""Peers' events → effects of messaging: whom to tell by mail. What was imported mails nobody (R35)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.messaging.domain.notification import Kind
from services.messaging.processes.deciding import (
    MAIL_ACCOUNT,
    MAIL_LINK,
    MAIL_PERSON,
    MAIL_SIGNING,
    MAIL_TRANSMISSION,
    tell_guarantor,
    tell_readers,
)
from shared.contracts.billing.v1.events import StatementPosted
from shared.contracts.consent.v1.events import (
    AuthorizationEnded,
    AuthorizationGranted,
    BirthdayAnnounced,
    ConsentWithdrawn,
    EmergencyAccessDeclared,
    SigningLinkIssued,
)
from shared.contracts.documents.v1.events import DocumentReleased, RecordTransmitted, ResultReleased
from shared.contracts.event import PatientEvent
from shared.contracts.identity.v1.events import (
    AddressConfirmationRequested,
    AddressReplaced,
    InvitationIssued,
    PatientUnenrolled,
    RecoveryRequested,
    RecoveryWithheld,
    SecurityNoticed,
    StaffInvited,
    UsualProviderJoined,
)
from shared.effects import Decide, Effect
from shared.envelope import Recorded


def after_result(recorded: Recorded[ResultReleased]) -> list[Effect]:
    event = recorded.event
    return unless_imported(recorded, tell_readers(event.practice_id, event.patient_id, "document", "results"))


def after_document(recorded: Recorded[DocumentReleased]) -> list[Effect]:
    event = recorded.event
    return unless_imported(recorded, tell_readers(event.practice_id, event.patient_id, "document", "documents"))


def after_transmission(recorded: Recorded[RecordTransmitted]) -> list[Effect]:
    """To whom is documents' secret until the mail is written; nobody of the portal's is told."""
    event = recorded.event
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": str(event.patient_id),
        "notice": "transmission",
        "person_id": str(event.patient_id),
        "transmission_id": str(event.transmission_id),
    }
    return [Effect(MAIL_TRANSMISSION, key=event.transmission_id, details=details)]


def after_statement(recorded: Recorded[StatementPosted]) -> list[Effect]:
    """A confidential one is told to the patient alone (R18); any other also to who pays for the patient (R33)."""
    event = recorded.event
    told = tell_readers(event.practice_id, event.patient_id, "statement", "billing", patient_only=event.confidential)
    paid_by = [] if event.confidential else [tell_guarantor(event.practice_id, event.patient_id)]
    return [] if event.origin == "import" else unless_imported(recorded, told, *paid_by)


def after_invitation(recorded: Recorded[InvitationIssued]) -> list[Effect]:
    event = recorded.event
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": str(event.patient_id),
        "notice": "invitation",
        "person_id": str(event.person_id),
        "issue_id": str(event.invitation_id),
        "purpose": "invitation",
    }
    return unless_imported(recorded, Effect(MAIL_LINK, key=event.person_id, details=details))


def after_staff_invitation(recorded: Recorded[StaffInvited]) -> list[Effect]:
    event = recorded.event
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": "",
        "notice": "staff-invitation",
        "person_id": str(event.staff_id),
        "issue_id": str(event.staff_id),
        "purpose": "staff-invitation",
    }
    return unless_imported(recorded, Effect(MAIL_LINK, key=event.staff_id, details=details))


def after_grant(recorded: Recorded[AuthorizationGranted]) -> list[Effect]:
    """The patient is told that somebody was authorized."""
    event = recorded.event
    told = tell_readers(event.practice_id, event.patient_id, "access", "", patient_only=True)
    return unless_imported(recorded, told)


def after_signing_link(recorded: Recorded[SigningLinkIssued]) -> list[Effect]:
    event = recorded.event
    told = _tell_person(event, event.patient_id)
    return [
        replace(told, kind=MAIL_SIGNING, details={**told.details, "notice": "signing", "link_id": str(event.link_id)})
    ]


def after_announcement(recorded: Recorded[BirthdayAnnounced]) -> list[Effect]:
    """Both sides are told that access changes soon; the child where an address of its own exists (R18)."""
    event = recorded.event
    told = tell_readers(event.practice_id, event.patient_id, "access-ahead", "")
    child = _tell_person(event, event.patient_id)
    return [
        replace(told, details={**told.details, "only": "representative"}),
        replace(child, details={**child.details, "notice": "access-ahead", "own_address": "yes"}),
    ]


def after_emergency(recorded: Recorded[EmergencyAccessDeclared]) -> list[Effect]:
    """The patient is told that a member of staff opened the record in an emergency (R43)."""
    event = recorded.event
    return [tell_readers(event.practice_id, event.patient_id, "access", "", patient_only=True)]


def after_end_of_grant(recorded: Recorded[AuthorizationEnded]) -> list[Effect]:
    """The patient is told, and the person whose access has ended."""
    event = recorded.event
    told = tell_readers(event.practice_id, event.patient_id, "access", "", patient_only=True)
    return unless_imported(recorded, told, _tell_person(event, event.person_id))


def after_withdrawal(recorded: Recorded[ConsentWithdrawn]) -> list[Effect]:
    return unless_imported(recorded, _tell_person(recorded.event, recorded.event.signer_id))


def after_unenrolment(recorded: Recorded[PatientUnenrolled]) -> list[Effect]:
    return unless_imported(recorded, _tell_person(recorded.event, recorded.event.person_id))


def after_joining_of_provider(recorded: Recorded[UsualProviderJoined]) -> list[Effect]:
    """Who may ask for appointments is told that something is there (R29): which provider, no mail says (R35)."""
    event = recorded.event
    return [tell_readers(event.practice_id, event.patient_id, "message", "appointments")]


def after_recovery(recorded: Recorded[RecoveryRequested]) -> list[Effect]:
    event = recorded.event
    told = _tell_account(event, "recovery")
    details = {**told.details, "issue_id": str(event.recovery_id), "purpose": "recovery"}
    return [replace(told, kind=MAIL_LINK, details=details)]


def after_withheld_recovery(recorded: Recorded[RecoveryWithheld]) -> list[Effect]:
    return [_tell_account(recorded.event, "recovery-withheld")]


def after_security(recorded: Recorded[SecurityNoticed]) -> list[Effect]:
    return [_tell_account(recorded.event, "security")]


def after_address_asked(recorded: Recorded[AddressConfirmationRequested]) -> list[Effect]:
    """To the new address, which identity gives with the link; the present one is told by the account's notice."""
    event = recorded.event
    told = _tell_account(event, "address-confirmation")
    details = {**told.details, "issue_id": str(event.request_id), "purpose": "address-confirmation"}
    return [replace(told, kind=MAIL_LINK, details=details)]


def after_address_replaced(recorded: Recorded[AddressReplaced]) -> list[Effect]:
    """The former address is told, too (R35); the new one by the account's notice."""
    told = _tell_account(recorded.event, "security")
    return [replace(told, details={**told.details, "former_of": str(recorded.event.request_id)})]


AccountEvent = RecoveryRequested | RecoveryWithheld | SecurityNoticed | AddressConfirmationRequested | AddressReplaced


def _tell_account(event: AccountEvent, kind: Kind) -> Effect:
    """It concerns an account, and no record of a patient: ``person_id`` is the account."""
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": "",
        "notice": kind,
        "person_id": str(event.account_id),
    }
    return Effect(MAIL_ACCOUNT, key=event.account_id, details=details)


def unless_imported(recorded: Recorded[Any], *effects: Effect) -> list[Effect]:
    return [] if recorded.metadata.get("origin") == "import" else list(effects)


def _tell_person(event: PatientEvent, person_id: UUID) -> Effect:
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": str(event.patient_id),
        "notice": "access",
        "person_id": str(person_id),
    }
    return Effect(MAIL_PERSON, key=person_id, recipient=str(person_id), details=details)


CONSUMERS: Mapping[str, Mapping[type, Decide]] = {
    "documents": {
        ResultReleased: after_result,
        DocumentReleased: after_document,
        RecordTransmitted: after_transmission,
    },
    "billing": {StatementPosted: after_statement},
    "identity": {
        InvitationIssued: after_invitation,
        StaffInvited: after_staff_invitation,
        PatientUnenrolled: after_unenrolment,
        UsualProviderJoined: after_joining_of_provider,
        RecoveryRequested: after_recovery,
        RecoveryWithheld: after_withheld_recovery,
        SecurityNoticed: after_security,
        AddressConfirmationRequested: after_address_asked,
        AddressReplaced: after_address_replaced,
    },
    "consent": {
        AuthorizationGranted: after_grant,
        AuthorizationEnded: after_end_of_grant,
        ConsentWithdrawn: after_withdrawal,
        SigningLinkIssued: after_signing_link,
        BirthdayAnnounced: after_announcement,
        EmergencyAccessDeclared: after_emergency,
    },
}
