"""Approvals: what waits, one result, its release; filing and taking back (R14)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
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
ROWS = 6
PARTS = ("name", "value", "unit", "reference_low", "reference_high")


async def approvals(page: Page) -> Response:
    desk = await at_desk(page, *CLINICAL)
    request = documents.ListPendingResultsRequest(practice_id=desk.practice_id, page_token=page.more)
    found = await page.site.portal.documents.ListPendingResults(request)
    return page.render(
        "staff/approvals.html",
        results=found.results,
        names=await page.names(one.patient_id for one in found.results),
        next=found.next_page_token,
        here=HERE,
    )


async def of_patient(page: Page) -> Response:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    request = documents.ListResultsRequest(patient_id=patient.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListResults(request)
    return page.render(
        "staff/results.html", patient=patient, results=found.results, next=found.next_page_token, here="patients"
    )


async def one(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
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
        return page.see(_path(page), released.position)

    return await page.submit(act, lambda form: _show(page, form))


def _path(page: Page) -> str:
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/results/{page.id('result_id')}"


async def _ask_retract(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Take back a result of {name}"),
        fields=[Field("reason", N_("Reason"), "area", hint=N_("The patient reads it."))],
        submit=N_("Take back"),
        back=(_path(page), N_("The result")),
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
    return page.see(_path(page), retracted.position)


async def _ask_file(page: Page) -> Sheet:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("File a result of {name}"),
        fields=[
            Field("title", N_("What was examined")),
            Field("category", N_("Category"), "choice", options=options("category")),
            Field("effective_at", N_("When it was measured"), "moment"),
        ],
        submit=N_("File"),
        back=back_to(desk, patient),
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
