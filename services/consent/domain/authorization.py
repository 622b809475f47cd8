"""An Authorization form for one representative: a draft until signed, in force until it ends (R7, R17 to R20)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.calendar import end_of_day
from services.consent.domain.errors import (
    AlreadySigned,
    AuthorizationNotOpen,
    DocumentNotWaiting,
    DocumentRevoked,
    DocumentUnfit,
)
from services.consent.domain.facts import Document, Grant, Kind, Scope
from services.consent.domain.identifiers import reference
from shared.aggregate import Aggregate, event
from shared.errors import NotFound

Signatory = Literal["patient", "representative"]
DocumentKind = Literal[
    "birth_certificate", "custody_order", "court_order", "power_of_attorney", "letters_testamentary", "other"
]
DocumentState = Literal["recorded", "verified", "revoked"]
EndReason = Literal["consent_withdrawn", "unenrolled", "deceased"]

NEEDED: dict[Kind, frozenset[Signatory]] = {
    "minor": frozenset({"representative"}),
    "adult_authorization": frozenset({"patient", "representative"}),
    "personal_representative": frozenset({"representative"}),
    "executor": frozenset({"representative"}),
}
"""Whose signatures put the form in force."""

FIT: dict[Kind, frozenset[DocumentKind]] = {
    "minor": frozenset(
        {"birth_certificate", "custody_order", "court_order", "power_of_attorney", "letters_testamentary", "other"}
    ),
    "adult_authorization": frozenset(),
    "personal_representative": frozenset({"court_order", "power_of_attorney"}),
    "executor": frozenset({"letters_testamentary"}),
}
"""R7: which documents a form of that kind rests on; (a) needs none."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the form says. ``until`` is its last day, local."""

    kind: Kind
    scopes: tuple[Scope, ...]
    until: date | None


@dataclass(frozen=True, slots=True)
class BroughtDocument:
    """A document as it stands."""

    document_id: UUID
    kind: DocumentKind
    state: DocumentState = "recorded"
    verified: Document | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """Who verified a document, when, and the last day on which it counts."""

    verified_by: UUID | None
    verified_at: datetime
    expires_on: date | None


class Authorization(Aggregate):
    """What one form grants one representative of one patient."""

    class Drafted(Aggregate.Created):
        authorization_id: UUID
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        terms: Terms
        granted_at: datetime

    class Signed(Aggregate.Event):
        by: Signatory
        signed_at: datetime

    class CameIntoForce(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        terms: Terms
        in_force_at: datetime

    class DocumentRecorded(Aggregate.Event):
        document_id: UUID
        kind: DocumentKind
        scan_id: UUID
        recorded_by: UUID | None
        recorded_at: datetime

    class DocumentVerified(Aggregate.Event):
        document_id: UUID
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        verified: Verified

    class DocumentRevoked(Aggregate.Event):
        document_id: UUID
        reason: str
        revoked_by: UUID | None
        revoked_at: datetime

    class Revoked(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        reason: str
        revoked_by: UUID | None
        revoked_at: datetime

    class Ended(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        person_id: UUID
        reason: EndReason
        ended_at: datetime

    @staticmethod
    def create_id(authorization_id: UUID) -> UUID:
        return authorization_id

    @event(Drafted)
    def __init__(
        self,
        authorization_id: UUID,
        practice_id: UUID,
        patient_id: UUID,
        person_id: UUID,
        terms: Terms,
        granted_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.person_id = person_id
        self.terms = terms
        self.signed: dict[Signatory, datetime] = {}
        self.documents: dict[UUID, BroughtDocument] = {}
        self.ended_at: datetime | None = None
        self.made_by = reference(self.id, 1)

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def is_open(self) -> bool:
        """A draft, or in force; time may have ended it all the same."""
        return self.ended_at is None

    @property
    def is_in_force(self) -> bool:
        return self.is_open and NEEDED[self.terms.kind] <= self.signed.keys()

    def is_verified(self, zone: ZoneInfo, at: datetime) -> bool:
        """In force, within its last day, and with a document that counts where the kind needs one (R7)."""
        if not self.is_in_force or (self.terms.until is not None and end_of_day(self.terms.until, zone) <= at):
            return False
        verified = (document.verified for document in self.documents.values() if document.verified is not None)
        return not FIT[self.terms.kind] or any(document.counts(zone, at) for document in verified)

    def sign(self, by: Signatory, at: datetime) -> None:
        """One of the signatures that the form asks for; the last one puts it in force."""
        self._require_open()
        if by in self.signed or by not in NEEDED[self.terms.kind]:
            raise AlreadySigned
        self._signed(by=by, signed_at=at)
        if self.is_in_force:
            self._came_into_force(
                practice_id=self.practice_id,
                patient_id=self.patient_id,
                person_id=self.person_id,
                terms=self.terms,
                in_force_at=at,
            )

    @event(Signed)
    def _signed(self, by: Signatory, signed_at: datetime) -> None:
        self.signed = {**self.signed, by: signed_at}

    @event(CameIntoForce)
    def _came_into_force(
        self, practice_id: UUID, patient_id: UUID, person_id: UUID, terms: Terms, in_force_at: datetime
    ) -> None:
        self.made_by = reference(self.id, self.version + 1)

    def record_document(
        self, document_id: UUID, kind: DocumentKind, scan_id: UUID, by: UUID | None, at: datetime
    ) -> None:
        """A document came in; it opens nothing until somebody verifies it."""
        self._require_open()
        if kind not in FIT[self.terms.kind]:
            raise DocumentUnfit
        self._document_recorded(document_id=document_id, kind=kind, scan_id=scan_id, recorded_by=by, recorded_at=at)

    @event(DocumentRecorded)
    def _document_recorded(
        self, document_id: UUID, kind: DocumentKind, scan_id: UUID, recorded_by: UUID | None, recorded_at: datetime
    ) -> None:
        self.documents = {**self.documents, document_id: BroughtDocument(document_id, kind)}

    def verify_document(self, document_id: UUID, verified: Verified) -> None:
        """It counts from now until its last day is over."""
        self._require_open()
        if self._document(document_id).state != "recorded":
            raise DocumentNotWaiting
        self._document_verified(
            document_id=document_id,
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            person_id=self.person_id,
            verified=verified,
        )

    @event(DocumentVerified)
    def _document_verified(
        self, document_id: UUID, practice_id: UUID, patient_id: UUID, person_id: UUID, verified: Verified
    ) -> None:
        made_by = reference(self.id, self.version + 1)
        counted = Document(verified.verified_at, verified.expires_on, None, made_by)
        self._replace(replace(self.documents[document_id], state="verified", verified=counted))

    def revoke_document(self, document_id: UUID, reason: str, by: UUID | None, at: datetime) -> None:
        if self._document(document_id).state == "revoked":
            raise DocumentRevoked
        self._document_revoked(document_id=document_id, reason=reason, revoked_by=by, revoked_at=at)

    @event(DocumentRevoked)
    def _document_revoked(self, document_id: UUID, reason: str, revoked_by: UUID | None, revoked_at: datetime) -> None:
        document = self.documents[document_id]
        verified = document.verified and replace(document.verified, revoked_at=revoked_at)
        self._replace(replace(document, state="revoked", verified=verified))

    def revoke(self, reason: str, by: UUID | None, at: datetime) -> None:
        """Ended by the patient or by staff; renewal is a new grant (R20)."""
        self._require_open()
        self._revoked(
            practice_id=self.practice_id,
            patient_id=self.patient_id,
            person_id=self.person_id,
            reason=reason,
            revoked_by=by,
            revoked_at=at,
        )

    @event(Revoked)
    def _revoked(
        self,
        practice_id: UUID,
        patient_id: UUID,
        person_id: UUID,
        reason: str,
        revoked_by: UUID | None,
        revoked_at: datetime,
    ) -> None:
        self.ended_at = revoked_at

    def end(self, reason: EndReason, at: datetime) -> None:
        """Ended by what happened to a consent, an enrolment or the patient; it never revives (R2, R20, R27)."""
        if self.is_open:
            self._ended(
                practice_id=self.practice_id,
                patient_id=self.patient_id,
                person_id=self.person_id,
                reason=reason,
                ended_at=at,
            )

    @event(Ended)
    def _ended(
        self, practice_id: UUID, patient_id: UUID, person_id: UUID, reason: EndReason, ended_at: datetime
    ) -> None:
        self.ended_at = ended_at

    def grant(self) -> Grant:
        """The facts that the rules of access rest on."""
        needed = NEEDED[self.terms.kind]
        signed_at = tuple(self.signed[by] for by in sorted(needed)) if needed <= self.signed.keys() else ()
        documents = (document.verified for document in self.documents.values())
        return Grant(
            person_id=self.person_id,
            kind=self.terms.kind,
            scopes=frozenset(self.terms.scopes),
            signed_at=signed_at,
            until=self.terms.until,
            ended_at=self.ended_at,
            documents=tuple(document for document in documents if document is not None),
            because=self.made_by,
        )

    def _document(self, document_id: UUID) -> BroughtDocument:
        if document_id not in self.documents:
            raise NotFound
        return self.documents[document_id]

    def _replace(self, document: BroughtDocument) -> None:
        self.documents = {**self.documents, document.document_id: document}

    def _require_open(self) -> None:
        if not self.is_open:
            raise AuthorizationNotOpen
