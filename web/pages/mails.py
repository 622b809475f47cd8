"""Which mails the holder of an account wants; changes of access and security are always mailed (R35)."""

from starlette.responses import Response

from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet
from web.words import options


async def _ask(page: Page) -> Sheet:
    chosen = await page.site.portal.messaging.GetMailChoices(messaging.GetMailChoicesRequest())
    wanted = [kind for kind in chosen.switchable if kind not in chosen.unwanted]
    return Sheet(
        title=N_("Mails you want"),
        fields=[Field("wanted", N_("Tell me by mail of"), "choices", options=options("mail_choice"), required=False)],
        submit=N_("Save"),
        intro=[N_("Changes of who has access and of your account's security are always mailed.")],
        back=("/account", N_("My account")),
        start=Form.filled(wanted=wanted),
    )


async def _choose(page: Page, form: Form) -> Response:
    kinds = [kind for kind, _ in options("mail_choice")]
    unwanted = [kind for kind in kinds if kind not in form.all("wanted")]
    chosen = await page.site.portal.messaging.ChooseMails(messaging.ChooseMailsRequest(unwanted=unwanted))
    return page.see("/account", chosen.position)


MAILS = FormPage(_ask, _choose)
