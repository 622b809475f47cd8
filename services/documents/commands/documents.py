"""What may be done with an uploaded document; each command followed by its handler (R14)."""

from dataclasses import dataclass
from uuid import UUID

from services.documents.commands.reviewing import patient_waits
from services.documents.domain.documents import Document, File
from shared.envelope import Position
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class FileDocument:
    practice_id: UUID
    patient_id: UUID
    file: File


async def file_document(command: FileDocument, work: Work) -> Created:
    def build() -> Document:
        return Document(
            document_id=work.new_id("document"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            file=command.file,
            origin="desk",
            received_at=work.now,
        )

    position = await work.create(build)
    return Created(work.new_id("document"), position)


@dataclass(frozen=True, slots=True)
class ReleaseDocument:
    document_id: UUID
    provider_id: UUID


async def release_document(command: ReleaseDocument, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        document = await streams.get(Document, command.document_id)
        waits = await patient_waits(streams, document.patient_id)
        document.release(command.provider_id, work.now, patient_waits=waits)

    return await work.decide(decide, queue={command.document_id})


@dataclass(frozen=True, slots=True)
class ReleaseAwaited:
    """The patient no longer waits; decided again, since they may have asked anew."""

    document_id: UUID


async def release_awaited(command: ReleaseAwaited, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        document = await streams.get(Document, command.document_id)
        document.take_effect(work.now, patient_waits=await patient_waits(streams, document.patient_id))

    return await work.decide(decide, queue={command.document_id})


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
