"""The account's security: another password or security question, an announced reset that its holder stops (R36)."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import PortalError
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.account import BACK, account
from web.pages.recovery import CHOSEN, needs_password, signed_out
from web.sheet import FormPage, Sheet


async def _ask_password(page: Page) -> Sheet:
    return Sheet(
        title=N_("Change the password"),
        fields=[CHOSEN],
        submit=N_("Change the password"),
        intro=[N_("All your open sessions end with it, this one too: you sign in again with the new password.")],
        back=BACK,
    )


async def _change_password(page: Page, form: Form) -> Response:
    needs_password(form)
    request = identity.ChangePasswordRequest(new_password=form.raw("new_password"))
    await page.site.portal.identity.ChangePassword(request)
    return signed_out(page)


QUESTION_FIELDS = (
    Field("password", N_("Present password"), "password", autocomplete="current-password"),
    Field(
        "security_question",
        N_("Security question"),
        hint=N_("A question that only you can answer. It helps when you forget your password."),
    ),
    Field("security_answer", N_("Answer to the security question")),
)


async def _ask_question(page: Page) -> Sheet:
    return Sheet(
        title=N_("Choose another security question"),
        fields=QUESTION_FIELDS,
        submit=N_("Change the question"),
        intro=[N_("It takes the place of the one you chose before. A mail tells you that it changed.")],
        back=BACK,
    )


async def _change_question(page: Page, form: Form) -> Response:
    """A wrong password is said beside it: the code of the step-up is another field."""
    request = identity.ChangeSecurityQuestionRequest(
        password=form.raw("password"),
        security_question=form.needed("security_question"),
        security_answer=form.raw("security_answer"),
    )
    if not request.password:
        form.blame("password", N_("Fill this in."))
    if not request.security_answer:
        form.blame("security_answer", N_("Fill this in."))
    form.check()
    try:
        changed = await page.site.portal.identity.ChangeSecurityQuestion(request)
    except PortalError as refusal:
        if refusal.slug != "wrong_code":
            raise
        form.blame("password", N_("This is not your password."))
        form.check()
        raise
    return page.see("/account", changed.position)


async def keep_factor(page: Page) -> Response:
    """Support announced to remove the second factor; the holder has it still."""

    async def act(form: Form) -> Response:
        kept = await page.site.portal.identity.CancelFactorReset(identity.CancelFactorResetRequest())
        return page.see("/account", kept.position)

    async def again(form: Form) -> Response:
        return await account(page)

    return await page.submit(act, again)


PASSWORD = FormPage(_ask_password, _change_password)
QUESTION = FormPage(_ask_question, _change_question)
