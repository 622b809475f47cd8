"""Conversations with their messages and read marks, as the patient's side and the thread's page see them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.messaging.domain.conversation import Attached, Conversation
from services.messaging.keysets import Keyset
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE conversations (
        conversation_id uuid PRIMARY KEY, practice_id uuid NOT NULL, patient_id uuid NOT NULL, provider_id uuid,
        topic text NOT NULL, opened_at timestamptz NOT NULL, last_message_at timestamptz NOT NULL,
        message_count integer NOT NULL, reply_due_on date, subject_id uuid NOT NULL, sealed bytea NOT NULL)""",
    "CREATE INDEX conversations_of_patient ON conversations (patient_id, last_message_at, conversation_id)",
    """CREATE TABLE messages (
        message_id uuid PRIMARY KEY, conversation_id uuid NOT NULL, patient_id uuid NOT NULL, number integer NOT NULL,
        sender text NOT NULL, person_id uuid NOT NULL, acting_as text NOT NULL, provider_id uuid,
        sent_at timestamptz NOT NULL, subject_id uuid NOT NULL, sealed bytea NOT NULL,
        UNIQUE (conversation_id, number))""",
    "CREATE INDEX messages_of_patient ON messages (patient_id, sent_at, message_id)",
    """CREATE TABLE read_marks (
        account_id uuid NOT NULL, conversation_id uuid NOT NULL, number integer NOT NULL,
        PRIMARY KEY (account_id, conversation_id))""",
)


async def add_conversation(recorded: Recorded[Conversation.Opened], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "conversations",
        {"conversation_id": event.conversation_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "provider_id": event.recipient.provider_id,
            "topic": event.recipient.topic,
            "opened_at": event.opened_at,
            "last_message_at": event.opened_at,
            "message_count": 0,
            "reply_due_on": None,
        },
        subject_id=event.patient_id,
        personal={"subject": event.subject},
    )


async def add_message(recorded: Recorded[Conversation.MessageAdded], rows: Rows) -> None:
    event, message = recorded.event, recorded.event.message
    await rows.upsert(
        "messages",
        {"message_id": message.message_id},
        {
            "conversation_id": recorded.stream_id,
            "patient_id": event.patient_id,
            "number": message.number,
            "sender": message.author.sender,
            "person_id": message.author.person_id,
            "acting_as": message.author.acting_as,
            "provider_id": message.author.provider_id,
            "sent_at": message.sent_at,
        },
        subject_id=event.patient_id,
        personal={
            "body": message.body,
            "attachments": [
                [str(one.attachment_id), one.name, one.content_type, one.size_bytes] for one in message.attachments
            ],
        },
    )
    await rows.update(
        "conversations",
        {"conversation_id": recorded.stream_id},
        {
            "last_message_at": message.sent_at,
            "message_count": message.number,
            "reply_due_on": event.due.on if event.due else None,
        },
    )
    if message.author.sender != "staff":
        await _mark(rows, message.author.account_id, recorded.stream_id, message.number)


async def mark_read(recorded: Recorded[Conversation.Read], rows: Rows) -> None:
    await _mark(rows, recorded.event.account_id, recorded.stream_id, recorded.event.number)


async def settle(recorded: Recorded[Conversation.Settled], rows: Rows) -> None:
    await rows.update("conversations", {"conversation_id": recorded.stream_id}, {"reply_due_on": None})


async def _mark(rows: Rows, account_id: UUID, conversation_id: UUID, number: int) -> None:
    key = {"account_id": account_id, "conversation_id": conversation_id}
    await rows.upsert("read_marks", key, {"number": number})


CONVERSATIONS = ReadModel(
    "conversations",
    "messaging",
    TABLES,
    {
        Conversation.Opened: add_conversation,
        Conversation.MessageAdded: add_message,
        Conversation.Read: mark_read,
        Conversation.Settled: settle,
    },
    version=2,
)


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as one account sees it. ``handed_over``: its provider no longer takes part (R28)."""

    conversation_id: UUID
    practice_id: UUID
    patient_id: UUID
    provider_id: UUID | None
    topic: str
    subject: str
    opened_at: datetime
    last_message_at: datetime
    message_count: int
    unread_count: int
    handed_over: bool
    reply_due_on: date | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    message_id: UUID
    number: int
    sender: str
    person_id: UUID
    acting_as: str
    provider_id: UUID | None
    sent_at: datetime
    body: str
    attachments: tuple[Attached, ...]


UNREAD = """message.sender = 'staff' AND message.number > coalesce(
    (SELECT mark.number FROM read_marks mark
     WHERE mark.account_id = $2 AND mark.conversation_id = message.conversation_id), 0)"""
"""A message of the practice beyond the mark of account ``$2``."""

_SEEN = f"""
    SELECT conversation.*,
           (SELECT count(*) FROM messages message
            WHERE message.conversation_id = conversation.conversation_id AND {UNREAD}) AS unread_count,
           conversation.provider_id IS NOT NULL AND NOT coalesce(provider.takes_part, false) AS handed_over
    FROM conversations conversation
    LEFT JOIN providers provider ON provider.provider_id = conversation.provider_id
    WHERE conversation.patient_id = ANY(records_of($1))"""  # noqa: S608  # constants only


async def where(rows: Rows, conversation_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of a conversation."""
    sql = "SELECT practice_id, patient_id FROM conversations WHERE conversation_id = $1"
    row = await rows.fetch_one(sql, conversation_id)
    return None if row is None else (row["practice_id"], row["patient_id"])


async def page(
    rows: Rows, patient_id: UUID, account_id: UUID, before: Keyset | None, size: int
) -> list[ConversationRow]:
    """The patient's conversations as the account sees them, the one with the newest message first."""
    sql = f"""{_SEEN}
        AND ($3::timestamptz IS NULL
             OR (conversation.last_message_at, conversation.conversation_id) < ($3::timestamptz, $4::uuid))
        ORDER BY conversation.last_message_at DESC, conversation.conversation_id DESC LIMIT $5"""
    at, last = (before.at, before.id) if before else (None, None)
    return [_conversation(row) for row in await rows.fetch(sql, patient_id, account_id, at, last, size)]


async def one(rows: Rows, patient_id: UUID, account_id: UUID, conversation_id: UUID) -> ConversationRow | None:
    sql = f"{_SEEN} AND conversation.conversation_id = $3"
    row = await rows.fetch_one(sql, patient_id, account_id, conversation_id)
    return None if row is None else _conversation(row)


async def messages(rows: Rows, conversation_id: UUID, after: int, size: int) -> list[MessageRow]:
    """Messages with a higher number than ``after``, oldest first."""
    sql = "SELECT * FROM messages WHERE conversation_id = $1 AND number > $2 ORDER BY number LIMIT $3"
    return [_message(row) for row in await rows.fetch(sql, conversation_id, after, size)]


async def attachment(rows: Rows, conversation_id: UUID, attachment_id: UUID) -> Attached | None:
    """The file, if it was sent with a message of that conversation."""
    sql = "SELECT * FROM messages WHERE conversation_id = $1 ORDER BY number"
    found = [_message(row) for row in await rows.fetch(sql, conversation_id)]
    return next((one for row in found for one in row.attachments if one.attachment_id == attachment_id), None)


async def subjects(rows: Rows, conversation_ids: list[UUID]) -> dict[UUID, str]:
    """Conversation → its subject line."""
    sql = "SELECT conversation_id, subject_id, sealed FROM conversations WHERE conversation_id = ANY($1)"
    return {row["conversation_id"]: row["subject"] for row in await rows.fetch(sql, conversation_ids)}


async def unread_counts(rows: Rows, patient_ids: list[UUID], account_id: UUID) -> dict[UUID, int]:
    """Patient → how many messages of the practice the account has not read; 0 where there is none."""
    sql = f"""SELECT asked.patient_id, count(*) AS unread FROM unnest($1::uuid[]) AS asked (patient_id)
        JOIN messages message ON message.patient_id = ANY(records_of(asked.patient_id))
        WHERE {UNREAD} GROUP BY asked.patient_id"""  # noqa: S608  # constants only
    counted = {row["patient_id"]: int(row["unread"]) for row in await rows.fetch(sql, patient_ids, account_id)}
    return {patient_id: counted.get(patient_id, 0) for patient_id in patient_ids}


async def is_read_by(rows: Rows, conversation_id: UUID, account_id: UUID, number: int) -> bool:
    """Whether the account has read that message, or a newer one was sent since."""
    sql = """SELECT 1 FROM read_marks WHERE conversation_id = $1 AND account_id = $2 AND number >= $3
        UNION ALL SELECT 1 FROM conversations WHERE conversation_id = $1 AND message_count > $3"""
    return await rows.fetch_one(sql, conversation_id, account_id, number) is not None


async def first_asked(rows: Rows, conversation_id: UUID, since: datetime) -> datetime | None:
    """When the patient's side first wrote in the conversation at or after ``since``."""
    sql = "SELECT min(sent_at) AS at FROM messages WHERE conversation_id = $1 AND sender <> 'staff' AND sent_at >= $2"
    row = await rows.fetch_one(sql, conversation_id, since)
    return row["at"] if row else None


def _conversation(row: dict[str, Any]) -> ConversationRow:
    return ConversationRow(**{name: row[name] for name in ConversationRow.__slots__})


def _message(row: dict[str, Any]) -> MessageRow:
    attachments = tuple(Attached(UUID(one), *told) for one, *told in row["attachments"])
    return MessageRow(**{**{name: row[name] for name in MessageRow.__slots__}, "attachments": attachments})
