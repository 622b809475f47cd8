"""Charges and statements of a patient at the billing desk: posting, adjusting, withdrawing, sending money back."""

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
from web.showing import Showing
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
        adjustments=found.adjustments,
        here=HERE,
    )


async def refund_tasks(page: Page) -> Response:
    """Statements of the practice on which more came than was due."""
    desk = await at_desk(page, "billing")
    request = billing.ListRefundTasksRequest(practice_id=desk.practice_id, page_token=page.more)
    found = await page.site.portal.billing.ListRefundTasks(request)
    return page.render(
        "staff/refund_tasks.html",
        statements=found.statements,
        names=await page.names(one.patient_id for one in found.statements),
        next=found.next_page_token,
        here="refunds",
    )


async def statement_pdf(page: Page) -> Response:
    request = billing.DownloadStatementRequest(
        patient_id=page.id("patient_id"), statement_id=page.id("statement_id"), language=page.language
    )
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


async def _charge(page: Page, patient_id: str) -> billing.Charge:
    """The charge of the URL among the patient's; NotFound otherwise."""
    charge_id, token = page.id("charge_id"), ""
    while True:
        request = billing.ListChargesRequest(patient_id=patient_id, page_size=200, page_token=token)
        found = await page.site.portal.billing.ListCharges(request)
        for one in found.charges:
            if one.charge_id == charge_id:
                return one
        token = found.next_page_token
        if not token:
            raise NotFound


async def _ask_adjustment(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    charge = await _charge(page, patient.patient_id)
    return Sheet(
        title=N_("Take something off a charge of {name}"),
        intro=[N_("{what}: {amount} is left of it.")],
        fields=[
            Field("amount_cents", N_("Amount in dollars"), "amount"),
            Field("reason", N_("Reason"), hint=N_("The patient reads it, too.")),
        ],
        submit=N_("Take off"),
        back=(_path(page), N_("Bills")),
        here=HERE,
        blanks={
            "name": full(patient.name),
            "what": charge.description,
            "amount": Showing(page.language, page.translate).money(
                charge.amount_cents - charge.adjusted_cents, charge.currency
            ),
        },
    )


async def _adjust(page: Page, form: Form) -> Response:
    request = billing.AdjustChargeRequest(
        patient_id=page.id("patient_id"),
        charge_id=page.id("charge_id"),
        amount_cents=form.cents("amount_cents"),
        reason=form.needed("reason"),
    )
    form.check()
    adjusted = await page.site.portal.billing.AdjustCharge(request)
    return page.see(_path(page), adjusted.position)


async def _ask_confidential(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    charge = await _charge(page, patient.patient_id)
    return Sheet(
        title=N_("Keep a charge of {name} confidential"),
        intro=[
            N_("{what}: from now on it is shown to the patient and staff only. This cannot be undone."),
            N_("A statement that it stands on is withdrawn and posted again without it; payments go along."),
        ],
        fields=[],
        submit=N_("Keep confidential"),
        back=(_path(page), N_("Bills")),
        here=HERE,
        blanks={"name": full(patient.name), "what": charge.description},
        danger=True,
    )


async def _make_confidential(page: Page, form: Form) -> Response:
    request = billing.MakeChargeConfidentialRequest(patient_id=page.id("patient_id"), charge_id=page.id("charge_id"))
    made = await page.site.portal.billing.MakeChargeConfidential(request)
    return page.see(_path(page), made.position)


async def _ask_withdrawal(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    request = billing.GetStatementRequest(patient_id=patient.patient_id, statement_id=page.id("statement_id"))
    found = await page.site.portal.billing.GetStatement(request)
    return Sheet(
        title=N_("Withdraw statement {number}"),
        intro=[
            N_("Its charges can then stand on another statement. What was paid on it becomes money to be sent back."),
        ],
        fields=[],
        submit=N_("Withdraw"),
        back=(f"{_path(page)}/statements/{page.id('statement_id')}", N_("Statement")),
        here=HERE,
        blanks={"number": found.statement.number},
        danger=True,
    )


async def _withdraw(page: Page, form: Form) -> Response:
    request = billing.WithdrawStatementRequest(patient_id=page.id("patient_id"), statement_id=page.id("statement_id"))
    withdrawn = await page.site.portal.billing.WithdrawStatement(request)
    return page.see(_path(page), withdrawn.position)


async def _ask_refund(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    request = billing.GetStatementRequest(patient_id=patient.patient_id, statement_id=page.id("statement_id"))
    found = await page.site.portal.billing.GetStatement(request)
    payment = next((one for one in found.payments if one.payment_id == page.id("payment_id")), None)
    if payment is None or payment.state not in {"received", "refunded", "disputed"}:
        raise NotFound
    left = payment.amount_cents - payment.refunded_cents - payment.refunding_cents - payment.disputed_cents
    offered = min(left, found.statement.credit_cents) or left
    return Sheet(
        title=N_("Send money back to {name}"),
        fields=[
            Field("amount_cents", N_("Amount in dollars"), "amount"),
            Field("reason", N_("Reason")),
        ],
        submit=N_("Send back"),
        back=(f"{_path(page)}/statements/{payment.statement_id}", N_("Statement")),
        start=Form.filled(amount_cents=f"{offered // 100}.{offered % 100:02}"),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
    )


async def _refund(page: Page, form: Form) -> Response:
    request = billing.RefundPaymentRequest(
        patient_id=page.id("patient_id"),
        payment_id=page.id("payment_id"),
        statement_id=page.id("statement_id"),
        amount_cents=form.cents("amount_cents"),
        reason=form.needed("reason"),
    )
    form.check()
    refunded = await page.site.portal.billing.RefundPayment(request)
    return page.see(f"{_path(page)}/statements/{request.statement_id}", refunded.position)


async def _ask_guarantor(page: Page) -> Sheet:
    desk = await at_desk(page, "billing")
    patient = await patient_at(page, desk)
    request = billing.GetGuarantorRequest(patient_id=patient.patient_id)
    found = await page.site.portal.billing.GetGuarantor(request)
    options = [
        (one.person_id, full(one.name))
        for one in patient.persons
        if one.state == "enrolled" and one.person_id != patient.patient_id
    ]
    return Sheet(
        title=N_("Who pays for {name}"),
        intro=[
            N_("Somebody of the record who has an account sees amount, number and practice of what is to be paid."),
            N_("It gives no access to the record. Choose nobody to end it."),
        ],
        fields=[Field("person_id", N_("Guarantor"), "choice", options=options, required=False, literal=True)],
        submit=N_("Save"),
        back=(_path(page), N_("Bills")),
        start=Form.filled(person_id=found.person_id),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _name_guarantor(page: Page, form: Form) -> Response:
    ask, patient_id, person_id = page.site.portal.billing, page.id("patient_id"), form.get("person_id")
    if person_id:
        named = await ask.NameGuarantor(billing.NameGuarantorRequest(patient_id=patient_id, person_id=person_id))
        return page.see(_path(page), named.position)
    if not (await ask.GetGuarantor(billing.GetGuarantorRequest(patient_id=patient_id))).person_id:
        return page.see(_path(page))
    released = await ask.ReleaseGuarantor(billing.ReleaseGuarantorRequest(patient_id=patient_id))
    return page.see(_path(page), released.position)


GUARANTOR = FormPage(_ask_guarantor, _name_guarantor)
CHARGE = FormPage(_ask_charge, _post_charge)
ADJUSTMENT = FormPage(_ask_adjustment, _adjust)
CONFIDENTIAL = FormPage(_ask_confidential, _make_confidential)
WITHDRAWAL = FormPage(_ask_withdrawal, _withdraw)
REFUND = FormPage(_ask_refund, _refund)
