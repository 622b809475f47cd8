"""Own events → effects: an approval takes effect at its time (R14), and what was never sent goes (R4)."""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from services.documents.commands.attachments import PurgeAttachment, purge_attachment
from services.documents.commands.reviewing import Item, TakeEffect, take_effect
from services.documents.domain.attachments import KEPT_UNSENT_FOR, Attachment
from services.documents.domain.documents import Document
from services.documents.domain.release_policy import ReleaseWish
from services.documents.domain.results import Result
from services.documents.projections import documents, results
from shared.access.replicas import record_of
from shared.contracts.messaging.v1.peers_pb2 import AttachmentsSentRequest, AttachmentsSentResponse
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded
from shared.uploads.blobs import Blobs

TAKE_EFFECT = "take-effect"
"""One approved result becomes visible, if it still stands."""
END_WAITING = "end-waiting"
"""What was approved while the patient waited: one TAKE_EFFECT or RELEASE_DOCUMENT each."""
RELEASE_DOCUMENT = "release-document"
"""One approved document becomes visible, if it still stands."""

PURGE_ATTACHMENT = "purge-attachment"
"""A day after it was brought: the bytes of a file that no message has go (R4)."""


def after_upload(recorded: Recorded[Attachment.Uploaded]) -> list[Effect]:
    event = recorded.event
    details = {
        "practice_id": str(event.practice_id),
        "patient_id": str(event.patient_id),
        "attachment_id": str(event.attachment_id),
        "blob_id": str(event.file.blob_id),
    }
    due_at = event.uploaded_at + KEPT_UNSENT_FOR
    return [Effect(PURGE_ATTACHMENT, key=event.attachment_id, due_at=due_at, details=details)]


def after_approval(recorded: Recorded[Result.Approved]) -> list[Effect]:
    event = recorded.event
    if event.effective_at == event.approved_at:
        return []
    return [_taking_effect(event.practice_id, event.patient_id, recorded.stream_id, due=recorded)]


def after_document_approval(recorded: Recorded[Document.Approved]) -> list[Effect]:
    event = recorded.event
    if event.effective_at == event.approved_at:
        return []
    details = {"practice_id": str(event.practice_id), "patient_id": str(event.patient_id)}
    released = _releasing(event.patient_id, recorded.stream_id, details)
    return [replace(released, due_at=event.effective_at)]


def after_wait(recorded: Recorded[ReleaseWish.Ended]) -> list[Effect]:
    event = recorded.event
    details = {"practice_id": str(event.practice_id), "patient_id": str(event.patient_id)}
    return [Effect(END_WAITING, key=event.patient_id, details=details)]


def _taking_effect(
    practice_id: UUID, patient_id: UUID, result_id: UUID, due: Recorded[Result.Approved] | None = None
) -> Effect:
    details = {"practice_id": str(practice_id), "patient_id": str(patient_id), "result_id": str(result_id)}
    due_at = None if due is None else due.event.effective_at
    return Effect(TAKE_EFFECT, key=patient_id, recipient=str(result_id), due_at=due_at, details=details)


def _releasing(patient_id: UUID, document_id: UUID, details: Mapping[str, str]) -> Effect:
    known = {**details, "document_id": str(document_id)}
    return Effect(RELEASE_DOCUMENT, key=patient_id, recipient=str(document_id), details=known)


async def run_take_effect(carrying: Carrying) -> None:
    item = Item(Result, UUID(carrying.effect.details["result_id"]), await _patient(carrying))
    await carrying.perform(take_effect, TakeEffect(item))


async def _patient(carrying: Carrying) -> UUID:
    """Whose wish counts: the record's patient may be that of another record by now (R44)."""
    async with carrying.rows() as rows:
        return await record_of(rows, UUID(carrying.effect.details["patient_id"]))


async def run_end_waiting(carrying: Carrying) -> None:
    details = carrying.effect.details
    practice_id, patient_id = UUID(details["practice_id"]), UUID(details["patient_id"])
    async with carrying.rows() as rows:
        approved = await results.approved_of(rows, patient_id)
        awaited = await documents.approved_of(rows, patient_id)
    carrying.follow(*(_taking_effect(practice_id, patient_id, result_id) for result_id in approved))
    for document_id in awaited:
        carrying.follow(_releasing(patient_id, document_id, details))


async def run_release_document(carrying: Carrying) -> None:
    item = Item(Document, UUID(carrying.effect.details["document_id"]), await _patient(carrying))
    await carrying.perform(take_effect, TakeEffect(item))


class Messaging(Protocol):
    """As much of messaging's peer stub as purging needs."""

    def AttachmentsSent(self, request: AttachmentsSentRequest, /) -> Awaitable[AttachmentsSentResponse]: ...


class Purging:
    """Asks messaging first, which alone knows; while it does not answer, nothing goes."""

    def __init__(self, messaging: Messaging, blobs: Blobs) -> None:
        self._messaging, self._blobs = messaging, blobs

    def effects(self) -> Mapping[str, Run]:
        return {PURGE_ATTACHMENT: self.purge}

    async def purge(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        request = AttachmentsSentRequest(attachment_ids=[details["attachment_id"]])
        if (await self._messaging.AttachmentsSent(request)).attachment_ids:
            return
        if await carrying.perform(purge_attachment, PurgeAttachment(UUID(details["attachment_id"]))):
            await self._blobs.remove(UUID(details["patient_id"]), UUID(details["blob_id"]))


PROCESSES: Mapping[type, Decide] = {
    Attachment.Uploaded: after_upload,
    Result.Approved: after_approval,
    Document.Approved: after_document_approval,
    ReleaseWish.Ended: after_wait,
}

EFFECTS: Mapping[str, Run] = {
    TAKE_EFFECT: run_take_effect,
    END_WAITING: run_end_waiting,
    RELEASE_DOCUMENT: run_release_document,
}
