"""Payments as the payer, the processor and billing staff meet them: begun, told of, sent back."""

from google.api.httpbody_pb2 import HttpBody

from services.billing import messages
from services.billing.api.callers import amount_field, named_statement, sees_all
from services.billing.commands import payments as commands
from services.billing.domain.errors import StatementWithdrawn
from services.billing.processor import Checkout, DisputeTold, PaymentTold, Processor, RefundTold
from services.billing.projections import balances, payments, statements
from services.billing.projections.payments import PaymentRow
from shared.contracts.billing.v1 import api_pb2
from shared.errors import NotFound
from shared.money import Money
from shared.rpc.call import Call
from shared.rpc.fields import text_field, uuid_field


class Paying:
    """One processor serves the pages, the webhook and the refunds."""

    def __init__(self, processor: Processor, public_url: str) -> None:
        self._processor = processor
        self._public_url = public_url

    async def StartPayment(self, request: api_pb2.StartPaymentRequest, call: Call) -> api_pb2.StartPaymentResponse:
        async with call.rows() as rows:
            row = await named_statement(rows, request.statement_id, call)
            left = await balances.left_to_pay(rows, row.patient_id, sees_all(call))
        amount = Money(amount_field(request.amount_cents), row.currency)
        command = commands.StartPayment(row.statement_id, amount, Money(left, row.currency))
        try:
            started = await call.perform(commands.start_payment, command)
        except StatementWithdrawn:
            if sees_all(call):
                raise
            raise NotFound from None  # it was hidden from representatives a moment ago (R18)
        page = f"{self._public_url}/patients/{row.patient_id}/statements/{row.statement_id}?payment={started.id}"
        checkout = Checkout(started.id, row.statement_id, amount, page)
        return api_pb2.StartPaymentResponse(
            payment_id=str(started.id),
            checkout_url=await self._processor.open_page(checkout),
            position=str(started.position),
        )

    async def GetPayment(self, request: api_pb2.GetPaymentRequest, call: Call) -> api_pb2.GetPaymentResponse:
        """As it stands on a statement that the caller may see; of a payment that was carried on the largest part."""
        async with call.rows() as rows:
            for part in await payments.shares(rows, uuid_field(request.payment_id, "payment_id")):
                row = await statements.one(rows, part.statement_id)
                if row is not None and (sees_all(call) or not row.hidden):
                    return api_pb2.GetPaymentResponse(payment=messages.payment(part))
        raise NotFound

    async def RefundPayment(self, request: api_pb2.RefundPaymentRequest, call: Call) -> api_pb2.RefundPaymentResponse:
        async with call.rows() as rows:
            parts = await payments.shares(rows, uuid_field(request.payment_id, "payment_id"))
        part = _part(parts, request)
        command = commands.RequestRefund(
            part.statement_id,
            part.payment_id,
            Money(amount_field(request.amount_cents), part.currency),
            text_field(request.reason, "reason"),
        )
        return api_pb2.RefundPaymentResponse(position=str(await call.perform(commands.request_refund, command)))

    async def ReceiveProcessorEvent(self, request: HttpBody, call: Call) -> api_pb2.ReceiveProcessorEventResponse:
        """The event's id is the command's key; a dispute's also says how it stands, which is fetched anew each time."""
        told = await self._processor.read_event(request.data, call.header("stripe-signature"))
        match told:
            case PaymentTold(state="received"):
                received = commands.ReceivePayment(
                    told.statement_id, told.payment_id, told.amount, told.processor_payment
                )
                await call.perform(commands.receive_payment, received, key=told.event_id)
            case PaymentTold(state="failed"):
                failed = commands.FailPayment(told.statement_id, told.payment_id, "declined")
                await call.perform(commands.fail_payment, failed, key=told.event_id)
            case RefundTold(state="sent", is_ours=False):
                elsewhere = commands.RecordRefund(told.statement_id, told.payment_id, told.refund_id, told.amount)
                await call.perform(commands.record_refund, elsewhere, key=f"{told.event_id} sent")
            case RefundTold(state="sent"):
                sent = commands.CompleteRefund(told.statement_id, told.payment_id, told.refund_id)
                await call.perform(commands.complete_refund, sent, key=f"{told.event_id} sent")
            case RefundTold(state="failed"):
                stays = commands.FailRefund(told.statement_id, told.payment_id, told.refund_id)
                await call.perform(commands.fail_refund, stays, key=f"{told.event_id} failed")
            case DisputeTold():
                disputed = commands.TellDispute(
                    told.statement_id, told.payment_id, told.processor_dispute, told.outcome, told.taken
                )
                key = f"{told.event_id} {told.outcome} {told.taken.cents}"
                await call.perform(commands.tell_dispute, disputed, key=key)
        return api_pb2.ReceiveProcessorEventResponse()


def _part(parts: list[PaymentRow], request: api_pb2.RefundPaymentRequest) -> PaymentRow:
    """The part of the payment on the named statement; without a name the one with the most to be sent back."""
    if request.statement_id:
        wanted = uuid_field(request.statement_id, "statement_id")
        parts = [one for one in parts if one.statement_id == wanted]
    if not parts:
        raise NotFound
    return parts[0]
