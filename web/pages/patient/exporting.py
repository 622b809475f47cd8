"""The record to take along, between two days, for people or for programs (R39)."""

from datetime import timedelta

from starlette.responses import Response

from shared.clock import machine_now
from shared.contracts.documents.v1 import api_pb2 as documents
from shared.errors import NotFound
from web.acting import acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment, file_name
from web.sheet import FormPage, Sheet
from web.words import options

YEAR = timedelta(days=365)


async def _ask(page: Page) -> Sheet:
    acting = await acting_for(page)
    if not (acting.may("results") or acting.may("documents")):
        raise NotFound
    today = machine_now().astimezone(page.zone).date()
    return Sheet(
        title=N_("Download the record of {name}"),
        fields=[
            Field("since", N_("First day"), "day"),
            Field("until", N_("Last day"), "day"),
            Field("format", N_("As"), "radio", options=options("export_format")),
        ],
        submit=N_("Download"),
        intro=[
            N_("Everything that was released to you and dates from these days. The practice's calendar counts."),
            N_("Keep the file where nobody else reads it. The download is listed under “Who has access”."),
        ],
        back=(acting.path, N_("Overview")),
        start=Form.filled(since=(today - YEAR).isoformat(), until=today.isoformat(), format="pdf"),
        here="record",
        blanks={"name": acting.patient_name},
    )


async def _export(page: Page, form: Form) -> Response:
    request = documents.ExportRecordRequest(
        patient_id=page.id("patient_id"),
        since=form.needed_day("since"),
        until=form.needed_day("until"),
        format=form.needed("format"),
        language=page.language,
    )
    form.check()
    body = await page.site.portal.documents.ExportRecord(request)
    return attachment(page, body, file_name(body, "record", request.patient_id))


EXPORT = FormPage(_ask, _export)
