"""What billing's peers and the import ask of it."""

from datetime import date

from services.billing import messages
from services.billing.commands import importing
from services.billing.commands.importing import Imported
from services.billing.domain.charges import Item
from services.billing.projections import balances, charges
from shared.contracts.billing.v1 import peers_pb2
from shared.errors import InvalidField
from shared.money import Money
from shared.rpc.call import Call
from shared.rpc.fields import date_field, text_field, uuid_field


class BillingPeers:
    """The peer port's servicer."""

    async def ImportCharge(self, request: peers_pb2.ImportChargeRequest, call: Call) -> peers_pb2.ImportResponse:
        if request.amount_cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        command = importing.ImportCharge(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            patient_id=uuid_field(request.patient_id, "patient_id"),
            resource_id=text_field(request.resource_id, "resource_id"),
            item=Item(
                serviced_on=date_field(request.serviced_on, "serviced_on"),
                category=messages.category(request.category),
                description=text_field(request.description, "description", most=500),
                amount=Money(request.amount_cents, messages.currency_field(request.currency)),
            ),
        )
        return _imported(await call.perform(importing.import_charge, command))

    async def ImportStatement(self, request: peers_pb2.ImportStatementRequest, call: Call) -> peers_pb2.ImportResponse:
        patient_id = uuid_field(request.patient_id, "patient_id")
        async with call.rows() as rows:
            open_charges = await charges.not_stated(rows, patient_id, imported=True)
        command = importing.ImportStatement(
            practice_id=uuid_field(request.practice_id, "practice_id"),
            patient_id=patient_id,
            resource_id=text_field(request.resource_id, "resource_id"),
            charge_ids=open_charges,
            due_on=_due(request, call),
        )
        return _imported(await call.perform(importing.import_statement, command))

    async def BalanceOf(self, request: peers_pb2.BalanceOfRequest, call: Call) -> peers_pb2.BalanceOfResponse:
        async with call.rows() as rows:
            found = await balances.balance(rows, uuid_field(request.patient_id, "patient_id"), hidden=True)
        return peers_pb2.BalanceOfResponse(balance_cents=found.cents, currency=found.currency)


def _due(request: peers_pb2.ImportStatementRequest, call: Call) -> date:
    return date_field(request.due_on, "due_on") if request.HasField("due_on") else messages.default_due(call.now)


def _imported(done: Imported) -> peers_pb2.ImportResponse:
    return peers_pb2.ImportResponse(id=str(done.id), outcome=done.outcome, position=str(done.position))
