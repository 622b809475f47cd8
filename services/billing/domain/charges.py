"""A charge: posted once, on one live statement at most (R33)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.billing.domain.errors import ChargeOnStatement
from shared.aggregate import Aggregate, event
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
        self.statement_id: UUID | None = None

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    def put_on(self, statement_id: UUID) -> None:
        """Joins a statement; ChargeOnStatement where it stands on one already."""
        if self.statement_id is not None:
            raise ChargeOnStatement
        self._put_on(statement_id)

    @event(PutOnStatement)
    def _put_on(self, statement_id: UUID) -> None:
        self.statement_id = statement_id
