"""Files that go with messages: named when a message is sent, downloaded through it; their bytes lie with documents."""

from collections.abc import Awaitable, Sequence
from typing import Protocol
from uuid import UUID

from google.api.httpbody_pb2 import HttpBody

from services.messaging.api.callers import located
from services.messaging.domain.conversation import Attached
from services.messaging.projections import conversations
from shared.contracts.documents.v1.peers_pb2 import (
    AttachmentContentRequest,
    AttachmentContentResponse,
    AttachmentsOfRequest,
    AttachmentsOfResponse,
)
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field

MOST_ATTACHMENTS = 5
FIELD = "attachment_ids"


class Documents(Protocol):
    """As much of documents' peer stub as attachments need; each call brings the user's token."""

    def AttachmentsOf(self, request: AttachmentsOfRequest, /) -> Awaitable[AttachmentsOfResponse]: ...

    def AttachmentContent(self, request: AttachmentContentRequest, /) -> Awaitable[AttachmentContentResponse]: ...


class Files:
    """What messages ask of documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def named(self, call: Call, given: Sequence[str]) -> tuple[Attached, ...]:
        """The files that the caller uploaded for this patient under those ids.

        InvalidField for more than five, and alike for one that is another's, another patient's, or none.
        """
        ids = list(dict.fromkeys(str(uuid_field(one, FIELD)) for one in given))
        if len(ids) > MOST_ATTACHMENTS:
            raise InvalidField(FIELD, f"expected at most {MOST_ATTACHMENTS} files")
        if not ids:
            return ()
        _, patient_id = located(call)
        request = AttachmentsOfRequest(patient_id=str(patient_id), attachment_ids=ids)
        found = {one.attachment_id: one for one in (await self._documents.AttachmentsOf(request)).attachments}
        if set(found) != set(ids):
            raise InvalidField(FIELD, "expected files that the caller uploaded for this patient")
        return tuple(
            Attached(UUID(one), found[one].name, found[one].content_type, found[one].size_bytes) for one in ids
        )

    async def download(self, call: Call, conversation_id: UUID, attachment_id: str) -> HttpBody:
        """The bytes of a file of that conversation, which the caller may see; NotFound for any other file."""
        wanted = uuid_field(attachment_id, "attachment_id")
        async with call.rows() as rows:
            attached = await conversations.attachment(rows, conversation_id, wanted)
        if attached is None:
            raise NotFound
        _, patient_id = located(call)
        request = AttachmentContentRequest(patient_id=str(patient_id), attachment_id=str(wanted))
        found = await self._documents.AttachmentContent(request)
        call.viewed(conversation_id, wanted)
        return HttpBody(content_type=found.content_type, data=found.data)
