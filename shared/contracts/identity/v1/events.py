"""What identity tells its peers: practices, providers, staff, patients, persons, invitations, enrolments."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PatientEvent, PublicEvent

Role = Literal["provider", "clinical", "front_desk", "billing", "support", "admin"]


class PracticeOpened(PublicEvent):
    """A practice began. ``time_zone`` is an IANA name; ages are those of R17 and R18 in years."""

    time_zone: str
    adolescent_age: int = 12
    adult_age: int = 18


class ProviderRegistered(PublicEvent):
    """A provider of the practice became known, by import or by staff; not taking part yet."""

    provider_id: UUID


class ProviderActivated(PublicEvent):
    """The provider takes part in the portal from now on."""

    provider_id: UUID


class ProviderDeactivated(PublicEvent):
    """The provider no longer takes part."""

    provider_id: UUID


class UsualProviderJoined(PatientEvent):
    """The provider whom the patient usually sees takes part from now on: the patient is to be told."""

    provider_id: UUID


class StaffInvited(PublicEvent):
    """A member of staff is invited by mail; the link holds until ``expires_at``."""

    staff_id: UUID
    expires_at: datetime


class StaffJoined(PublicEvent):
    """A member of staff accepted the invitation. ``provider_id`` where that person is a provider."""

    staff_id: UUID
    account_id: UUID
    roles: list[Role]
    provider_id: UUID | None = None


class StaffRolesChanged(PublicEvent):
    """The roles of a member of staff are these from now on."""

    staff_id: UUID
    account_id: UUID
    roles: list[Role]
    provider_id: UUID | None = None


class StaffLeft(PublicEvent):
    """A member of staff left; every access of theirs at the practice ends."""

    staff_id: UUID
    account_id: UUID


class PatientRegistered(PatientEvent):
    """A practice's record of a person began. The birth date is the one direct identifier that is published."""

    birth_date: date
    origin: Literal["desk", "import"] = "desk"


class BirthDateCorrected(PatientEvent):
    """The birth date was wrong; the new one acts from now on."""

    birth_date: date


class PatientDeceased(PatientEvent):
    """The practice recorded the patient's death; it acts from this recording."""


class DeathCorrected(PatientEvent):
    """A death had been recorded by mistake."""


class PatientsJoined(PatientEvent):
    """Two records are one person's (R44): ``duplicate_id`` shows under ``patient_id`` until they are parted.

    Whoever reached ``patient_id`` is let in again only once the practice has verified that access.
    """

    duplicate_id: UUID


class PatientsParted(PatientEvent):
    """They had been joined by mistake: each record is its own again."""

    duplicate_id: UUID


class PatientSuperseded(PatientEvent):
    """The other half of ``PatientsJoined``: ``patient_id`` was joined to the survivor, and nobody reaches it."""

    survivor_id: UUID


class PatientRestored(PatientEvent):
    """The other half of ``PatientsParted``: ``patient_id`` is a record of its own again; access to it begins anew."""

    survivor_id: UUID


class PatientErased(PatientEvent):
    """The patient's data are to be made unreadable everywhere."""


class ContactRecorded(PatientEvent):
    """How the patient or a person of the record is reached has changed."""

    person_id: UUID
    reachable_by_email: bool


class PersonRegistered(PatientEvent):
    """A representative or executor of the patient became known; a person of identity's, not a patient."""

    person_id: UUID


class InvitationIssued(PatientEvent):
    """A person is invited to an account for the patient's record. ``person_id`` = patient: for the own record."""

    invitation_id: UUID
    person_id: UUID
    issued_at: datetime
    expires_at: datetime


class InvitationVoided(PatientEvent):
    """An invitation no longer counts: replaced, expired by staff, guessed at, or its address changed."""

    invitation_id: UUID
    person_id: UUID
    reason: Literal["replaced", "wrong_answers", "address_changed", "consent_withdrawn", "withdrawn"]


class PatientEnrolled(PatientEvent):
    """An account was joined to a record. ``person_id`` = patient: as self; else as that representative."""

    account_id: UUID
    person_id: UUID


class PatientUnenrolled(PatientEvent):
    """The account lost the record at this practice."""

    account_id: UUID
    person_id: UUID
    by: Literal["self", "staff"]


class RecoveryRequested(PublicEvent):
    """Somebody asked to recover an account; the link holds until ``expires_at``."""

    account_id: UUID
    recovery_id: UUID
    expires_at: datetime


class RecoveryWithheld(PublicEvent):
    """Somebody asked to recover an account whose address proves nobody: its holder is told, without a link."""

    account_id: UUID


class AddressConfirmationRequested(PublicEvent):
    """The holder of an account wants another address, which is to be confirmed by a link until ``expires_at``."""

    account_id: UUID
    request_id: UUID
    expires_at: datetime


class AddressReplaced(PublicEvent):
    """The new address was confirmed; the former one is told."""

    account_id: UUID
    request_id: UUID


class SecurityNoticed(PublicEvent):
    """The holder of an account is to be told that its password, factor, address, question or a token changed."""

    account_id: UUID
    about: Literal["password", "factor", "address", "token", "question"]
