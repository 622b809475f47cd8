"""At the desk: consents signed and withdrawn, and the invitations that follow from them."""

import asyncio

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.account import text_of
from web.pages.staff.patients import DESK, HERE, back_to, full
from web.scanning import SCAN_OF_PAPER, scanned
from web.sheet import FormPage, Sheet
from web.words import options

REASON = Field("reason", N_("Reason"), "area")


async def consents(page: Page) -> Response:
    """Consents and invitations of one patient."""
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    ask = page.site.portal
    signed, invited = await asyncio.gather(
        ask.consent.ListConsents(consent.ListConsentsRequest(patient_id=patient.patient_id, page_size=200)),
        ask.identity.ListInvitations(identity.ListInvitationsRequest(patient_id=patient.patient_id, page_size=200)),
    )
    ids = [one.signer_id for one in signed.consents] + [one.person_id for one in invited.invitations]
    return page.render(
        "staff/consents.html",
        form=form,
        patient=patient,
        consents=signed.consents,
        invitations=invited.invitations,
        names=await page.names([*ids, *invited.persons_without_address]),
        without_address=invited.persons_without_address,
        here=HERE,
    )


async def issue(page: Page) -> Response:
    """Invites anew; the former invitation is void."""

    async def act(form: Form) -> Response:
        patient_id = page.id("patient_id")
        request = identity.IssueInvitationRequest(patient_id=patient_id, person_id=form.get("person_id"))
        issued = await page.site.portal.identity.IssueInvitation(request)
        path = f"/practices/{page.id('practice_id')}/patients/{patient_id}/consents"
        return page.see(path, issued.position)

    async def again(form: Form) -> Response:
        return await _show(page, form)

    return await page.submit(act, again)


async def _ask_sign(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    published = await page.site.portal.consent.GetForm(consent.GetFormRequest(practice_id=desk.practice_id))
    signers = [(patient.patient_id, full(patient.name))]
    signers += [(one.person_id, full(one.name)) for one in patient.persons if one.person_id != patient.patient_id]
    return Sheet(
        title=N_("Portal consent of {name}"),
        fields=[
            Field("signer_id", N_("Who signs"), "radio", options=signers, literal=True),
            Field(
                "contact.email",
                N_("E-mail address on the form"),
                "email",
                hint=N_("The invitation goes there. Leave empty to use the address on record."),
                required=False,
            ),
            Field("method", N_("How it is signed"), "radio", options=options("method")),
            SCAN_OF_PAPER,
        ],
        submit=N_("Record the signature"),
        back=(f"{desk.patient(patient.patient_id)}/consents", N_("Consents and invitations")),
        start=Form.filled(
            form_version=str(published.form_version),
            signer_id=page.request.query_params.get("signer", "")[:36] or patient.patient_id,
            method="paper",
        ),
        here=HERE,
        blanks={"name": full(patient.name)},
        template="staff/sign_consent.html",
        values={"version": published.form_version, "text": text_of(published, page.language)},
    )


async def _sign(page: Page, form: Form) -> Response:
    """The address on the form goes to identity first, then the signature: one key completes the pair on a retry."""
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    signer_id, method, version = form.needed("signer_id"), form.needed("method"), form.get("form_version")
    form.check()
    scan_id = await scanned(page, form, patient.patient_id) if method == "paper" else ""
    email = form.get("contact.email")
    if email:
        await _record_address(page, patient, signer_id, email)
    request = consent.SignConsentRequest(
        patient_id=patient.patient_id,
        signer_id=signer_id,
        form_version=int(version[:6]) if version.isdecimal() else 0,
        method=method,
        scan_id=scan_id,
    )
    signed = await page.site.portal.consent.SignConsent(request)
    return page.see(f"{desk.patient(patient.patient_id)}/consents", signed.position)


async def _record_address(page: Page, patient: identity.GetPatientResponse, person_id: str, email: str) -> None:
    """Writes a new address; what else is known of the patient's contact stays."""
    contact = identity.Contact()
    if person_id == patient.patient_id:
        contact.CopyFrom(patient.contact)
    else:
        person = next((one for one in patient.persons if one.person_id == person_id), None)
        if person is None:
            raise NotFound
        contact.email = person.email
    if contact.email != email:
        contact.email = email
        request = identity.RecordContactRequest(patient_id=patient.patient_id, person_id=person_id, contact=contact)
        await page.site.portal.identity.RecordContact(request)


def _back(desk: Desk, patient: identity.GetPatientResponse) -> tuple[str, str]:
    return f"{desk.patient(patient.patient_id)}/consents", N_("Consents and invitations")


async def _ask_withdraw(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Withdraw a consent for the record of {name}"),
        fields=[REASON],
        submit=N_("Withdraw"),
        intro=[N_("What this signature carried ends at once.")],
        back=_back(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _withdraw(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = consent.WithdrawConsentRequest(
        patient_id=patient_id, consent_id=page.id("consent_id"), reason=form.needed("reason")
    )
    form.check()
    withdrawn = await page.site.portal.consent.WithdrawConsent(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}/consents", withdrawn.position)


async def _ask_unenrol(page: Page) -> Sheet:
    desk = await at_desk(page, "support", "admin")
    patient = await patient_at(page, desk)
    person = next((one for one in patient.persons if one.person_id == page.id("person_id")), None)
    if person is None:
        raise NotFound
    return Sheet(
        title=N_("End the portal access of {name}"),
        fields=[REASON],
        submit=N_("End access"),
        intro=[N_("The account loses every record at this practice at once.")],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(person.name)},
        danger=True,
    )


async def _unenrol(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = identity.UnenrolByStaffRequest(
        patient_id=patient_id, person_id=page.id("person_id"), reason=form.needed("reason")
    )
    form.check()
    left = await page.site.portal.identity.UnenrolByStaff(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}", left.position)


SIGN = FormPage(_ask_sign, _sign, most_files=1)
WITHDRAW = FormPage(_ask_withdraw, _withdraw)
UNENROL = FormPage(_ask_unenrol, _unenrol)
