"""At the desk: representatives and executors, their authorizations, documents and suspensions (R7, R17 to R20)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.consents import REASON
from web.pages.staff.patients import DESK, HERE, back_to, full
from web.scanning import SCAN, scanned
from web.sheet import FormPage, Sheet
from web.words import options

SUSPENDING = (*DESK, "admin")
BACK = N_("Representatives")


async def authorizations(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *SUSPENDING)
    patient = await patient_at(page, desk)
    granted = await _granted(page, patient.patient_id)
    return page.render(
        "staff/authorizations.html",
        form=form,
        patient=patient,
        authorizations=granted,
        names=await page.names(one.person_id for one in granted),
        here=HERE,
    )


async def _granted(page: Page, patient_id: str) -> list[consent.Authorization]:
    request = consent.ListAuthorizationsRequest(patient_id=patient_id, page_size=200)
    return list((await page.site.portal.consent.ListAuthorizations(request)).authorizations)


def _path(page: Page) -> str:
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/authorizations"


def _back(desk: Desk, patient: identity.GetPatientResponse) -> tuple[str, str]:
    return f"{desk.patient(patient.patient_id)}/authorizations", BACK


async def _ask_grant(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    people = [(one.person_id, full(one.name)) for one in patient.persons if one.person_id != patient.patient_id]
    return Sheet(
        title=N_("Record an authorization for the record of {name}"),
        fields=[
            Field(
                "person_id",
                N_("Representative"),
                "choice",
                hint=N_("Register the person first if the name is not here."),
                options=people,
                literal=True,
            ),
            Field("kind", N_("Kind"), "choice", options=options("authorization_kind")),
            Field(
                "scopes",
                N_("What may be seen"),
                "choices",
                hint=N_("Nothing ticked: all that the kind allows."),
                options=options("scope"),
                required=False,
            ),
            Field(
                "until",
                N_("Last day"),
                "day",
                hint=N_("Needed for every kind but the representative of a minor."),
                required=False,
            ),
            Field("signed_by", N_("Who has signed"), "choices", options=options("signed_by"), required=False),
        ],
        submit=N_("Record"),
        back=_back(desk, patient) if people else back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _grant(page: Page, form: Form) -> Response:
    request = consent.GrantAuthorizationRequest(
        patient_id=page.id("patient_id"),
        person_id=form.needed("person_id"),
        kind=form.needed("kind"),
        scopes=form.all("scopes"),
        until=form.day("until"),
        signed_by=form.all("signed_by"),
    )
    form.check()
    granted = await page.site.portal.consent.GrantAuthorization(request)
    return page.see(f"{_path(page)}/{granted.authorization_id}", granted.position)


async def one(page: Page) -> Response:
    """One authorization with its documents, and all that can be done about it."""
    return await _show_one(page, Form())


async def _show_one(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *SUSPENDING)
    patient = await patient_at(page, desk)
    wanted = page.id("authorization_id")
    found = next((one for one in await _granted(page, patient.patient_id) if one.authorization_id == wanted), None)
    if found is None:
        raise NotFound
    kinds = Field("kind", N_("Kind of document"), "choice", options=options("document_kind"))
    return page.render(
        "staff/authorization.html",
        form=form,
        patient=patient,
        one=found,
        names=await page.names([found.person_id]),
        document_fields=[kinds, SCAN],
        verify_field=Field("expires_on", N_("Counts until (last day)"), "day", required=False),
        here=HERE,
    )


async def sign(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = consent.SignAuthorizationRequest(
            patient_id=page.id("patient_id"),
            authorization_id=page.id("authorization_id"),
            signed_by=form.needed("signed_by"),
        )
        signed = await page.site.portal.consent.SignAuthorization(request)
        return page.see(f"{_path(page)}/{request.authorization_id}", signed.position)

    return await page.submit(act, lambda form: _show_one(page, form))


async def record_document(page: Page) -> Response:
    page.most_files = 1

    async def act(form: Form) -> Response:
        kind = form.needed("kind")
        request = consent.RecordDocumentRequest(
            patient_id=page.id("patient_id"),
            authorization_id=page.id("authorization_id"),
            kind=kind,
            scan_id=await scanned(page, form, page.id("patient_id")),
        )
        recorded = await page.site.portal.consent.RecordDocument(request)
        return page.see(f"{_path(page)}/{request.authorization_id}", recorded.position)

    return await page.submit(act, lambda form: _show_one(page, form))


async def verify_document(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = consent.VerifyDocumentsRequest(
            patient_id=page.id("patient_id"),
            authorization_id=page.id("authorization_id"),
            document_id=page.id("document_id"),
            expires_on=form.day("expires_on"),
        )
        form.check()
        verified = await page.site.portal.consent.VerifyDocuments(request)
        return page.see(f"{_path(page)}/{request.authorization_id}", verified.position)

    return await page.submit(act, lambda form: _show_one(page, form))


async def _with_reason(page: Page, title: str, submit: str, note: str) -> Sheet:
    desk = await at_desk(page, *SUSPENDING)
    patient = await patient_at(page, desk)
    return Sheet(
        title=title,
        fields=[REASON],
        submit=submit,
        intro=[note],
        back=_back(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _ask_revoke_document(page: Page) -> Sheet:
    return await _with_reason(page, N_("Revoke a document"), N_("Revoke"), N_("Access that rests on it stops at once."))


async def _revoke_document(page: Page, form: Form) -> Response:
    request = consent.RevokeDocumentRequest(
        patient_id=page.id("patient_id"),
        authorization_id=page.id("authorization_id"),
        document_id=page.id("document_id"),
        reason=form.needed("reason"),
    )
    form.check()
    revoked = await page.site.portal.consent.RevokeDocument(request)
    return page.see(f"{_path(page)}/{request.authorization_id}", revoked.position)


async def _ask_revoke(page: Page) -> Sheet:
    return await _with_reason(
        page, N_("Revoke an authorization"), N_("Revoke"), N_("The representative's access ends at once.")
    )


async def _revoke(page: Page, form: Form) -> Response:
    request = consent.RevokeAuthorizationRequest(
        patient_id=page.id("patient_id"),
        authorization_id=page.id("authorization_id"),
        reason=form.needed("reason"),
    )
    form.check()
    revoked = await page.site.portal.consent.RevokeAuthorization(request)
    return page.see(_path(page), revoked.position)


async def _ask_suspend(page: Page) -> Sheet:
    return await _with_reason(
        page, N_("Suspend a representative"), N_("Suspend"), N_("It holds, whatever is granted, until it is lifted.")
    )


async def _suspend(page: Page, form: Form) -> Response:
    request = consent.SuspendPairRequest(
        patient_id=page.id("patient_id"), person_id=page.id("person_id"), reason=form.needed("reason")
    )
    form.check()
    suspended = await page.site.portal.consent.SuspendPair(request)
    return page.see(_path(page), suspended.position)


async def _ask_lift(page: Page) -> Sheet:
    return await _with_reason(page, N_("Lift a suspension"), N_("Lift"), N_("What is granted opens again."))


async def _lift(page: Page, form: Form) -> Response:
    request = consent.LiftSuspensionRequest(
        patient_id=page.id("patient_id"), person_id=page.id("person_id"), reason=form.needed("reason")
    )
    form.check()
    lifted = await page.site.portal.consent.LiftSuspension(request)
    return page.see(_path(page), lifted.position)


GRANT = FormPage(_ask_grant, _grant)
REVOKE_DOCUMENT = FormPage(_ask_revoke_document, _revoke_document)
REVOKE = FormPage(_ask_revoke, _revoke)
SUSPEND = FormPage(_ask_suspend, _suspend)
LIFT = FormPage(_ask_lift, _lift)
