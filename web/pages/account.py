"""What belongs to the account itself: where to go, sessions, the second factor, consents of its own, leaving."""

import asyncio

from starlette.responses import Response

from shared.clock import monotonic
from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.forms import Field, Form
from web.language import N_
from web.page import Page, practices_of
from web.pages.links import PROVING_CODE, qr_code
from web.sheet import FormPage, Sheet

ARRIVAL_SECONDS = 3.0
"""How long a new account's first page waits for consent to have heard of it."""
POLL_SECONDS = 0.1
BACK = ("/account", N_("My account"))


async def home(page: Page) -> Response:
    """To a form that has to be signed first (R2), else to the one place there is, or to the choice among several."""
    me, access = await asyncio.gather(page.me(), page.site.portal.consent.MyAccess(consent.MyAccessRequest()))
    if access.to_sign:
        return page.see(f"/account/consent/{access.to_sign[0].patient_id}")
    if len(me.enrolments) == 1 and len(access.patients) == 1 and not me.staff:
        return page.see(f"/patients/{access.patients[0].patient_id}")
    if len(me.staff) == 1 and not me.enrolments:
        return page.see(f"/practices/{me.staff[0].practice_id}")
    return page.see("/choose")


async def choose(page: Page) -> Response:
    """For whom to act; a record that is not open says so, and what opens it."""
    me = await page.me()
    access = await _access_once_known(page, {one.patient_id for one in me.enrolments})
    held = {one.patient_id: one for one in access.patients}
    return page.render(
        "choose.html",
        me=me,
        held=held,
        shut=[one for one in me.enrolments if one.patient_id not in held],
        here="",
    )


async def _access_once_known(page: Page, joined: set[str]) -> consent.MyAccessResponse:
    """Right after joining, consent hears of the account a moment later."""
    deadline = monotonic() + (ARRIVAL_SECONDS if page.after.startswith("identity:") else 0)
    while True:
        access = await page.site.portal.consent.MyAccess(consent.MyAccessRequest())
        if joined <= {one.patient_id for one in access.patients} or monotonic() > deadline:
            return access
        await asyncio.sleep(POLL_SECONDS)


async def account(page: Page) -> Response:
    """Name, places, sessions, factor."""
    me, listed = await asyncio.gather(page.me(), page.site.portal.identity.ListSessions(identity.ListSessionsRequest()))
    practices = sorted(practices_of(me))
    if practices:
        page.practice = await page.site.practices.one(practices[0])
    return page.render("account.html", me=me, sessions=listed.sessions, form=Form(), here="")


async def end_session(page: Page) -> Response:
    async def act(form: Form) -> Response:
        await page.site.portal.identity.EndOwnSession(identity.EndOwnSessionRequest(session_id=page.id("session_id")))
        return page.see("/account")

    async def again(form: Form) -> Response:
        return await account(page)

    return await page.submit(act, again)


async def _ask_authenticator(page: Page) -> Sheet:
    return Sheet(
        title=N_("Set up an authenticator app"),
        fields=[],
        submit=N_("Begin"),
        intro=[
            N_("An authenticator app on your phone shows a new code every 30 seconds."),
            N_("With it, nobody can sign in with your password alone. An app that you set up before is replaced."),
        ],
        back=BACK,
    )


async def _begin_authenticator(page: Page, form: Form) -> Response:
    begun = await page.site.portal.identity.BeginTotp(identity.BeginTotpRequest())
    return _show_secret(page, Form.filled(totp_secret=begun.totp_secret, otpauth_uri=begun.otpauth_uri))


def _show_secret(page: Page, form: Form) -> Response:
    return page.render(
        "authenticator.html",
        form=form,
        fields=[PROVING_CODE],
        qr=qr_code(form.get("otpauth_uri"), page.translate("QR code for your authenticator app")),
        here="",
    )


async def confirm_authenticator(page: Page) -> Response:
    """The code proves the app; the recovery codes are shown this once."""

    async def act(form: Form) -> Response:
        request = identity.ConfirmTotpRequest(code=form.needed("code"))
        form.check()
        confirmed = await page.site.portal.identity.ConfirmTotp(request)
        return page.render("recovery_codes.html", codes=confirmed.recovery_codes, on=BACK, here="")

    async def again(form: Form) -> Response:
        return _show_secret(page, form)

    return await page.submit(act, again)


async def _ask_remove(page: Page) -> Sheet:
    return Sheet(
        title=N_("Remove the authenticator app"),
        fields=[],
        submit=N_("Remove"),
        intro=[N_("After that your password alone opens your account.")],
        back=BACK,
        danger=True,
    )


async def _remove(page: Page, form: Form) -> Response:
    await page.site.portal.identity.RemoveTotp(identity.RemoveTotpRequest())
    return page.see("/account")


async def _ask_leave(page: Page) -> Sheet:
    practice = await page.site.practices.one(page.id("practice_id"))
    if practice.practice_id not in {one.practice_id for one in (await page.me()).enrolments}:
        raise NotFound
    return Sheet(
        title=N_("Leave the portal of {practice}"),
        fields=[],
        submit=N_("Leave this practice's portal"),
        intro=[
            N_(
                "Your access to every record at this practice ends at once, and so does the access of those you let in."
            ),
            N_("With the last practice your user name ends for ever. Your records stay with the practice."),
        ],
        back=BACK,
        blanks={"practice": practice.name},
        danger=True,
    )


async def _leave(page: Page, form: Form) -> Response:
    request = identity.UnenrolRequest(leaving_practice_id=page.id("practice_id"))
    left = await page.site.portal.identity.Unenrol(request)
    return page.see("/choose", left.position)


async def _ask_consent(page: Page) -> Sheet:
    patient_id = page.id("patient_id")
    enrolment = next((one for one in (await page.me()).enrolments if one.patient_id == patient_id), None)
    if enrolment is None:
        raise NotFound
    page.practice = await page.site.practices.one(enrolment.practice_id)
    ask = page.site.portal.consent
    found, access = await asyncio.gather(
        ask.GetForm(consent.GetFormRequest(practice_id=enrolment.practice_id)), ask.MyAccess(consent.MyAccessRequest())
    )
    has_others = bool(access.patients or (await page.me()).staff)
    return Sheet(
        title=N_("Portal consent form"),
        fields=[Field("agreed", N_("I have read this form and I agree to it"), "check")],
        submit=N_("Sign"),
        template="consent_form.html",
        back=("/choose", N_("Choose another record")) if has_others else None,
        start=Form.filled(form_version=str(found.form_version)),
        values={
            "text": text_of(found, page.language),
            "version": found.form_version,
            "enrolment": enrolment,
            "nothing_else": not has_others,
        },
    )


def text_of(form: consent.GetFormResponse | consent.GetSigningFormResponse, language: str) -> consent.FormText:
    """The form's text in that language, else in the first one it has."""
    return next((text for text in form.texts if text.language == language), form.texts[0])


async def _sign_consent(page: Page, form: Form) -> Response:
    if not form.get("agreed"):
        form.blame("agreed", N_("Tick this to sign."))
        form.check()
    version = form.get("form_version")
    request = consent.SignOwnConsentRequest(
        for_patient_id=page.id("patient_id"), form_version=int(version[:6]) if version.isdecimal() else 0
    )
    signed = await page.site.portal.consent.SignOwnConsent(request)
    access = await page.site.portal.consent.MyAccess(consent.MyAccessRequest())
    return page.see("/" if access.to_sign else "/choose", signed.position)


AUTHENTICATOR = FormPage(_ask_authenticator, _begin_authenticator)
REMOVE_AUTHENTICATOR = FormPage(_ask_remove, _remove)
LEAVE = FormPage(_ask_leave, _leave)
CONSENT = FormPage(_ask_consent, _sign_consent)
