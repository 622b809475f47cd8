"""Portal consents: signed at the desk or by the own account, and withdrawn (R2)."""

from dataclasses import dataclass
from uuid import UUID

from services.consent.commands.deciding import change_record
from services.consent.commands.scans import require_scan
from services.consent.domain.consent import Method, PortalConsent, Signature
from services.consent.domain.dossier import Dossier, HeardFacts
from services.consent.domain.identifiers import consent_id, record_stream
from services.consent.domain.record import PatientRecord
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class SignConsent:
    """``signer_id`` = patient: for the own access; else a representative's. ``recorded_by`` is an account."""

    patient_id: UUID
    signer_id: UUID
    form_version: int
    method: Method
    scan_id: UUID | None = None
    recorded_by: UUID | None = None
    heard: HeardFacts | None = None
    """What identity said of a patient whose event is still on its way."""


async def sign_consent(command: SignConsent, work: Work) -> Created:
    async def sign(dossier: Dossier, streams: Streams) -> None:
        await dossier.read_person(streams, command.signer_id)
        dossier.practice.require_in_force(command.form_version)
        dossier.require_may_sign(command.signer_id, work.now)
        await require_scan(streams, command.patient_id, command.scan_id)
        signature = Signature(
            command.form_version, command.method, command.scan_id, command.recorded_by, signed_at=work.now
        )
        put_signature(dossier, streams, command.signer_id, signature)

    position = await change_record(work, command.patient_id, sign, command.heard)
    return Created(consent_id(command.patient_id, command.signer_id), position)


def put_signature(dossier: Dossier, streams: Streams, signer_id: UUID, signature: Signature) -> None:
    """Under the signer's consent for this record, which begins with the first."""
    consent = dossier.consents.get(signer_id)
    if consent is not None:
        consent.sign_again(signature)
        return
    begun = PortalConsent(
        practice_id=dossier.record.practice_id,
        patient_id=dossier.record.patient_id,
        signer_id=signer_id,
        signature=signature,
    )
    dossier.consents[signer_id] = streams.add(begun)


@dataclass(frozen=True, slots=True)
class SignOwnConsent:
    """By the signer's account, on screen, for a record that it is joined to."""

    patient_id: UUID
    account_id: UUID
    form_version: int


async def sign_own_consent(command: SignOwnConsent, work: Work) -> Created:
    """NotFound where the account is not joined to the record."""
    record = await work.store.find(PatientRecord, record_stream(command.patient_id))
    person_id = None if record is None else record.person_of(command.account_id)
    if person_id is None:
        raise NotFound
    signed = SignConsent(command.patient_id, person_id, command.form_version, "screen", None, command.account_id)
    return await sign_consent(signed, work)


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """``own_only`` is the account that may withdraw only what its person signed; None: staff."""

    patient_id: UUID
    consent_id: UUID
    reason: str
    withdrawn_by: UUID | None
    own_only: UUID | None = None


async def withdraw_consent(command: WithdrawConsent, work: Work) -> Position:
    """Ends what the signature carried (R2): the signer's access, and of the patient's also that of those let in."""

    named = await work.store.find(PortalConsent, command.consent_id)
    if named is None or named.patient_id != command.patient_id:
        raise NotFound
    signer_id = named.signer_id

    async def withdraw(dossier: Dossier, streams: Streams) -> None:
        await dossier.read_person(streams, signer_id)
        consent = dossier.consents[signer_id]
        if command.own_only is not None and not dossier.record.is_enrolled(command.own_only, consent.signer_id):
            raise NotFound
        consent.withdraw(work.now, command.withdrawn_by, command.reason)
        dossier.end_after_withdrawal(consent.signer_id, work.now)

    return await change_record(work, command.patient_id, withdraw)
