"""The practice's messages: what waits and is overdue, one conversation with who will read a reply, writing first."""

from starlette.responses import Response

from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.acting import at_desk, patient_at
from web.attaching import FILES, MOST_FILES_READ, uploaded
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages import downloads
from web.pages.staff.patients import back_to, full
from web.sheet import FormPage, Sheet
from web.words import options

HERE = "conversations"
BODY = Field("body", N_("Message"), "area")
STATES = {"waiting": N_("Waiting for a reply"), "overdue": N_("Overdue"), "all": N_("All")}


async def listed(page: Page) -> Response:
    """Waiting first, by due date; ``?state=`` chooses."""
    desk = await at_desk(page)
    state = page.request.query_params.get("state", "")
    state = state if state in STATES else "waiting"
    request = messaging.ListPracticeConversationsRequest(
        practice_id=desk.practice_id, state=state, page_token=page.more
    )
    found = await page.site.portal.messaging.ListPracticeConversations(request)
    ids = [one.patient_id for one in found.conversations] + [one.provider_id for one in found.conversations]
    ids += [one.assigned_staff_id for one in found.conversations]
    return page.render(
        "staff/conversations.html",
        conversations=found.conversations,
        names=await page.names(ids),
        state=state,
        states=STATES,
        next=found.next_page_token,
        here=HERE,
    )


async def one(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page)
    request = messaging.GetPracticeConversationRequest(
        practice_id=desk.practice_id,
        conversation_id=page.id("conversation_id"),
        page_size=200,
        page_token=page.more,
    )
    found = await page.site.portal.messaging.GetPracticeConversation(request)
    told = found.conversation
    ids = [told.patient_id, told.provider_id, told.assigned_staff_id]
    ids += [part.author_id for part in found.messages] + [reader.person_id for reader in found.readers]
    return page.render(
        "staff/conversation.html",
        form=form,
        conversation=told,
        messages=found.messages,
        pending=found.pending_results,
        readers=found.readers,
        names=await page.names(ids),
        next=found.next_page_token,
        body=BODY,
        files=FILES,
        here=HERE,
    )


def _path(page: Page) -> str:
    return f"/practices/{page.id('practice_id')}/conversations/{page.id('conversation_id')}"


async def reply(page: Page) -> Response:
    page.most_files = MOST_FILES_READ

    async def act(form: Form) -> Response:
        request = messaging.ReplyToConversationRequest(
            practice_id=page.id("practice_id"), conversation_id=page.id("conversation_id"), body=form.needed("body")
        )
        request.attachment_ids.extend(await uploaded(page, form, await _patient_of(page)))
        sent = await page.site.portal.messaging.ReplyToConversation(request)
        return page.see(_path(page), sent.position)

    return await page.submit(act, lambda form: _show(page, form))


async def _patient_of(page: Page) -> str:
    """Whom the conversation is about: files are uploaded for that patient."""
    request = messaging.GetPracticeConversationRequest(
        practice_id=page.id("practice_id"), conversation_id=page.id("conversation_id"), page_size=1
    )
    found = await page.site.portal.messaging.GetPracticeConversation(request)
    return found.conversation.patient_id


async def attachment(page: Page) -> Response:
    """A file that was sent with one of the conversation's messages."""
    request = messaging.DownloadPracticeAttachmentRequest(
        practice_id=page.id("practice_id"),
        conversation_id=page.id("conversation_id"),
        attachment_id=page.id("attachment_id"),
    )
    body = await page.site.portal.messaging.DownloadPracticeAttachment(request)
    return downloads.attachment(page, body, downloads.file_name(body, "attachment", request.attachment_id))


async def settle(page: Page) -> Response:
    """Its last message needs no reply."""

    async def act(form: Form) -> Response:
        request = messaging.SettleConversationRequest(
            practice_id=page.id("practice_id"), conversation_id=page.id("conversation_id")
        )
        settled = await page.site.portal.messaging.SettleConversation(request)
        return page.see(_path(page), settled.position)

    return await page.submit(act, lambda form: _show(page, form))


async def assign(page: Page) -> Response:
    """To oneself, or back to the queue."""

    async def act(form: Form) -> Response:
        desk = await at_desk(page)
        request = messaging.AssignConversationRequest(
            practice_id=desk.practice_id,
            conversation_id=page.id("conversation_id"),
            staff_id=desk.staff_id if form.get("to") == "me" else "",
        )
        assigned = await page.site.portal.messaging.AssignConversation(request)
        return page.see(_path(page), assigned.position)

    return await page.submit(act, lambda form: _show(page, form))


async def _ask(page: Page) -> Sheet:
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    request = messaging.WhoWillReadRequest(practice_id=desk.practice_id, patient_id=patient.patient_id)
    found = await page.site.portal.messaging.WhoWillRead(request)
    return Sheet(
        title=N_("Write to {name}"),
        fields=[
            Field("topic", N_("Topic"), "choice", options=options("topic")),
            Field("subject", N_("Subject")),
            BODY,
            FILES,
        ],
        submit=N_("Send"),
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        template="staff/compose.html",
        values={
            "readers": found.readers,
            "phone": found.phone,
            "names": await page.names(reader.person_id for reader in found.readers),
            "patient": patient,
        },
    )


async def _start(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = messaging.StartPracticeConversationRequest(
        practice_id=practice_id,
        patient_id=page.id("patient_id"),
        topic=form.needed("topic"),
        subject=form.needed("subject"),
        body=form.needed("body"),
    )
    request.attachment_ids.extend(await uploaded(page, form, request.patient_id))
    started = await page.site.portal.messaging.StartPracticeConversation(request)
    return page.see(f"/practices/{practice_id}/conversations/{started.conversation_id}", started.position)


COMPOSE = FormPage(_ask, _start, most_files=MOST_FILES_READ)
