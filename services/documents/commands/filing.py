"""What arrives: filed at the desk or imported; each command followed by its handler."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.documents.commands.reviewing import patient_waits
from services.documents.domain.record import Entry, RecordEntry
from services.documents.domain.release_policy import Covered, ReleasePolicy, StandingApproval
from services.documents.domain.results import Report, Result
from services.documents.domain.review import Reviewed
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work
from shared.ids import natural_id

Outcome = Literal["new", "unchanged", "changed"]


@dataclass(frozen=True, slots=True)
class FileResult:
    """``standing_approval_id``: one that may cover it on arrival, as the read models had it."""

    practice_id: UUID
    patient_id: UUID
    report: Report
    standing_approval_id: UUID | None = None


async def file_result(command: FileResult, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        result = streams.add(
            Result(
                result_id=work.new_id("result"),
                practice_id=command.practice_id,
                patient_id=command.patient_id,
                report=command.report,
                origin="desk",
                received_at=work.now,
            )
        )
        if command.report.corrects_id is not None:
            await supersede_waiting(streams, result, command.report.corrects_id, work.now)
        elif command.standing_approval_id is not None:
            await approve_on_arrival(streams, result, result.report.category, command.standing_approval_id, work.now)

    position = await work.decide(decide)
    return Created(work.new_id("result"), position)


async def supersede_waiting(streams: Streams, item: Reviewed, corrected_id: UUID, at: datetime) -> None:
    """A correction takes the place of what still waits; what was released stays until the correction is, too."""
    original = await streams.get(type(item), corrected_id)
    if original.patient_id != item.patient_id:
        raise NotFound
    if original.state in ("waiting", "approved"):
        original.correct(item.id, at)


async def approve_on_arrival(
    streams: Streams, item: Reviewed, category: Covered, approval_id: UUID, at: datetime
) -> None:
    """R14: ``immediate`` is a named provider's standing approval, decided by their own streams."""
    policy = await streams.find(ReleasePolicy, ReleasePolicy.create_id(item.practice_id))
    approval = await streams.get(StandingApproval, approval_id)
    covers = approval.in_force and (approval.practice_id, approval.category) == (item.practice_id, category)
    if policy is not None and policy.choice == "immediate" and covers:
        waits = await patient_waits(streams, item.patient_id)
        item.approve_by_standing(approval.provider_id, approval_id, at, patient_waits=waits)


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
