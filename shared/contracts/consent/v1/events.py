"""What consent tells its peers: signatures, authorizations, and who may see what of whom from when to when."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.event import PatientEvent, PublicEvent

Scope = Literal["messages", "results", "documents", "appointments", "refills", "billing"]
ActingAs = Literal["self", "representative", "executor", "emergency"]


class ConsentFormPublished(PublicEvent):
    """A new version of the practice's portal consent form; from now on it is the one to be signed (R2)."""

    form_version: int
    published_at: datetime


class ConsentSigned(PatientEvent):
    """A portal consent form was signed. ``signer_id`` = patient: for the own access; else that representative.

    ``recorded_by`` is the account that recorded or gave it.
    """

    consent_id: UUID
    signer_id: UUID
    form_version: int
    signed_at: datetime
    method: Literal["paper", "screen"]
    recorded_by: UUID | None = None


class ConsentWithdrawn(PatientEvent):
    """What that signature carried ended."""

    consent_id: UUID
    signer_id: UUID


class AuthorizationGranted(PatientEvent):
    """A representative was authorized (R7, R17, R19); it opens nothing before documents and consent are there."""

    authorization_id: UUID
    person_id: UUID
    kind: Literal["minor", "adult_authorization", "personal_representative", "executor"]
    scopes: list[Scope]
    until: date | None = None


class AuthorizationEnded(PatientEvent):
    """An authorization was revoked or ended."""

    authorization_id: UUID
    person_id: UUID


class DocumentsVerified(PatientEvent):
    """Staff verified a representative's documents; they count until ``expires_on`` (the last day, local)."""

    authorization_id: UUID
    person_id: UUID
    expires_on: date | None = None
    verified_by: UUID | None = None
    """The account of the member of staff who verified; another one invites (R43)."""


class Window(BaseModel):
    """From ≤ t < until the account may see these scopes, because of these events.

    Peers' events are named ``<service>:<position>``; consent's own, which may have been appended together with
    this decision, ``consent:<stream>/<version>``. ``Decide`` and ``ExplainAccess`` give their positions.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    acting_as: ActingAs
    person_id: UUID
    scopes: list[Scope]
    since: datetime
    until: datetime | None = None
    rule: str
    because: list[str]


class AccessDecided(PatientEvent):
    """All windows of one account on one patient; replaces every earlier decision of a lower generation."""

    account_id: UUID
    generation: int
    windows: list[Window]


class SigningLinkIssued(PatientEvent):
    """A one-time link to the portal consent form is to be mailed to the patient; an earlier one is gone (R6)."""

    link_id: UUID
    expires_at: datetime


class PatientEmancipated(PatientEvent):
    """Proven: the patient counts as an adult from now on, in every rule (R18)."""


class EmancipationCorrected(PatientEvent):
    """The emancipation was recorded by mistake: the birthdays count again."""


class BirthdayAnnounced(PatientEvent):
    """Who may see the record changes in ``days`` days: both sides are told (R18)."""

    birthday: Literal["adolescent", "adult"]
    days: int


class EmergencyAccessDeclared(PatientEvent):
    """A member of staff sees one record for an hour, with a typed reason; the admin reviews it (R43)."""

    emergency_id: UUID
    account_id: UUID
    staff_id: UUID
    until: datetime


class EmergencyAccessReviewed(PatientEvent):
    """The admin's finding; what was not justified has ended."""

    emergency_id: UUID
    finding: Literal["justified", "unjustified"]
    reviewed_by: UUID


class RecordsReleaseRequested(PatientEvent):
    """An Authorization for Release was signed (R21)."""

    release_id: UUID
    due_on: date
