"""One payment as a statement knows it: what came, went on to another statement, went back, or was taken (R33)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.money import Money

Progress = Literal["pending", "received", "failed"]
Outcome = Literal["open", "won", "lost"]
"""A dispute is open until the cardholder's bank decides: won is won by the practice."""

NOTHING = Money(0)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment, or the part of one that came over from a withdrawn statement; ``expires_at`` ends its reservation."""

    amount: Money
    started_at: datetime
    expires_at: datetime
    state: Progress = "pending"
    received_at: datetime | None = None
    processor_payment: str = ""
    received: Money = field(default=NOTHING)
    carried: Money = field(default=NOTHING)
    """Of it, what went on to the statements that replaced this one."""
    refunding: Money = field(default=NOTHING)
    """Asked back, and not yet sent by the processor."""
    refunded: Money = field(default=NOTHING)
    disputed: Money = field(default=NOTHING)
    """Taken by disputes and not returned."""

    @property
    def kept(self) -> Money:
        """What counts as paid."""
        return self.received - self.carried - self.refunded - self.disputed

    @property
    def free(self) -> Money:
        """What can still be sent back or go on."""
        return self.kept - self.refunding


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a dispute took of one payment on one statement and did not return, and how it ended."""

    payment_id: UUID
    taken: Money
    outcome: Outcome = "open"


def allocated(owed: list[Money], paid: Money) -> list[Money]:
    """What of the money pays which charge, in their order; what is more than all is on none: a credit."""
    parts = []
    for one in owed:
        part = min(one, max(paid, Money(0, paid.currency)))
        parts.append(part)
        paid -= part
    return parts
