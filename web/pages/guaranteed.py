"""Statements that the account's holder pays for others: amount, number and practice, nothing of the record (R33)."""

from starlette.responses import RedirectResponse, Response

from shared.contracts.billing.v1 import api_pb2 as billing
from shared.errors import NotFound, Unavailable
from web.forms import Field, Form
from web.language import N_
from web.page import SEE_OTHER, Page
from web.sheet import FormPage, Sheet

AMOUNT = Field("amount_cents", N_("Amount in dollars"), "amount")


async def listed(page: Page) -> Response:
    found = await page.site.portal.billing.ListGuaranteedStatements(billing.ListGuaranteedStatementsRequest())
    practices = {one.practice_id: await page.site.practices.one(one.practice_id) for one in found.statements}
    return page.render("guaranteed.html", statements=found.statements, practices_by_id=practices, here="")


async def _ask(page: Page) -> Sheet:
    statement_id = page.id("statement_id")
    found = await page.site.portal.billing.ListGuaranteedStatements(billing.ListGuaranteedStatementsRequest())
    one = next((one for one in found.statements if one.statement_id == statement_id), None)
    if one is None:
        raise NotFound
    page.practice = await page.site.practices.one(one.practice_id)
    return Sheet(
        title=N_("Pay statement {number} of {practice}"),
        intro=[N_("You give your card on the page of the payment processor; the portal never sees it.")],
        fields=[AMOUNT],
        submit=N_("Go to payment"),
        back=("/guaranteed", N_("Statements that I pay for others")),
        start=Form.filled(amount_cents=f"{one.due_cents // 100}.{one.due_cents % 100:02}"),
        blanks={"number": one.number, "practice": page.practice.name},
    )


async def _pay(page: Page, form: Form) -> Response:
    amount = form.cents("amount_cents")
    form.check()
    request = billing.StartGuaranteedPaymentRequest(statement_id=page.id("statement_id"), amount_cents=amount)
    started = await page.site.portal.billing.StartGuaranteedPayment(request)
    if not started.checkout_url.startswith(page.site.settings.checkout_origin + "/"):
        raise Unavailable
    return page.finish(RedirectResponse(started.checkout_url, SEE_OTHER))


PAY = FormPage(_ask, _pay)
