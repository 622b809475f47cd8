"""At the desk: the scan of a paper, to be looked at (R6, R7, R21)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from web.page import Page
from web.pages.downloads import attachment, file_name


async def file(page: Page) -> Response:
    request = consent.DownloadScanRequest(patient_id=page.id("patient_id"), scan_id=page.id("scan_id"))
    body = await page.site.portal.consent.DownloadScan(request)
    return attachment(page, body, file_name(body, "scan", request.scan_id))
