"""Own event → public event: ids and words, never what was written."""

from collections.abc import Mapping

from services.messaging.domain.conversation import Conversation
from services.messaging.domain.notification import Notification
from shared.contracts.messaging.v1.events import ConversationOpened, MessageSent, NotificationBounced, NotificationSent
from shared.envelope import Recorded
from shared.service import Publish


def conversation_opened(recorded: Recorded[Conversation.Opened]) -> ConversationOpened:
    event = recorded.event
    return ConversationOpened(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        conversation_id=event.conversation_id,
        provider_id=event.recipient.provider_id,
        topic=event.recipient.topic,
    )


def message_sent(recorded: Recorded[Conversation.MessageAdded]) -> MessageSent:
    event = recorded.event
    return MessageSent(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        conversation_id=recorded.stream_id,
        message_id=event.message.message_id,
        sender=event.message.author.sender,
        account_id=event.message.author.account_id,
    )


def notification_sent(recorded: Recorded[Notification.Sent]) -> NotificationSent | None:
    notice = recorded.event.notice
    if notice.patient_id is None:
        return None
    return NotificationSent(
        practice_id=notice.practice_id,
        patient_id=notice.patient_id,
        notification_id=recorded.stream_id,
        person_id=notice.person_id,
        kind=notice.kind,
        cause=notice.cause,
    )


def notification_bounced(recorded: Recorded[Notification.Bounced]) -> NotificationBounced | None:
    notice = recorded.event.notice
    if notice.patient_id is None:
        return None
    return NotificationBounced(
        practice_id=notice.practice_id,
        patient_id=notice.patient_id,
        notification_id=recorded.stream_id,
        person_id=notice.person_id,
        kind=notice.kind,
    )


PUBLISHED: Mapping[type, Publish] = {
    Conversation.Opened: conversation_opened,
    Conversation.MessageAdded: message_sent,
    Notification.Sent: notification_sent,
    Notification.Bounced: notification_bounced,
}
