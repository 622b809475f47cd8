"""Emergency access: declared with a reason, the record as it opens then, and the admin's review (R43)."""

import asyncio

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment, file_name
from web.pages.staff.patients import HERE, back_to, full
from web.sheet import FormPage, Sheet
from web.trend import trend_of

MOST = 200
REASON = Field("reason", N_("Reason"), "area", hint=N_("The patient and the practice admin read it."))


async def _ask_declare(page: Page) -> Sheet:
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Emergency access to the record of {name}"),
        fields=[REASON],
        submit=N_("Open the record for 60 minutes"),
        intro=[
            N_("For an emergency in which nobody can act whose role shows the record."),
            N_("The patient is told and sees your name and reason. An admin reviews it."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _declare(page: Page, form: Form) -> Response:
    desk = await at_desk(page)
    request = consent.DeclareEmergencyAccessRequest(patient_id=page.id("patient_id"), reason=form.needed("reason"))
    form.check()
    declared = await page.site.portal.consent.DeclareEmergencyAccess(request)
    return page.see(f"{desk.patient(request.patient_id)}/emergency/record", declared.position)


async def record(page: Page) -> Response:
    """What the emergency opens: results, documents and the health record, to be read only."""
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    ask = page.site.portal.documents
    results, files, entries = await asyncio.gather(
        ask.ListResults(documents.ListResultsRequest(patient_id=patient.patient_id, page_size=MOST)),
        ask.ListDocuments(documents.ListDocumentsRequest(patient_id=patient.patient_id, page_size=MOST)),
        ask.ListRecordEntries(documents.ListRecordEntriesRequest(patient_id=patient.patient_id, page_size=MOST)),
    )
    return page.render(
        "staff/emergency_record.html",
        patient=patient,
        results=results.results,
        documents=files.documents,
        entries=entries.entries,
        is_cut=bool(results.next_page_token or files.next_page_token or entries.next_page_token),
        here=HERE,
    )


async def result(page: Page) -> Response:
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    request = documents.GetResultRequest(patient_id=patient.patient_id, result_id=page.id("result_id"))
    found = await page.site.portal.documents.GetResult(request)
    trends = [trend_of(value, found.summary) for value in found.values]
    return page.render("staff/emergency_result.html", patient=patient, result=found, trends=trends, here=HERE)


async def document(page: Page) -> Response:
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    request = documents.GetDocumentRequest(patient_id=patient.patient_id, document_id=page.id("document_id"))
    found = await page.site.portal.documents.GetDocument(request)
    return page.render(
        "staff/emergency_document.html",
        patient=patient,
        document=found.document,
        text=found.text,
        names=await page.names([found.document.released_by_provider_id]),
        here=HERE,
    )


async def document_file(page: Page) -> Response:
    request = documents.DownloadDocumentRequest(patient_id=page.id("patient_id"), document_id=page.id("document_id"))
    body = await page.site.portal.documents.DownloadDocument(request)
    return attachment(page, body, file_name(body, "document", request.document_id))


async def result_pdf(page: Page) -> Response:
    request = documents.DownloadResultRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
    body = await page.site.portal.documents.DownloadResult(request)
    return attachment(page, body, f"result-{request.result_id}.pdf")


async def emergencies(page: Page) -> Response:
    """Those that wait for review first asked for; ``?all=yes`` shows every one."""
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, "admin")
    everything = page.request.query_params.get("all") == "yes"
    request = consent.ListEmergencyAccessRequest(
        practice_id=desk.practice_id, waiting_only=not everything, page_token=page.more
    )
    found = await page.site.portal.consent.ListEmergencyAccess(request)
    ids = [one.patient_id for one in found.emergencies] + [one.staff_id for one in found.emergencies]
    return page.render(
        "staff/emergencies.html",
        form=form,
        emergencies=found.emergencies,
        names=await page.names(ids),
        everything=everything,
        next=found.next_page_token,
        here="emergencies",
    )


async def review(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = consent.ReviewEmergencyAccessRequest(
            practice_id=page.id("practice_id"), emergency_id=page.id("emergency_id"), finding=form.get("finding")
        )
        reviewed = await page.site.portal.consent.ReviewEmergencyAccess(request)
        return page.see(f"/practices/{request.practice_id}/emergencies", reviewed.position)

    return await page.submit(act, lambda form: _show(page, form))


DECLARE = FormPage(_ask_declare, _declare)
