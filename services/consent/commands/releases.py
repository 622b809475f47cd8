"""Authorizations for Release: requested, extended once, disclosed upon, revoked (R21)."""

from dataclasses import dataclass
from uuid import UUID

from services.consent.commands.scans import require_scan
from services.consent.domain.consent import Method
from services.consent.domain.identifiers import practice_stream, record_stream
from services.consent.domain.practice import Practice
from services.consent.domain.record import PatientRecord
from services.consent.domain.release import (
    TIME_TO_ACT,
    Disclosure,
    RecordsRelease,
    ReleaseForm,
    Signed,
    require_running,
)
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class RequestRelease:
    """``account_id`` signed on screen, or recorded the scan of the paper."""

    patient_id: UUID
    form: ReleaseForm
    method: Method
    scan_id: UUID | None
    account_id: UUID


async def request_release(command: RequestRelease, work: Work) -> Created:
    """Due 30 days after the practice's local day of the request."""

    async def decision(streams: Streams) -> None:
        record = await streams.get(PatientRecord, record_stream(command.patient_id))
        practice = await streams.get(Practice, practice_stream(record.practice_id))
        require_running(command.form, practice.zone, work.now)
        await require_scan(streams, command.patient_id, command.scan_id)
        release = RecordsRelease(
            release_id=work.new_id("release"),
            practice_id=record.practice_id,
            patient_id=command.patient_id,
            form=command.form,
            signed=Signed(command.method, command.scan_id, command.account_id, work.now),
            due_on=work.now.astimezone(practice.zone).date() + TIME_TO_ACT,
        )
        streams.add(release)

    position = await work.decide(decision)
    return Created(work.new_id("release"), position)


@dataclass(frozen=True, slots=True)
class ExtendRelease:
    patient_id: UUID
    release_id: UUID
    reason: str
    extended_by: UUID


async def extend_release(command: ExtendRelease, work: Work) -> Position:
    def extend(release: RecordsRelease) -> None:
        _require_of(release, command.patient_id)
        release.extend(command.reason, command.extended_by, work.now)

    return await work.change(RecordsRelease, command.release_id, extend)


@dataclass(frozen=True, slots=True)
class RecordDisclosure:
    """To whom the form says; ``what`` went out, and whether that was all."""

    patient_id: UUID
    release_id: UUID
    what: str
    is_last: bool
    made_by: UUID


async def record_disclosure(command: RecordDisclosure, work: Work) -> Position:
    async def decision(streams: Streams) -> None:
        release = await streams.get(RecordsRelease, command.release_id)
        _require_of(release, command.patient_id)
        practice = await streams.get(Practice, practice_stream(release.practice_id))
        disclosure = Disclosure(
            disclosure_id=work.new_id("disclosure"),
            what=command.what,
            to_whom=release.form.to_whom,
            made_by=command.made_by,
            made_at=work.now,
            is_last=command.is_last,
        )
        release.disclose(disclosure, practice.zone)

    return await work.decide(decision, queue={command.release_id})


@dataclass(frozen=True, slots=True)
class RevokeRelease:
    patient_id: UUID
    release_id: UUID
    revoked_by: UUID


async def revoke_release(command: RevokeRelease, work: Work) -> Position:
    def revoke(release: RecordsRelease) -> None:
        _require_of(release, command.patient_id)
        release.revoke(command.revoked_by, work.now)

    return await work.change(RecordsRelease, command.release_id, revoke)


def _require_of(release: RecordsRelease, patient_id: UUID) -> None:
    """NotFound for another patient's: foreign and absent ones answer alike."""
    if release.patient_id != patient_id:
        raise NotFound
