"""What billing can be told to do, each command followed by its handler."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.billing.domain.charges import Charge, Item, Origin
from services.billing.domain.errors import ConfidentialityMixed, NothingToState
from services.billing.domain.statements import Bill, Statement, StatementNumber
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work
from shared.ids import natural_id
from shared.money import Money

Outcome = Literal["new", "unchanged", "changed"]


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
class PostStatement:
    practice_id: UUID
    patient_id: UUID
    charge_ids: Sequence[UUID]
    due_on: date


async def post_statement(command: PostStatement, work: Work) -> Created:
    async def decide(streams: Streams) -> None:
        await _add_statement(streams, work, command, work.new_id("statement"), "desk")

    position = await work.decide(decide)
    return Created(work.new_id("statement"), position)


@dataclass(frozen=True, slots=True)
class StartPayment:
    statement_id: UUID
    amount: Money


async def start_payment(command: StartPayment, work: Work) -> Created:
    position = await work.change(
        Statement,
        command.statement_id,
        lambda statement: statement.start_payment(work.new_id("payment"), command.amount, work.now),
    )
    return Created(work.new_id("payment"), position)


@dataclass(frozen=True, slots=True)
class ReceivePayment:
    statement_id: UUID
    payment_id: UUID
    amount: Money
    processor_payment: str


async def receive_payment(command: ReceivePayment, work: Work) -> Position:
    return await work.change(
        Statement,
        command.statement_id,
        lambda statement: statement.receive_payment(
            command.payment_id, command.amount, command.processor_payment, work.now
        ),
    )


@dataclass(frozen=True, slots=True)
class FailPayment:
    statement_id: UUID
    payment_id: UUID
    reason: Literal["declined", "expired"]


async def fail_payment(command: FailPayment, work: Work) -> Position:
    return await work.change(
        Statement,
        command.statement_id,
        lambda statement: statement.fail_payment(command.payment_id, command.reason, work.now),
    )


@dataclass(frozen=True, slots=True)
class RequestRefund:
    statement_id: UUID
    payment_id: UUID
    amount: Money
    reason: str


async def request_refund(command: RequestRefund, work: Work) -> Position:
    return await work.change(
        Statement,
        command.statement_id,
        lambda statement: statement.request_refund(
            command.payment_id, work.new_id("refund"), command.amount, command.reason, work.now
        ),
    )


@dataclass(frozen=True, slots=True)
class CompleteRefund:
    statement_id: UUID
    payment_id: UUID
    refund_id: UUID


async def complete_refund(command: CompleteRefund, work: Work) -> Position:
    return await work.change(
        Statement,
        command.statement_id,
        lambda statement: statement.complete_refund(command.payment_id, command.refund_id, work.now),
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one resource: a changed one is reported, never overwritten."""

    id: UUID
    outcome: Outcome
    position: Position


@dataclass(frozen=True, slots=True)
class ImportCharge:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    item: Item


async def import_charge(command: ImportCharge, work: Work) -> Imported:
    charge_id = natural_id(command.practice_id, "charge", command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        known = await streams.find(Charge, charge_id)
        if known is None:
            outcome = "new"
            streams.add(Charge(charge_id, command.practice_id, command.patient_id, command.item, "import", work.now))
        else:
            outcome = "unchanged" if known.item == command.item else "changed"

    position = await work.decide(decide)
    return Imported(charge_id, outcome, position)


@dataclass(frozen=True, slots=True)
class ImportStatement:
    practice_id: UUID
    patient_id: UUID
    resource_id: str
    charge_ids: Sequence[UUID]
    due_on: date


async def import_statement(command: ImportStatement, work: Work) -> Imported:
    statement_id = natural_id(command.practice_id, "statement", command.resource_id)
    outcome: Outcome = "new"

    async def decide(streams: Streams) -> None:
        nonlocal outcome
        if await streams.find(Statement, statement_id) is not None:
            outcome = "unchanged"
            return
        outcome = "new"
        post = PostStatement(command.practice_id, command.patient_id, command.charge_ids, command.due_on)
        await _add_statement(streams, work, post, statement_id, "import")

    position = await work.decide(decide)
    return Imported(statement_id, outcome, position)


async def _add_statement(
    streams: Streams, work: Work, command: PostStatement, statement_id: UUID, origin: Origin
) -> None:
    """Puts the charges on a new statement, all or none; its number ends in 12 random characters (R1)."""
    charges = [await streams.get(Charge, charge_id) for charge_id in dict.fromkeys(command.charge_ids)]
    if any(charge.patient_id != command.patient_id for charge in charges):
        raise NotFound
    if not charges:
        raise NothingToState
    confidential = charges[0].item.confidential
    if any(charge.item.confidential != confidential for charge in charges):
        raise ConfidentialityMixed
    amount = Money(0, charges[0].item.amount.currency)
    for charge in charges:
        charge.put_on(statement_id)
        amount += charge.item.amount
    number = statement_number(work)
    bill = Bill(number, tuple(charge.id for charge in charges), amount, command.due_on, confidential)
    streams.add(Statement(statement_id, command.practice_id, command.patient_id, bill, origin, work.now))
    streams.add(StatementNumber(work.store.blind("statement-number", number), statement_id))


def statement_number(work: Work) -> str:
    """``YYYYMMDD-`` and 12 characters of base 32 under the service's key: the same for a retry, else not guessable."""
    secret = work.store.blind("statement-number-seed", str(work.new_id("statement-number")))
    letters = base64.b32encode(hashlib.sha256(secret.bytes).digest()).decode()
    return f"{work.now:%Y%m%d}-{letters[:12]}"
