"""What shall not be decided on yet, and a result that lies in the wrong record (R14, R44)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.documents import path_of as document_path
from web.pages.staff.documents import show as show_document
from web.pages.staff.patients import full
from web.pages.staff.refiling import Misfiled, refiling
from web.pages.staff.results import CLINICAL, HERE, path_of, show
from web.sheet import FormPage, Sheet


async def _ask(page: Page, title: str, back: tuple[str, str]) -> Sheet:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    return Sheet(
        title=title,
        fields=[
            Field("reason", N_("Reason"), "area", hint=N_("Staff read it; the patient does not.")),
            Field("until", N_("Until when"), "moment", hint=N_("At most 14 days. Then it is queued again.")),
        ],
        submit=N_("Hold"),
        back=back,
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _ask_result(page: Page) -> Sheet:
    return await _ask(page, N_("Hold a result of {name}"), (path_of(page), N_("The result")))


async def _ask_document(page: Page) -> Sheet:
    return await _ask(page, N_("Hold a document of {name}"), (document_path(page), N_("The document")))


async def _hold(page: Page, form: Form) -> Response:
    await at_desk(page, *CLINICAL)
    request = documents.HoldResultRequest(
        patient_id=page.id("patient_id"),
        result_id=page.id("result_id"),
        reason=form.needed("reason"),
        until=form.needed_moment("until", page.zone),
    )
    form.check()
    held = await page.site.portal.documents.HoldResult(request)
    return page.see(path_of(page), held.position)


async def _hold_document(page: Page, form: Form) -> Response:
    await at_desk(page, *CLINICAL)
    request = documents.HoldDocumentRequest(
        patient_id=page.id("patient_id"),
        document_id=page.id("document_id"),
        reason=form.needed("reason"),
        until=form.needed_moment("until", page.zone),
    )
    form.check()
    held = await page.site.portal.documents.HoldDocument(request)
    return page.see(document_path(page), held.position)


async def lift(page: Page) -> Response:
    """It is queued again."""

    async def act(form: Form) -> Response:
        request = documents.LiftHoldRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
        lifted = await page.site.portal.documents.LiftHold(request)
        return page.see(path_of(page), lifted.position)

    return await page.submit(act, lambda form: show(page, form))


async def lift_document(page: Page) -> Response:
    """It is queued again."""

    async def act(form: Form) -> Response:
        request = documents.LiftDocumentHoldRequest(
            patient_id=page.id("patient_id"), document_id=page.id("document_id")
        )
        lifted = await page.site.portal.documents.LiftDocumentHold(request)
        return page.see(document_path(page), lifted.position)

    return await page.submit(act, lambda form: show_document(page, form))


async def _move(page: Page, desk: Desk, to_patient_id: str) -> Response:
    request = documents.RefileResultRequest(
        patient_id=page.id("patient_id"), result_id=page.id("result_id"), to_patient_id=to_patient_id
    )
    refiled = await page.site.portal.documents.RefileResult(request)
    return page.see(f"{desk.patient(to_patient_id)}/results/{refiled.result_id}", refiled.position)


HOLD = FormPage(_ask_result, _hold)
HOLD_DOCUMENT = FormPage(_ask_document, _hold_document)
REFILE = refiling(
    Misfiled(
        title=N_("Move a result out of the record of {name}"),
        whose=N_("Whose result it is"),
        here=HERE,
        back=lambda page: (path_of(page), N_("The result")),
        move=_move,
    )
)
