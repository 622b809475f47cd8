"""Paying a statement without an account, in two steps that keep nothing but what is typed (R1)."""

from typing import NoReturn

from starlette.responses import RedirectResponse, Response

from shared.contracts.billing.v1 import api_pb2 as billing
from shared.errors import NotFound, Unavailable
from web.failures import concerned
from web.forms import Field, Form, Mistyped
from web.language import N_
from web.page import SEE_OTHER, Page

NUMBER = Field(
    "number", N_("Statement number"), hint=N_("As printed on the statement, for example 20260327-ABCDEFGHIJKL.")
)
BORN = Field("birth_date", N_("Birth date of the patient"), "day")
AMOUNT = Field("amount_cents", N_("Amount in dollars"), "amount")
NOTHING = N_("No statement that can be paid fits this number and birth date.")


async def show(page: Page) -> Response:
    return await _ask(page, Form())


async def _ask(page: Page, form: Form) -> Response:
    return page.render("guest/pay.html", form=form, fields=[NUMBER, BORN], practices=await concerned(page), here="")


async def find(page: Page) -> Response:
    """Practice and amount due of the statement, and the form that pays it."""

    async def act(form: Form) -> Response:
        return await _statement(page, form, await _found(page, form))

    return await page.submit(act, lambda form: _ask(page, form))


async def pay(page: Page) -> Response:
    """Reserves the amount and leads to the processor's page; a double click is one payment."""

    async def act(form: Form) -> Response:
        request = billing.StartGuestPaymentRequest(
            number=form.needed("number"),
            birth_date=form.needed_day("birth_date"),
            amount_cents=form.cents("amount_cents"),
        )
        form.check()
        try:
            started = await page.site.portal.billing.StartGuestPayment(request)
        except NotFound:
            _blame(form)
        if not started.checkout_url.startswith(page.site.settings.checkout_origin + "/"):
            raise Unavailable
        return page.finish(RedirectResponse(started.checkout_url, SEE_OTHER))

    async def again(form: Form) -> Response:
        """With the statement, as long as number and birth date still find it; else from the beginning."""
        if form.errors.keys() & {"number", "birth_date"}:
            return await _ask(page, form)
        try:
            return await _statement(page, form, await _found(page, form))
        except Mistyped:
            return await _ask(page, form)

    return await page.submit(act, again)


async def done(page: Page) -> Response:
    """Where the processor's page leads back to: the same for everybody."""
    return page.render("guest/done.html", practices=await concerned(page), here="")


async def _found(page: Page, form: Form) -> billing.FindGuestStatementResponse:
    errors = dict(form.errors)
    request = billing.FindGuestStatementRequest(number=form.needed("number"), birth_date=form.needed_day("birth_date"))
    if form.errors != errors:
        raise Mistyped
    try:
        return await page.site.portal.billing.FindGuestStatement(request)
    except NotFound:
        _blame(form)


def _blame(form: Form) -> NoReturn:
    form.blame("number", NOTHING)
    raise Mistyped


async def _statement(page: Page, form: Form, found: billing.FindGuestStatementResponse) -> Response:
    page.practice = await page.site.practices.one(found.practice_id)
    asked = Form(
        key=form.key,
        values={
            "number": [form.get("number")],
            "birth_date": [form.get("birth_date")],
            "amount_cents": [form.raw("amount_cents") or f"{found.due_cents // 100}.{found.due_cents % 100:02}"],
        },
        errors=form.errors,
        blanks=form.blanks,
    )
    return page.render(
        "guest/statement.html", form=asked, found=found, amount=AMOUNT, practices=[page.practice], here=""
    )
