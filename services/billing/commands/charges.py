"""Charges: posted by staff, taken off in part, kept from representatives."""

from dataclasses import dataclass
from uuid import UUID

from services.billing.commands.carrying import carry_on
from services.billing.commands.posting import Issue, add_statement
from services.billing.domain.charges import Charge, Item
from services.billing.domain.statements import Statement
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work
from shared.money import Money


@dataclass(frozen=True, slots=True)
class PostCharge:
    practice_id: UUID
    patient_id: UUID
    item: Item


async def post_charge(command: PostCharge, work: Work) -> Created:
    def build() -> Charge:
        return Charge(work.new_id("charge"), command.practice_id, command.patient_id, command.item, "desk", work.now)

    position = await work.create(build)
    return Created(work.new_id("charge"), position)


@dataclass(frozen=True, slots=True)
class AdjustCharge:
    patient_id: UUID
    charge_id: UUID
    amount: Money
    reason: str


async def adjust_charge(command: AdjustCharge, work: Work) -> Created:
    """The charge comes to less, and the statement that it stands on with it."""

    async def decide(streams: Streams) -> None:
        charge = await _charge(streams, command.charge_id, command.patient_id)
        adjustment_id = work.new_id("adjustment")
        charge.adjust(adjustment_id, command.amount, command.reason, work.now)
        if charge.statement_id is not None:
            statement = await streams.get(Statement, charge.statement_id)
            statement.adjust(charge.id, adjustment_id, command.amount)

    position = await work.decide(decide)
    return Created(work.new_id("adjustment"), position)


@dataclass(frozen=True, slots=True)
class MakeChargeConfidential:
    patient_id: UUID
    charge_id: UUID


async def make_charge_confidential(command: MakeChargeConfidential, work: Work) -> Position:
    """Marked late: the posted statement is withdrawn and reissued, that charge apart and to the patient (R18)."""

    async def decide(streams: Streams) -> None:
        charge = await _charge(streams, command.charge_id, command.patient_id)
        if charge.item.confidential:
            return
        charge.make_confidential(work.now)
        if charge.statement_id is not None:
            await _reissue(streams, work, await streams.get(Statement, charge.statement_id), charge)

    return await work.decide(decide)


async def _reissue(streams: Streams, work: Work, old: Statement, apart: Charge) -> None:
    """What was paid follows: first to what everybody still sees, then to the charge that went apart."""
    others = [await streams.get(Charge, one) for one in old.bill.charge_ids if one != apart.id]
    for charge in (*others, apart):
        charge.take_off()
    groups = {"open": others, "confidential": [apart]}
    successors = [
        add_statement(
            streams,
            work,
            charges,
            Issue(work.new_id(f"statement-{name}"), old.patient_id, old.bill.due_on, "desk", name),
        )
        for name, charges in groups.items()
        if charges
    ]
    old.withdraw("confidential_charge", tuple(one.id for one in successors), work.now)
    await carry_on(streams, old, work.now)


async def _charge(streams: Streams, charge_id: UUID, patient_id: UUID) -> Charge:
    charge = await streams.get(Charge, charge_id)
    if charge.patient_id != patient_id:
        raise NotFound
    return charge
