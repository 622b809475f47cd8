"""A record sent on by a mailed link: what was sent, to whom, the code to tell them, and taking it back (R39)."""

from datetime import timedelta

from starlette.responses import Response

from shared.clock import machine_now
from shared.contracts.documents.v1 import api_pb2 as documents
from shared.errors import NotFound
from web.acting import acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet

YEAR = timedelta(days=365)
HERE = "record"


async def listed(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    if not (acting.may("results") or acting.may("documents")):
        raise NotFound
    request = documents.ListTransmissionsRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.documents.ListTransmissions(request)
    return page.render(
        "patient/transmissions.html",
        form=form,
        transmissions=found.transmissions,
        next=found.next_page_token,
        here=HERE,
    )


async def _ask(page: Page) -> Sheet:
    acting = await acting_for(page)
    if not (acting.may("results") or acting.may("documents")):
        raise NotFound
    today = machine_now().astimezone(page.zone).date()
    return Sheet(
        title=N_("Send the record of {name} to somebody"),
        fields=[
            Field("email", N_("Their e-mail address"), "email"),
            Field("since", N_("First day"), "day"),
            Field("until", N_("Last day"), "day"),
        ],
        submit=N_("Send the link"),
        intro=[
            N_("They get a mail with a link and nothing else. It opens for 7 days with a code that you tell them."),
            N_("It shows what was released to you and is from these days. Each look is listed under “Who has access”."),
        ],
        back=(f"{acting.path}/transmissions", N_("Sent records")),
        start=Form.filled(since=(today - YEAR).isoformat(), until=today.isoformat()),
        here=HERE,
        blanks={"name": acting.patient_name},
    )


async def _transmit(page: Page, form: Form) -> Response:
    request = documents.TransmitRecordRequest(
        patient_id=page.id("patient_id"),
        email=form.needed("email"),
        since=form.needed_day("since"),
        until=form.needed_day("until"),
        language=page.language,
    )
    form.check()
    sent = await page.site.portal.documents.TransmitRecord(request)
    return page.see(f"/patients/{request.patient_id}/transmissions", sent.position)


async def revoke(page: Page) -> Response:
    """From now on the link opens nothing."""

    async def act(form: Form) -> Response:
        request = documents.RevokeTransmissionRequest(
            patient_id=page.id("patient_id"), transmission_id=page.id("transmission_id")
        )
        revoked = await page.site.portal.documents.RevokeTransmission(request)
        return page.see(f"/patients/{request.patient_id}/transmissions", revoked.position)

    return await page.submit(act, lambda form: _show(page, form))


TRANSMIT = FormPage(_ask, _transmit)
