"""A patient's documents at the practice: filed as a file, released by a provider, taken back (R14, R30)."""

from google.api.httpbody_pb2 import HttpBody
from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment, file_name
from web.pages.staff.patients import full
from web.sheet import FormPage, Sheet
from web.words import options

CLINICAL = ("provider", "clinical")
HERE = "patients"


async def waiting(page: Page) -> Response:
    """What waits for approval at the practice, the oldest first; ``?held=yes``: what is held instead."""
    desk = await at_desk(page, *CLINICAL)
    held = page.request.query_params.get("held") == "yes"
    request = documents.ListPendingDocumentsRequest(practice_id=desk.practice_id, page_token=page.more, held=held)
    found = await page.site.portal.documents.ListPendingDocuments(request)
    return page.render(
        "staff/waiting_documents.html",
        form=Form(),
        documents=found.documents,
        held=held,
        names=await page.names(one.patient_id for one in found.documents),
        next=found.next_page_token,
        here="approvals",
    )


async def of_patient(page: Page) -> Response:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.ListDocumentsRequest(patient_id=patient.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListDocuments(request)
    return page.render(
        "staff/documents.html", patient=patient, documents=found.documents, next=found.next_page_token, here=HERE
    )


async def one(page: Page) -> Response:
    return await show(page, Form())


async def show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.GetDocumentRequest(patient_id=patient.patient_id, document_id=page.id("document_id"))
    found = await page.site.portal.documents.GetDocument(request)
    return page.render(
        "staff/document.html",
        form=form,
        patient=patient,
        document=found.document,
        text=found.text,
        retraction_reason=found.retraction_reason,
        hold_reason=found.hold_reason,
        names=await page.names([found.document.released_by_provider_id]),
        here=HERE,
    )


async def file(page: Page) -> Response:
    request = documents.DownloadDocumentRequest(patient_id=page.id("patient_id"), document_id=page.id("document_id"))
    body = await page.site.portal.documents.DownloadDocument(request)
    return attachment(page, body, file_name(body, "document", request.document_id))


def path_of(page: Page) -> str:
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/documents/{page.id('document_id')}"


async def _ask_upload(page: Page) -> Sheet:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("File a document of {name}"),
        fields=[
            Field("title", N_("What it is"), hint=N_("As the patient reads it, for example: Letter of discharge.")),
            Field("kind", N_("Kind"), "choice", options=options("file_kind")),
            Field("file", N_("File"), "file", hint=N_("PDF, PNG, JPEG or plain text, at most 10 MB and 500 pages.")),
        ],
        submit=N_("File the document"),
        intro=[
            N_("A provider approves the correction anew. Until then what it corrects stays.")
            if "corrects" in page.request.query_params
            else N_("The patient sees it once a provider has released it.")
        ],
        back=(f"{desk.patient(patient.patient_id)}/documents", N_("Documents")),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _upload(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    chosen = form.needed_file("file")
    request = documents.UploadDocumentRequest(
        patient_id=patient_id,
        title=form.needed("title"),
        kind=form.needed("kind"),
        file=HttpBody(content_type=chosen.content_type, data=chosen.content),
        corrects_document_id=page.request.query_params.get("corrects", "")[:36],
    )
    form.check()
    filed = await page.site.portal.documents.UploadDocument(request)
    path = f"/practices/{page.id('practice_id')}/patients/{patient_id}/documents/{filed.document_id}"
    return page.see(path, filed.position)


async def release(page: Page) -> Response:
    """A provider's approval: the patient sees it from now on."""

    async def act(form: Form) -> Response:
        request = documents.ReleaseDocumentRequest(patient_id=page.id("patient_id"), document_id=page.id("document_id"))
        released = await page.site.portal.documents.ReleaseDocument(request)
        return page.see(path_of(page), released.position)

    return await page.submit(act, lambda form: show(page, form))


async def _ask_retract(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Take back a document of {name}"),
        fields=[Field("reason", N_("Reason"), "area", hint=N_("The patient reads it."))],
        submit=N_("Take back"),
        back=(path_of(page), N_("The document")),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _retract(page: Page, form: Form) -> Response:
    request = documents.RetractDocumentRequest(
        patient_id=page.id("patient_id"), document_id=page.id("document_id"), reason=form.needed("reason")
    )
    form.check()
    retracted = await page.site.portal.documents.RetractDocument(request)
    return page.see(path_of(page), retracted.position)


async def _ask_withdraw(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("A document in the record of {name} is of somebody else"),
        fields=[],
        submit=N_("Take it out of this record"),
        intro=[N_("It is taken out naming nobody. File it in the record where it belongs.")],
        back=(path_of(page), N_("The document")),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _withdraw(page: Page, form: Form) -> Response:
    request = documents.WithdrawDocumentRequest(patient_id=page.id("patient_id"), document_id=page.id("document_id"))
    withdrawn = await page.site.portal.documents.WithdrawDocument(request)
    return page.see(path_of(page), withdrawn.position)


UPLOAD = FormPage(_ask_upload, _upload, most_files=1)
RETRACT = FormPage(_ask_retract, _retract)
WITHDRAW = FormPage(_ask_withdraw, _withdraw)
