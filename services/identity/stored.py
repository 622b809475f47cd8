"""The stable words under which identity's events are stored."""

from services.identity.domain.account import Account, UserName
from services.identity.domain.address_request import AddressRequest
from services.identity.domain.duplicates import JoiningProposal
from services.identity.domain.emancipation import Emancipation
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import Erasure, Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.provider import Provider
from services.identity.domain.recovery import Recovery, RecoveryAttempt
from services.identity.domain.seconding import AdminProposal, ErasureRequest
from services.identity.domain.staff import StaffMember
from services.identity.domain.usual_provider import UsualProvider
from shared.eventstore.stored import Json, Stored


def by_no_document_known(data: dict[str, Json]) -> dict[str, Json]:
    """Corrections did not say which document was seen."""
    return {**data, "document": ""}


def by_nobody_known(data: dict[str, Json]) -> dict[str, Json]:
    """Contacts did not say who recorded them."""
    return {**data, "recorded_by": None}


STORED = (
    Stored("PracticeOpened", Practice.Opened),
    Stored("PracticeDetailsChanged", Practice.DetailsChanged),
    Stored("PracticeSecurityQuestionSwitched", Practice.SecurityQuestionSwitched),
    Stored("PracticeAdminGained", Practice.AdminGained),
    Stored("PracticeAdminLost", Practice.AdminLost),
    Stored("ProviderRegistered", Provider.Registered),
    Stored("ProviderActivated", Provider.Activated),
    Stored("ProviderDeactivated", Provider.Deactivated),
    Stored("UsualProviderNamed", UsualProvider.Named),
    Stored("UsualProviderReplaced", UsualProvider.Replaced),
    Stored("UsualProviderJoined", UsualProvider.Joined),
    Stored("StaffInvited", StaffMember.Invited),
    Stored("StaffJoined", StaffMember.Joined),
    Stored("StaffRolesChanged", StaffMember.RolesChanged),
    Stored("StaffAddressChanged", StaffMember.AddressChanged),
    Stored("StaffLeft", StaffMember.Left),
    Stored("StaffInvitationWithdrawn", StaffMember.InvitationWithdrawn),
    Stored("PatientRegistered", Patient.Registered),
    Stored("PatientNameCorrected", Patient.NameCorrected, 2, {1: by_no_document_known}),
    Stored("PatientBirthDateCorrected", Patient.BirthDateCorrected, 2, {1: by_no_document_known}),
    Stored("PatientContactRecorded", Patient.ContactRecorded, 2, {1: by_nobody_known}),
    Stored("PatientDeathRecorded", Patient.DeathRecorded),
    Stored("PatientDeathCorrected", Patient.DeathCorrected),
    Stored("PatientSuperseded", Patient.Superseded),
    Stored("PatientRestored", Patient.Restored),
    Stored("PatientsJoined", Patient.Joined),
    Stored("PatientsParted", Patient.Parted),
    Stored("JoiningProposed", JoiningProposal.Made),
    Stored("JoiningConfirmed", JoiningProposal.Confirmed),
    Stored("JoiningWithdrawn", JoiningProposal.Withdrawn),
    Stored("PatientErased", Erasure.Erased),
    Stored("EmancipationNoted", Emancipation.Noted),
    Stored("EmancipationNotedAgain", Emancipation.NotedAgain),
    Stored("EmancipationCorrected", Emancipation.Corrected),
    Stored("AddressChangeAsked", AddressRequest.Asked),
    Stored("AddressChangeConfirmed", AddressRequest.Confirmed),
    Stored("AdminProposed", AdminProposal.Made),
    Stored("AdminConfirmed", AdminProposal.Confirmed),
    Stored("AdminDeclined", AdminProposal.Declined),
    Stored("ErasureRequested", ErasureRequest.Made),
    Stored("ErasureConfirmed", ErasureRequest.Confirmed),
    Stored("ErasureWithdrawn", ErasureRequest.Withdrawn),
    Stored("PersonRegistered", Person.Registered),
    Stored("PersonContactRecorded", Person.ContactRecorded, 2, {1: by_nobody_known}),
    Stored("PersonDocumentVerified", Person.DocumentVerified),
    Stored("EnrolmentsBegun", Enrolments.Begun),
    Stored("EnrolmentConsentRecorded", Enrolments.ConsentRecorded),
    Stored("EnrolmentConsentEnded", Enrolments.ConsentEnded),
    Stored("EnrolmentInvited", Enrolments.Invited),
    Stored("EnrolmentJoined", Enrolments.Joined),
    Stored("EnrolmentLeft", Enrolments.Left),
    Stored("InvitationIssued", Invitation.Issued),
    Stored("InvitationVoided", Invitation.Voided),
    Stored("InvitationAccepted", Invitation.Accepted),
    Stored("AccountOpened", Account.Opened),
    Stored("AccountRecordJoined", Account.RecordJoined),
    Stored("AccountRecordLeft", Account.RecordLeft),
    Stored("AccountStaffJoined", Account.StaffJoined),
    Stored("AccountStaffLeft", Account.StaffLeft),
    Stored("AccountTotpEnrolled", Account.TotpEnrolled),
    Stored("AccountTotpRemoved", Account.TotpRemoved),
    Stored("AccountSecurityQuestionChosen", Account.SecurityQuestionChosen),
    Stored("AccountPasswordChanged", Account.PasswordChanged),
    Stored("AccountAddressAsked", Account.AddressAsked),
    Stored("AccountPasskeyAdded", Account.PasskeyAdded),
    Stored("AccountPasskeyRemoved", Account.PasskeyRemoved),
    Stored("AccountNoticed", Account.Noticed),
    Stored("AccountFactorResetAnnounced", Account.FactorResetAnnounced),
    Stored("AccountFactorResetCancelled", Account.FactorResetCancelled),
    Stored("AccountFactorReset", Account.FactorReset),
    Stored("AccountClosed", Account.Closed),
    Stored("UserNameTaken", UserName.Taken),
    Stored("UserNameRetired", UserName.Retired),
    Stored("RecoveryAttemptMade", RecoveryAttempt.Made),
    Stored("RecoveryBegun", Recovery.Begun),
    Stored("RecoveryCompleted", Recovery.Completed),
    Stored("RecoveryVoided", Recovery.Voided),
)
