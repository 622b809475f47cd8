"""The practice's queue: its conversations, what waits for a reply, until when, and with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.messaging.domain.conversation import Conversation
from services.messaging.keysets import Keyset
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE practice_queue (
        conversation_id uuid PRIMARY KEY, practice_id uuid NOT NULL, patient_id uuid NOT NULL, provider_id uuid,
        topic text NOT NULL, opened_at timestamptz NOT NULL, last_message_at timestamptz NOT NULL,
        message_count integer NOT NULL, reply_due_on date, reply_due_at timestamptz, assigned_staff_id uuid,
        left_unread boolean NOT NULL, subject_id uuid NOT NULL, sealed bytea NOT NULL)""",
    "CREATE INDEX practice_queue_newest ON practice_queue (practice_id, last_message_at, conversation_id)",
    """CREATE INDEX practice_queue_due ON practice_queue (practice_id, reply_due_at, conversation_id)
       WHERE reply_due_at IS NOT NULL""",
)


async def add_conversation(recorded: Recorded[Conversation.Opened], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "practice_queue",
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
            "reply_due_at": None,
            "assigned_staff_id": None,
            "left_unread": False,
        },
        subject_id=event.patient_id,
        personal={"subject": event.subject},
    )


async def add_message(recorded: Recorded[Conversation.MessageAdded], rows: Rows) -> None:
    message, due = recorded.event.message, recorded.event.due
    await _update(
        recorded.stream_id,
        rows,
        last_message_at=message.sent_at,
        message_count=message.number,
        reply_due_on=due.on if due else None,
        reply_due_at=due.at if due else None,
        left_unread=False,
    )


async def assign(recorded: Recorded[Conversation.Assigned], rows: Rows) -> None:
    await _update(recorded.stream_id, rows, assigned_staff_id=recorded.event.staff_id)


async def settle(recorded: Recorded[Conversation.Settled], rows: Rows) -> None:
    await _update(recorded.stream_id, rows, reply_due_on=None, reply_due_at=None, left_unread=False)


async def leave_unread(recorded: Recorded[Conversation.LeftUnread], rows: Rows) -> None:
    due = recorded.event.due
    await _update(recorded.stream_id, rows, reply_due_on=due.on, reply_due_at=due.at, left_unread=True)


async def read(recorded: Recorded[Conversation.Read], rows: Rows) -> None:
    """What was left unread has been read: nobody needs to phone."""
    key = {"conversation_id": recorded.stream_id, "left_unread": True}
    await rows.update("practice_queue", key, {"reply_due_on": None, "reply_due_at": None, "left_unread": False})


async def _update(conversation_id: UUID, rows: Rows, **values: object) -> None:
    await rows.update("practice_queue", {"conversation_id": conversation_id}, values)


PRACTICE_QUEUE = ReadModel(
    "practice_queue",
    "messaging",
    TABLES,
    {
        Conversation.Opened: add_conversation,
        Conversation.MessageAdded: add_message,
        Conversation.Assigned: assign,
        Conversation.Settled: settle,
        Conversation.LeftUnread: leave_unread,
        Conversation.Read: read,
    },
)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """``overdue``: the instant at which the reply was due has come. ``within_reach``: the asking roles may open it."""

    conversation_id: UUID
    practice_id: UUID
    patient_id: UUID
    provider_id: UUID | None
    topic: str
    subject: str
    opened_at: datetime
    last_message_at: datetime
    message_count: int
    reply_due_on: date | None
    reply_due_at: datetime | None
    assigned_staff_id: UUID | None
    left_unread: bool
    handed_over: bool
    overdue: bool
    within_reach: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for the queue when: staff reach the topics of their roles; ``sees_overdue`` (admin) what is late."""

    practice_id: UUID
    topics: frozenset[str]
    now: datetime
    sees_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """``state`` is waiting, overdue or all; ``without`` those of some patients."""

    state: str = "waiting"
    assigned_staff_id: UUID | None = None
    patient_id: UUID | None = None
    without: Sequence[UUID] = ()


_REACHED = """
    SELECT queue.conversation_id, queue.practice_id, queue.patient_id, queue.provider_id, queue.topic, queue.opened_at,
           queue.last_message_at, queue.message_count, queue.reply_due_on, queue.reply_due_at, queue.left_unread,
           queue.subject_id, queue.sealed, colleague.staff_id AS assigned_staff_id,
           queue.provider_id IS NOT NULL AND NOT coalesce(provider.takes_part, false) AS handed_over,
           coalesce(queue.reply_due_at <= $2, false) AS overdue, queue.topic = ANY($3) AS within_reach
    FROM practice_queue queue
    LEFT JOIN providers provider ON provider.provider_id = queue.provider_id
    LEFT JOIN staff colleague ON colleague.staff_id = queue.assigned_staff_id
    WHERE queue.practice_id = $1
      AND (queue.topic = ANY($3) OR ($4 AND coalesce(queue.reply_due_at <= $2, false)))"""


async def page(rows: Rows, asking: Asking, only: Filter, keyset: Keyset | None, size: int) -> list[QueueRow]:
    """Waiting and overdue: the earliest due first; all: the newest message first."""
    if only.state == "all":
        order, after, direction = "queue.last_message_at", "<", "DESC"
        state = ""
    else:
        order, after, direction = "queue.reply_due_at", ">", "ASC"
        bound = "IS NOT NULL" if only.state == "waiting" else "<= $2"
        state = f"AND queue.reply_due_at {bound}"
    sql = f"""{_REACHED} {state}
        AND ($5::uuid IS NULL OR colleague.staff_id = $5)
        AND ($6::uuid IS NULL OR queue.patient_id = ANY(records_of($6)))
        AND NOT queue.patient_id = ANY($10::uuid[])
        AND ($7::timestamptz IS NULL OR ({order}, queue.conversation_id) {after} ($7::timestamptz, $8::uuid))
        ORDER BY {order} {direction}, queue.conversation_id {direction} LIMIT $9"""
    at, last = (keyset.at, keyset.id) if keyset else (None, None)
    given = (*_arguments(asking), only.assigned_staff_id, only.patient_id, at, last, size, only.without)
    return [_row(row) for row in await rows.fetch(sql, *given)]


async def one(rows: Rows, asking: Asking, conversation_id: UUID) -> QueueRow | None:
    """The conversation, where the asking staff may at least know of it."""
    sql = f"{_REACHED} AND queue.conversation_id = $5"
    row = await rows.fetch_one(sql, *_arguments(asking), conversation_id)
    return None if row is None else _row(row)


def _arguments(asking: Asking) -> tuple[object, ...]:
    return asking.practice_id, asking.now, sorted(asking.topics), asking.sees_overdue


def _row(row: dict[str, Any]) -> QueueRow:
    found = {name: row[name] for name in QueueRow.__slots__}
    return QueueRow(**{**found, "subject": found["subject"] if found["within_reach"] else ""})
