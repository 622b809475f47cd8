"""A file is brought for a message; the command with its handler (R4)."""

from dataclasses import dataclass
from uuid import UUID

from services.documents.domain.attachments import AttachedFile, Attachment
from shared.handling import Created, Work


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
