"""What came of a mail, recorded once; each command followed by its handler."""

from dataclasses import dataclass
from uuid import UUID

from services.messaging.domain.notification import BounceReason, Notice, Notification
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class RecordNotificationSent:
    """``notification_id`` is the effect's id, so that a mail sent twice is recorded once."""

    notification_id: UUID
    notice: Notice


async def record_notification_sent(command: RecordNotificationSent, work: Work) -> Position:
    async def decision(streams: Streams) -> None:
        (await _notification(streams, command.notification_id, command.notice)).sent(work.now)

    return await work.decide(decision)


@dataclass(frozen=True, slots=True)
class RecordNotificationBounced:
    notification_id: UUID
    notice: Notice
    reason: BounceReason


async def record_notification_bounced(command: RecordNotificationBounced, work: Work) -> Position:
    async def decision(streams: Streams) -> None:
        (await _notification(streams, command.notification_id, command.notice)).bounced(command.reason, work.now)

    return await work.decide(decision)


async def _notification(streams: Streams, notification_id: UUID, notice: Notice) -> Notification:
    found = await streams.find(Notification, notification_id)
    return found or streams.add(Notification(notification_id=notification_id, notice=notice))
