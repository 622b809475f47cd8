"""What patients and staff ask of messaging: message in, command or query, message out."""

from typing import get_args
from uuid import UUID

from services.messaging import commands, messages
from services.messaging.domain.conversation import Author, Topic
from services.messaging.domain.reach import topics_of
from services.messaging.keysets import Keyset
from services.messaging.projections import (
    conversations,
    inbox,
    notifications,
    pending_results,
    practice_queue,
    practices,
    providers,
    readers,
    staff,
)
from services.messaging.projections.practice_queue import Asking, QueueRow
from services.messaging.public_holidays import business_hours
from shared.access.windows import holding
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_message, instant_message, text_field, uuid_field

SUBJECT_CHARACTERS, BODY_CHARACTERS = 200, 10_000
TOPICS: tuple[Topic, ...] = get_args(Topic)
KINDS = frozenset({"", *inbox.SCOPE_OF_KIND})
QUEUES = frozenset({"waiting", "overdue", "all"})
OUTCOMES = frozenset({"", "sent", "bounced"})
CLINICAL = frozenset({"provider", "clinical"})


class PatientSide:
    """What the patient, or who acts for the patient, asks."""

    async def ListRecipients(
        self, request: api_pb2.ListRecipientsRequest, call: Call
    ) -> api_pb2.ListRecipientsResponse:
        practice_id, _ = located(call)
        async with call.rows() as rows:
            found = await providers.taking_part(rows, practice_id)
        ids = [str(provider_id) for provider_id in found]
        return api_pb2.ListRecipientsResponse(practice_id=str(practice_id), provider_ids=ids, topics=TOPICS)

    async def StartConversation(
        self, request: api_pb2.StartConversationRequest, call: Call
    ) -> api_pb2.StartConversationResponse:
        practice_id, patient_id = located(call)
        if bool(request.provider_id) == bool(request.topic):
            raise InvalidField("topic", "expected either a provider_id or a topic")
        provider_id = uuid_field(request.provider_id, "provider_id") if request.provider_id else None
        async with call.rows() as rows:
            zone = await practices.time_zone(rows, practice_id)
            takes_part = provider_id is not None and await providers.takes_part(rows, practice_id, provider_id)
        command = commands.StartConversation(
            practice_id=practice_id,
            patient_id=patient_id,
            author=await patient_author(call),
            topic=topic_of(request.topic) if request.topic else "medical",
            subject=subject_of(request.subject),
            body=body_of(request.body),
            hours=business_hours(zone),
            provider_id=provider_id,
            provider_takes_part=takes_part,
        )
        started = await call.perform(commands.start_conversation, command)
        return api_pb2.StartConversationResponse(
            conversation_id=str(started.conversation_id),
            message_id=str(started.message_id),
            position=str(started.position),
            reply_due_on=messages.day(started.reply_due_on),
        )

    async def SendMessage(self, request: api_pb2.SendMessageRequest, call: Call) -> api_pb2.SendMessageResponse:
        sent = await send(call, request.conversation_id, request.body, await patient_author(call))
        return api_pb2.SendMessageResponse(
            message_id=str(sent.message_id),
            position=str(sent.position),
            reply_due_on=messages.day(sent.reply_due_on),
        )

    async def ListConversations(
        self, request: api_pb2.ListConversationsRequest, call: Call
    ) -> api_pb2.ListConversationsResponse:
        _, patient_id = located(call)
        token, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await conversations.page(rows, patient_id, account_of(call), Keyset.parse(token), size + 1)
        call.viewed(*(row.conversation_id for row in found[:size]))
        answer = api_pb2.ListConversationsResponse(conversations=[messages.conversation(row) for row in found[:size]])
        if len(found) > size:
            last = found[size - 1]
            answer.next_page_token = call.next_page(str(Keyset(last.last_message_at, last.conversation_id)))
        return answer

    async def GetConversation(
        self, request: api_pb2.GetConversationRequest, call: Call
    ) -> api_pb2.GetConversationResponse:
        _, patient_id = located(call)
        conversation_id = uuid_field(request.conversation_id, "conversation_id")
        after, size = number_page(call, request.page_token, request.page_size)
        async with call.rows() as rows:
            row = await conversations.one(rows, patient_id, account_of(call), conversation_id)
            if row is None:
                raise NotFound
            found = await conversations.messages(rows, conversation_id, after, size + 1)
        call.viewed(conversation_id)
        return api_pb2.GetConversationResponse(
            conversation=messages.conversation(row),
            messages=[messages.message(message) for message in found[:size]],
            next_page_token=call.next_page(str(found[size - 1].number)) if len(found) > size else "",
        )

    async def MarkRead(self, request: api_pb2.MarkReadRequest, call: Call) -> api_pb2.MarkReadResponse:
        command = commands.MarkRead(
            conversation_id=uuid_field(request.conversation_id, "conversation_id"),
            account_id=account_of(call),
            message_id=uuid_field(request.message_id, "message_id") if request.message_id else None,
        )
        return api_pb2.MarkReadResponse(position=str(await call.perform(commands.mark_read, command)))

    async def ListInbox(self, request: api_pb2.ListInboxRequest, call: Call) -> api_pb2.ListInboxResponse:
        _, patient_id = located(call)
        kind = choice_field(request.kind, "kind", KINDS)
        token, size = call.page(request.page_token, request.page_size)
        viewer = inbox.Viewer(account_of(call), call.actor.scopes, call.actor.acting_as)
        async with call.rows() as rows:
            found = await inbox.page(rows, patient_id, viewer, inbox.Wanted(kind, Keyset.parse(token), size + 1))
        call.viewed(*dict.fromkeys(item.object_id for item in found[:size]))
        answer = api_pb2.ListInboxResponse(items=[messages.inbox_item(item) for item in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(Keyset(found[size - 1].at, found[size - 1].item_id)))
        return answer

    async def CountUnread(self, request: api_pb2.CountUnreadRequest, call: Call) -> api_pb2.CountUnreadResponse:
        _, patient_id = located(call)
        async with call.rows() as rows:
            counts = await conversations.unread_counts(rows, [patient_id], account_of(call))
        return api_pb2.CountUnreadResponse(unread_count=counts[patient_id])


class PracticeSide:
    """What the practice's staff ask."""

    async def ListPracticeConversations(
        self, request: api_pb2.ListPracticeConversationsRequest, call: Call
    ) -> api_pb2.ListPracticeConversationsResponse:
        state = choice_field(request.state or "waiting", "state", QUEUES)
        token, size = call.page(request.page_token, request.page_size)
        only = practice_queue.Filter(state, call.actor.staff_id if request.mine else None, call.patient_id)
        async with call.rows() as rows:
            found = await practice_queue.page(rows, asking(call), only, Keyset.parse(token), size + 1)
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

    async def ReplyToConversation(
        self, request: api_pb2.ReplyToConversationRequest, call: Call
    ) -> api_pb2.ReplyToConversationResponse:
        async with call.rows() as rows:
            await reached(rows, call, request.conversation_id)
        sent = await send(call, request.conversation_id, request.body, staff_author(call))
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
        only = notifications.Filter(call.practice_id, call.patient_id, choice_field(request.state, "state", OUTCOMES))
        token, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await notifications.page(rows, only, Keyset.parse(token), size + 1)
        answer = api_pb2.ListNotificationsResponse(notifications=[messages.notification(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(Keyset(found[size - 1].at, found[size - 1].notification_id)))
        return answer


class MessagingApi(PatientSide, PracticeSide):
    """The API port's servicer; policies have been applied before a method is called."""


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient, which every policy but the lists' locates."""
    if call.practice_id is None or call.patient_id is None:
        raise NotFound
    return call.practice_id, call.patient_id


def account_of(call: Call) -> UUID:
    if call.actor.id is None:
        raise NotFound
    return call.actor.id


def staff_of(call: Call) -> UUID:
    if call.actor.staff_id is None:
        raise NotFound
    return call.actor.staff_id


async def patient_author(call: Call) -> Author:
    """The person as whom the account acts, from the window that admitted it."""
    _, patient_id = located(call)
    acting_as = call.actor.acting_as
    if acting_as == "self":
        return Author("patient", account_of(call), patient_id, acting_as)
    for window in holding(await call.windows(), call.now):
        if window.patient_id == patient_id and window.acting_as == acting_as and "messages" in window.scopes:
            return Author("representative", account_of(call), window.person_id, acting_as)
    raise NotFound


def staff_author(call: Call) -> Author:
    return Author("staff", account_of(call), staff_of(call), provider_id=call.actor.provider_id)


async def send(call: Call, conversation_id: str, body: str, author: Author) -> commands.Sent:
    practice_id, patient_id = located(call)
    async with call.rows() as rows:
        zone = await practices.time_zone(rows, practice_id)
    command = commands.SendMessage(
        patient_id=patient_id,
        conversation_id=uuid_field(conversation_id, "conversation_id"),
        author=author,
        body=body_of(body),
        hours=business_hours(zone),
    )
    return await call.perform(commands.send_message, command)


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


def number_page(call: Call, token: str, page_size: int) -> tuple[int, int]:
    """The number of the last message of the page before, 0 for the first page, and the size."""
    keyset, size = call.page(token, page_size)
    return (int(keyset) if keyset.isdigit() else 0), size


def topic_of(word: str) -> Topic:
    found = next((topic for topic in TOPICS if topic == word), None)
    if found is None:
        raise InvalidField("topic", "expected one of " + ", ".join(TOPICS))
    return found


def subject_of(given: str) -> str:
    subject = text_field(given, "subject", most=SUBJECT_CHARACTERS)
    if "\n" in subject:
        raise InvalidField("subject", "expected one line")
    return subject


def body_of(given: str) -> str:
    return text_field(given.replace("\r\n", "\n"), "body", most=BODY_CHARACTERS)
