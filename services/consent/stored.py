"""The stable words under which consent's events are stored."""

from services.consent.domain.access import Access
from services.consent.domain.authorization import Authorization
from services.consent.domain.consent import PortalConsent
from services.consent.domain.emergency import EmergencyAccess
from services.consent.domain.practice import Practice
from services.consent.domain.record import PatientRecord
from services.consent.domain.release import RecordsRelease
from services.consent.domain.scan import Scan
from services.consent.domain.signing import SigningLink
from services.consent.domain.suspension import PairSuspension
from services.consent.domain.task import DeskTask
from shared.eventstore.stored import Stored

STORED = (
    Stored("PracticeOpened", Practice.Opened),
    Stored("FormPublished", Practice.FormPublished),
    Stored("PatientRegistered", PatientRecord.Registered),
    Stored("BirthDateCorrected", PatientRecord.BirthDateCorrected),
    Stored("DeathRecorded", PatientRecord.DeathRecorded),
    Stored("DeathCorrected", PatientRecord.DeathCorrected),
    Stored("AccountJoined", PatientRecord.Enrolled),
    Stored("AccountParted", PatientRecord.Unenrolled),
    Stored("AuthorizationListed", PatientRecord.AuthorizationListed),
    Stored("EmergencyListed", PatientRecord.EmergencyListed),
    Stored("Emancipated", PatientRecord.Emancipated),
    Stored("EmancipationCorrected", PatientRecord.EmancipationCorrected),
    Stored("BirthdayAnnounced", PatientRecord.BirthdayAnnounced),
    Stored("RecordSuperseded", PatientRecord.Superseded),
    Stored("RecordRestored", PatientRecord.Restored),
    Stored("AccessInterrupted", PatientRecord.Interrupted),
    Stored("AccessVerifiedAgain", PatientRecord.VerifiedAgain),
    Stored("ConsentSigned", PortalConsent.Signed),
    Stored("ConsentSignedAgain", PortalConsent.SignedAgain),
    Stored("ConsentWithdrawn", PortalConsent.Withdrawn),
    Stored("AuthorizationDrafted", Authorization.Drafted),
    Stored("AuthorizationSigned", Authorization.Signed),
    Stored("AuthorizationCameIntoForce", Authorization.CameIntoForce),
    Stored("DocumentRecorded", Authorization.DocumentRecorded),
    Stored("DocumentVerified", Authorization.DocumentVerified),
    Stored("DocumentRevoked", Authorization.DocumentRevoked),
    Stored("AuthorizationRevoked", Authorization.Revoked),
    Stored("AuthorizationEnded", Authorization.Ended),
    Stored("PairSuspended", PairSuspension.Suspended),
    Stored("PairSuspendedAgain", PairSuspension.SuspendedAgain),
    Stored("SuspensionLifted", PairSuspension.Lifted),
    Stored("ReleaseRequested", RecordsRelease.Requested),
    Stored("ReleaseExtended", RecordsRelease.Extended),
    Stored("RecordsDisclosed", RecordsRelease.Disclosed),
    Stored("ReleaseRevoked", RecordsRelease.Revoked),
    Stored("ScanKept", Scan.Kept),
    Stored("SigningLinkIssued", SigningLink.Issued),
    Stored("SigningLinkIssuedAgain", SigningLink.IssuedAgain),
    Stored("SigningLinkMistried", SigningLink.Mistried),
    Stored("SigningLinkUsed", SigningLink.Used),
    Stored("TaskRaised", DeskTask.Raised),
    Stored("TaskSettled", DeskTask.Settled),
    Stored("EmergencyDeclared", EmergencyAccess.Declared),
    Stored("EmergencyReviewed", EmergencyAccess.Reviewed),
    Stored("AccessDecided", Access.AccessDecided),
    Stored("AccessDecidedAgain", Access.AccessDecidedAgain),
)
