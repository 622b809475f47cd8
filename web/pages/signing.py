"""Signing in, with a second factor where one is enrolled, proving presence again, and signing out."""

from starlette.responses import Response

from shared.contracts.identity.v1 import peers_pb2
from shared.errors import Unauthenticated
from web import sessions
from web.forms import Field, Form
from web.language import N_
from web.page import Page, local_path
from web.sheet import FormPage, Sheet

USER_NAME = Field("user_name", N_("User name"), autocomplete="username")
PASSWORD = Field("password", N_("Password"), "password", autocomplete="current-password")
CODE = Field(
    "code",
    N_("Code"),
    "code",
    hint=N_("Six digits from your authenticator app, or one of your recovery codes."),
    autocomplete="one-time-code",
)


async def _sign_in_sheet(page: Page) -> Sheet:
    return Sheet(
        title=N_("Sign in"),
        fields=[USER_NAME, PASSWORD],
        submit=N_("Sign in"),
        template="sign_in.html",
        values={"next": _next(page), "sealed": ""},
    )


async def show(page: Page) -> Response:
    """The form; whoever is signed in goes on."""
    if page.session is not None:
        return page.see(local_path(page.request.query_params.get("next", "/")))
    sheet = await _sign_in_sheet(page)
    return sheet.show(page, sheet.start)


async def sign_in(page: Page) -> Response:
    """User name and password; the second step follows where a factor is enrolled."""

    async def act(form: Form) -> Response:
        user_name, password = form.needed("user_name"), form.raw("password")
        if not password:
            form.blame("password", N_("Fill this in."))
        form.check()
        answer = await page.site.sessions.open(page.browser, user_name, password, "")
        if answer.factor_required:
            sheet = _code_sheet(page, form, page.site.sealer.seal([user_name, password]))
            return sheet.show(page, Form())
        return _signed_in(page, form, answer)

    async def again(form: Form) -> Response:
        return (await _sign_in_sheet(page)).show(page, form)

    return await page.submit(act, again)


async def give_code(page: Page) -> Response:
    """The second step; what the first was given comes back sealed."""

    async def act(form: Form) -> Response:
        opened = page.site.sealer.open(form.get("sealed"))
        if opened is None:
            return page.see("/sign-in", next=local_path(form.get("next")))
        code = form.needed("code")
        form.check()
        answer = await page.site.sessions.open(page.browser, opened[0], opened[1], code)
        return _signed_in(page, form, answer)

    async def again(form: Form) -> Response:
        return _code_sheet(page, form, form.get("sealed")).show(page, form)

    return await page.submit(act, again)


def _code_sheet(page: Page, form: Form, sealed: str) -> Sheet:
    return Sheet(
        title=N_("Second step"),
        fields=[CODE],
        submit=N_("Sign in"),
        template="sign_in.html",
        values={"next": local_path(form.get("next") or "/"), "sealed": sealed},
    )


def _signed_in(page: Page, form: Form, answer: peers_pb2.OpenSessionResponse) -> Response:
    page.take_session(answer.cookie)
    response = page.see(local_path(form.get("next") or "/"))
    if answer.device:
        sessions.give_device(response, answer.device)
    return response


def _next(page: Page) -> str:
    return local_path(page.request.query_params.get("next", "/"))


async def sign_out(page: Page) -> Response:
    """Ends the session, everywhere."""
    await page.site.sessions.end(page.browser)
    response = page.see("/sign-in", signed_out="yes")
    sessions.take_cookie(response)
    return response


async def _step_up_sheet(page: Page) -> Sheet:
    is_code = (await page.me()).totp_enrolled
    return Sheet(
        title=N_("Confirm that it is you"),
        fields=[],
        submit=N_("Go on"),
        intro=[N_("What you want to do needs a proof that is at most five minutes old.")],
        start=Form(wants_proof="code" if is_code else "password"),
    )


async def _stepped_up(page: Page, form: Form) -> Response:
    """The proof itself is taken by ``Page.submit``."""
    if not page.new_cookie:
        form.wants_proof = "code" if (await page.me()).totp_enrolled else "password"
        form.blame("proof", N_("Fill this in."))
        form.check()
    if page.session is None:
        raise Unauthenticated
    return page.see(local_path(page.request.query_params.get("next", "/")))


STEP_UP = FormPage(_step_up_sheet, _stepped_up)
