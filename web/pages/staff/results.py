"""One result at the practice: its release, filing and correcting it, taking it back (R14)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from shared.contracts.identity.v1 import api_pb2 as identity
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment
from web.pages.staff.patients import back_to, full
from web.sheet import FormPage, Sheet
from web.trend import trend_of
from web.words import options

CLINICAL = ("provider", "clinical")
HERE = "approvals"
ROWS = 10
PARTS = ("name", "value", "unit", "reference_low", "reference_high")


async def of_patient(page: Page) -> Response:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.ListResultsRequest(patient_id=patient.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListResults(request)
    return page.render(
        "staff/results.html", patient=patient, results=found.results, next=found.next_page_token, here="patients"
    )


async def one(page: Page) -> Response:
    return await show(page, Form())


async def show(page: Page, form: Form) -> Response:
    """One result with all that staff know of it."""
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.GetResultRequest(patient_id=patient.patient_id, result_id=page.id("result_id"))
    found = await page.site.portal.documents.GetResult(request)
    return page.render(
        "staff/result.html",
        form=form,
        patient=patient,
        result=found,
        trends=[trend_of(value, found.summary) for value in found.values],
        names=await page.names([found.released_by_provider_id, found.ordering_provider_id]),
        here=HERE,
    )


async def pdf(page: Page) -> Response:
    request = documents.DownloadResultRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
    body = await page.site.portal.documents.DownloadResult(request)
    return attachment(page, body, f"result-{request.result_id}.pdf")


async def release(page: Page) -> Response:
    """A provider's approval: the patient sees it from now on."""

    async def act(form: Form) -> Response:
        request = documents.ReleaseResultRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
        released = await page.site.portal.documents.ReleaseResult(request)
        return page.see(path_of(page), released.position)

    return await page.submit(act, lambda form: show(page, form))


def path_of(page: Page) -> str:
    """The page of the URL's result."""
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/results/{page.id('result_id')}"


async def _ask_retract(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Take back a result of {name}"),
        fields=[Field("reason", N_("Reason"), "area", hint=N_("The patient reads it."))],
        submit=N_("Take back"),
        back=(path_of(page), N_("The result")),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _retract(page: Page, form: Form) -> Response:
    request = documents.RetractResultRequest(
        patient_id=page.id("patient_id"), result_id=page.id("result_id"), reason=form.needed("reason")
    )
    form.check()
    retracted = await page.site.portal.documents.RetractResult(request)
    return page.see(path_of(page), retracted.position)


async def _orderers(page: Page, practice_id: str) -> Field:
    """Who may have ordered a result: asked first when it waits (R14)."""
    request = identity.ListProvidersRequest(practice_id=practice_id, page_size=200)
    providers = (await page.site.portal.identity.ListProviders(request)).providers
    return Field(
        "ordering_provider_id",
        N_("Ordered by"),
        "choice",
        options=[(one.provider_id, one.display_name) for one in providers],
        required=False,
        literal=True,
    )


async def _corrected(page: Page, patient_id: str) -> documents.GetResultResponse | None:
    """The result of ``?corrects=`` that the new one corrects; None without one."""
    if "corrects" not in page.request.query_params:
        return None
    request = documents.GetResultRequest(patient_id=patient_id, result_id=page.request.query_params["corrects"][:36])
    return await page.site.portal.documents.GetResult(request)


def _begun(corrected: documents.GetResultResponse | None) -> Form:
    """A correction begins with what it corrects."""
    if corrected is None:
        return Form()
    rows = {
        f"values[{place}].{part}": getattr(value, part)
        for place, value in enumerate(corrected.values[:ROWS])
        for part in PARTS
    }
    return Form.filled(
        title=corrected.summary.title,
        category=corrected.summary.category,
        ordering_provider_id=corrected.ordering_provider_id,
        **rows,
    )


async def _ask_file(page: Page) -> Sheet:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    corrected = await _corrected(page, patient.patient_id)
    return Sheet(
        title=N_("File a result of {name}") if corrected is None else N_("Correct a result of {name}"),
        fields=[
            Field("title", N_("What was examined")),
            Field("category", N_("Category"), "choice", options=options("category")),
            Field("effective_at", N_("When it was measured"), "moment"),
            await _orderers(page, desk.practice_id),
        ],
        submit=N_("File"),
        intro=[]
        if corrected is None
        else [N_("A provider approves the correction anew. Until then what it corrects stays.")],
        back=back_to(desk, patient),
        start=_begun(corrected),
        here="patients",
        blanks={"name": full(patient.name)},
        template="staff/file_result.html",
        values={
            "rows": ROWS,
            "parts": [
                ("name", N_("Name")),
                ("value", N_("Value")),
                ("unit", N_("Unit")),
                ("reference_low", N_("Lowest normal value")),
                ("reference_high", N_("Highest normal value")),
            ],
        },
    )


async def _file(page: Page, form: Form) -> Response:
    """Rows that were left empty are passed over; a row's place in the form is its place in the request."""
    rows = [{part: form.get(f"values[{place}].{part}") for part in PARTS} for place in range(ROWS)]
    filled = [row for row in rows if any(row.values())]
    if not filled:
        form.blame("values[0].name", N_("Fill this in."))
    form.values = {
        **{name: value for name, value in form.values.items() if not name.startswith("values[")},
        **{f"values[{place}].{part}": [row[part]] for place, row in enumerate(filled) for part in PARTS},
    }
    request = documents.FileResultRequest(
        patient_id=page.id("patient_id"),
        title=form.needed("title"),
        category=form.needed("category"),
        effective_at=form.needed_moment("effective_at", (await _zoned(page)).zone),
        values=[
            documents.ResultValue(
                name=row["name"],
                value=row["value"],
                unit=row["unit"],
                reference_low=row["reference_low"],
                reference_high=row["reference_high"],
            )
            for row in filled
        ],
        ordering_provider_id=form.get("ordering_provider_id"),
        corrects_result_id=page.request.query_params.get("corrects", "")[:36],
    )
    form.check()
    filed = await page.site.portal.documents.FileResult(request)
    path = f"/practices/{page.id('practice_id')}/patients/{request.patient_id}/results/{filed.result_id}"
    return page.see(path, filed.position)


async def _zoned(page: Page) -> Page:
    """The page, knowing its practice's clock."""
    await at_desk(page, *CLINICAL)
    return page


RETRACT = FormPage(_ask_retract, _retract)
FILE = FormPage(_ask_file, _file)
