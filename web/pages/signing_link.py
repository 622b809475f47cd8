"""Signing the portal consent form by a mailed one-time link, without an account (R6)."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.errors import InvalidField, NotFound, Refused
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.account import text_of
from web.pages.links import BIRTH_DATE, gone, link, opens_nothing

FIELDS = [BIRTH_DATE, Field("agreed", N_("I have read this form and I agree to it"), "check")]


async def show(page: Page) -> Response:
    """The form. Consumes nothing: mail scanners open links, too."""
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    link_id, secret = link(page)
    try:
        request = consent.GetSigningFormRequest(link_id=link_id, secret=secret)
        found = await page.site.portal.consent.GetSigningForm(request)
    except (NotFound, InvalidField, Refused) as error:
        if opens_nothing(error):
            return await gone(page)
        raise
    page.practice = await page.site.practices.one(found.practice_id)
    return page.render(
        "sign_by_link.html",
        form=form,
        fields=FIELDS,
        text=text_of(found, page.language),
        version=found.form_version,
        expires_at=found.expires_at,
        here="",
    )


async def sign(page: Page) -> Response:
    async def act(form: Form) -> Response:
        link_id, secret = link(page)
        birth_date = form.needed_day("birth_date")
        if not form.get("agreed"):
            form.blame("agreed", N_("Tick this to sign."))
        form.check()
        version = form.get("form_version")
        request = consent.SignByLinkRequest(
            link_id=link_id,
            secret=secret,
            birth_date=birth_date,
            form_version=int(version[:6]) if version.isdecimal() else 0,
        )
        try:
            await page.site.portal.consent.SignByLink(request)
        except Refused as error:
            if opens_nothing(error):
                return await gone(page)
            raise
        return page.render("signed_by_link.html", here="")

    async def again(form: Form) -> Response:
        return await _show(page, form)

    return await page.submit(act, again)
