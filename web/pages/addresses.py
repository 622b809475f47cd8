"""One's own e-mail address: another one is asked for here, and counts once it is confirmed by the link mailed there."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import InvalidField, NotFound, Refused
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.account import BACK
from web.pages.links import gone, opens_nothing
from web.sheet import FormPage, Sheet

EMAIL = Field("email", N_("New e-mail address"), "email", autocomplete="email")


async def _ask(page: Page) -> Sheet:
    return Sheet(
        title=N_("Change your e-mail address"),
        fields=[EMAIL],
        submit=N_("Send the confirmation link"),
        intro=[
            N_("We mail a link to the new address. It holds for 60 minutes."),
            N_("Your present address counts until you have confirmed the new one, and both are told."),
        ],
        back=BACK,
    )


async def _send(page: Page, form: Form) -> Response:
    request = identity.AskAddressChangeRequest(email=form.needed("email"))
    form.check()
    asked = await page.site.portal.identity.AskAddressChange(request)
    return page.see("/account", asked.position, asked="address")


async def _show(page: Page, form: Form) -> Response:
    request = identity.GetAddressConfirmationRequest(request_id=page.id("id"), secret=_secret(page))
    try:
        found = await page.site.portal.identity.GetAddressConfirmation(request)
    except (NotFound, InvalidField, Refused) as error:
        if opens_nothing(error):
            return await gone(page)
        raise
    page.practice = await page.site.practices.one(found.practice_id)
    sheet = Sheet(
        title=N_("Confirm your e-mail address"),
        fields=[],
        submit=N_("Confirm this address"),
        intro=[N_("From then on, mails of the portal go to the address that this link was mailed to.")],
    )
    return sheet.show(page, form)


async def show_confirmation(page: Page) -> Response:
    """Consumes nothing: mail scanners open links, too."""
    return await _show(page, Form())


async def confirm(page: Page) -> Response:
    async def act(form: Form) -> Response:
        request = identity.ConfirmAddressRequest(request_id=page.id("id"), secret=_secret(page))
        try:
            await page.site.portal.identity.ConfirmAddress(request)
        except (NotFound, InvalidField, Refused) as error:
            if opens_nothing(error):
                return await gone(page)
            raise
        return page.render("address_confirmed.html", here="")

    return await page.submit(act, lambda form: _show(page, form))


def _secret(page: Page) -> str:
    return str(page.request.path_params["secret"])


CHANGE = FormPage(_ask, _send)
