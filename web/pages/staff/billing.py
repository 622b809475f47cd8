"""Charges and statements of a patient at the billing desk: posting, one statement, sending money back."""

import asyncio

from starlette.responses import Response

from shared.contracts.billing.v1 import api_pb2 as billing
from shared.errors import NotFound
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment
from web.pages.staff.patients import full
from web.sheet import FormPage, Sheet
from web.words import options

HERE = "patients"


async def account(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    ask, patient_id = page.site.portal.billing, patient.patient_id
    balance, charges, statements = await asyncio.gather(
        ask.GetBalance(billing.GetBalanceRequest(patient_id=patient_id)),
        ask.ListCharges(billing.ListChargesRequest(patient_id=patient_id, page_size=200, page_token=page.more)),
        ask.ListStatements(billing.ListStatementsRequest(patient_id=patient_id, page_size=200)),
    )
    return page.render(
        "staff/billing.html",
        form=form,
        patient=patient,
        balance=balance,
        charges=charges.charges,
        statements=statements.statements,
        next=charges.next_page_token,
        due_on=Field("due_on", N_("Due on"), "day", hint=N_("Leave empty for 30 days from now."), required=False),
        here=HERE,
    )


def _path(page: Page) -> str:
    return f"/practices/{page.id('practice_id')}/patients/{page.id('patient_id')}/billing"


async def post_statement(page: Page) -> Response:
    """Over the ticked charges; over all that stand on none where nothing is ticked."""

    async def act(form: Form) -> Response:
        request = billing.PostStatementRequest(
            patient_id=page.id("patient_id"), charge_ids=form.all("charge_ids"), due_on=form.day("due_on")
        )
        form.check()
        posted = await page.site.portal.billing.PostStatement(request)
        return page.see(f"{_path(page)}/statements/{posted.statement_id}", posted.position)

    return await page.submit(act, lambda form: _show(page, form))


async def statement(page: Page) -> Response:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    request = billing.GetStatementRequest(patient_id=patient.patient_id, statement_id=page.id("statement_id"))
    found = await page.site.portal.billing.GetStatement(request)
    return page.render(
        "staff/statement.html",
        patient=patient,
        statement=found.statement,
        charges=found.charges,
        payments=found.payments,
        here=HERE,
    )


async def statement_pdf(page: Page) -> Response:
    request = billing.DownloadStatementRequest(patient_id=page.id("patient_id"), statement_id=page.id("statement_id"))
    body = await page.site.portal.billing.DownloadStatement(request)
    return attachment(page, body, f"statement-{request.statement_id}.pdf")


async def _ask_charge(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Post a charge to {name}"),
        fields=[
            Field("serviced_on", N_("Day of service"), "day"),
            Field("category", N_("Category"), "choice", options=options("charge_category")),
            Field("description", N_("What it is for")),
            Field("amount_cents", N_("Amount in dollars"), "amount"),
            Field(
                "confidential",
                N_("Confidential: shown to the patient and staff only"),
                "check",
                required=False,
            ),
        ],
        submit=N_("Post"),
        back=(_path(page), N_("Bills")),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _post_charge(page: Page, form: Form) -> Response:
    request = billing.PostChargeRequest(
        patient_id=page.id("patient_id"),
        serviced_on=form.needed_day("serviced_on"),
        category=form.needed("category"),
        description=form.needed("description"),
        amount_cents=form.cents("amount_cents"),
        confidential=bool(form.get("confidential")),
    )
    form.check()
    posted = await page.site.portal.billing.PostCharge(request)
    return page.see(_path(page), posted.position)


async def _ask_refund(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    request = billing.GetPaymentRequest(patient_id=patient.patient_id, payment_id=page.id("payment_id"))
    payment = (await page.site.portal.billing.GetPayment(request)).payment
    if payment.state not in {"received", "refunded", "disputed"}:
        raise NotFound
    left = payment.amount_cents - payment.refunded_cents
    return Sheet(
        title=N_("Send money back to {name}"),
        fields=[
            Field("amount_cents", N_("Amount in dollars"), "amount"),
            Field("reason", N_("Reason")),
        ],
        submit=N_("Send back"),
        back=(f"{_path(page)}/statements/{payment.statement_id}", N_("Statement")),
        start=Form.filled(amount_cents=f"{left // 100}.{left % 100:02}", statement_id=payment.statement_id),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _refund(page: Page, form: Form) -> Response:
    request = billing.RefundPaymentRequest(
        patient_id=page.id("patient_id"),
        payment_id=page.id("payment_id"),
        amount_cents=form.cents("amount_cents"),
        reason=form.needed("reason"),
    )
    form.check()
    refunded = await page.site.portal.billing.RefundPayment(request)
    return page.see(_path(page), refunded.position)


CHARGE = FormPage(_ask_charge, _post_charge)
REFUND = FormPage(_ask_refund, _refund)
