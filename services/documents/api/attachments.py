"""Files for messages: taken like staff's uploads; read again only through the message that they are sent in (R4)."""

from datetime import timedelta

from services.documents.api.callers import account_of, located
from services.documents.commands import attachments as commands
from services.documents.domain.attachments import AttachedFile
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField
from shared.ids import natural_id
from shared.rpc.call import Call
from shared.rpc.fields import text_field
from shared.throttle import Bucket, Throttle
from shared.uploads import accepting
from shared.uploads.blobs import Blobs

KEY = "idempotency-key"
ATTACHMENTS_AN_HOUR, HOUR = 100, timedelta(hours=1)
"""One account's; twenty full messages."""


class Attachments:
    """Uploads by either side of a conversation."""

    def __init__(self, blobs: Blobs, throttle: Throttle) -> None:
        self._attached, self._uploads = blobs, throttle

    async def UploadAttachment(
        self, request: api_pb2.UploadAttachmentRequest, call: Call
    ) -> api_pb2.UploadAttachmentResponse:
        practice_id, patient_id = located(call)
        name = text_field(request.name, "name")
        if not name.isprintable():
            raise InvalidField("name", "expected one line")
        account_id = account_of(call)
        await self._uploads.count(Bucket(f"attachments:{account_id}", ATTACHMENTS_AN_HOUR, HOUR))
        upload = await accepting.accept(request.file.data, request.file.content_type)
        # Of this upload alone, and the same in its repeat: it can go without taking another one's bytes with it.
        blob_id = natural_id(patient_id, "attachment", account_id, call.header(KEY), upload.sha256)
        await self._attached.put(patient_id, blob_id, upload.content)
        file = AttachedFile(
            name=name,
            content_type=upload.content_type,
            size_bytes=len(upload.content),
            pages=upload.pages,
            sha256=upload.sha256,
            blob_id=blob_id,
        )
        command = commands.UploadAttachment(practice_id, patient_id, account_id, file)
        uploaded = await call.perform(commands.upload_attachment, command)
        return api_pb2.UploadAttachmentResponse(attachment_id=str(uploaded.id), position=str(uploaded.position))
