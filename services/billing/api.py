"""What patients, staff and the payment processor ask of billing: message in, command or query, message out."""

from uuid import UUID

from google.api.httpbody_pb2 import HttpBody

from services.billing import commands, messages
from services.billing.domain.charges import Item
from services.billing.processor import Checkout, Processor
from services.billing.projections import charges, statements
from services.billing.projections.statements import StatementRow
from services.billing.statement_pdf import statement_pdf
from shared.contracts.billing.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.money import Money
from shared.names import Names
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import date_field, text_field, uuid_field

MOST_CENTS = 100_000_000
"""One million: above it an amount is taken for a mistake."""


class BillingApi:
    """The API port's servicer; policies have been applied before a method is called."""

    def __init__(self, processor: Processor, names: Names, public_url: str) -> None:
        self._processor = processor
        self._names = names
        self._public_url = public_url

    async def ListCharges(self, request: api_pb2.ListChargesRequest, call: Call) -> api_pb2.ListChargesResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await charges.page(
                rows, uuid_field(request.patient_id, "patient_id"), sees_all(call), _before(keyset), size + 1
            )
        answer = api_pb2.ListChargesResponse(charges=[messages.charge(row, sees_all(call)) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def ListStatements(
        self, request: api_pb2.ListStatementsRequest, call: Call
    ) -> api_pb2.ListStatementsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await statements.page(
                rows, uuid_field(request.patient_id, "patient_id"), sees_all(call), _before(keyset), size + 1
            )
        answer = api_pb2.ListStatementsResponse(statements=[messages.statement(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def GetStatement(self, request: api_pb2.GetStatementRequest, call: Call) -> api_pb2.GetStatementResponse:
        async with call.rows() as rows:
            row = await visible_statement(rows, request.statement_id, call)
            lines = await charges.of_statement(rows, row.statement_id)
            paid = await statements.payments(rows, row.statement_id)
        call.viewed(row.statement_id)
        return api_pb2.GetStatementResponse(
            statement=messages.statement(row),
            charges=[messages.charge(line, sees_all(call)) for line in lines],
            payments=[messages.payment(one) for one in paid],
        )

    async def DownloadStatement(self, request: api_pb2.DownloadStatementRequest, call: Call) -> HttpBody:
        async with call.rows() as rows:
            row = await visible_statement(rows, request.statement_id, call)
            lines = await charges.of_statement(rows, row.statement_id)
        names = await self._names.of(row.practice_id, row.patient_id)
        call.viewed(row.statement_id)
        made = await statement_pdf(row, lines, names, with_descriptions=sees_all(call))
        return HttpBody(content_type="application/pdf", data=made)

    async def GetBalance(self, request: api_pb2.GetBalanceRequest, call: Call) -> api_pb2.GetBalanceResponse:
        async with call.rows() as rows:
            found = await statements.balance(rows, uuid_field(request.patient_id, "patient_id"), sees_all(call))
        return api_pb2.GetBalanceResponse(
            balance_cents=found.cents,
            charges_cents=found.charges_cents,
            payments_cents=found.payments_cents,
            adjustments_cents=found.adjustments_cents,
            refunds_cents=found.refunds_cents,
            currency=found.currency,
        )

    async def StartPayment(self, request: api_pb2.StartPaymentRequest, call: Call) -> api_pb2.StartPaymentResponse:
        async with call.rows() as rows:
            row = await visible_statement(rows, request.statement_id, call)
        amount = Money(amount_field(request.amount_cents), row.currency)
        started = await call.perform(commands.start_payment, commands.StartPayment(row.statement_id, amount))
        page = f"{self._public_url}/patients/{row.patient_id}/statements/{row.statement_id}?payment={started.id}"
        checkout = Checkout(started.id, row.statement_id, amount, page)
        return api_pb2.StartPaymentResponse(
            payment_id=str(started.id),
            checkout_url=await self._processor.open_page(checkout),
            position=str(started.position),
        )

    async def GetPayment(self, request: api_pb2.GetPaymentRequest, call: Call) -> api_pb2.GetPaymentResponse:
        async with call.rows() as rows:
            row = await statements.payment(rows, uuid_field(request.payment_id, "payment_id"))
            if row is None:
                raise NotFound
            await visible_statement(rows, str(row.statement_id), call)
        return api_pb2.GetPaymentResponse(payment=messages.payment(row))

    async def ReceiveProcessorEvent(self, request: HttpBody, call: Call) -> api_pb2.ReceiveProcessorEventResponse:
        told = await self._processor.read_event(request.data, call.header("stripe-signature"))
        if told is not None and told.state == "received":
            received = commands.ReceivePayment(told.statement_id, told.payment_id, told.amount, told.processor_payment)
            await call.perform(commands.receive_payment, received, key=told.event_id)
        elif told is not None and told.state == "failed":
            failed = commands.FailPayment(told.statement_id, told.payment_id, "declined")
            await call.perform(commands.fail_payment, failed, key=told.event_id)
        return api_pb2.ReceiveProcessorEventResponse()

    async def PostCharge(self, request: api_pb2.PostChargeRequest, call: Call) -> api_pb2.PostChargeResponse:
        practice_id, patient_id = located(call)
        item = Item(
            serviced_on=date_field(request.serviced_on, "serviced_on"),
            category=messages.category(request.category),
            description=text_field(request.description, "description"),
            amount=Money(amount_field(request.amount_cents), messages.currency_field(request.currency)),
            confidential=request.confidential,
        )
        posted = await call.perform(commands.post_charge, commands.PostCharge(practice_id, patient_id, item))
        return api_pb2.PostChargeResponse(charge_id=str(posted.id), position=str(posted.position))

    async def PostStatement(self, request: api_pb2.PostStatementRequest, call: Call) -> api_pb2.PostStatementResponse:
        practice_id, patient_id = located(call)
        chosen = [uuid_field(one, f"charge_ids[{place}]") for place, one in enumerate(request.charge_ids)]
        if not chosen:
            async with call.rows() as rows:
                chosen = await charges.not_stated(rows, patient_id, imported=False)
        due_on = date_field(request.due_on, "due_on") if request.HasField("due_on") else messages.default_due(call.now)
        command = commands.PostStatement(practice_id, patient_id, chosen, due_on)
        posted = await call.perform(commands.post_statement, command)
        return api_pb2.PostStatementResponse(statement_id=str(posted.id), position=str(posted.position))

    async def RefundPayment(self, request: api_pb2.RefundPaymentRequest, call: Call) -> api_pb2.RefundPaymentResponse:
        async with call.rows() as rows:
            row = await statements.payment(rows, uuid_field(request.payment_id, "payment_id"))
        if row is None:
            raise NotFound
        command = commands.RequestRefund(
            row.statement_id,
            row.payment_id,
            Money(amount_field(request.amount_cents), row.currency),
            text_field(request.reason, "reason"),
        )
        return api_pb2.RefundPaymentResponse(position=str(await call.perform(commands.request_refund, command)))


def sees_all(call: Call) -> bool:
    """The patient and staff see confidential charges and procedures; representatives do not (R18)."""
    return call.actor.kind == "staff" or call.actor.acting_as == "self"


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient that the policy found."""
    if call.practice_id is None or call.patient_id is None:
        raise NotFound
    return call.practice_id, call.patient_id


async def visible_statement(rows: Rows, statement_id: str, call: Call) -> StatementRow:
    """The statement, if this caller may see it: a confidential one does not exist for representatives."""
    row = await statements.one(rows, uuid_field(statement_id, "statement_id"))
    if row is None or (row.confidential and not sees_all(call)):
        raise NotFound
    return row


def amount_field(cents: int) -> int:
    """Cents, more than 0 and at most one million units; InvalidField otherwise."""
    if not 0 < cents <= MOST_CENTS:
        raise InvalidField("amount_cents", f"expected 1 to {MOST_CENTS} cents")
    return cents


def _before(keyset: str) -> int | None:
    return int(keyset) if keyset else None
