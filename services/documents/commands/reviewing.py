"""What providers decide of what waits: each command followed by its handler (R14, R44)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.documents.domain.documents import Document
from services.documents.domain.release_policy import ReleaseWish
from services.documents.domain.results import Result
from services.documents.domain.review import Reviewed
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


async def patient_waits(streams: Streams, patient_id: UUID) -> bool:
    """Whether the patient asked that nothing becomes visible yet.

    Commands name the ``patient_id`` where the item's record was joined to the patient's (R44); None: it is theirs.
    """
    wish = await streams.find(ReleaseWish, ReleaseWish.create_id(patient_id))
    return wish is not None and wish.waits


async def replace_corrected(streams: Streams, result: Result, at: datetime) -> None:
    """A released correction takes the place of what it corrects."""
    corrected_id = result.report.corrects_id
    if result.state == "released" and corrected_id is not None:
        (await streams.get(Result, corrected_id)).correct(result.id, at)


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    result_id: UUID
    provider_id: UUID
    patient_id: UUID | None = None


async def release_result(command: ReleaseResult, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        result = await streams.get(Result, command.result_id)
        waits = await patient_waits(streams, command.patient_id or result.patient_id)
        result.release(command.provider_id, work.now, patient_waits=waits)
        await replace_corrected(streams, result, work.now)

    return await work.decide(decide, queue={command.result_id})


@dataclass(frozen=True, slots=True)
class Several:
    """Results and documents of one practice that are decided together; ``patients``: record → patient, where joined."""

    practice_id: UUID
    result_ids: tuple[UUID, ...]
    document_ids: tuple[UUID, ...] = ()
    patients: Mapping[UUID, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApproveResults:
    """All or none; each must be of the practice and wait."""

    several: Several
    provider_id: UUID


async def approve_results(command: ApproveResults, work: Work) -> Position:
    def approve(item: Reviewed, waits: bool) -> None:
        item.approve(command.provider_id, work.now)

    return await _each(command.several, work, approve)


@dataclass(frozen=True, slots=True)
class UndoApproval:
    """All or none, until the approval takes effect."""

    several: Several


async def undo_approval(command: UndoApproval, work: Work) -> Position:
    def undo(item: Reviewed, waits: bool) -> None:
        item.undo_approval(work.now, patient_waits=waits)

    return await _each(command.several, work, undo)


async def _each(several: Several, work: Work, change: Callable[[Reviewed, bool], None]) -> Position:
    """The change of several items of one practice in one append."""

    async def decide(streams: Streams) -> None:
        items: list[Reviewed] = [await streams.get(Result, result_id) for result_id in several.result_ids]
        items += [await streams.get(Document, document_id) for document_id in several.document_ids]
        for item in items:
            if item.practice_id != several.practice_id:
                raise NotFound
            patient_id = several.patients.get(item.patient_id, item.patient_id)
            change(item, await patient_waits(streams, patient_id))

    return await work.decide(decide, queue={*several.result_ids, *several.document_ids})


@dataclass(frozen=True, slots=True)
class TakeEffect:
    """An approval's time has come, or its patient waits no more; decided again, since much may have happened."""

    result_id: UUID
    patient_id: UUID | None = None


async def take_effect(command: TakeEffect, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        result = await streams.get(Result, command.result_id)
        waits = await patient_waits(streams, command.patient_id or result.patient_id)
        if result.take_effect(work.now, patient_waits=waits):
            await replace_corrected(streams, result, work.now)

    return await work.decide(decide, queue={command.result_id})


@dataclass(frozen=True, slots=True)
class HoldResult:
    result_id: UUID
    author_id: UUID
    reason: str
    until: datetime


async def hold_result(command: HoldResult, work: Work) -> Position:
    return await work.change(
        Result,
        command.result_id,
        lambda result: result.hold(command.author_id, command.reason, command.until, work.now),
    )


@dataclass(frozen=True, slots=True)
class LiftHold:
    result_id: UUID


async def lift_hold(command: LiftHold, work: Work) -> Position:
    return await work.change(Result, command.result_id, lambda result: result.lift_hold(work.now))


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
class RefileResult:
    """It is in the wrong record: taken out of it, naming nobody, and filed for ``patient_id``, where it waits."""

    result_id: UUID
    patient_id: UUID
    provider_id: UUID


async def refile_result(command: RefileResult, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        misfiled = await streams.get(Result, command.result_id)
        if misfiled.patient_id == command.patient_id:
            raise NotFound
        misfiled.find_misfiled(command.provider_id, work.now)
        streams.add(
            Result(
                result_id=work.new_id("result"),
                practice_id=misfiled.practice_id,
                patient_id=command.patient_id,
                report=replace(misfiled.report, corrects_id=None),
                origin="desk",
                received_at=work.now,
            )
        )

    # The events of the other record say nothing of this one, nor do their metadata.
    work.metadata = {name: value for name, value in work.metadata.items() if name != "patient"}
    position = await work.decide(decide, queue={command.result_id})
    return Created(work.new_id("result"), position)
