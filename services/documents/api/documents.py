"""Uploaded documents: filed by staff, released by a provider, opened as text or as an attachment (R14, R30)."""

from typing import get_args

from google.api.httpbody_pb2 import HttpBody

from services.documents import messages
from services.documents.api.callers import account_of, approving_provider, is_staff, located, practice_of
from services.documents.commands import documents as commands
from services.documents.commands import reviewing
from services.documents.domain.documents import Document, DocumentKind, File
from services.documents.domain.release_policy import category_of
from services.documents.projections import documents, release_policies
from services.documents.projections.documents import DocumentRow
from services.documents.projections.results import Queue
from shared.access.replicas import records_of
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import text_field, uuid_field
from shared.rpc.owning import own_patients
from shared.uploads import accepting
from shared.uploads.blobs import Blobs

PAGE_ENDS = "\f"
DOCUMENT_KINDS: dict[str, DocumentKind] = {word: word for word in get_args(DocumentKind)}


class Documents:
    """Uploads, lists, downloads, releases, retractions."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def UploadDocument(
        self, request: api_pb2.UploadDocumentRequest, call: Call
    ) -> api_pb2.UploadDocumentResponse:
        practice_id, patient_id = located(call)
        title = text_field(request.title, "title")
        if request.kind not in DOCUMENT_KINDS:
            raise InvalidField("kind", "expected one of " + ", ".join(sorted(DOCUMENT_KINDS)))
        kind = DOCUMENT_KINDS[request.kind]
        corrected = request.corrects_document_id
        corrects_id = uuid_field(corrected, "corrects_document_id") if corrected else None
        if corrects_id is not None:
            async with call.rows() as rows:
                found = await documents.where(rows, corrects_id)
                if found is None or found[1] not in await records_of(rows, patient_id):
                    raise InvalidField("corrects_document_id", "expected a document of this patient")
                _, patient_id = found  # a correction stands in the record that it corrects
        upload = await accepting.accept(request.file.data, request.file.content_type)
        blob_id = await self._blobs.keep(patient_id, upload.content)
        file = File(
            title=title,
            kind=kind,
            content_type=upload.content_type,
            size_bytes=len(upload.content),
            pages=upload.pages,
            sha256=upload.sha256,
            blob_id=blob_id,
            corrects_id=corrects_id,
        )
        async with call.rows() as rows:
            standing_id = await release_policies.covering(rows, practice_id, category_of(kind))
        command = commands.FileDocument(practice_id, patient_id, file, standing_id)
        filed = await call.perform(commands.file_document, command)
        return api_pb2.UploadDocumentResponse(document_id=str(filed.id), position=str(filed.position))

    async def ListDocuments(self, request: api_pb2.ListDocumentsRequest, call: Call) -> api_pb2.ListDocumentsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        before = messages.instant_and_id(keyset)
        async with call.rows() as rows:
            found = await documents.page(rows, located(call)[1], is_staff(call), before, size + 1)
        call.viewed(*(row.document_id for row in found[:size]))
        answer = api_pb2.ListDocumentsResponse()
        answer.documents.extend(messages.document(row, staff=is_staff(call)) for row in found[:size])
        if len(found) > size:
            last = found[size - 1]
            answer.next_page_token = call.next_page(messages.keyset(last.received_at, last.document_id))
        return answer

    async def ListPendingDocuments(
        self, request: api_pb2.ListPendingDocumentsRequest, call: Call
    ) -> api_pb2.ListPendingDocumentsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        queue = Queue(practice_of(call), await own_patients(call), call.now, held=request.held)
        async with call.rows() as rows:
            found = await documents.waiting(rows, queue, messages.instant_and_id(keyset), size + 1)
        answer = api_pb2.ListPendingDocumentsResponse()
        for row in found[:size]:
            call.viewed(row.document_id, patient_id=row.patient_id, practice_id=row.practice_id)
            answer.documents.append(messages.document(row, staff=True))
        if len(found) > size:
            last = found[size - 1]
            answer.next_page_token = call.next_page(messages.keyset(last.received_at, last.document_id))
        return answer

    async def GetDocument(self, request: api_pb2.GetDocumentRequest, call: Call) -> api_pb2.GetDocumentResponse:
        async with call.rows() as rows:
            row = await visible_document(rows, request.document_id, call)
            reason = await documents.retraction_reason(rows, row.document_id)
            hold = await documents.hold_of(rows, row.document_id)
        answer = api_pb2.GetDocumentResponse(
            document=messages.document(row, staff=is_staff(call)), retraction_reason=reason
        )
        if is_staff(call) and hold is not None:
            answer.held_by_account_id, answer.hold_reason = str(hold[0]), hold[1]
        if row.content_type in accepting.READABLE and may_open(row, call):
            content = await self._blobs.get(row.patient_id, row.blob_id)
            answer.text = PAGE_ENDS.join(await accepting.text_of(content, row.content_type))
        call.viewed(row.document_id)
        return answer

    async def DownloadDocument(self, request: api_pb2.DownloadDocumentRequest, call: Call) -> HttpBody:
        async with call.rows() as rows:
            row = await visible_document(rows, request.document_id, call)
        if not may_open(row, call):
            raise NotFound
        content = await self._blobs.get(row.patient_id, row.blob_id)
        call.viewed(row.document_id)
        return HttpBody(content_type=row.content_type, data=content)

    async def ReleaseDocument(
        self, request: api_pb2.ReleaseDocumentRequest, call: Call
    ) -> api_pb2.ReleaseDocumentResponse:
        provider_id = await approving_provider(call)
        position = await call.perform(reviewing.release, reviewing.Release(_item(request, call), provider_id))
        return api_pb2.ReleaseDocumentResponse(position=str(position))

    async def HoldDocument(self, request: api_pb2.HoldDocumentRequest, call: Call) -> api_pb2.HoldDocumentResponse:
        command = reviewing.Hold(
            item=_item(request, call),
            author_id=account_of(call),
            reason=text_field(request.reason, "reason", most=500),
            until=messages.instant(request.until, "until"),
        )
        return api_pb2.HoldDocumentResponse(position=str(await call.perform(reviewing.hold, command)))

    async def LiftDocumentHold(
        self, request: api_pb2.LiftDocumentHoldRequest, call: Call
    ) -> api_pb2.LiftDocumentHoldResponse:
        position = await call.perform(reviewing.lift_hold, reviewing.LiftHold(_item(request, call)))
        return api_pb2.LiftDocumentHoldResponse(position=str(position))

    async def RetractDocument(
        self, request: api_pb2.RetractDocumentRequest, call: Call
    ) -> api_pb2.RetractDocumentResponse:
        provider_id = await approving_provider(call)
        reason = text_field(request.reason, "reason", most=500)
        position = await call.perform(reviewing.retract, reviewing.Retract(_item(request, call), provider_id, reason))
        return api_pb2.RetractDocumentResponse(position=str(position))

    async def WithdrawDocument(
        self, request: api_pb2.WithdrawDocumentRequest, call: Call
    ) -> api_pb2.WithdrawDocumentResponse:
        provider_id = await approving_provider(call)
        command = commands.WithdrawDocument(uuid_field(request.document_id, "document_id"), provider_id)
        position = await call.perform(commands.withdraw_document, command)
        return api_pb2.WithdrawDocumentResponse(position=str(position))


def _item(
    request: api_pb2.ReleaseDocumentRequest
    | api_pb2.HoldDocumentRequest
    | api_pb2.LiftDocumentHoldRequest
    | api_pb2.RetractDocumentRequest,
    call: Call,
) -> reviewing.Item:
    """The document that the request names; the policy has found it to be of this patient."""
    return reviewing.Item(Document, uuid_field(request.document_id, "document_id"), call.patient_id)


async def visible_document(rows: Rows, document_id: str, call: Call) -> DocumentRow:
    """The document, if this caller may see it: one that was not released does not exist but for staff."""
    row = await documents.one(rows, uuid_field(document_id, "document_id"))
    if row is None or not (row.is_visible or is_staff(call)):
        raise NotFound
    return row


def may_open(row: DocumentRow, call: Call) -> bool:
    """Of what was taken back others than staff see only that it was."""
    return row.state == "released" or is_staff(call)
