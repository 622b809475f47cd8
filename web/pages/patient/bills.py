"""Bills: what is owed and why, one statement, paying it."""

import asyncio

from starlette.responses import RedirectResponse, Response

from shared.contracts.billing.v1 import api_pb2 as billing
from shared.contracts.messaging.v1 import api_pb2 as messaging
from shared.errors import InvalidField, NotFound, Unavailable
from web.acting import acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import SEE_OTHER, Page
from web.pages.downloads import attachment
from web.sheet import FormPage, Sheet

HERE = "bills"
AMOUNT = Field("amount_cents", N_("Amount in dollars"), "amount")


async def bills(page: Page) -> Response:
    acting = await acting_for(page)
    ask, patient_id = page.site.portal.billing, acting.patient_id
    balance, charges, statements = await asyncio.gather(
        ask.GetBalance(billing.GetBalanceRequest(patient_id=patient_id)),
        ask.ListCharges(billing.ListChargesRequest(patient_id=patient_id, page_token=page.more)),
        ask.ListStatements(billing.ListStatementsRequest(patient_id=patient_id, page_size=200)),
    )
    return page.render(
        "patient/bills.html",
        balance=balance,
        charges=charges.charges,
        statements=statements.statements,
        next=charges.next_page_token,
        here=HERE,
    )


async def statement(page: Page) -> Response:
    """One statement. ``?payment=`` names the payment that the processor's page led back from."""
    return await _show(page, None)


async def _show(page: Page, form: Form | None) -> Response:
    acting = await acting_for(page)
    ask = page.site.portal.billing
    request = billing.GetStatementRequest(patient_id=acting.patient_id, statement_id=page.id("statement_id"))
    found = await ask.GetStatement(request)
    if form is None:
        form = Form.filled(amount_cents=f"{found.statement.due_cents // 100}.{found.statement.due_cents % 100:02}")
    return page.render(
        "patient/statement.html",
        form=form,
        statement=found.statement,
        charges=found.charges,
        payments=found.payments,
        adjustments=found.adjustments,
        returned=await _returned(page, acting.patient_id),
        amount=AMOUNT,
        here=HERE,
    )


async def _returned(page: Page, patient_id: str) -> billing.Payment | None:
    """The payment that was just made, as it stands; a foreign or misspelt id shows none."""
    payment_id = page.request.query_params.get("payment", "")[:36]
    if not payment_id:
        return None
    request = billing.GetPaymentRequest(patient_id=patient_id, payment_id=payment_id)
    try:
        return (await page.site.portal.billing.GetPayment(request)).payment
    except (NotFound, InvalidField):
        return None


async def pay(page: Page) -> Response:
    """Reserves the amount and leads to the processor's page; a double click is one payment."""

    async def act(form: Form) -> Response:
        amount = form.cents("amount_cents")
        form.check()
        request = billing.StartPaymentRequest(
            patient_id=page.id("patient_id"), statement_id=page.id("statement_id"), amount_cents=amount
        )
        started = await page.site.portal.billing.StartPayment(request)
        if not started.checkout_url.startswith(page.site.settings.checkout_origin + "/"):
            raise Unavailable
        return page.finish(RedirectResponse(started.checkout_url, SEE_OTHER))

    async def again(form: Form) -> Response:
        return await _show(page, form)

    return await page.submit(act, again)


async def statement_pdf(page: Page) -> Response:
    request = billing.DownloadStatementRequest(
        patient_id=page.id("patient_id"), statement_id=page.id("statement_id"), language=page.language
    )
    body = await page.site.portal.billing.DownloadStatement(request)
    return attachment(page, body, f"statement-{request.statement_id}.pdf")


async def _ask_missing(page: Page) -> Sheet:
    acting = await acting_for(page)
    if not acting.may("billing"):
        raise NotFound
    return Sheet(
        title=N_("My statement is missing"),
        fields=[Field("body", N_("What do you miss? The day of the visit helps."), "area")],
        submit=N_("Send to support"),
        here=HERE,
        template="patient/missing_statement.html",
    )


async def _report_missing(page: Page, form: Form) -> Response:
    """A conversation with the topic that support answers."""
    request = messaging.StartConversationRequest(
        patient_id=page.id("patient_id"),
        topic="portal",
        subject=page.translate(N_("My statement is missing")),
        body=form.needed("body"),
    )
    form.check()
    started = await page.site.portal.messaging.StartConversation(request)
    return page.see(f"/patients/{request.patient_id}/conversations/{started.conversation_id}", started.position)


MISSING = FormPage(_ask_missing, _report_missing)
