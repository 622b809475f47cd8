"""Guarantors: named by billing staff; they see amount, number and practice of what they may pay, and nothing else."""

from uuid import UUID

from services.billing.api.callers import amount_field, located
from services.billing.commands import guarantors as commands
from services.billing.commands import payments
from services.billing.domain.errors import StatementWithdrawn
from services.billing.processor import Checkout, Processor
from services.billing.projections import balances, guarantors, joined
from shared.contracts.billing.v1 import api_pb2
from shared.errors import NotFound
from shared.money import Money
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field


class Guarantors:
    """Being a guarantor opens no record: the statement alone is found, by the account that asks."""

    def __init__(self, processor: Processor, public_url: str) -> None:
        self._payers_processor, self._payers_page = processor, f"{public_url}/guaranteed"

    async def NameGuarantor(self, request: api_pb2.NameGuarantorRequest, call: Call) -> api_pb2.NameGuarantorResponse:
        practice_id, patient_id = located(call)
        person_id = uuid_field(request.person_id, "person_id")
        async with call.rows() as rows:
            if person_id == patient_id or not await joined.is_joined(rows, patient_id, person_id):
                raise NotFound
        command = commands.NameGuarantor(practice_id, patient_id, person_id)
        return api_pb2.NameGuarantorResponse(position=str(await call.perform(commands.name_guarantor, command)))

    async def ReleaseGuarantor(
        self, request: api_pb2.ReleaseGuarantorRequest, call: Call
    ) -> api_pb2.ReleaseGuarantorResponse:
        _, patient_id = located(call)
        position = await call.perform(commands.release_guarantor, commands.ReleaseGuarantor(patient_id))
        return api_pb2.ReleaseGuarantorResponse(position=str(position))

    async def GetGuarantor(self, request: api_pb2.GetGuarantorRequest, call: Call) -> api_pb2.GetGuarantorResponse:
        _, patient_id = located(call)
        async with call.rows() as rows:
            person_id = await guarantors.of_patient(rows, patient_id)
        return api_pb2.GetGuarantorResponse(person_id=str(person_id or ""))

    async def ListGuaranteedStatements(
        self, request: api_pb2.ListGuaranteedStatementsRequest, call: Call
    ) -> api_pb2.ListGuaranteedStatementsResponse:
        async with call.rows() as rows:
            found = await guarantors.payable_by(rows, _account(call))
        return api_pb2.ListGuaranteedStatementsResponse(
            statements=[
                api_pb2.GuaranteedStatement(
                    statement_id=str(one.statement_id),
                    practice_id=str(one.practice_id),
                    number=one.number,
                    due_cents=one.due_cents,
                    currency=one.currency,
                )
                for one in found
            ]
        )

    async def StartGuaranteedPayment(
        self, request: api_pb2.StartGuaranteedPaymentRequest, call: Call
    ) -> api_pb2.StartGuaranteedPaymentResponse:
        statement_id = uuid_field(request.statement_id, "statement_id")
        cents = amount_field(request.amount_cents)
        async with call.rows() as rows:
            found = [
                one for one in await guarantors.payable_by(rows, _account(call)) if one.statement_id == statement_id
            ]
            left = await balances.left_to_pay(rows, found[0].patient_id, hidden=False) if found else 0
        if not found:
            raise NotFound
        amount, at_most = Money(cents, found[0].currency), Money(left, found[0].currency)
        try:
            started = await call.perform(payments.start_payment, payments.StartPayment(statement_id, amount, at_most))
        except StatementWithdrawn:
            raise NotFound from None
        checkout = Checkout(started.id, statement_id, amount, self._payers_page)
        return api_pb2.StartGuaranteedPaymentResponse(
            checkout_url=await self._payers_processor.open_page(checkout), position=str(started.position)
        )


def _account(call: Call) -> UUID:
    if call.actor.id is None:
        raise NotFound
    return call.actor.id
