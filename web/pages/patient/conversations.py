"""Messages with the practice: the list, one conversation, a new one, an answer."""

from dataclasses import replace

from starlette.responses import Response

from shared.contracts.messaging.v1 import api_pb2 as messaging
from shared.errors import PortalError
from shared.rpc.metadata import calling
from web.acting import Acting, acting_for
from web.attaching import FILES, MOST_FILES_READ, uploaded
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages import downloads
from web.sheet import FormPage, Sheet
from web.words import WORDS

HERE = "conversations"
BODY = Field("body", N_("Message"), "area")
PROVIDER, TOPIC = "provider:", "topic:"
"""One list offers both; the value says which of them was chosen."""


async def listed(page: Page) -> Response:
    acting = await acting_for(page)
    request = messaging.ListConversationsRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.messaging.ListConversations(request)
    return page.render(
        "patient/conversations.html",
        conversations=found.conversations,
        names=await page.names(one.provider_id for one in found.conversations),
        next=found.next_page_token,
        here=HERE,
    )


async def one(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    request = messaging.GetConversationRequest(
        patient_id=acting.patient_id, conversation_id=page.id("conversation_id"), page_size=200, page_token=page.more
    )
    found = await page.site.portal.messaging.GetConversation(request)
    if found.conversation.unread_count:
        await _mark_read(page, acting, found)
        page.acting = replace(acting, unread=max(0, acting.unread - found.conversation.unread_count))
    ids = [found.conversation.provider_id, *(part.author_id for part in found.messages)]
    ids += [part.provider_id for part in found.messages]
    return page.render(
        "patient/conversation.html",
        form=form,
        conversation=found.conversation,
        messages=found.messages,
        names=await page.names(ids),
        next=found.next_page_token,
        body=BODY,
        files=FILES,
        here=HERE,
    )


async def _mark_read(page: Page, acting: Acting, found: messaging.GetConversationResponse) -> None:
    """Shown is read. Where that cannot be noted now, the message stays unread and is shown all the same."""
    last = found.messages[-1].message_id if found.messages else ""
    request = messaging.MarkReadRequest(
        patient_id=acting.patient_id, conversation_id=found.conversation.conversation_id, message_id=last
    )
    with calling(token=page.token, idempotency_key=f"read-{last}", client_address=page.browser.address):
        try:
            await page.site.portal.messaging.MarkRead(request)
        except PortalError:
            return


async def reply(page: Page) -> Response:
    page.most_files = MOST_FILES_READ

    async def act(form: Form) -> Response:
        conversation_id = page.id("conversation_id")
        request = messaging.SendMessageRequest(
            patient_id=page.id("patient_id"), conversation_id=conversation_id, body=form.needed("body")
        )
        request.attachment_ids.extend(await uploaded(page, form, request.patient_id))
        sent = await page.site.portal.messaging.SendMessage(request)
        return page.see(f"/patients/{request.patient_id}/conversations/{conversation_id}", sent.position)

    async def again(form: Form) -> Response:
        return await _show(page, form)

    return await page.submit(act, again)


async def _ask(page: Page) -> Sheet:
    acting = await acting_for(page)
    request = messaging.ListRecipientsRequest(patient_id=acting.patient_id)
    found = await page.site.portal.messaging.ListRecipients(request)
    names = await page.names(found.provider_ids)
    options = [(PROVIDER + one, names[one]) for one in found.provider_ids if one in names]
    options += [(TOPIC + one, page.translate(WORDS["topic"].get(one, one))) for one in found.topics]
    return Sheet(
        title=N_("Write to {practice}"),
        fields=[
            Field("to", N_("To"), "choice", options=options, literal=True),
            Field("subject", N_("Subject")),
            BODY,
            FILES,
        ],
        submit=N_("Send"),
        back=(f"{acting.path}/conversations", N_("Messages")),
        start=Form.filled(to=page.request.query_params.get("to", "")),
        here=HERE,
        blanks={"practice": acting.practice_name},
        urgent=True,
    )


async def _start(page: Page, form: Form) -> Response:
    to = form.get("to")
    request = messaging.StartConversationRequest(
        patient_id=page.id("patient_id"),
        provider_id=to.removeprefix(PROVIDER) if to.startswith(PROVIDER) else "",
        topic=to.removeprefix(TOPIC) if to.startswith(TOPIC) else "",
        subject=form.needed("subject"),
        body=form.needed("body"),
    )
    if not (request.provider_id or request.topic):
        form.blame("to", N_("Choose one."))
    request.attachment_ids.extend(await uploaded(page, form, request.patient_id))
    started = await page.site.portal.messaging.StartConversation(request)
    return page.see(f"/patients/{request.patient_id}/conversations/{started.conversation_id}", started.position)


async def attachment(page: Page) -> Response:
    """A file that was sent with one of the conversation's messages."""
    request = messaging.DownloadAttachmentRequest(
        patient_id=page.id("patient_id"),
        conversation_id=page.id("conversation_id"),
        attachment_id=page.id("attachment_id"),
    )
    body = await page.site.portal.messaging.DownloadAttachment(request)
    return downloads.attachment(page, body, downloads.file_name(body, "attachment", request.attachment_id))


COMPOSE = FormPage(_ask, _start, most_files=MOST_FILES_READ)
