"""What consent tells its peers of its own events: ids, words, dates; never a reason in free text or a form's text."""

from services.consent.domain.access import Access
from services.consent.domain.authorization import Authorization
from services.consent.domain.consent import PortalConsent
from services.consent.domain.emergency import EmergencyAccess
from services.consent.domain.practice import Practice
from services.consent.domain.record import PatientRecord
from services.consent.domain.release import RecordsRelease
from services.consent.domain.signing import SigningLink
from shared.contracts.consent.v1.events import (
    AccessDecided,
    AuthorizationEnded,
    AuthorizationGranted,
    BirthdayAnnounced,
    ConsentFormPublished,
    ConsentSigned,
    ConsentWithdrawn,
    DocumentsVerified,
    EmancipationCorrected,
    EmergencyAccessDeclared,
    EmergencyAccessReviewed,
    PatientEmancipated,
    RecordsReleaseRequested,
    SigningLinkIssued,
    Window,
)
from shared.envelope import Recorded
from shared.service import Publish


def form_published(recorded: Recorded[Practice.FormPublished]) -> ConsentFormPublished:
    event = recorded.event
    return ConsentFormPublished(
        practice_id=event.practice_id, form_version=event.form_version, published_at=event.published_at
    )


def consent_signed(recorded: Recorded[PortalConsent.Signed | PortalConsent.SignedAgain]) -> ConsentSigned:
    event = recorded.event
    return ConsentSigned(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        consent_id=recorded.stream_id,
        signer_id=event.signer_id,
        form_version=event.signature.form_version,
        signed_at=event.signature.signed_at,
        method=event.signature.method,
        recorded_by=event.signature.recorded_by,
    )


def consent_withdrawn(recorded: Recorded[PortalConsent.Withdrawn]) -> ConsentWithdrawn:
    event = recorded.event
    return ConsentWithdrawn(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        consent_id=recorded.stream_id,
        signer_id=event.signer_id,
    )


def authorization_granted(recorded: Recorded[Authorization.CameIntoForce]) -> AuthorizationGranted:
    event = recorded.event
    return AuthorizationGranted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        authorization_id=recorded.stream_id,
        person_id=event.person_id,
        kind=event.terms.kind,
        scopes=list(event.terms.scopes),
        until=event.terms.until,
    )


def authorization_ended(recorded: Recorded[Authorization.Revoked | Authorization.Ended]) -> AuthorizationEnded:
    event = recorded.event
    return AuthorizationEnded(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        authorization_id=recorded.stream_id,
        person_id=event.person_id,
    )


def documents_verified(recorded: Recorded[Authorization.DocumentVerified]) -> DocumentsVerified:
    event = recorded.event
    return DocumentsVerified(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        authorization_id=recorded.stream_id,
        person_id=event.person_id,
        expires_on=event.verified.expires_on,
        verified_by=event.verified.verified_by,
    )


def release_requested(recorded: Recorded[RecordsRelease.Requested]) -> RecordsReleaseRequested:
    event = recorded.event
    return RecordsReleaseRequested(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        release_id=event.release_id,
        due_on=event.due_on,
    )


def signing_link_issued(recorded: Recorded[SigningLink.Issued | SigningLink.IssuedAgain]) -> SigningLinkIssued:
    event = recorded.event
    return SigningLinkIssued(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        link_id=recorded.stream_id,
        expires_at=event.issue.expires_at,
    )


def emancipated(recorded: Recorded[PatientRecord.Emancipated]) -> PatientEmancipated:
    return PatientEmancipated(practice_id=recorded.event.practice_id, patient_id=recorded.event.patient_id)


def emancipation_corrected(recorded: Recorded[PatientRecord.EmancipationCorrected]) -> EmancipationCorrected:
    return EmancipationCorrected(practice_id=recorded.event.practice_id, patient_id=recorded.event.patient_id)


def birthday_announced(recorded: Recorded[PatientRecord.BirthdayAnnounced]) -> BirthdayAnnounced:
    event = recorded.event
    return BirthdayAnnounced(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        birthday=event.announcement.birthday,
        days=event.announcement.days,
    )


def emergency_declared(recorded: Recorded[EmergencyAccess.Declared]) -> EmergencyAccessDeclared:
    event = recorded.event
    return EmergencyAccessDeclared(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        emergency_id=event.emergency_id,
        account_id=event.declaration.account_id,
        staff_id=event.declaration.staff_id,
        until=event.declaration.until,
    )


def emergency_reviewed(recorded: Recorded[EmergencyAccess.Reviewed]) -> EmergencyAccessReviewed:
    event = recorded.event
    return EmergencyAccessReviewed(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        emergency_id=recorded.stream_id,
        finding=event.finding,
        reviewed_by=event.reviewed_by,
    )


def access_decided(recorded: Recorded[Access.AccessDecided | Access.AccessDecidedAgain]) -> AccessDecided:
    event = recorded.event
    return AccessDecided(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        account_id=event.account_id,
        generation=event.generation,
        windows=[
            Window(
                acting_as=window.acting_as,
                person_id=window.person_id,
                scopes=list(window.scopes),
                since=window.since,
                until=window.until,
                rule=window.rule,
                because=[reference for reference in window.because if reference],
            )
            for window in event.windows
        ],
    )


PUBLISHED: dict[type, Publish] = {
    Practice.FormPublished: form_published,
    PortalConsent.Signed: consent_signed,
    PortalConsent.SignedAgain: consent_signed,
    PortalConsent.Withdrawn: consent_withdrawn,
    Authorization.CameIntoForce: authorization_granted,
    Authorization.Revoked: authorization_ended,
    Authorization.Ended: authorization_ended,
    Authorization.DocumentVerified: documents_verified,
    RecordsRelease.Requested: release_requested,
    SigningLink.Issued: signing_link_issued,
    SigningLink.IssuedAgain: signing_link_issued,
    PatientRecord.Emancipated: emancipated,
    PatientRecord.EmancipationCorrected: emancipation_corrected,
    PatientRecord.BirthdayAnnounced: birthday_announced,
    EmergencyAccess.Declared: emergency_declared,
    EmergencyAccess.Reviewed: emergency_reviewed,
    Access.AccessDecided: access_decided,
    Access.AccessDecidedAgain: access_decided,
}
