"""Pages behind mailed links: opening one consumes nothing, and used, expired, void and unknown links answer alike."""

import io
from collections.abc import Mapping, Sequence

import segno
from markupsafe import Markup
from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, NotFound, PortalError, Refused
from web import sessions
from web.failures import concerned
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.refusals import REFUSALS
from web.sheet import Sheet

BIRTH_DATE = Field(
    "birth_date", N_("Birth date"), "day", hint=N_("Of the person whom the mail was sent to."), autocomplete="bday"
)
NEW_USER_NAME = Field(
    "user_name",
    N_("User name"),
    hint=N_("3 to 64 letters, digits or signs, without blanks. It need not be your e-mail address."),
    autocomplete="username",
)
NEW_PASSWORD = Field(
    "password",
    N_("Password"),
    "password",
    hint=N_("12 to 128 characters. A few words that only you would put together are better than signs."),
    autocomplete="new-password",
)
QUESTION = Field(
    "security_question",
    N_("Security question"),
    hint=N_("A question that only you can answer. It helps when you forget your password."),
    required=False,
)
HANDED_CODE = Field(
    "handed_code",
    N_("Code from the practice"),
    hint=N_(
        "More than one person uses this e-mail address, so the practice handed you a code. Call it if you have none."
    ),
)
ANSWER = Field("security_answer", N_("Answer to the security question"), required=False)
PROVING_CODE = Field("code", N_("Code shown by the app"), "code", hint=N_("Six digits."), autocomplete="one-time-code")


async def gone(page: Page) -> Response:
    """One page for every link that opens nothing."""
    return page.render("link_gone.html", status=404, practices=await concerned(page), here="")


def link(page: Page) -> tuple[str, str]:
    """Id and secret of the URL."""
    return page.id("id"), str(page.request.path_params["secret"])


def opens_nothing(error: PortalError) -> bool:
    """Whether this is the answer to a link that is not open."""
    return isinstance(error, NotFound | InvalidField) or error.slug == "link_gone"


async def _invitation(page: Page) -> api_pb2.GetInvitationResponse:
    invitation_id, secret = link(page)
    request = api_pb2.GetInvitationRequest(invitation_id=invitation_id, secret=secret)
    found = await page.site.portal.identity.GetInvitation(request)
    page.practice = await page.site.practices.one(found.practice_id)
    return found


async def _show_invitation(page: Page, new: Form, joining: Form) -> Response:
    try:
        invitation = await _invitation(page)
    except (NotFound, InvalidField, Refused) as error:
        if opens_nothing(error):
            return await gone(page)
        raise
    is_joining = bool(joining.errors)
    code = [HANDED_CODE] if invitation.code_needed else []
    return page.render(
        "invitation.html",
        form=joining if is_joining else new,
        new=new,
        joining=joining,
        invitation=invitation,
        new_fields=[BIRTH_DATE, *code, NEW_USER_NAME, NEW_PASSWORD, QUESTION, ANSWER],
        handed_code=HANDED_CODE,
        path=page.request.url.path.removesuffix("/join"),
        here="",
    )


async def show_invitation(page: Page) -> Response:
    """What the link invites to. Consumes nothing: mail scanners open links, too."""
    return await _show_invitation(page, Form(), Form())


async def accept_invitation(page: Page) -> Response:
    """Opens the account, and signs in with what was just chosen."""

    async def act(form: Form) -> Response:
        invitation_id, secret = link(page)
        request = api_pb2.AcceptInvitationRequest(
            invitation_id=invitation_id,
            secret=secret,
            birth_date=form.needed_day("birth_date"),
            user_name=form.needed("user_name"),
            password=form.raw("password"),
            security_question=form.get("security_question"),
            security_answer=form.raw("security_answer"),
            handed_code=form.get("handed_code"),
        )
        if not request.password:
            form.blame("password", N_("Fill this in."))
        form.check()
        try:
            accepted = await page.site.portal.identity.AcceptInvitation(request)
        except Refused as error:
            if opens_nothing(error):
                return await gone(page)
            place(form, error)
            raise
        opened = await page.site.sessions.open(page.browser, request.user_name, request.password, "")
        page.take_session(opened.cookie)
        response = page.see("/choose", accepted.position)
        if opened.device:
            sessions.give_device(response, opened.device)
        return response

    async def again(form: Form) -> Response:
        return await _show_invitation(page, form, Form())

    return await page.submit(act, again)


async def join_invitation(page: Page) -> Response:
    """Joins the signed-in account to the record: one person, one account, many patients."""

    async def act(form: Form) -> Response:
        invitation_id, secret = link(page)
        request = api_pb2.AcceptInvitationWithAccountRequest(
            invitation_id=invitation_id,
            secret=secret,
            birth_date=form.needed_day("birth_date"),
            handed_code=form.get("handed_code"),
        )
        form.check()
        try:
            accepted = await page.site.portal.identity.AcceptInvitationWithAccount(request)
        except Refused as error:
            if opens_nothing(error):
                return await gone(page)
            place(form, error)
            raise
        return page.see("/choose", accepted.position)

    async def again(form: Form) -> Response:
        return await _show_invitation(page, Form(), form)

    return await page.submit(act, again)


PLACES: Mapping[str, Sequence[str]] = {
    "birth_date_differs": ["birth_date"],
    "user_name_taken": ["user_name"],
    "wrong_code": ["handed_code", "code"],
    "wrong_answer": ["security_answer"],
    "wrong_token": ["token"],
}
"""Slug → the fields that it may be about; the first of them that the form has is the one."""
NOT_HANDED = N_("This is not the code that the practice handed over. After three wrong tries the link ends.")


def place(form: Form, error: PortalError) -> None:
    """Says a refusal beside the field that it is about."""
    name = next((one for one in PLACES.get(error.slug, ()) if one in form.values), "")
    if name:
        form.blame(name, NOT_HANDED if name == HANDED_CODE.name else REFUSALS[error.slug])
        form.check()


def qr_code(text: str, label: str) -> Markup:
    """A QR code as SVG inside the page: no image is fetched, and a reader of screens hears the label."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=5, border=4, xmldecl=False, svgns=False, nl=False, dark="#000", light="#fff"
    )
    drawing = Markup(drawn.getvalue().decode())  # noqa: S704  # segno's own: paths of numbers
    return Markup('<div class="qr" role="img" aria-label="{}">{}</div>').format(label, drawing)


async def _show_staff_invitation(page: Page, form: Form) -> Response:
    staff_id, secret = link(page)
    portal = page.site.portal.identity
    try:
        invitation = await portal.GetStaffInvitation(
            api_pb2.GetStaffInvitationRequest(staff_id=staff_id, secret=secret)
        )
        begun = await portal.BeginAcceptance(api_pb2.BeginAcceptanceRequest(staff_id=staff_id, secret=secret))
    except (NotFound, InvalidField, Refused) as error:
        if opens_nothing(error):
            return await gone(page)
        raise
    page.practice = await page.site.practices.one(invitation.practice_id)
    sheet = Sheet(
        title=N_("Join the staff"),
        fields=[NEW_USER_NAME, NEW_PASSWORD, PROVING_CODE],
        submit=N_("Join"),
        template="staff_invitation.html",
        values={
            "invitation": invitation,
            "secret": begun.totp_secret,
            "qr": qr_code(begun.otpauth_uri, page.translate("QR code for your authenticator app")),
        },
    )
    return sheet.show(page, form)


async def show_staff_invitation(page: Page) -> Response:
    return await _show_staff_invitation(page, Form())


async def accept_staff_invitation(page: Page) -> Response:
    """Joins the staff; the ten recovery codes are shown this once."""

    async def act(form: Form) -> Response:
        staff_id, secret = link(page)
        request = api_pb2.AcceptStaffInvitationRequest(
            staff_id=staff_id,
            secret=secret,
            user_name=form.needed("user_name"),
            password=form.raw("password"),
            code=form.needed("code"),
        )
        if not request.password:
            form.blame("password", N_("Fill this in."))
        form.check()
        try:
            accepted = await page.site.portal.identity.AcceptStaffInvitation(request)
        except Refused as error:
            if opens_nothing(error):
                return await gone(page)
            place(form, error)
            raise
        return page.render(
            "recovery_codes.html", codes=accepted.recovery_codes, on=("/sign-in", N_("Sign in")), here=""
        )

    async def again(form: Form) -> Response:
        return await _show_staff_invitation(page, form)

    return await page.submit(act, again)
