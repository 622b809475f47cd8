"""Values of identity: typed ids, names, contacts, and the ids that follow from what they name."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NewType
from uuid import UUID

from shared.ids import natural_id

PracticeId = NewType("PracticeId", UUID)
ProviderId = NewType("ProviderId", UUID)
StaffId = NewType("StaffId", UUID)
PatientId = NewType("PatientId", UUID)
PersonId = NewType("PersonId", UUID)
"""The patient's own id where the patient acts, else a representative's or executor's."""
InvitationId = NewType("InvitationId", UUID)
AccountId = NewType("AccountId", UUID)
ConsentId = NewType("ConsentId", UUID)
RecoveryId = NewType("RecoveryId", UUID)
AttemptId = NewType("AttemptId", UUID)
"""Of somebody who asked for a recovery, whether or not anyone matched."""
PasswordIssue = NewType("PasswordIssue", UUID)
"""Names one choice of a password, never the password."""
AddressRequestId = NewType("AddressRequestId", UUID)
"""Of an account's own change of its e-mail address."""
PasskeyId = NewType("PasskeyId", UUID)
ProposalId = NewType("ProposalId", UUID)
"""Of somebody who is to be an admin."""
ErasureRequestId = NewType("ErasureRequestId", UUID)
JoiningProposalId = NewType("JoiningProposalId", UUID)
"""Of two records that are to be joined, or parted again."""
UserNameId = NewType("UserNameId", UUID)
"""Blind index of a user name's skeleton: look-alikes share it."""

Role = Literal["provider", "clinical", "front_desk", "billing", "support", "admin"]
ROLES: frozenset[str] = frozenset({"provider", "clinical", "front_desk", "billing", "support", "admin"})
LANGUAGES = frozenset({"en", "es"})

_NAMESPACE = UUID("6f0f7c1e-2d0b-5c52-9d53-0c1f6c3a7d11")


@dataclass(frozen=True, slots=True)
class PersonName:
    given: str
    family: str

    def __str__(self) -> str:
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class PersonIdentity:
    """What tells people apart: as on the document that was seen."""

    name: PersonName
    birth_date: date


@dataclass(frozen=True, slots=True)
class PostalAddress:
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person is reached; empty means not known. ``email`` is lower case."""

    email: str = ""
    phone: str = ""
    address: PostalAddress = field(default_factory=PostalAddress)
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Relation:
    """A person and the record of a patient at a practice; for one's own record the person is the patient."""

    practice_id: PracticeId
    patient_id: PatientId
    person_id: PersonId

    @property
    def is_own(self) -> bool:
        return self.patient_id == self.person_id


@dataclass(frozen=True, slots=True)
class RegistrationOrigin:
    """desk or import, and for an import the digest of what was imported, to tell a changed resource."""

    kind: Literal["desk", "import"] = "desk"
    source_digest: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """What a member of staff does; ``provider_id`` goes with the role provider."""

    roles: frozenset[str]
    provider_id: ProviderId | None = None

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is invited to a staff, and whether the link goes by mail (else it was handed out)."""

    name: PersonName
    email: str
    by_mail: bool = True


@dataclass(frozen=True, slots=True)
class PracticeDetails:
    """What everyone may know of a practice."""

    name: str
    support_phone: str = ""
    support_email: str = ""
    support_hours: str = ""
    address: PostalAddress = field(default_factory=PostalAddress)
    fax: str = ""


@dataclass(frozen=True, slots=True)
class PracticeRules:
    """A practice's own numbers: ages of R17 and R18 in years, R10's days; ``time_zone`` is an IANA name."""

    time_zone: str
    adolescent_age: int = 12
    adult_age: int = 18
    invitation_days: int = 30


def enrolments_id(patient_id: PatientId) -> UUID:
    """The stream that says who is joined to a patient's record."""
    return natural_id(_NAMESPACE, "enrolments", patient_id)


def erasure_id(patient_id: PatientId) -> UUID:
    """The stream that says that a patient's data are gone."""
    return natural_id(_NAMESPACE, "erasure", patient_id)


def emancipation_id(patient_id: PatientId) -> UUID:
    """The stream of a patient's emancipation."""
    return natural_id(_NAMESPACE, "emancipation", patient_id)


def usual_provider_id(patient_id: PatientId) -> UUID:
    """The stream of whom a patient usually sees."""
    return natural_id(_NAMESPACE, "usual provider", patient_id)


def imported_patient_id(practice_id: PracticeId, resource_id: str) -> PatientId:
    """One patient a practice and resource of the source."""
    return PatientId(natural_id(_NAMESPACE, "patient", practice_id, resource_id))


def provider_id_of(practice_id: PracticeId, npi: str) -> ProviderId:
    """One provider a practice and national provider identifier."""
    return ProviderId(natural_id(_NAMESPACE, "provider", practice_id, npi))
