"""The account's security: another password, and an announced reset of the second factor that its holder stops (R36)."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from web.forms import Form
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


async def keep_factor(page: Page) -> Response:
    """Support announced to remove the second factor; the holder has it still."""

    async def act(form: Form) -> Response:
        kept = await page.site.portal.identity.CancelFactorReset(identity.CancelFactorResetRequest())
        return page.see("/account", kept.position)

    async def again(form: Form) -> Response:
        return await account(page)

    return await page.submit(act, again)


PASSWORD = FormPage(_ask_password, _change_password)
