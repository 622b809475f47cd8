"""A file is brought for a message, and let go of where it was never sent; each command with its handler (R4)."""

from dataclasses import dataclass
from uuid import UUID

from services.documents.domain.attachments import AttachedFile, Attachment
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class UploadAttachment:
    practice_id: UUID
    patient_id: UUID
    account_id: UUID
    file: AttachedFile


async def upload_attachment(command: UploadAttachment, work: Work) -> Created:
    def build() -> Attachment:
        return Attachment(
            attachment_id=work.new_id("attachment"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            account_id=command.account_id,
            file=command.file,
            uploaded_at=work.now,
        )

    position = await work.create(build)
    return Created(work.new_id("attachment"), position)


@dataclass(frozen=True, slots=True)
class PurgeAttachment:
    """No message has it."""

    attachment_id: UUID


async def purge_attachment(command: PurgeAttachment, work: Work) -> bool:
    """Whether its bytes are to go; a repeat says so again. False where it is not due, or erased since."""
    is_purged = False

    async def decision(streams: Streams) -> None:
        nonlocal is_purged
        attachment = await streams.find(Attachment, Attachment.create_id(command.attachment_id))
        is_purged = attachment is not None and attachment.purge(work.now)

    await work.decide(decision)
    return is_purged
