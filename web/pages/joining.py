"""Manage practices: one account at several practices, each joined by a token of its own (R22)."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import Refused
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.account import BACK
from web.pages.links import place
from web.sheet import FormPage, Sheet


async def _ask(page: Page) -> Sheet:
    me = await page.me()
    return Sheet(
        title=N_("Manage practices"),
        fields=[
            Field("token", N_("Security token"), hint=N_("Four groups of four letters and digits.")),
            Field(
                "email",
                N_("E-mail address"),
                "email",
                hint=N_("The one that you gave to the additional practice."),
                autocomplete="email",
            ),
        ],
        submit=N_("Add the practice"),
        back=BACK,
        template="practices.html",
        values={"practices": {one.practice_id: one.practice_name for one in me.enrolments}, "me": me},
    )


async def _join(page: Page, form: Form) -> Response:
    request = identity.JoinPracticeRequest(token=form.needed("token"), email=form.needed("email"))
    form.check()
    try:
        joined = await page.site.portal.identity.JoinPractice(request)
    except Refused as error:
        place(form, error)
        raise
    return page.see("/choose", joined.position)


JOIN = FormPage(_ask, _join)
