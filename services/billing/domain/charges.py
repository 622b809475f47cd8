"""A charge: posted once, on one live statement at most (R33)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.billing.domain.errors import AmountAboveCharge, ChargeOnStatement
from shared.aggregate import Aggregate, event
from shared.errors import InvalidField
from shared.money import Money

Category = Literal["visit", "procedure", "laboratory", "pharmacy", "other"]
Origin = Literal["portal", "desk", "import"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is charged. ``description`` names a procedure and is for the patient and staff only (R18)."""

    serviced_on: date
    category: Category
    description: str
    amount: Money
    confidential: bool = False


class Charge(Aggregate):
    """Something a patient owes for."""

    class Posted(Aggregate.Created):
        charge_id: UUID
        practice_id: UUID
        patient_id: UUID
        item: Item
        origin: Origin
        posted_at: datetime

    class PutOnStatement(Aggregate.Event):
        statement_id: UUID

    class TakenOffStatement(Aggregate.Event):
        statement_id: UUID

    class Adjusted(Aggregate.Event):
        practice_id: UUID
        adjustment_id: UUID
        amount: Money
        reason: str
        adjusted_at: datetime

    class MadeConfidential(Aggregate.Event):
        practice_id: UUID
        made_confidential_at: datetime

    @staticmethod
    def create_id(charge_id: UUID) -> UUID:
        return charge_id

    @event(Posted)
    def __init__(
        self, charge_id: UUID, practice_id: UUID, patient_id: UUID, item: Item, origin: Origin, posted_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.item = item
        self.adjusted = Money(0, item.amount.currency)
        self.statement_id: UUID | None = None

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def owed(self) -> Money:
        """Its amount, less what was taken off it."""
        return self.item.amount - self.adjusted

    def put_on(self, statement_id: UUID) -> None:
        """Joins a statement; ChargeOnStatement where it stands on one already."""
        if self.statement_id is not None:
            raise ChargeOnStatement
        self._put_on(statement_id)

    @event(PutOnStatement)
    def _put_on(self, statement_id: UUID) -> None:
        self.statement_id = statement_id

    def take_off(self) -> None:
        """Its statement is withdrawn: it may stand on another one."""
        if self.statement_id is not None:
            self._taken_off(self.statement_id)

    @event(TakenOffStatement)
    def _taken_off(self, statement_id: UUID) -> None:
        self.statement_id = None

    def adjust(self, adjustment_id: UUID, amount: Money, reason: str, at: datetime) -> None:
        """Takes some of it off; AmountAboveCharge where less is left."""
        if amount.cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        if amount.currency != self.item.amount.currency or self.owed < amount:
            raise AmountAboveCharge
        self._adjusted(self.practice_id, adjustment_id, amount, reason, at)

    @event(Adjusted)
    def _adjusted(
        self, practice_id: UUID, adjustment_id: UUID, amount: Money, reason: str, adjusted_at: datetime
    ) -> None:
        self.adjusted += amount

    def make_confidential(self, at: datetime) -> None:
        """From now on it is the patient's alone; it never becomes open again."""
        if not self.item.confidential:
            self._made_confidential(self.practice_id, at)

    @event(MadeConfidential)
    def _made_confidential(self, practice_id: UUID, made_confidential_at: datetime) -> None:
        self.item = replace(self.item, confidential=True)
