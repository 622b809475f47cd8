"""Who can see the record and why, who looked at it, and what the account holder can end (R37, R39)."""

import asyncio
from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.documents.v1 import api_pb2 as documents
from shared.errors import InvalidField, NotFound
from web.acting import Acting, acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet

HERE = "access"


async def access(page: Page) -> Response:
    """``?at=`` asks about a past instant on the practice's clock."""
    acting = await acting_for(page)
    asked = Form.filled(at=page.request.query_params.get("at", ""))
    at = asked.moment("at", page.zone)
    question = consent.WhoCanSeeRequest(patient_id=acting.patient_id)
    if at is not None:
        question.at.CopyFrom(at)
    ask, patient_id = page.site.portal, acting.patient_id
    seen, granted, history = await asyncio.gather(
        _viewers(page, question, asked),
        ask.consent.ListAuthorizations(consent.ListAuthorizationsRequest(patient_id=patient_id)),
        ask.documents.ListAccessHistory(
            documents.ListAccessHistoryRequest(patient_id=patient_id, page_token=page.more)
        ),
    )
    emergencies = await _emergencies(page, acting)
    ids = [viewer.person_id for viewer in [*seen.viewers, *seen.known_now]]
    ids += [one.person_id for one in granted.authorizations]
    ids += [one.staff_id for one in emergencies]
    return page.render(
        "patient/access.html",
        asked=asked,
        viewers=seen.viewers,
        known_now=seen.known_now,
        at=at,
        authorizations=granted.authorizations,
        emergencies=emergencies,
        history=history.entries,
        own_account=page.session.account_id if page.session else "",
        names=await page.names(ids),
        next=history.next_page_token,
        here=HERE,
    )


async def _emergencies(page: Page, acting: Acting) -> Sequence[consent.EmergencyAccess]:
    """The patient is shown them; representatives know of their own looks only (R39, R43)."""
    if not acting.own:
        return []
    request = consent.ListEmergencyAccessOfPatientRequest(patient_id=acting.patient_id)
    return (await page.site.portal.consent.ListEmergencyAccessOfPatient(request)).emergencies


async def _viewers(page: Page, question: consent.WhoCanSeeRequest, asked: Form) -> consent.WhoCanSeeResponse:
    """An instant that the portal cannot answer about is said beside the question."""
    try:
        return await page.site.portal.consent.WhoCanSee(question)
    except InvalidField:
        asked.blame("at", N_("Choose a time in the past."))
        return consent.WhoCanSeeResponse(at=Timestamp())


def _back(acting: Acting) -> tuple[str, str]:
    return f"{acting.path}/access", N_("Who has access")


async def _ask_withdraw(page: Page) -> Sheet:
    acting = await acting_for(page)
    others = [N_("The access of everybody whom you let in ends, too.")] if acting.own else []
    return Sheet(
        title=N_("Withdraw your consent"),
        fields=[],
        submit=N_("Withdraw"),
        intro=[
            N_("Your access to the record of {patient} at {practice} ends at once."),
            *others,
            N_("To come back, sign the form again at the practice."),
        ],
        back=_back(acting),
        here=HERE,
        blanks={"patient": acting.patient_name, "practice": acting.practice_name},
        danger=True,
    )


async def _withdraw(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    request = consent.WithdrawConsentRequest(patient_id=acting.patient_id, consent_id=acting.consent_id)
    await page.site.portal.consent.WithdrawConsent(request)
    return page.see("/choose")


async def _ask_revoke(page: Page) -> Sheet:
    acting = await acting_for(page)
    request = consent.ListAuthorizationsRequest(patient_id=acting.patient_id, page_size=200)
    granted = (await page.site.portal.consent.ListAuthorizations(request)).authorizations
    wanted = page.id("authorization_id")
    one = next((one for one in granted if one.authorization_id == wanted), None)
    if one is None or not acting.own:
        raise NotFound
    names = await page.names([one.person_id])
    return Sheet(
        title=N_("End the access of {name}"),
        fields=[],
        submit=N_("End access"),
        intro=[N_("It ends at once. To give it back, both of you sign a new form at the practice.")],
        back=_back(acting),
        here=HERE,
        blanks={"name": names.get(one.person_id, "")},
        danger=True,
    )


async def _revoke(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = consent.RevokeAuthorizationRequest(patient_id=patient_id, authorization_id=page.id("authorization_id"))
    revoked = await page.site.portal.consent.RevokeAuthorization(request)
    return page.see(f"/patients/{patient_id}/access", revoked.position)


async def _ask_object(page: Page) -> Sheet:
    acting = await acting_for(page)
    names = await page.names([page.id("person_id")]) if acting.own else {}
    if not names:
        raise NotFound
    return Sheet(
        title=N_("Object to the access of {name}"),
        fields=[Field("reason", N_("In your own words"), "area")],
        submit=N_("Send to the practice"),
        intro=[N_("The practice's staff look at it today. Until they decide, the access stays as it is.")],
        back=_back(acting),
        here=HERE,
        blanks={"name": names.get(page.id("person_id"), "")},
    )


async def _object(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = consent.ObjectToRepresentativeRequest(
        patient_id=patient_id, person_id=page.id("person_id"), reason=form.needed("reason")
    )
    form.check()
    raised = await page.site.portal.consent.ObjectToRepresentative(request)
    return page.see(f"/patients/{patient_id}/access", raised.position)


OBJECT = FormPage(_ask_object, _object)
WITHDRAW = FormPage(_ask_withdraw, _withdraw)
REVOKE = FormPage(_ask_revoke, _revoke)
