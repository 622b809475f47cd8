"""Released documents: listed, their text shown, their files handed on as attachments (R14, R30)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import acting_for
from web.page import Page
from web.pages.downloads import attachment, file_name

HERE = "documents"


async def listed(page: Page) -> Response:
    acting = await acting_for(page)
    request = documents.ListDocumentsRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListDocuments(request)
    return page.render("patient/documents.html", documents=found.documents, next=found.next_page_token, here=HERE)


async def one(page: Page) -> Response:
    acting = await acting_for(page)
    request = documents.GetDocumentRequest(patient_id=acting.patient_id, document_id=page.id("document_id"))
    found = await page.site.portal.documents.GetDocument(request)
    return page.render(
        "patient/document.html",
        document=found.document,
        text=found.text,
        retraction_reason=found.retraction_reason,
        names=await page.names([found.document.released_by_provider_id]),
        here=HERE,
    )


async def file(page: Page) -> Response:
    request = documents.DownloadDocumentRequest(patient_id=page.id("patient_id"), document_id=page.id("document_id"))
    body = await page.site.portal.documents.DownloadDocument(request)
    return attachment(page, body, file_name(body, "document", request.document_id))
