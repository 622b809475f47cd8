"""What identity tells its peers of its own events: ids, words and dates; the birth date is the one identifier."""

from collections.abc import Mapping
from typing import cast

from services.identity.domain.account import Account
from services.identity.domain.address_request import AddressRequest
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import Erasure, Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.provider import Provider
from services.identity.domain.recovery import Recovery
from services.identity.domain.staff import StaffMember
from services.identity.domain.usual_provider import UsualProvider
from services.identity.domain.values import Role
from shared.contracts.identity.v1 import events as public
from shared.envelope import Recorded
from shared.service import Publish


def practice_opened(recorded: Recorded[Practice.Opened]) -> public.PracticeOpened:
    event = recorded.event
    return public.PracticeOpened(
        practice_id=event.practice_id,
        time_zone=event.rules.time_zone,
        adolescent_age=event.rules.adolescent_age,
        adult_age=event.rules.adult_age,
    )


def provider_registered(recorded: Recorded[Provider.Registered]) -> public.ProviderRegistered:
    return public.ProviderRegistered(practice_id=recorded.event.practice_id, provider_id=recorded.stream_id)


def provider_activated(recorded: Recorded[Provider.Activated]) -> public.ProviderActivated:
    return public.ProviderActivated(practice_id=recorded.event.practice_id, provider_id=recorded.stream_id)


def provider_deactivated(recorded: Recorded[Provider.Deactivated]) -> public.ProviderDeactivated:
    return public.ProviderDeactivated(practice_id=recorded.event.practice_id, provider_id=recorded.stream_id)


def usual_provider_joined(recorded: Recorded[UsualProvider.Joined]) -> public.UsualProviderJoined:
    event = recorded.event
    return public.UsualProviderJoined(
        practice_id=event.practice_id, patient_id=event.patient_id, provider_id=event.provider_id
    )


def staff_invited(recorded: Recorded[StaffMember.Invited]) -> public.StaffInvited | None:
    """Nothing where the link is handed out by whoever opened the practice: then no mail follows."""
    event = recorded.event
    if not event.invitee.by_mail:
        return None
    return public.StaffInvited(practice_id=event.practice_id, staff_id=event.staff_id, expires_at=event.expires_at)


def staff_joined(recorded: Recorded[StaffMember.Joined]) -> public.StaffJoined:
    event = recorded.event
    return public.StaffJoined(
        practice_id=event.practice_id,
        staff_id=recorded.stream_id,
        account_id=event.account_id,
        roles=_roles(event.duty.roles),
        provider_id=event.duty.provider_id,
    )


def staff_roles_changed(recorded: Recorded[StaffMember.RolesChanged]) -> public.StaffRolesChanged:
    event = recorded.event
    return public.StaffRolesChanged(
        practice_id=event.practice_id,
        staff_id=recorded.stream_id,
        account_id=event.account_id,
        roles=_roles(event.duty.roles),
        provider_id=event.duty.provider_id,
    )


def staff_left(recorded: Recorded[StaffMember.Left]) -> public.StaffLeft:
    event = recorded.event
    return public.StaffLeft(practice_id=event.practice_id, staff_id=recorded.stream_id, account_id=event.account_id)


def _roles(roles: frozenset[str]) -> list[Role]:
    return cast("list[Role]", sorted(roles))


def patient_registered(recorded: Recorded[Patient.Registered]) -> public.PatientRegistered:
    event = recorded.event
    return public.PatientRegistered(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        birth_date=event.identity.birth_date,
        origin=event.origin.kind,
    )


def birth_date_corrected(recorded: Recorded[Patient.BirthDateCorrected]) -> public.BirthDateCorrected:
    event = recorded.event
    return public.BirthDateCorrected(
        practice_id=event.practice_id, patient_id=recorded.stream_id, birth_date=event.birth_date
    )


def patient_contact_recorded(recorded: Recorded[Patient.ContactRecorded]) -> public.ContactRecorded:
    event = recorded.event
    return public.ContactRecorded(
        practice_id=event.practice_id,
        patient_id=recorded.stream_id,
        person_id=recorded.stream_id,
        reachable_by_email=bool(event.contact.email),
    )


def patient_deceased(recorded: Recorded[Patient.DeathRecorded]) -> public.PatientDeceased:
    return public.PatientDeceased(practice_id=recorded.event.practice_id, patient_id=recorded.stream_id)


def death_corrected(recorded: Recorded[Patient.DeathCorrected]) -> public.DeathCorrected:
    return public.DeathCorrected(practice_id=recorded.event.practice_id, patient_id=recorded.stream_id)


def patients_joined(recorded: Recorded[Patient.Joined]) -> public.PatientsJoined:
    event = recorded.event
    return public.PatientsJoined(
        practice_id=event.practice_id, patient_id=recorded.stream_id, duplicate_id=event.duplicate_id
    )


def patients_parted(recorded: Recorded[Patient.Parted]) -> public.PatientsParted:
    event = recorded.event
    return public.PatientsParted(
        practice_id=event.practice_id, patient_id=recorded.stream_id, duplicate_id=event.duplicate_id
    )


def patient_superseded(recorded: Recorded[Patient.Superseded]) -> public.PatientSuperseded:
    event = recorded.event
    return public.PatientSuperseded(
        practice_id=event.practice_id, patient_id=recorded.stream_id, survivor_id=event.survivor_id
    )


def patient_restored(recorded: Recorded[Patient.Restored]) -> public.PatientRestored:
    event = recorded.event
    return public.PatientRestored(
        practice_id=event.practice_id, patient_id=recorded.stream_id, survivor_id=event.survivor_id
    )


def patient_erased(recorded: Recorded[Erasure.Erased]) -> public.PatientErased:
    return public.PatientErased(practice_id=recorded.event.practice_id, patient_id=recorded.event.patient_id)


def person_registered(recorded: Recorded[Person.Registered]) -> public.PersonRegistered:
    event = recorded.event
    return public.PersonRegistered(
        practice_id=event.practice_id, patient_id=event.patient_id, person_id=event.person_id
    )


def person_contact_recorded(recorded: Recorded[Person.ContactRecorded]) -> public.ContactRecorded:
    event = recorded.event
    return public.ContactRecorded(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        person_id=recorded.stream_id,
        reachable_by_email=bool(event.contact.email),
    )


def invitation_issued(recorded: Recorded[Invitation.Issued]) -> public.InvitationIssued:
    event = recorded.event
    return public.InvitationIssued(
        practice_id=event.relation.practice_id,
        patient_id=event.relation.patient_id,
        invitation_id=event.invitation_id,
        person_id=event.relation.person_id,
        issued_at=event.issued_at,
        expires_at=event.expires_at,
    )


def invitation_voided(recorded: Recorded[Invitation.Voided]) -> public.InvitationVoided:
    event = recorded.event
    return public.InvitationVoided.model_validate(
        {
            "practice_id": event.relation.practice_id,
            "patient_id": event.relation.patient_id,
            "invitation_id": recorded.stream_id,
            "person_id": event.relation.person_id,
            "reason": event.reason,
        }
    )


def patient_enrolled(recorded: Recorded[Enrolments.Joined]) -> public.PatientEnrolled:
    event = recorded.event
    return public.PatientEnrolled(
        practice_id=event.relation.practice_id,
        patient_id=event.relation.patient_id,
        account_id=event.account_id,
        person_id=event.relation.person_id,
    )


def patient_unenrolled(recorded: Recorded[Enrolments.Left]) -> public.PatientUnenrolled:
    event = recorded.event
    return public.PatientUnenrolled(
        practice_id=event.relation.practice_id,
        patient_id=event.relation.patient_id,
        account_id=event.account_id,
        person_id=event.relation.person_id,
        by="self" if event.by == "self" else "staff",
    )


def recovery_begun(recorded: Recorded[Recovery.Begun]) -> public.RecoveryRequested | public.RecoveryWithheld | None:
    """One a mail; a token is told of by the account's notice."""
    event = recorded.event
    practice_id = event.beginning.reached.practice_id
    if event.beginning.means == "notice":
        return public.RecoveryWithheld(practice_id=practice_id, account_id=event.account_id)
    if not event.beginning.in_mail:
        return None
    return public.RecoveryRequested(
        practice_id=practice_id,
        account_id=event.account_id,
        recovery_id=event.recovery_id,
        expires_at=event.expires_at,
    )


def address_change_asked(recorded: Recorded[AddressRequest.Asked]) -> public.AddressConfirmationRequested:
    event = recorded.event
    return public.AddressConfirmationRequested(
        practice_id=event.practice_id,
        account_id=event.account_id,
        request_id=event.request_id,
        expires_at=event.expires_at,
    )


def address_change_confirmed(recorded: Recorded[AddressRequest.Confirmed]) -> public.AddressReplaced:
    return public.AddressReplaced(
        practice_id=recorded.event.practice_id, account_id=recorded.subject_id, request_id=recorded.stream_id
    )


def account_noticed(recorded: Recorded[Account.Noticed]) -> public.SecurityNoticed:
    event = recorded.event
    return public.SecurityNoticed(practice_id=event.practice_id, account_id=recorded.stream_id, about=event.about)


PUBLISHED: Mapping[type, Publish] = {
    Practice.Opened: practice_opened,
    Provider.Registered: provider_registered,
    Provider.Activated: provider_activated,
    Provider.Deactivated: provider_deactivated,
    UsualProvider.Joined: usual_provider_joined,
    StaffMember.Invited: staff_invited,
    StaffMember.Joined: staff_joined,
    StaffMember.RolesChanged: staff_roles_changed,
    StaffMember.Left: staff_left,
    Patient.Registered: patient_registered,
    Patient.BirthDateCorrected: birth_date_corrected,
    Patient.ContactRecorded: patient_contact_recorded,
    Patient.DeathRecorded: patient_deceased,
    Patient.DeathCorrected: death_corrected,
    Patient.Joined: patients_joined,
    Patient.Parted: patients_parted,
    Patient.Superseded: patient_superseded,
    Patient.Restored: patient_restored,
    Erasure.Erased: patient_erased,
    Person.Registered: person_registered,
    Person.ContactRecorded: person_contact_recorded,
    Invitation.Issued: invitation_issued,
    Invitation.Voided: invitation_voided,
    Enrolments.Joined: patient_enrolled,
    Enrolments.Left: patient_unenrolled,
    Recovery.Begun: recovery_begun,
    AddressRequest.Asked: address_change_asked,
    AddressRequest.Confirmed: address_change_confirmed,
    Account.Noticed: account_noticed,
}
