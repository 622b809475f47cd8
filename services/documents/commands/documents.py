"""Uploaded documents, filed and taken out of a wrong record; what else may be done is in reviewing (R14, R44)."""

from dataclasses import dataclass
from uuid import UUID

from services.documents.commands.filing import approve_on_arrival, supersede_waiting
from services.documents.domain.documents import Document, File
from services.documents.domain.release_policy import category_of
from shared.envelope import Position
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
        if document.corrects_id is not None:
            await supersede_waiting(streams, document, document.corrects_id, work.now)
        elif command.standing_approval_id is not None:
            category = category_of(command.file.kind)
            await approve_on_arrival(streams, document, category, command.standing_approval_id, work.now)

    position = await work.decide(decide)
    return Created(work.new_id("document"), position)


@dataclass(frozen=True, slots=True)
class WithdrawDocument:
    """It is in the wrong record: taken out of it, naming nobody; the right patient's copy is uploaded anew (R44)."""

    document_id: UUID
    provider_id: UUID


async def withdraw_document(command: WithdrawDocument, work: Work) -> Position:
    return await work.change(
        Document, command.document_id, lambda document: document.find_misfiled(command.provider_id, work.now)
    )
