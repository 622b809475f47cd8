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


async def replace_corrected(streams: Streams, item: Reviewed, at: datetime) -> None:
    """A released correction takes the place of what it corrects."""
    if item.state == "released" and item.corrects_id is not None:
        (await streams.get(type(item), item.corrects_id)).correct(item.id, at)


@dataclass(frozen=True, slots=True)
class Item:
    """A result or a document; ``patient_id`` where its record was joined to that patient's (R44)."""

    kind: type[Result] | type[Document]
    item_id: UUID
    patient_id: UUID | None = None

    async def find(self, streams: Streams) -> tuple[Reviewed, bool]:
        """The item, and whether its patient waits; NotFound."""
        found: Reviewed = await streams.get(self.kind, self.item_id)
        return found, await patient_waits(streams, self.patient_id or found.patient_id)


@dataclass(frozen=True, slots=True)
class Release:
    item: Item
    provider_id: UUID


async def release(command: Release, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        item, waits = await command.item.find(streams)
        item.release(command.provider_id, work.now, patient_waits=waits)
        await replace_corrected(streams, item, work.now)

    return await work.decide(decide, queue={command.item.item_id})


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

    item: Item


async def take_effect(command: TakeEffect, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        item, waits = await command.item.find(streams)
        if item.take_effect(work.now, patient_waits=waits):
            await replace_corrected(streams, item, work.now)

    return await work.decide(decide, queue={command.item.item_id})


@dataclass(frozen=True, slots=True)
class Hold:
    item: Item
    author_id: UUID
    reason: str
    until: datetime


async def hold(command: Hold, work: Work) -> Position:
    def change(item: Reviewed) -> None:
        item.hold(command.author_id, command.reason, command.until, work.now)

    return await work.change(command.item.kind, command.item.item_id, change)


@dataclass(frozen=True, slots=True)
class LiftHold:
    item: Item


async def lift_hold(command: LiftHold, work: Work) -> Position:
    return await work.change(command.item.kind, command.item.item_id, lambda item: item.lift_hold(work.now))


@dataclass(frozen=True, slots=True)
class Retract:
    item: Item
    provider_id: UUID
    reason: str


async def retract(command: Retract, work: Work) -> Position:
    def change(item: Reviewed) -> None:
        item.retract(command.provider_id, command.reason, work.now)

    return await work.change(command.item.kind, command.item.item_id, change)


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
