"""Payments of a statement: begun, received, failed, sent back, disputed. Whatever is told again changes nothing."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from services.billing.commands.carrying import carry_on, shares_of
from services.billing.domain.errors import AmountAboveDue
from services.billing.domain.payments import Outcome
from services.billing.domain.statements import Statement
from shared.envelope import Position
from shared.handling import Created, Streams, Work
from shared.money import Money

ELSEWHERE = "sent back at the payment processor"


@dataclass(frozen=True, slots=True)
class StartPayment:
    """``at_most``: what the payer, by what they see, has left to pay over all statements (R33); None: not asked."""

    statement_id: UUID
    amount: Money
    at_most: Money | None = None


async def start_payment(command: StartPayment, work: Work) -> Created:
    def start(statement: Statement) -> None:
        if command.at_most is not None and command.at_most < command.amount:
            raise AmountAboveDue
        statement.start_payment(work.new_id("payment"), command.amount, work.now)

    position = await work.change(Statement, command.statement_id, start)
    return Created(work.new_id("payment"), position)


@dataclass(frozen=True, slots=True)
class ReceivePayment:
    statement_id: UUID
    payment_id: UUID
    amount: Money
    processor_payment: str


async def receive_payment(command: ReceivePayment, work: Work) -> Position:
    """Also for a statement that was withdrawn meanwhile: the money goes on to what replaced it."""

    async def decide(streams: Streams) -> None:
        statement = await streams.get(Statement, command.statement_id)
        statement.receive_payment(command.payment_id, command.amount, command.processor_payment, work.now)
        await carry_on(streams, statement, work.now)

    return await work.decide(decide, queue={command.statement_id})


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
class RecordRefund:
    """Sent back at the processor's own pages: nobody asked for it here. ``refund_id`` follows from the processor's."""

    statement_id: UUID
    payment_id: UUID
    refund_id: UUID
    amount: Money


async def record_refund(command: RecordRefund, work: Work) -> Position:
    """Once, from where the payment's money stands by now; AmountAboveReceived where no more is kept of it."""

    async def decide(streams: Streams) -> None:
        shares = await shares_of(streams, command.statement_id, command.payment_id)
        if any(command.refund_id in (share.sent_back | share.refunds) for share in shares):
            return
        left = command.amount
        for share in shares:
            part = min(left, share.payment(command.payment_id).free)
            if share is shares[-1]:
                part = left
            if part.cents > 0:
                share.request_refund(command.payment_id, command.refund_id, part, ELSEWHERE, work.now)
                share.complete_refund(command.payment_id, command.refund_id, work.now)
                left -= part

    return await work.decide(decide, queue={command.statement_id})


@dataclass(frozen=True, slots=True)
class FailRefund:
    statement_id: UUID
    payment_id: UUID
    refund_id: UUID


async def fail_refund(command: FailRefund, work: Work) -> Position:
    """The money stays, or is here again; on a withdrawn statement it goes on to what replaced it."""

    async def decide(streams: Streams) -> None:
        for share in await shares_of(streams, command.statement_id, command.payment_id):
            share.fail_refund(command.payment_id, command.refund_id, work.now)
            await carry_on(streams, share, work.now)

    return await work.decide(decide, queue={command.statement_id})


@dataclass(frozen=True, slots=True)
class TellDispute:
    """How a dispute stands with the processor. ``taken`` is what it took and did not return, over all statements."""

    statement_id: UUID
    payment_id: UUID
    processor_dispute: str
    outcome: Outcome
    taken: Money


async def tell_dispute(command: TellDispute, work: Work) -> Position:
    """What it takes is taken where the payment's money stands by now; what it returns comes back there."""

    async def decide(streams: Streams) -> None:
        shares = await shares_of(streams, command.statement_id, command.payment_id)
        for share, taken in zip(shares, _spread(command, shares), strict=True):
            share.tell_dispute(command.payment_id, command.processor_dispute, command.outcome, taken, work.now)
        for share in shares:
            await carry_on(streams, share, work.now)

    return await work.decide(decide, queue={command.statement_id})


def _spread(command: TellDispute, shares: list[Statement]) -> list[Money]:
    """The part of ``taken`` that each share bears: what it bore before, and of the rest as much as it keeps."""
    nothing = Money(0, command.taken.currency)
    known = [share.disputes.get(command.processor_dispute) for share in shares]
    borne = [nothing if one is None else one.taken for one in known]
    change = command.taken - sum(borne, nothing)
    for place, share in enumerate(shares):
        kept = max(nothing, share.payment(command.payment_id).kept)
        part = min(change, kept) if nothing < change else max(change, -borne[place])
        borne[place] += part
        change -= part
    if nothing < change:
        borne[0] += change
    return borne
