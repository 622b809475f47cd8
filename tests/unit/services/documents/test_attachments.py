"""R4: a file that no message took goes after 24 hours, and is not to be sent from an hour before."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.documents.commands.attachments import UploadAttachment, upload_attachment
from services.documents.domain.attachments import AttachedFile, Attachment
from services.documents.processes import Purging, after_upload
from services.documents.stored import STORED
from shared.contracts.messaging.v1.peers_pb2 import AttachmentsSentRequest, AttachmentsSentResponse
from shared.errors import Unavailable
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work
from shared.uploads.blobs import Blobs

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
PRACTICE, PATIENT, ACCOUNT, OTHER, BLOB, SHARED = (UUID(int=number) for number in range(1, 7))


class Plain:
    """Seals nothing: what is tested is whether bytes are there."""

    async def seal_bytes(self, subject_id: UUID, plain: bytes, context: str) -> bytes:
        return plain

    async def open_bytes(self, subject_id: UUID, sealed: bytes, context: str) -> bytes:
        return sealed


@dataclass
class Shelf:
    """Documents' store and blobs, and messaging's answers: the files that were sent, or silence."""

    blobs: Blobs
    store: MemoryEventStore = field(default_factory=lambda: MemoryEventStore("documents", StoredTable(STORED)))
    sent: set[str] = field(default_factory=set)
    is_silent: bool = False
    now: datetime = NOON

    async def AttachmentsSent(self, request: AttachmentsSentRequest, /) -> AttachmentsSentResponse:
        if self.is_silent:
            raise Unavailable
        return AttachmentsSentResponse(attachment_ids=[one for one in request.attachment_ids if one in self.sent])

    async def bring(self) -> UUID:
        await self.blobs.put(PATIENT, BLOB, b"knee")
        file = AttachedFile("knee.png", "image/png", 4, 1, "00", BLOB)
        command = UploadAttachment(PRACTICE, PATIENT, ACCOUNT, file)
        work = Work(self.store, StreamQueues(), self.now, uuid4())
        return UUID(str((await upload_attachment(command, work)).id))

    async def purge(self, attachment_id: UUID) -> None:
        """The effect that the upload led to, run at ``now``; its command has the same id each time."""
        recorded, *_ = await self.store.stream(Attachment.create_id(attachment_id))
        (effect,) = after_upload(cast("Any", recorded))
        assert effect.due_at == NOON + timedelta(hours=24)
        await Purging(self, self.blobs).purge(cast("Any", Carried(self, effect, UUID(int=attachment_id.int ^ 1))))

    async def attachment(self, attachment_id: UUID) -> Attachment:
        found = await self.store.find(Attachment, Attachment.create_id(attachment_id))
        assert found is not None
        return found

    async def has_bytes(self) -> bool:
        try:
            return bool(await self.blobs.get(PATIENT, BLOB))
        except Unavailable:
            return False


@dataclass
class Carried:
    shelf: Shelf
    effect: Any
    command_id: UUID

    async def perform(self, handler: Any, command: Any) -> Any:
        return await handler(command, Work(self.shelf.store, StreamQueues(), self.shelf.now, self.command_id))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Blobs(f"file://{tmp_path / 'blobs'}", Plain()))


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_r4_what_was_never_sent_goes_at_24_hours_and_not_a_second_before(shelf: Shelf, seconds: int) -> None:
    brought = await shelf.bring()
    shelf.now = NOON + timedelta(hours=24, seconds=seconds)
    for _ in range(2):  # a crash between event and bytes: the effect runs again
        await shelf.purge(brought)
        assert (await shelf.attachment(brought)).is_purged is (seconds >= 0)
        assert await shelf.has_bytes() is (seconds < 0)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_r4_a_file_can_be_sent_for_23_hours_by_who_brought_it(shelf: Shelf, seconds: int) -> None:
    found = await shelf.attachment(await shelf.bring())
    at = NOON + timedelta(hours=23, seconds=seconds)
    assert found.can_be_sent(ACCOUNT, at) is (seconds < 0)
    assert not found.can_be_sent(OTHER, at)


async def test_r4_what_stands_in_a_message_stays_and_nothing_goes_while_messaging_is_silent(shelf: Shelf) -> None:
    brought = await shelf.bring()
    shelf.now = NOON + timedelta(days=2)
    shelf.is_silent = True
    with pytest.raises(Unavailable):
        await shelf.purge(brought)
    shelf.is_silent = False
    shelf.sent.add(str(brought))
    await shelf.purge(brought)
    assert not (await shelf.attachment(brought)).is_purged
    assert await shelf.has_bytes()
