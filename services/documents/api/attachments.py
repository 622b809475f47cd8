"""Files for messages: taken like staff's uploads; read again only through the message that they are sent in (R4)."""

from services.documents.api.callers import account_of, located
from services.documents.commands import attachments as commands
from services.documents.domain.attachments import AttachedFile
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import text_field
from shared.uploads import accepting
from shared.uploads.blobs import Blobs


class Attachments:
    """Uploads by either side of a conversation."""

    def __init__(self, blobs: Blobs) -> None:
        self._attached = blobs

    async def UploadAttachment(
        self, request: api_pb2.UploadAttachmentRequest, call: Call
    ) -> api_pb2.UploadAttachmentResponse:
        practice_id, patient_id = located(call)
        name = text_field(request.name, "name")
        if not name.isprintable():
            raise InvalidField("name", "expected one line")
        upload = await accepting.accept(request.file.data, request.file.content_type)
        blob_id = await self._attached.keep(patient_id, upload.content)
        file = AttachedFile(
            name=name,
            content_type=upload.content_type,
            size_bytes=len(upload.content),
            pages=upload.pages,
            sha256=upload.sha256,
            blob_id=blob_id,
        )
        command = commands.UploadAttachment(practice_id, patient_id, account_of(call), file)
        uploaded = await call.perform(commands.upload_attachment, command)
        return api_pb2.UploadAttachmentResponse(attachment_id=str(uploaded.id), position=str(uploaded.position))
