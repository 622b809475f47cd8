"""What documents can be told to do, each command followed by its handler."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.documents.domain.record import Entry, RecordEntry
from services.documents.domain.results import Report, Result
from shared.envelope import Position
from shared.handling import Created, Streams, Work
from shared.ids import natural_id

Outcome = Literal["new", "unchanged", "changed"]


@dataclass(frozen=True, slots=True)
class FileResult:
    practice_id: UUID
    patient_id: UUID
    report: Report


async def file_result(command: FileResult, work: Work) -> Created:
    def build() -> Result:
        return Result(
            result_id=work.new_id("result"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            report=command.report,
            origin="desk",
            received_at=work.now,
        )

    position = await work.create(build)
    return Created(work.new_id("result"), position)


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    result_id: UUID
    provider_id: UUID


async def release_result(command: ReleaseResult, work: Work) -> Position:
    return await work.change(Result, command.result_id, lambda result: result.release(command.provider_id, work.now))


@dataclass(frozen=True, slots=True)
class RetractResult:
    result_id: UUID
    provider_id: UUID
    reason: str


async def retract_result(command: RetractResult, work: Work) -> Position:
    return await work.change(
        Result, command.result_id, lambda result: result.retract(command.provider_id, command.reason, work.now)
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one resource: a changed one is reported, never overwritten."""

    id: UUID
    outcome: Outcome
    position: Position


@dataclass(frozen=True, slots=True)
class ImportResult:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    report: Report


async def import_result(command: ImportResult, work: Work) -> Imported:
    result_id = natural_id(command.practice_id, "result", command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        known = await streams.find(Result, result_id)
        if known is not None:
            same = (known.patient_id, known.report) == (command.patient_id, command.report)
            outcome = "unchanged" if same else "changed"
            return
        outcome = "new"
        streams.add(
            Result(
                result_id=result_id,
                practice_id=command.practice_id,
                patient_id=command.patient_id,
                report=command.report,
                origin="import",
                received_at=work.now,
            )
        )

    position = await work.decide(decide)
    return Imported(result_id, outcome, position)


@dataclass(frozen=True, slots=True)
class ImportRecordEntry:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    entry: Entry


async def import_record_entry(command: ImportRecordEntry, work: Work) -> Imported:
    entry_id = natural_id(command.practice_id, command.entry.kind, command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        known = await streams.find(RecordEntry, entry_id)
        if known is not None:
            same = (known.patient_id, known.entry) == (command.patient_id, command.entry)
            outcome = "unchanged" if same else "changed"
            return
        outcome = "new"
        streams.add(
            RecordEntry(
                entry_id=entry_id,
                practice_id=command.practice_id,
                patient_id=command.patient_id,
                entry=command.entry,
                origin="import",
                listed_at=work.now,
            )
        )

    position = await work.decide(decide)
    return Imported(entry_id, outcome, position)
