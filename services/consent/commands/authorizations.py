"""Representatives: Authorization forms, the documents behind them, and pairs that staff suspend (R7, R17 to R20)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.consent.commands.deciding import change_record
from services.consent.commands.scans import require_scan
from services.consent.domain.authorization import Authorization, DocumentKind, Signatory, Terms, Verified
from services.consent.domain.calendar import end_of_day
from services.consent.domain.dossier import Dossier, HeardFacts
from services.consent.domain.errors import (
    ConsentOfPatientNeeded,
    DocumentNotWaiting,
    EndDateNeeded,
    NotOfThisAge,
    PairNotSuspended,
)
from services.consent.domain.suspension import PairSuspension
from shared.envelope import Position
from shared.errors import InvalidField, NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class GrantAuthorization:
    """A form as it was handed in, with the signatures that it bears."""

    patient_id: UUID
    person_id: UUID
    terms: Terms
    signed_by: tuple[Signatory, ...]
    heard: HeardFacts | None = None
    """What identity said of a patient whose event is still on its way."""


async def grant_authorization(command: GrantAuthorization, work: Work) -> Created:
    if command.person_id == command.patient_id:
        raise InvalidField("person_id", "expected another person than the patient")

    async def grant(dossier: Dossier, streams: Streams) -> None:
        await dossier.read_person(streams, command.person_id)
        require_terms(dossier, command.terms, work.now)
        authorization = Authorization(
            authorization_id=work.new_id("authorization"),
            practice_id=dossier.record.practice_id,
            patient_id=command.patient_id,
            person_id=command.person_id,
            terms=command.terms,
            granted_at=work.now,
        )
        for by in command.signed_by:
            authorization.sign(by, work.now)
        dossier.authorizations[authorization.id] = streams.add(authorization)
        dossier.record.list_authorization(authorization.id, command.person_id)

    position = await change_record(work, command.patient_id, grant, command.heard)
    return Created(work.new_id("authorization"), position)


def require_terms(dossier: Dossier, terms: Terms, at: datetime) -> None:
    """The patient is of the form's age, its last day is not over, and who gives (a) may give it (R19, R20, R27)."""
    record = dossier.record
    record.require_age_for(terms.kind, dossier.practice, at)
    if terms.until is None:
        if terms.kind != "minor":
            raise EndDateNeeded
    elif end_of_day(terms.until, dossier.practice.zone) <= at:
        raise EndDateNeeded
    if terms.kind == "adult_authorization":
        require_may_let_in(dossier, at)


def require_may_let_in(dossier: Dossier, at: datetime) -> None:
    """An adult with an own consent in force, given as an adult to the form in force, not un-enrolled (R2, R27)."""
    record = dossier.record
    consent = dossier.consents.get(record.patient_id)
    adult_at = record.adult_at(dossier.practice)
    spans = () if consent is None else consent.spans
    has_left = any(e.person_id == record.patient_id for e in record.enrolments) and not record.is_enrolled(
        None, record.patient_id
    )
    version = dossier.practice.form().version
    counting = (span for span in spans if span.form_version == version and span.since >= adult_at)
    if has_left or not any(span.holds(at) for span in counting):
        raise ConsentOfPatientNeeded


@dataclass(frozen=True, slots=True)
class SignAuthorization:
    patient_id: UUID
    authorization_id: UUID
    signed_by: Signatory


async def sign_authorization(command: SignAuthorization, work: Work) -> Position:
    def sign(dossier: Dossier, streams: Streams) -> None:
        authorization = authorization_of(dossier, command.authorization_id)
        if authorization.is_open:
            require_terms(dossier, authorization.terms, work.now)
        authorization.sign(command.signed_by, work.now)

    return await change_record(work, command.patient_id, sign)


@dataclass(frozen=True, slots=True)
class RecordDocument:
    patient_id: UUID
    authorization_id: UUID
    kind: DocumentKind
    scan_id: UUID
    recorded_by: UUID | None


async def record_document(command: RecordDocument, work: Work) -> Created:
    async def record(dossier: Dossier, streams: Streams) -> None:
        await require_scan(streams, command.patient_id, command.scan_id)
        authorization_of(dossier, command.authorization_id).record_document(
            work.new_id("document"), command.kind, command.scan_id, command.recorded_by, work.now
        )

    position = await change_record(work, command.patient_id, record)
    return Created(work.new_id("document"), position)


@dataclass(frozen=True, slots=True)
class VerifyDocuments:
    patient_id: UUID
    authorization_id: UUID
    document_id: UUID
    expires_on: date | None
    verified_by: UUID | None


async def verify_documents(command: VerifyDocuments, work: Work) -> Position:
    """The document counts from now until its last day is over (R7)."""

    def verify(dossier: Dossier, streams: Streams) -> None:
        authorization = authorization_of(dossier, command.authorization_id)
        if command.expires_on is not None and end_of_day(command.expires_on, dossier.practice.zone) <= work.now:
            raise DocumentNotWaiting
        authorization.verify_document(command.document_id, Verified(command.verified_by, work.now, command.expires_on))

    return await change_record(work, command.patient_id, verify)


@dataclass(frozen=True, slots=True)
class RevokeDocument:
    patient_id: UUID
    authorization_id: UUID
    document_id: UUID
    reason: str
    revoked_by: UUID | None


async def revoke_document(command: RevokeDocument, work: Work) -> Position:
    def revoke(dossier: Dossier, streams: Streams) -> None:
        authorization = authorization_of(dossier, command.authorization_id)
        authorization.revoke_document(command.document_id, command.reason, command.revoked_by, work.now)

    return await change_record(work, command.patient_id, revoke)


@dataclass(frozen=True, slots=True)
class RevokeAuthorization:
    """``by_patient``: only what the patient gave, (a), may be revoked; otherwise staff revoke any."""

    patient_id: UUID
    authorization_id: UUID
    reason: str
    revoked_by: UUID | None
    by_patient: bool


async def revoke_authorization(command: RevokeAuthorization, work: Work) -> Position:
    def revoke(dossier: Dossier, streams: Streams) -> None:
        authorization = authorization_of(dossier, command.authorization_id)
        if command.by_patient and authorization.terms.kind != "adult_authorization":
            raise NotOfThisAge("expected an authorization that the patient gave; object to others at the practice")
        authorization.revoke(command.reason, command.revoked_by, work.now)

    return await change_record(work, command.patient_id, revoke)


@dataclass(frozen=True, slots=True)
class SuspendPair:
    patient_id: UUID
    person_id: UUID
    reason: str
    suspended_by: UUID | None


async def suspend_pair(command: SuspendPair, work: Work) -> Position:
    """Holds, whatever is granted, before or after, until it is lifted (R20)."""
    if command.person_id == command.patient_id:
        raise InvalidField("person_id", "expected a representative, not the patient")

    async def suspend(dossier: Dossier, streams: Streams) -> None:
        await dossier.read_person(streams, command.person_id)
        suspension = dossier.suspensions.get(command.person_id)
        if suspension is not None:
            suspension.suspend_again(command.reason, command.suspended_by, work.now)
            return
        dossier.suspensions[command.person_id] = streams.add(
            PairSuspension(
                practice_id=dossier.record.practice_id,
                patient_id=command.patient_id,
                person_id=command.person_id,
                reason=command.reason,
                suspended_by=command.suspended_by,
                suspended_at=work.now,
            )
        )

    return await change_record(work, command.patient_id, suspend)


@dataclass(frozen=True, slots=True)
class LiftSuspension:
    patient_id: UUID
    person_id: UUID
    reason: str
    lifted_by: UUID | None


async def lift_suspension(command: LiftSuspension, work: Work) -> Position:
    async def lift(dossier: Dossier, streams: Streams) -> None:
        await dossier.read_person(streams, command.person_id)
        suspension = dossier.suspensions.get(command.person_id)
        if suspension is None:
            raise PairNotSuspended
        suspension.lift(command.reason, command.lifted_by, work.now)

    return await change_record(work, command.patient_id, lift)


def authorization_of(dossier: Dossier, authorization_id: UUID) -> Authorization:
    """The authorization, if it is one of this record; NotFound otherwise."""
    if authorization_id not in dossier.authorizations:
        raise NotFound
    return dossier.authorizations[authorization_id]
