"""Released results with values, ranges and trend, and the health record."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import acting_for
from web.page import Page
from web.pages.downloads import attachment
from web.trend import trend_of


async def results(page: Page) -> Response:
    acting = await acting_for(page)
    request = documents.ListResultsRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListResults(request)
    return page.render("patient/results.html", results=found.results, next=found.next_page_token, here="results")


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
