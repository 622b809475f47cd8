"""At the desk: authorizations for release on paper, what is due, extensions and disclosures (R21)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.patient.releases import FIELDS
from web.pages.staff.patients import DESK, HERE, back_to, full
from web.scanning import SCAN, scanned
from web.sheet import FormPage, Sheet


async def waiting(page: Page) -> Response:
    """What the practice has still to release, the oldest first."""
    desk = await at_desk(page, *DESK, "admin")
    request = consent.ListOpenReleasesRequest(practice_id=desk.practice_id, page_token=page.more)
    found = await page.site.portal.consent.ListOpenReleases(request)
    return page.render(
        "staff/releases.html",
        releases=found.releases,
        names=await page.names(one.patient_id for one in found.releases),
        next=found.next_page_token,
        here="releases",
    )


async def _ask_paper(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Authorization for Release of {name}, on paper"),
        fields=[*FIELDS, SCAN],
        submit=N_("Record"),
        back=back_to(desk, patient),
        start=Form.filled(from_whom=desk.practice_name),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _record_paper(page: Page, form: Form) -> Response:
    request = consent.RequestRecordsReleaseRequest(
        patient_id=page.id("patient_id"),
        what=form.needed("what"),
        from_whom=form.needed("from_whom"),
        to_whom=form.needed("to_whom"),
        purpose=form.needed("purpose"),
        expires_on=form.needed_day("expires_on"),
    )
    request.scan_id = await scanned(page, form, request.patient_id)
    recorded = await page.site.portal.consent.RequestRecordsRelease(request)
    return _to_waiting(page, recorded.position)


async def _ask_extension(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("More time for a release of {name}"),
        fields=[Field("reason", N_("Reason"), "area")],
        submit=N_("Extend by 30 days"),
        intro=[N_("The time is extended once.")],
        back=(f"{desk.path}/releases", N_("Release of records")),
        here="releases",
        blanks={"name": full(patient.name)},
    )


async def _extend(page: Page, form: Form) -> Response:
    request = consent.ExtendRecordsReleaseRequest(
        patient_id=page.id("patient_id"), release_id=page.id("release_id"), reason=form.needed("reason")
    )
    form.check()
    return _to_waiting(page, (await page.site.portal.consent.ExtendRecordsRelease(request)).position)


async def _ask_disclosure(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Record what was disclosed of {name}"),
        fields=[
            Field("what", N_("What was disclosed"), "area"),
            Field("is_last", N_("That was all"), "check", required=False),
        ],
        submit=N_("Record"),
        intro=[N_("The patient reads it in the accounting of disclosures.")],
        back=(f"{desk.path}/releases", N_("Release of records")),
        here="releases",
        blanks={"name": full(patient.name)},
    )


async def _disclose(page: Page, form: Form) -> Response:
    request = consent.RecordDisclosureRequest(
        patient_id=page.id("patient_id"),
        release_id=page.id("release_id"),
        what=form.needed("what"),
        is_last=bool(form.get("is_last")),
    )
    form.check()
    return _to_waiting(page, (await page.site.portal.consent.RecordDisclosure(request)).position)


def _to_waiting(page: Page, position: str) -> Response:
    return page.see(f"/practices/{page.id('practice_id')}/releases", position)


PAPER = FormPage(_ask_paper, _record_paper, most_files=1)
EXTENSION = FormPage(_ask_extension, _extend)
DISCLOSURE = FormPage(_ask_disclosure, _disclose)
