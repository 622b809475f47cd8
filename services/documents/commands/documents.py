"""What may be done with an uploaded document; each command followed by its handler (R14)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.documents.commands.filing import approve_on_arrival
from services.documents.commands.reviewing import patient_waits
from services.documents.domain.documents import Document, File
from services.documents.domain.release_policy import category_of
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class FileDocument:
    """``standing_approval_id``: one that may cover it on arrival, as the read models had it."""

    practice_id: UUID
    patient_id: UUID
    file: File
    standing_approval_id: UUID | None = None


async def file_document(command: FileDocument, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        document = streams.add(
            Document(
                document_id=work.new_id("document"),
                practice_id=command.practice_id,
                patient_id=command.patient_id,
                file=command.file,
                origin="desk",
                received_at=work.now,
            )
        )
        if command.file.corrects_id is not None:
            original = await streams.get(Document, command.file.corrects_id)
            if original.patient_id != document.patient_id:
                raise NotFound
            if original.state in ("waiting", "approved"):
                original.correct(document.id, work.now)
        elif command.standing_approval_id is not None:
            category = category_of(command.file.kind)
            await approve_on_arrival(streams, document, category, command.standing_approval_id, work.now)

    position = await work.decide(decide)
    return Created(work.new_id("document"), position)


@dataclass(frozen=True, slots=True)
class ReleaseDocument:
    document_id: UUID
    provider_id: UUID
    patient_id: UUID | None = None


async def release_document(command: ReleaseDocument, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        document = await streams.get(Document, command.document_id)
        waits = await patient_waits(streams, command.patient_id or document.patient_id)
        document.release(command.provider_id, work.now, patient_waits=waits)
        await _replace_corrected(streams, document, work.now)

    return await work.decide(decide, queue={command.document_id})


@dataclass(frozen=True, slots=True)
class ReleaseAwaited:
    """An approval's time has come, or the patient waits no more; decided again, since much may have happened."""

    document_id: UUID
    patient_id: UUID | None = None


async def release_awaited(command: ReleaseAwaited, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        document = await streams.get(Document, command.document_id)
        waits = await patient_waits(streams, command.patient_id or document.patient_id)
        if document.take_effect(work.now, patient_waits=waits):
            await _replace_corrected(streams, document, work.now)

    return await work.decide(decide, queue={command.document_id})


async def _replace_corrected(streams: Streams, document: Document, at: datetime) -> None:
    """A released correction takes the place of what it corrects."""
    corrected_id = document.file.corrects_id
    if document.state == "released" and corrected_id is not None:
        (await streams.get(Document, corrected_id)).correct(document.id, at)


@dataclass(frozen=True, slots=True)
class HoldDocument:
    document_id: UUID
    author_id: UUID
    reason: str
    until: datetime


async def hold_document(command: HoldDocument, work: Work) -> Position:
    return await work.change(
        Document,
        command.document_id,
        lambda document: document.hold(command.author_id, command.reason, command.until, work.now),
    )


@dataclass(frozen=True, slots=True)
class LiftDocumentHold:
    document_id: UUID


async def lift_document_hold(command: LiftDocumentHold, work: Work) -> Position:
    return await work.change(Document, command.document_id, lambda document: document.lift_hold(work.now))


@dataclass(frozen=True, slots=True)
class RetractDocument:
    document_id: UUID
    provider_id: UUID
    reason: str


async def retract_document(command: RetractDocument, work: Work) -> Position:
    return await work.change(
        Document,
        command.document_id,
        lambda document: document.retract(command.provider_id, command.reason, work.now),
    )


@dataclass(frozen=True, slots=True)
class WithdrawDocument:
    """It is in the wrong record: taken out of it, naming nobody; the right patient's copy is uploaded anew (R44)."""

    document_id: UUID
    provider_id: UUID


async def withdraw_document(command: WithdrawDocument, work: Work) -> Position:
    return await work.change(
        Document, command.document_id, lambda document: document.find_misfiled(command.provider_id, work.now)
    )
