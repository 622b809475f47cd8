"""Released results with values, ranges and trend, the patient's wish to wait for them, and the health record."""

import asyncio

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import acting_for
from web.forms import Form
from web.page import Page
from web.pages.downloads import attachment
from web.trend import trend_of


async def results(page: Page) -> Response:
    return await _show_results(page, Form())


async def _show_results(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    ask = page.site.portal.documents
    found, wish = await asyncio.gather(
        ask.ListResults(documents.ListResultsRequest(patient_id=acting.patient_id, page_token=page.more)),
        ask.GetReleaseWish(documents.GetReleaseWishRequest(patient_id=acting.patient_id)),
    )
    return page.render(
        "patient/results.html",
        form=form,
        results=found.results,
        waits=wish.waits,
        next=found.next_page_token,
        here="results",
    )


async def wait(page: Page) -> Response:
    """Nothing more becomes visible until the patient says so (R14)."""

    async def act(form: Form) -> Response:
        patient_id = page.id("patient_id")
        asked = await page.site.portal.documents.AskToWait(documents.AskToWaitRequest(patient_id=patient_id))
        return page.see(f"/patients/{patient_id}/results", asked.position)

    return await page.submit(act, lambda form: _show_results(page, form))


async def end_wait(page: Page) -> Response:
    """What was approved meanwhile becomes visible."""

    async def act(form: Form) -> Response:
        patient_id = page.id("patient_id")
        ended = await page.site.portal.documents.EndWait(documents.EndWaitRequest(patient_id=patient_id))
        return page.see(f"/patients/{patient_id}/results", ended.position)

    return await page.submit(act, lambda form: _show_results(page, form))


async def result(page: Page) -> Response:
    acting = await acting_for(page)
    request = documents.GetResultRequest(patient_id=acting.patient_id, result_id=page.id("result_id"))
    found = await page.site.portal.documents.GetResult(request)
    return page.render(
        "patient/result.html",
        result=found,
        trends=[trend_of(value, found.summary) for value in found.values],
        names=await page.names([found.released_by_provider_id, found.ordering_provider_id]),
        here="results",
    )


async def result_pdf(page: Page) -> Response:
    request = documents.DownloadResultRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
    body = await page.site.portal.documents.DownloadResult(request)
    return attachment(page, body, f"result-{request.result_id}.pdf")


async def record(page: Page) -> Response:
    """Medications, allergies, immunizations and problems."""
    acting = await acting_for(page)
    request = documents.ListRecordEntriesRequest(patient_id=acting.patient_id, page_size=200, page_token=page.more)
    found = await page.site.portal.documents.ListRecordEntries(request)
    by_kind: dict[str, list[documents.RecordEntry]] = {}
    for entry in found.entries:
        by_kind.setdefault(entry.kind, []).append(entry)
    return page.render("patient/record.html", by_kind=by_kind, next=found.next_page_token, here="record")
