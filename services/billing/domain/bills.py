"""What a statement says, and why it may be taken back."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from shared.money import Money

Withdrawal = Literal["confidential_charge", "mistake"]


@dataclass(frozen=True, slots=True)
class Bill:
    """Its number, the charges it is over, what they come to, until when it is to be paid, and whose it is (R18)."""

    number: str
    charge_ids: tuple[UUID, ...]
    amount: Money
    due_on: date
    confidential: bool
