"""The desk's own tasks, and emancipation with the document that proves it (R18, R20, R42)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import DESK, HERE, back_to, full
from web.scanning import SCAN, scanned
from web.sheet import FormPage, Sheet
from web.words import options


async def tasks(page: Page) -> Response:
    """What waits, the oldest first."""
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *DESK, "admin")
    request = consent.ListDeskTasksRequest(practice_id=desk.practice_id, page_token=page.more)
    found = await page.site.portal.consent.ListDeskTasks(request)
    ids = [one.patient_id for one in found.tasks] + [one.person_id for one in found.tasks]
    return page.render(
        "staff/desk_tasks.html",
        form=form,
        tasks=found.tasks,
        names=await page.names(ids),
        next=found.next_page_token,
        here="desk-tasks",
    )


async def settle(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = consent.SettleDeskTaskRequest(practice_id=page.id("practice_id"), task_id=page.id("task_id"))
        settled = await page.site.portal.consent.SettleDeskTask(request)
        return page.see(f"/practices/{request.practice_id}/desk-tasks", settled.position)

    return await page.submit(act, lambda form: _show(page, form))


async def _ask_emancipation(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Record the emancipation of {name}"),
        fields=[
            Field("kind", N_("Document"), "choice", options=options("proof")),
            SCAN,
        ],
        submit=N_("Record"),
        intro=[N_("The patient counts as an adult at once: the access of parents ends, and the patient signs anew.")],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _record_emancipation(page: Page, form: Form) -> Response:
    patient_id, kind = page.id("patient_id"), form.needed("kind")
    request = consent.RecordEmancipationRequest(
        patient_id=patient_id, kind=kind, scan_id=await scanned(page, form, patient_id)
    )
    recorded = await page.site.portal.consent.RecordEmancipation(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{request.patient_id}", recorded.position)


async def _ask_correction(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("The emancipation of {name} was recorded by mistake"),
        fields=[Field("reason", N_("Reason"), "area")],
        submit=N_("Record"),
        intro=[N_("From now on the birthdays count again.")],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _correct(page: Page, form: Form) -> Response:
    request = consent.CorrectEmancipationRequest(patient_id=page.id("patient_id"), reason=form.needed("reason"))
    form.check()
    corrected = await page.site.portal.consent.CorrectEmancipation(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{request.patient_id}", corrected.position)


async def _ask_signing_link(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Mail the consent form to {name}"),
        fields=[],
        submit=N_("Send the link"),
        intro=[
            N_("The link holds for 7 days and can be used once. A link that was sent before ends."),
            N_("Nothing is sent to an address that somebody else uses, too: then have the form signed here."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _send_signing_link(page: Page, form: Form) -> Response:
    request = consent.SendSigningLinkRequest(patient_id=page.id("patient_id"))
    sent = await page.site.portal.consent.SendSigningLink(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{request.patient_id}", sent.position)


SIGNING_LINK = FormPage(_ask_signing_link, _send_signing_link)
EMANCIPATION = FormPage(_ask_emancipation, _record_emancipation, most_files=1)
EMANCIPATION_CORRECTED = FormPage(_ask_correction, _correct)
