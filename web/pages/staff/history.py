"""The access log of one record: who looked at, downloaded or did what, and when (R39, R43)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import at_desk, patient_at
from web.page import Page


async def of_patient(page: Page) -> Response:
    desk = await at_desk(page, "admin")
    patient = await patient_at(page, desk)
    request = documents.ListAccessHistoryRequest(patient_id=patient.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListAccessHistory(request)
    return page.render(
        "staff/history.html",
        patient=patient,
        entries=found.entries,
        own_account=page.session.account_id if page.session else "",
        next=found.next_page_token,
        here="patients",
    )
