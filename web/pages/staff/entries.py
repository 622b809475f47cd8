"""Lines of the health record: what was refiled and waits for a provider, and what is in the wrong record (R14, R44)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import Desk, at_desk, patient_at
from web.forms import Form
from web.language import N_
from web.page import Page
from web.pages.staff.refiling import Misfiled, refiling

CLINICAL = ("provider", "clinical")
HERE = "approvals"


async def waiting(page: Page) -> Response:
    """What was refiled at the practice, the oldest first."""
    return await _show_waiting(page, Form())


async def _show_waiting(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *CLINICAL)
    request = documents.ListPendingRecordEntriesRequest(practice_id=desk.practice_id, page_token=page.more)
    found = await page.site.portal.documents.ListPendingRecordEntries(request)
    return page.render(
        "staff/waiting_entries.html",
        form=form,
        entries=found.entries,
        names=await page.names(one.patient_id for one in found.entries),
        next=found.next_page_token,
        here=HERE,
    )


async def approve(page: Page) -> Response:
    """A provider says that it belongs where it is: the patient sees it from now on."""

    async def act(form: Form) -> Response:
        request = documents.ApproveRecordEntryRequest(patient_id=page.id("patient_id"), entry_id=page.id("entry_id"))
        approved = await page.site.portal.documents.ApproveRecordEntry(request)
        return page.see(f"/practices/{page.id('practice_id')}/entries", approved.position)

    return await page.submit(act, lambda form: _show_waiting(page, form))


async def of_patient(page: Page) -> Response:
    """A patient's health record as staff see it: with what waits and what was taken out."""
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.ListRecordEntriesRequest(patient_id=patient.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListRecordEntries(request)
    return page.render(
        "staff/record.html", patient=patient, entries=found.entries, next=found.next_page_token, here="patients"
    )


def _back(page: Page) -> tuple[str, str]:
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/record", N_("Health record")


async def _move(page: Page, desk: Desk, to_patient_id: str) -> Response:
    request = documents.RefileRecordEntryRequest(
        patient_id=page.id("patient_id"), entry_id=page.id("entry_id"), to_patient_id=to_patient_id
    )
    refiled = await page.site.portal.documents.RefileRecordEntry(request)
    return page.see(f"{desk.path}/entries", refiled.position)


REFILE = refiling(
    Misfiled(
        title=N_("Move a line out of the health record of {name}"),
        whose=N_("Whose it is"),
        here="patients",
        back=_back,
        move=_move,
    )
)
