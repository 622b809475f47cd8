"""Money of a withdrawn statement: it goes on to the statements that replaced it, whenever it comes (R33)."""

from datetime import datetime
from uuid import UUID

from services.billing.domain.statements import Statement
from shared.handling import Streams
from shared.money import Money


async def carry_on(streams: Streams, statement: Statement, at: datetime) -> None:
    """Gives on what is free: to the first successor that is not paid, then the next; what is more to the first.

    Nothing happens to a live statement, nor to one that nothing replaced: its money is a credit.
    """
    if statement.withdrawal is None or not statement.successor_ids:
        return
    successors = [await streams.get(Statement, one) for one in statement.successor_ids]
    for payment_id, payment in list(statement.payments.items()):
        left = payment.free
        parts = {}
        for successor in successors:
            parts[successor.id] = min(left, max(successor.due, Money(0, left.currency)))
            left -= parts[successor.id]
        parts[successors[0].id] += left
        for successor in successors:
            if parts[successor.id].cents > 0:
                statement.carry_on(payment_id, successor.id, parts[successor.id])
                successor.carry_over(payment_id, payment, statement.id, parts[successor.id])
                _tell_open_disputes(statement, successor, payment_id, at)
    for successor in successors:
        await carry_on(streams, successor, at)


async def shares_of(streams: Streams, statement_id: UUID, payment_id: UUID) -> list[Statement]:
    """The statements that hold a part of one payment, the one that it was made for first."""
    statement = await streams.get(Statement, statement_id)
    found = [statement]
    for successor_id in statement.successor_ids:
        found += [one for one in await shares_of(streams, successor_id, payment_id) if payment_id in one.payments]
    return found


def _tell_open_disputes(statement: Statement, successor: Statement, payment_id: UUID, at: datetime) -> None:
    """A payment in dispute is shown as disputed wherever a part of it stands."""
    for name, dispute in statement.disputes.items():
        if dispute.payment_id == payment_id and dispute.outcome == "open":
            successor.tell_dispute(payment_id, name, "open", Money(0, dispute.taken.currency), at)
