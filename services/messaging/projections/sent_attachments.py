"""Which files went with a message: documents lets go of those that never did (R4)."""

from collections.abc import Sequence
from uuid import UUID

from services.messaging.domain.conversation import Conversation
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE sent_attachments (attachment_id uuid PRIMARY KEY, patient_id uuid NOT NULL)",)


async def add(recorded: Recorded[Conversation.MessageAdded], rows: Rows) -> None:
    event = recorded.event
    for one in event.message.attachments:
        await rows.upsert("sent_attachments", {"attachment_id": one.attachment_id}, {"patient_id": event.patient_id})


SENT_ATTACHMENTS = ReadModel("sent_attachments", "messaging", TABLES, {Conversation.MessageAdded: add})


async def sent(rows: Rows, attachment_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the files that stand in a message."""
    found = await rows.fetch(
        "SELECT attachment_id FROM sent_attachments WHERE attachment_id = ANY($1) ORDER BY attachment_id",
        list(attachment_ids),
    )
    return [row["attachment_id"] for row in found]
