"""Three routes to a new password, open to everybody, and the mailed link; nothing tells who has an account (R26)."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, NotFound, PortalError, Refused
from web import sessions
from web.failures import concerned
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.links import NEW_PASSWORD, link, opens_nothing, place
from web.sheet import FormPage, Sheet

HELP = ("/recovery", N_("Recover my access"))
EMAIL = Field(
    "email",
    N_("E-mail address"),
    "email",
    hint=N_("The one that your practice has."),
    autocomplete="email",
)
CHOSEN = Field(
    "new_password", N_("New password"), "password", hint=NEW_PASSWORD.hint, autocomplete=NEW_PASSWORD.autocomplete
)
FACTOR = N_("Code of your authenticator app, or a recovery code")
SENT = "/recovery/sent"


async def choose(page: Page) -> Response:
    """The three routes, side by side."""
    return page.render("recovery/choose.html", practices=await concerned(page), here="")


async def sent(page: Page) -> Response:
    """After route A or B: the same page, whoever asked for whom (R26)."""
    return page.render("recovery/sent.html", practices=await concerned(page), here="")


async def _ask_by_user_name(page: Page) -> Sheet:
    return Sheet(
        title=N_("I have my user name"),
        fields=[Field("user_name", N_("User name"), autocomplete="username")],
        submit=N_("Send me a link"),
        intro=[N_("We mail a link to the address that your practice has. It can be used once, within 60 minutes.")],
        back=HELP,
        template="recovery/form.html",
        values={"route": "user-name", "practices": await concerned(page)},
    )


async def _by_user_name(page: Page, form: Form) -> Response:
    request = api_pb2.RequestRecoveryByUserNameRequest(user_name=form.needed("user_name"))
    form.check()
    await page.site.portal.identity.RequestRecoveryByUserName(request)
    return page.see(SENT)


async def _ask_by_details(page: Page) -> Sheet:
    return Sheet(
        title=N_("I have problems signing in"),
        fields=[
            Field("name.given", N_("First name"), autocomplete="given-name"),
            Field("name.family", N_("Family name"), autocomplete="family-name"),
            Field("birth_date", N_("Birth date"), "day", autocomplete="bday"),
            EMAIL,
        ],
        submit=N_("Send me a mail"),
        intro=[
            N_("One mail lists every account that matches, each with its user name behind a link of its own."),
            N_("If several people share the address, we may only send a notice: then call your practice."),
        ],
        back=HELP,
        template="recovery/form.html",
        values={"route": "details", "practices": await concerned(page)},
    )


async def _by_details(page: Page, form: Form) -> Response:
    request = api_pb2.RequestRecoveryByDetailsRequest(
        name=api_pb2.PersonName(given=form.needed("name.given"), family=form.needed("name.family")),
        birth_date=form.needed_day("birth_date"),
        email=form.needed("email"),
    )
    form.check()
    await page.site.portal.identity.RequestRecoveryByDetails(request)
    return page.see(SENT)


async def _ask_with_token(page: Page) -> Sheet:
    return Sheet(
        title=N_("I have my reset token"),
        fields=[
            Field("token", N_("Reset token"), hint=N_("As support read it to you. It can be used for one hour.")),
            EMAIL,
            CHOSEN,
            Field(
                "code",
                FACTOR,
                "code",
                hint=N_("Only if your account has an authenticator app."),
                required=False,
                autocomplete="one-time-code",
            ),
        ],
        submit=N_("Change the password"),
        intro=[N_("Support reads you a token on the phone, after having verified who you are.")],
        back=HELP,
        template="recovery/form.html",
        values={"route": "token", "practices": await concerned(page)},
    )


async def _with_token(page: Page, form: Form) -> Response:
    request = api_pb2.ResetPasswordWithTokenRequest(
        token=form.needed("token"),
        email=form.needed("email"),
        new_password=form.raw("new_password"),
        code=form.get("code"),
        device=page.browser.device,
    )
    needs_password(form)
    try:
        answer = await page.site.portal.identity.ResetPasswordWithToken(request)
    except Refused as error:
        place(form, error)
        raise
    if answer.factor_required:
        form.blame("code", N_("This account has an authenticator app: give its code, and the password once more."))
        form.check()
    return signed_out(page)


def needs_password(form: Form) -> None:
    """Raises Mistyped without a new password."""
    if not form.raw("new_password"):
        form.blame("new_password", N_("Fill this in."))
    form.check()


def signed_out(page: Page) -> Response:
    """Every session has ended, this browser's too: to the sign-in page, which says so."""
    page.site.sessions.forget(page.browser.cookie)
    response = page.see("/sign-in", changed="yes")
    if page.browser.cookie:
        sessions.take_cookie(response)
    return response


async def gone(page: Page) -> Response:
    """One page for every link that opens nothing; it leads to the other routes (R23)."""
    return page.render("recovery/gone.html", status=404, practices=await concerned(page), here="")


async def _show_link(page: Page, form: Form) -> Response:
    try:
        recovery_id, secret = link(page)
        found = await page.site.portal.identity.GetRecovery(
            api_pb2.GetRecoveryRequest(recovery_id=recovery_id, secret=secret)
        )
    except (NotFound, InvalidField, Refused) as error:
        if opens_nothing(error):
            return await gone(page)
        raise
    practices = await concerned(page)
    page.practice = practices[0] if len(practices) == 1 else None
    fields = [CHOSEN]
    if found.code_needed:
        fields.insert(0, Field("code", FACTOR, "code", autocomplete="one-time-code"))
    if found.security_question:
        hint = N_("Upper or lower case does not matter. After three wrong answers the link ends.")
        fields.insert(0, Field("security_answer", N_("Your answer"), hint=hint))
    return page.render(
        "recovery/link.html",
        form=form,
        fields=fields,
        recovery=found,
        practices=practices,
        here="",
    )


async def show_link(page: Page) -> Response:
    """What the mailed link asks for. Consumes nothing: mail scanners open links, too."""
    return await _show_link(page, Form())


async def reset(page: Page) -> Response:
    """A new password, against the link with the answer and the code that it asks for."""

    async def act(form: Form) -> Response:
        recovery_id, secret = link(page)
        request = api_pb2.ResetPasswordRequest(
            recovery_id=recovery_id,
            secret=secret,
            new_password=form.raw("new_password"),
            security_answer=form.raw("security_answer"),
            code=form.get("code"),
            device=page.browser.device,
        )
        needs_password(form)
        try:
            await page.site.portal.identity.ResetPassword(request)
        except PortalError as error:
            if opens_nothing(error) and not (isinstance(error, InvalidField) and error.field in form.values):
                return await gone(page)
            place(form, error)
            raise
        return signed_out(page)

    async def again(form: Form) -> Response:
        return await _show_link(page, form)

    return await page.submit(act, again)


BY_USER_NAME = FormPage(_ask_by_user_name, _by_user_name)
BY_DETAILS = FormPage(_ask_by_details, _by_details)
WITH_TOKEN = FormPage(_ask_with_token, _with_token)
