"""What every command on a record shares: read all that bears on it, change it, decide access anew, append as one."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from services.consent.domain.access import Access
from services.consent.domain.dossier import Dossier, HeardFacts, read_dossier
from services.consent.domain.identifiers import access_stream, record_stream
from services.consent.domain.record import PatientRecord
from services.consent.domain.windows import windows
from shared.envelope import Position
from shared.handling import Streams, Work

Change = Callable[[Dossier, Streams], Awaitable[None] | None]


async def change_record(work: Work, patient_id: UUID, change: Change, heard: HeardFacts | None = None) -> Position:
    """Changes what bears on one patient's record; the decisions that follow are appended with it, all or nothing.

    NotFound for an unknown patient, RecordJoined for one whose record was joined to another (R44). ``heard`` is what
    identity said of a patient whose event is still on its way.
    """

    def of_its_own(dossier: Dossier, streams: Streams) -> Awaitable[None] | None:
        dossier.record.require_own_record()
        return change(dossier, streams)

    return await take_fact(work, patient_id, of_its_own, heard)


async def take_fact(work: Work, patient_id: UUID, change: Change, heard: HeardFacts | None = None) -> Position:
    """``change_record`` for what identity tells, which holds whatever became of the record."""

    async def decision(streams: Streams) -> None:
        record = await known_record(streams, patient_id, heard, work.now)
        dossier = await read_dossier(streams, record)
        following = change(dossier, streams)
        if following is not None:
            await following
        await decide_access(dossier, streams, work.now)

    return await work.decide(decision, queue={record_stream(patient_id)})


async def known_record(streams: Streams, patient_id: UUID, heard: HeardFacts | None, at: datetime) -> PatientRecord:
    """The record, begun from what identity said where its event has not come yet."""
    if heard is None:
        return await streams.get(PatientRecord, record_stream(patient_id))
    found = await streams.find(PatientRecord, record_stream(patient_id))
    if found is not None:
        return found
    begun = PatientRecord(
        patient_id=patient_id,
        practice_id=heard.practice_id,
        birth_date=heard.birth_date,
        recorded_at=at,
        cause="",
    )
    return streams.add(begun)


async def decide_access(dossier: Dossier, streams: Streams, at: datetime, *, even_if_same: bool = False) -> None:
    """A new decision for each account whose windows are no longer those of its last one."""
    record = dossier.record
    for account_id in record.accounts:
        decided = windows(dossier.facts(account_id), after=at)
        access = await streams.find(Access, access_stream(account_id, record.patient_id))
        if access is not None:
            access.decide_again(decided, at, even_if_same=even_if_same)
        elif decided:
            first = Access(
                practice_id=record.practice_id,
                patient_id=record.patient_id,
                account_id=account_id,
                generation=1,
                windows=tuple(decided),
                decided_at=at,
            )
            streams.add(first)
