"""Mails sent and bounced, for the desk: whom, of what kind, when; never where to or what about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.messaging.domain.notification import Notification
from services.messaging.keysets import Keyset
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE notifications (
        notification_id uuid PRIMARY KEY, practice_id uuid NOT NULL, patient_id uuid, person_id uuid NOT NULL,
        kind text NOT NULL, state text NOT NULL, reason text NOT NULL, at timestamptz NOT NULL)""",
    "CREATE INDEX notifications_of_practice ON notifications (practice_id, at, notification_id)",
    "CREATE INDEX notifications_of_patient ON notifications (patient_id, at, notification_id)",
)


async def add_sent(recorded: Recorded[Notification.Sent], rows: Rows) -> None:
    await _set(recorded, rows, state="sent", reason="", at=recorded.event.sent_at)


async def add_bounced(recorded: Recorded[Notification.Bounced], rows: Rows) -> None:
    await _set(recorded, rows, state="bounced", reason=recorded.event.reason, at=recorded.event.bounced_at)


async def _set(
    recorded: Recorded[Notification.Sent] | Recorded[Notification.Bounced], rows: Rows, **outcome: object
) -> None:
    notice = recorded.event.notice
    told = {
        "practice_id": notice.practice_id,
        "patient_id": notice.patient_id,
        "person_id": notice.person_id,
        "kind": notice.kind,
    }
    await rows.upsert("notifications", {"notification_id": recorded.stream_id}, {**told, **outcome})


NOTIFICATIONS = ReadModel(
    "notifications", "messaging", TABLES, {Notification.Sent: add_sent, Notification.Bounced: add_bounced}
)


@dataclass(frozen=True, slots=True)
class NotificationRow:
    notification_id: UUID
    patient_id: UUID | None
    person_id: UUID
    kind: str
    state: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Of one practice; of one patient, or all ``without`` some; sent, bounced or both ('')."""

    practice_id: UUID
    patient_id: UUID | None = None
    state: str = ""
    without: Sequence[UUID] = ()


async def page(rows: Rows, only: Filter, before: Keyset | None, size: int) -> list[NotificationRow]:
    """Newest first."""
    sql = """SELECT notification_id, patient_id, person_id, kind, state, reason, at FROM notifications
        WHERE practice_id = $1 AND ($2::uuid IS NULL OR patient_id = ANY(records_of($2)))
          AND ($3 = '' OR state = $3)
          AND ($4::timestamptz IS NULL OR (at, notification_id) < ($4::timestamptz, $5::uuid))
          AND (patient_id IS NULL OR NOT patient_id = ANY($7::uuid[]))
        ORDER BY at DESC, notification_id DESC LIMIT $6"""
    at, last = (before.at, before.id) if before else (None, None)
    found = await rows.fetch(sql, only.practice_id, only.patient_id, only.state, at, last, size, only.without)
    return [NotificationRow(**row) for row in found]
