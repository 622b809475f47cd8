"""A line of the health record that is in the wrong record (R44); each command followed by its handler."""

from dataclasses import dataclass, replace
from uuid import UUID

from services.documents.domain.record import RecordEntry
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class RefileRecordEntry:
    """Taken out of the record it is in, naming nobody, and filed for ``patient_id``, where it waits."""

    entry_id: UUID
    patient_id: UUID
    provider_id: UUID


async def refile_record_entry(command: RefileRecordEntry, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        misfiled = await streams.get(RecordEntry, command.entry_id)
        if misfiled.patient_id == command.patient_id:
            raise NotFound
        misfiled.find_misfiled(command.provider_id, work.now)
        streams.add(
            RecordEntry(
                entry_id=work.new_id("entry"),
                practice_id=misfiled.practice_id,
                patient_id=command.patient_id,
                entry=replace(misfiled.entry, waits=True),
                origin="desk",
                listed_at=work.now,
            )
        )

    # The events of the other record say nothing of this one, nor do their metadata.
    work.metadata = {name: value for name, value in work.metadata.items() if name != "patient"}
    position = await work.decide(decide, queue={command.entry_id})
    return Created(work.new_id("entry"), position)


@dataclass(frozen=True, slots=True)
class ApproveRecordEntry:
    entry_id: UUID
    provider_id: UUID


async def approve_record_entry(command: ApproveRecordEntry, work: Work) -> Position:
    return await work.change(RecordEntry, command.entry_id, lambda entry: entry.approve(command.provider_id, work.now))
