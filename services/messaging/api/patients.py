"""Conversations and the inbox, as the patient or who acts for the patient asks."""

from google.api.httpbody_pb2 import HttpBody

from services.messaging import messages
from services.messaging.api.attaching import Files
from services.messaging.api.callers import account_of, located, patient_author
from services.messaging.api.fields import TOPICS, body_of, number_page, subject_of, topic_of
from services.messaging.api.sending import send
from services.messaging.commands import conversations as commands
from services.messaging.keysets import Keyset
from services.messaging.projections import conversations, inbox, practices, providers
from services.messaging.public_holidays import business_hours
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, uuid_field

KINDS = frozenset({"", *inbox.SCOPE_OF_KIND})


class Conversations:
    """The patient's side of conversations."""

    def __init__(self, files: Files) -> None:
        self._files = files

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
            author=await patient_author(call, "messages"),
            topic=topic_of(request.topic) if request.topic else "medical",
            subject=subject_of(request.subject),
            body=body_of(request.body),
            hours=business_hours(zone),
            provider_id=provider_id,
            provider_takes_part=takes_part,
            attachments=await self._files.named(call, request.attachment_ids),
        )
        started = await call.perform(commands.start_conversation, command)
        return api_pb2.StartConversationResponse(
            conversation_id=str(started.conversation_id),
            message_id=str(started.message_id),
            position=str(started.position),
            reply_due_on=messages.day(started.reply_due_on),
        )

    async def SendMessage(self, request: api_pb2.SendMessageRequest, call: Call) -> api_pb2.SendMessageResponse:
        attachments = await self._files.named(call, request.attachment_ids)
        author = await patient_author(call, "messages")
        sent = await send(call, request.conversation_id, author, request.body, attachments)
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

    async def DownloadAttachment(self, request: api_pb2.DownloadAttachmentRequest, call: Call) -> HttpBody:
        conversation_id = uuid_field(request.conversation_id, "conversation_id")
        return await self._files.download(call, conversation_id, request.attachment_id)

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
