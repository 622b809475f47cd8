"""Conversations and mails sent, as the practice's staff ask."""

from google.api.httpbody_pb2 import HttpBody

from services.messaging import messages
from services.messaging.api.attaching import Files
from services.messaging.api.callers import located, staff_author, staff_of
from services.messaging.api.fields import body_of, number_page, subject_of, topic_of
from services.messaging.api.sending import send
from services.messaging.commands import conversations as commands
from services.messaging.domain.reach import topics_of
from services.messaging.keysets import Keyset
from services.messaging.projections import (
    conversations,
    notifications,
    pending_results,
    practice_queue,
    practices,
    readers,
    staff,
)
from services.messaging.projections.practice_queue import Asking, QueueRow
from services.messaging.public_holidays import business_hours
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_message, instant_message, uuid_field
from shared.rpc.owning import own_patients

QUEUES = frozenset({"waiting", "overdue", "all"})
OUTCOMES = frozenset({"", "sent", "bounced"})
CLINICAL = frozenset({"provider", "clinical"})


class PracticeConversations:
    """The practice's side of conversations."""

    def __init__(self, files: Files) -> None:
        self._practice_files = files

    async def ListPracticeConversations(
        self, request: api_pb2.ListPracticeConversationsRequest, call: Call
    ) -> api_pb2.ListPracticeConversationsResponse:
        state = choice_field(request.state or "waiting", "state", QUEUES)
        token, size = call.page(request.page_token, request.page_size)
        mine = call.actor.staff_id if request.mine else None
        only = practice_queue.Filter(state, mine, call.patient_id, await own_patients(call))
        async with call.rows() as rows:
            found = await practice_queue.page(rows, asking(call), only, Keyset.parse(token), size + 1)
        for row in found[:size]:
            call.viewed(row.conversation_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPracticeConversationsResponse(
            conversations=[messages.practice_conversation(row) for row in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            at = last.last_message_at if state == "all" else last.reply_due_at or last.last_message_at
            answer.next_page_token = call.next_page(str(Keyset(at, last.conversation_id)))
        return answer

    async def GetPracticeConversation(
        self, request: api_pb2.GetPracticeConversationRequest, call: Call
    ) -> api_pb2.GetPracticeConversationResponse:
        _, patient_id = located(call)
        after, size = number_page(call, request.page_token, request.page_size)
        async with call.rows() as rows:
            row = await reached(rows, call, request.conversation_id)
            found = await conversations.messages(rows, row.conversation_id, after, size + 1)
            able = await readers.of_patient(rows, patient_id, "messages", call.now)
            pending = await pending_beside(rows, row) if call.actor.roles & CLINICAL else []
        call.viewed(row.conversation_id)
        return api_pb2.GetPracticeConversationResponse(
            conversation=messages.practice_conversation(row),
            messages=[messages.message(message) for message in found[:size]],
            next_page_token=call.next_page(str(found[size - 1].number)) if len(found) > size else "",
            pending_results=pending,
            readers=[messages.reader(reader) for reader in able],
        )

    async def DownloadPracticeAttachment(
        self, request: api_pb2.DownloadPracticeAttachmentRequest, call: Call
    ) -> HttpBody:
        async with call.rows() as rows:
            row = await reached(rows, call, request.conversation_id)
        return await self._practice_files.download(call, row.conversation_id, request.attachment_id)

    async def ReplyToConversation(
        self, request: api_pb2.ReplyToConversationRequest, call: Call
    ) -> api_pb2.ReplyToConversationResponse:
        async with call.rows() as rows:
            await reached(rows, call, request.conversation_id)
        attachments = await self._practice_files.named(call, request.attachment_ids)
        sent = await send(call, request.conversation_id, staff_author(call), request.body, attachments)
        return api_pb2.ReplyToConversationResponse(message_id=str(sent.message_id), position=str(sent.position))

    async def StartPracticeConversation(
        self, request: api_pb2.StartPracticeConversationRequest, call: Call
    ) -> api_pb2.StartPracticeConversationResponse:
        practice_id, patient_id = located(call)
        topic = topic_of(request.topic)
        if topic not in topics_of(call.actor.roles):
            raise InvalidField("topic", "expected a topic that the caller's roles reach")
        async with call.rows() as rows:
            zone = await practices.time_zone(rows, practice_id)
            able = await readers.of_patient(rows, patient_id, "messages", call.now)
        command = commands.StartConversation(
            practice_id=practice_id,
            patient_id=patient_id,
            author=staff_author(call),
            topic=topic,
            subject=subject_of(request.subject),
            body=body_of(request.body),
            hours=business_hours(zone),
            somebody_can_read=bool(able),
            attachments=await self._practice_files.named(call, request.attachment_ids),
        )
        started = await call.perform(commands.start_conversation, command)
        return api_pb2.StartPracticeConversationResponse(
            conversation_id=str(started.conversation_id),
            message_id=str(started.message_id),
            position=str(started.position),
        )

    async def AssignConversation(
        self, request: api_pb2.AssignConversationRequest, call: Call
    ) -> api_pb2.AssignConversationResponse:
        staff_id = uuid_field(request.staff_id, "staff_id") if request.staff_id else None
        async with call.rows() as rows:
            row = await known(rows, call, request.conversation_id)
            if staff_id is not None and row.topic not in topics_of(
                await staff.roles_of(rows, row.practice_id, staff_id)
            ):
                raise InvalidField("staff_id", "expected a member of staff whose roles reach this conversation")
        command = commands.AssignConversation(row.conversation_id, staff_id)
        position = await call.perform(commands.assign_conversation, command)
        return api_pb2.AssignConversationResponse(position=str(position))

    async def SettleConversation(
        self, request: api_pb2.SettleConversationRequest, call: Call
    ) -> api_pb2.SettleConversationResponse:
        async with call.rows() as rows:
            row = await reached(rows, call, request.conversation_id)
        command = commands.SettleConversation(row.conversation_id, staff_of(call))
        position = await call.perform(commands.settle_conversation, command)
        return api_pb2.SettleConversationResponse(position=str(position))

    async def WhoWillRead(self, request: api_pb2.WhoWillReadRequest, call: Call) -> api_pb2.WhoWillReadResponse:
        _, patient_id = located(call)
        async with call.rows() as rows:
            able = await readers.of_patient(rows, patient_id, "messages", call.now)
        return api_pb2.WhoWillReadResponse(readers=[messages.reader(reader) for reader in able], phone=not able)

    async def ListNotifications(
        self, request: api_pb2.ListNotificationsRequest, call: Call
    ) -> api_pb2.ListNotificationsResponse:
        if call.practice_id is None:
            raise NotFound
        state = choice_field(request.state, "state", OUTCOMES)
        only = notifications.Filter(call.practice_id, call.patient_id, state, await own_patients(call))
        token, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await notifications.page(rows, only, Keyset.parse(token), size + 1)
        answer = api_pb2.ListNotificationsResponse(notifications=[messages.notification(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(Keyset(found[size - 1].at, found[size - 1].notification_id)))
        return answer


def asking(call: Call) -> Asking:
    if call.practice_id is None:
        raise NotFound
    roles = call.actor.roles
    return Asking(call.practice_id, topics_of(roles), call.now, sees_overdue="admin" in roles)


async def known(rows: Rows, call: Call, conversation_id: str) -> QueueRow:
    """The conversation, where the caller's roles reach it or, for an admin, where it is overdue."""
    row = await practice_queue.one(rows, asking(call), uuid_field(conversation_id, "conversation_id"))
    if row is None:
        raise NotFound
    return row


async def reached(rows: Rows, call: Call, conversation_id: str) -> QueueRow:
    """The conversation, where the caller's roles may open it; hidden and absent ones answer alike."""
    row = await known(rows, call, conversation_id)
    if not row.within_reach:
        raise NotFound
    return row


async def pending_beside(rows: Rows, row: QueueRow) -> list[api_pb2.PendingResult]:
    """What waits for approval; due on the next business day where the patient has written since it came (R15)."""
    hours = business_hours(await practices.time_zone(rows, row.practice_id))
    shown = []
    for pending in await pending_results.of_patient(rows, row.patient_id):
        asked_at = await conversations.first_asked(rows, row.conversation_id, pending.received_at)
        due = hours.reply_due(asked_at, business_days=1) if asked_at else None
        shown.append(
            api_pb2.PendingResult(
                result_id=str(pending.result_id),
                received_at=instant_message(pending.received_at),
                due_on=date_message(due.on) if due else None,
            )
        )
    return shown
