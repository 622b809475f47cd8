"""What documents' peers and the import ask of it."""

from typing import get_args
from uuid import UUID

from services.documents import messages
from services.documents.commands import filing
from services.documents.commands.filing import Imported
from services.documents.domain.attachments import Attachment
from services.documents.domain.record import Entry, Kind
from services.documents.domain.results import Report
from services.documents.domain.transmission import Transmission
from services.documents.projections import documents, results
from services.documents.shares import Shares
from shared.access.replicas import records_of
from shared.contracts.documents.v1 import peers_pb2
from shared.envelope import Position
from shared.errors import InvalidField, NotFound
from shared.eventstore.store import EventStore
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import date_field, instant_message, text_field, uuid_field
from shared.uploads.blobs import Blobs

KINDS: dict[str, Kind] = {word: word for word in get_args(Kind)}


MOST_ATTACHMENTS = 5


class DocumentsPeers:
    """The peer port's servicer. Messaging brings its user's token."""

    def __init__(self, store: EventStore, blobs: Blobs, shares: Shares, names: Names) -> None:
        self._store, self._blobs, self._shares, self._names = store, blobs, shares, names

    async def AttachmentsOf(
        self, request: peers_pb2.AttachmentsOfRequest, call: Call
    ) -> peers_pb2.AttachmentsOfResponse:
        if len(request.attachment_ids) > MOST_ATTACHMENTS:
            raise InvalidField("attachment_ids", f"expected at most {MOST_ATTACHMENTS} ids")
        answer = peers_pb2.AttachmentsOfResponse()
        for text in request.attachment_ids:
            found = await self._attachment(uuid_field(text, "attachment_ids"), call)
            if found is not None and found.can_be_sent(call.actor.id, call.now):
                file = found.file
                answer.attachments.add(
                    attachment_id=text.lower(),
                    name=file.name,
                    content_type=file.content_type,
                    size_bytes=file.size_bytes,
                )
        return answer

    async def AttachmentContent(
        self, request: peers_pb2.AttachmentContentRequest, call: Call
    ) -> peers_pb2.AttachmentContentResponse:
        found = await self._attachment(uuid_field(request.attachment_id, "attachment_id"), call)
        if found is None or found.is_purged:
            raise NotFound
        content = await self._blobs.get(found.patient_id, found.file.blob_id)
        return peers_pb2.AttachmentContentResponse(content_type=found.file.content_type, data=content)

    async def TransmissionLink(
        self, request: peers_pb2.TransmissionLinkRequest, call: Call
    ) -> peers_pb2.TransmissionLinkResponse:
        """NotFound unless that event sent it, it is still open, and its sender may still see what it shows."""
        transmission_id = uuid_field(request.transmission_id, "transmission_id")
        transmission = await self._shares.find(transmission_id)
        if transmission is None or not await self._sent_by(transmission, request.cause):
            raise NotFound
        if not transmission.is_open(call.now) or not await self._shares.scopes(transmission, call.now):
            raise NotFound
        names = await self._names.of(transmission.practice_id)
        call.viewed(transmission_id, patient_id=transmission.patient_id, practice_id=transmission.practice_id)
        return peers_pb2.TransmissionLinkResponse(
            url=self._shares.url(transmission_id),
            email=transmission.transmitted.address,
            practice_name=names.get(transmission.practice_id, ""),
            language=transmission.transmitted.language,
        )

    async def _sent_by(self, transmission: Transmission, cause: str) -> bool:
        """Whether the event that a peer names as its cause is the one that sent it."""
        try:
            named = Position.parse(cause)
        except ValueError:
            raise InvalidField("cause", "expected <service>:<number>") from None
        if named.service != self._store.service or named.number < 1:
            return False
        async for page in self._store.read(named.number - 1, until=named.number):
            event = page[0].event
            return isinstance(event, Transmission.Sent) and event.transmission_id == transmission.transmission_id
        return False

    async def _attachment(self, attachment_id: UUID, call: Call) -> Attachment | None:
        """From the store, so that one just uploaded is known; None for another patient's."""
        found = await self._store.find(Attachment, Attachment.create_id(attachment_id))
        if found is None or call.patient_id is None:
            return None
        async with call.rows() as rows:
            return found if found.patient_id in await records_of(rows, call.patient_id) else None

    async def ImportResult(self, request: peers_pb2.ImportResultRequest, call: Call) -> peers_pb2.ImportResponse:
        report = Report(
            title=text_field(request.title, "title"),
            category=messages.category(request.category),
            effective_at=messages.instant(request.effective_at, "effective_at"),
            values=messages.values(request.values),
            ordering_provider_id=messages.ordering_provider(request.ordering_provider_id),
        )
        command = filing.ImportResult(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            patient_id=uuid_field(request.patient_id, "patient_id"),
            resource_id=text_field(request.resource_id, "resource_id"),
            report=report,
        )
        return _imported(await call.perform(filing.import_result, command))

    async def ImportRecordEntry(
        self, request: peers_pb2.ImportRecordEntryRequest, call: Call
    ) -> peers_pb2.ImportResponse:
        if request.kind not in KINDS:
            raise InvalidField("kind", "expected one of " + ", ".join(sorted(KINDS)))
        command = filing.ImportRecordEntry(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            patient_id=uuid_field(request.patient_id, "patient_id"),
            resource_id=text_field(request.resource_id, "resource_id"),
            entry=Entry(
                kind=KINDS[request.kind],
                title=text_field(request.title, "title", most=500),
                status=text_field(request.status, "status", least=0),
                since=date_field(request.since, "since") if request.HasField("since") else None,
            ),
        )
        return _imported(await call.perform(filing.import_record_entry, command))

    async def DocumentMetadata(
        self, request: peers_pb2.DocumentMetadataRequest, call: Call
    ) -> peers_pb2.DocumentMetadataResponse:
        document_id = uuid_field(request.document_id, "document_id")
        async with call.rows() as rows:
            result, document = await results.one(rows, document_id), await documents.one(rows, document_id)
        row = result or document
        if row is None or not row.is_visible or row.released_at is None:
            raise NotFound
        return peers_pb2.DocumentMetadataResponse(
            patient_id=str(row.patient_id),
            kind="document" if result is None else "result",
            state=row.state,
            released_at=instant_message(row.released_at),
        )


def _imported(done: Imported) -> peers_pb2.ImportResponse:
    return peers_pb2.ImportResponse(id=str(done.id), outcome=done.outcome, position=str(done.position))
