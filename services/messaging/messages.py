"""Rows of read models → messages of the API."""

from datetime import date, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from services.messaging.projections.appointments import AppointmentRow
from services.messaging.projections.conversations import ConversationRow, MessageRow
from services.messaging.projections.inbox import InboxItem
from services.messaging.projections.notifications import NotificationRow
from services.messaging.projections.practice_queue import QueueRow
from services.messaging.projections.readers import Reader
from services.messaging.projections.refills import RefillRow
from shared.contracts.messaging.v1 import api_pb2
from shared.rpc.fields import date_message, instant_message


def text(id: UUID | None) -> str:
    return "" if id is None else str(id)


def day(on: date | None) -> Date | None:
    return None if on is None else date_message(on)


def instant(at: datetime | None) -> Timestamp | None:
    return None if at is None else instant_message(at)


def conversation(row: ConversationRow) -> api_pb2.Conversation:
    return api_pb2.Conversation(
        conversation_id=str(row.conversation_id),
        patient_id=str(row.patient_id),
        practice_id=str(row.practice_id),
        provider_id=text(row.provider_id),
        topic=row.topic,
        subject=row.subject,
        opened_at=instant_message(row.opened_at),
        last_message_at=instant_message(row.last_message_at),
        message_count=row.message_count,
        unread_count=row.unread_count,
        handed_over=row.handed_over,
        reply_due_on=day(row.reply_due_on),
    )


def message(row: MessageRow) -> api_pb2.Message:
    return api_pb2.Message(
        message_id=str(row.message_id),
        sender=row.sender,
        author_id=str(row.person_id),
        acting_as=row.acting_as,
        sent_at=instant_message(row.sent_at),
        body=row.body,
        provider_id=text(row.provider_id),
        attachments=[
            api_pb2.Attachment(
                attachment_id=str(one.attachment_id),
                name=one.name,
                content_type=one.content_type,
                size_bytes=one.size_bytes,
            )
            for one in row.attachments
        ],
    )


def practice_conversation(row: QueueRow) -> api_pb2.PracticeConversation:
    return api_pb2.PracticeConversation(
        conversation_id=str(row.conversation_id),
        patient_id=str(row.patient_id),
        provider_id=text(row.provider_id),
        topic=row.topic,
        subject=row.subject,
        opened_at=instant_message(row.opened_at),
        last_message_at=instant_message(row.last_message_at),
        message_count=row.message_count,
        waiting=row.reply_due_at is not None,
        reply_due_on=day(row.reply_due_on),
        overdue=row.overdue,
        assigned_staff_id=text(row.assigned_staff_id),
        handed_over=row.handed_over,
        left_unread=row.left_unread,
    )


def inbox_item(item: InboxItem) -> api_pb2.InboxItem:
    return api_pb2.InboxItem(
        item_id=str(item.item_id),
        kind=item.kind,
        object_id=str(item.object_id),
        at=instant_message(item.at),
        state=item.state,
        unread=item.unread,
        subject=item.subject,
        provider_id=text(item.provider_id),
        starts_at=instant(item.starts_at),
    )


def appointment(row: AppointmentRow, *, with_reason: bool) -> api_pb2.Appointment:
    return api_pb2.Appointment(
        appointment_id=str(row.appointment_id),
        patient_id=str(row.patient_id),
        provider_id=text(row.provider_id),
        state=row.state,
        preferred=[instant_message(at) for at in row.preferred],
        starts_at=instant(row.starts_at),
        lapses_at=instant(row.lapses_at),
        reason=row.reason if with_reason else "",
        answer=row.answer if with_reason else "",
        confidential=row.confidential,
        requested_at=instant_message(row.requested_at),
        changed_at=instant_message(row.changed_at),
        origin=row.origin,
    )


def refill(row: RefillRow) -> api_pb2.Refill:
    return api_pb2.Refill(
        refill_id=str(row.refill_id),
        patient_id=str(row.patient_id),
        provider_id=text(row.provider_id),
        state=row.state,
        entry_id=text(row.entry_id),
        medication=row.medication,
        note=row.note,
        answer=row.answer,
        requested_at=instant_message(row.requested_at),
        changed_at=instant_message(row.changed_at),
    )


def reader(found: Reader) -> api_pb2.Reader:
    return api_pb2.Reader(person_id=str(found.person_id), acting_as=found.acting_as)


def notification(row: NotificationRow) -> api_pb2.Notification:
    return api_pb2.Notification(
        notification_id=str(row.notification_id),
        patient_id=text(row.patient_id),
        person_id=str(row.person_id),
        kind=row.kind,
        state=row.state,
        at=instant_message(row.at),
        reason=row.reason,
    )
