"""Authorization for Release: signed on screen or printed, and the accounting of disclosures (R21)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.errors import NotFound
from web.acting import Acting, acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet

HERE = "releases"
FIELDS = [
    Field("what", N_("What is to be released"), "area"),
    Field("from_whom", N_("Who is to release it")),
    Field("to_whom", N_("Who is to receive it"), hint=N_("Name, address and fax.")),
    Field("purpose", N_("For what purpose")),
    Field("expires_on", N_("Last day of this authorization"), "day"),
]


async def _acting(page: Page) -> Acting:
    """Whoever may see the documents."""
    acting = await acting_for(page)
    if not acting.may("documents"):
        raise NotFound
    return acting


async def releases(page: Page) -> Response:
    acting = await _acting(page)
    request = consent.ListRecordsReleasesRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.consent.ListRecordsReleases(request)
    return page.render(
        "patient/releases.html", form=Form(), releases=found.releases, next=found.next_page_token, here=HERE
    )


async def blank(page: Page) -> Response:
    """The form to be printed and signed by hand, with the practice's address and fax."""
    await _acting(page)
    return page.render("patient/release_form.html", fields=FIELDS, here=HERE)


async def _ask(page: Page) -> Sheet:
    acting = await _acting(page)
    return Sheet(
        title=N_("Authorization for Release"),
        fields=[*FIELDS, Field("agreed", N_("I authorize this release and sign here"), "check")],
        submit=N_("Sign"),
        intro=[N_("For records that the portal does not hold. The practice has 30 days.")],
        back=(f"{acting.path}/releases", N_("Release of records")),
        start=Form.filled(from_whom=acting.practice_name),
        here=HERE,
    )


async def _request(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    if not form.get("agreed"):
        form.blame("agreed", N_("Tick this to sign."))
    request = consent.RequestRecordsReleaseRequest(
        patient_id=patient_id,
        what=form.needed("what"),
        from_whom=form.needed("from_whom"),
        to_whom=form.needed("to_whom"),
        purpose=form.needed("purpose"),
        expires_on=form.needed_day("expires_on"),
    )
    form.check()
    requested = await page.site.portal.consent.RequestRecordsRelease(request)
    return page.see(f"/patients/{patient_id}/releases", requested.position)


async def revoke(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = consent.RevokeRecordsReleaseRequest(
            patient_id=page.id("patient_id"), release_id=page.id("release_id")
        )
        revoked = await page.site.portal.consent.RevokeRecordsRelease(request)
        return page.see(f"/patients/{request.patient_id}/releases", revoked.position)

    async def again(form: Form) -> Response:
        return await releases(page)

    return await page.submit(act, again)


REQUEST = FormPage(_ask, _request)
