"""What billing staff post and take back: charges, statements, adjustments."""

from collections.abc import Sequence
from uuid import UUID

from services.billing import messages
from services.billing.api.callers import amount_field, located, record_of
from services.billing.commands import charges as of_charges
from services.billing.commands import statements as of_statements
from services.billing.domain.charges import Item
from services.billing.projections import charges
from shared.access.replicas import records_of
from shared.contracts.billing.v1 import api_pb2
from shared.money import Money
from shared.reading import Rows
from shared.rpc.call import Call
from shared.rpc.fields import date_field, text_field, uuid_field


class Posting:
    """Commands of billing staff."""

    async def PostCharge(self, request: api_pb2.PostChargeRequest, call: Call) -> api_pb2.PostChargeResponse:
        practice_id, patient_id = located(call)
        item = Item(
            serviced_on=date_field(request.serviced_on, "serviced_on"),
            category=messages.category(request.category),
            description=text_field(request.description, "description"),
            amount=Money(amount_field(request.amount_cents), messages.currency_field(request.currency)),
            confidential=request.confidential,
        )
        posted = await call.perform(of_charges.post_charge, of_charges.PostCharge(practice_id, patient_id, item))
        return api_pb2.PostChargeResponse(charge_id=str(posted.id), position=str(posted.position))

    async def PostStatement(self, request: api_pb2.PostStatementRequest, call: Call) -> api_pb2.PostStatementResponse:
        _, patient_id = located(call)
        chosen = [uuid_field(one, f"charge_ids[{place}]") for place, one in enumerate(request.charge_ids)]
        async with call.rows() as rows:
            record_id, charge_ids = await _to_state(rows, patient_id, chosen)
        due_on = date_field(request.due_on, "due_on") if request.HasField("due_on") else messages.default_due(call.now)
        command = of_statements.PostStatement(record_id, charge_ids, due_on)
        posted = await call.perform(of_statements.post_statement, command)
        return api_pb2.PostStatementResponse(statement_id=str(posted.id), position=str(posted.position))

    async def WithdrawStatement(
        self, request: api_pb2.WithdrawStatementRequest, call: Call
    ) -> api_pb2.WithdrawStatementResponse:
        command = of_statements.WithdrawStatement(uuid_field(request.statement_id, "statement_id"))
        position = await call.perform(of_statements.withdraw_statement, command)
        return api_pb2.WithdrawStatementResponse(position=str(position))

    async def AdjustCharge(self, request: api_pb2.AdjustChargeRequest, call: Call) -> api_pb2.AdjustChargeResponse:
        command = of_charges.AdjustCharge(
            record_of(call),
            uuid_field(request.charge_id, "charge_id"),
            Money(amount_field(request.amount_cents)),
            text_field(request.reason, "reason"),
        )
        adjusted = await call.perform(of_charges.adjust_charge, command)
        return api_pb2.AdjustChargeResponse(adjustment_id=str(adjusted.id), position=str(adjusted.position))

    async def MakeChargeConfidential(
        self, request: api_pb2.MakeChargeConfidentialRequest, call: Call
    ) -> api_pb2.MakeChargeConfidentialResponse:
        command = of_charges.MakeChargeConfidential(record_of(call), uuid_field(request.charge_id, "charge_id"))
        position = await call.perform(of_charges.make_charge_confidential, command)
        return api_pb2.MakeChargeConfidentialResponse(position=str(position))


async def _to_state(rows: Rows, patient_id: UUID, chosen: Sequence[UUID]) -> tuple[UUID, Sequence[UUID]]:
    """The record that the statement belongs to, and its charges: that of the chosen ones, else the first of the
    patient's records with charges to be stated. A statement holds charges of one record, so that joined records can be
    parted again (R44)."""
    records = [patient_id, *(one for one in await records_of(rows, patient_id) if one != patient_id)]
    if chosen:
        first = await charges.one(rows, chosen[0])
        return (first.patient_id if first is not None and first.patient_id in records else patient_id), chosen
    for record_id in records:
        waiting = await charges.not_stated(rows, record_id, imported=False)
        if waiting:
            return record_id, waiting
    return patient_id, ()
