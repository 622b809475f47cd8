"""Charges of patients, and the statement each stands on."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.billing.domain.charges import Charge
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE charges (
        charge_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        serviced_on date NOT NULL,
        amount_cents bigint NOT NULL,
        currency text NOT NULL,
        confidential boolean NOT NULL,
        origin text NOT NULL,
        statement_id uuid,
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX charges_of_patient ON charges (patient_id, position DESC)",
    "CREATE INDEX charges_of_statement ON charges (statement_id)",
)


async def add(recorded: Recorded[Charge.Posted], rows: Rows) -> None:
    event, item = recorded.event, recorded.event.item
    await rows.upsert(
        "charges",
        {"charge_id": event.charge_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "serviced_on": item.serviced_on,
            "amount_cents": item.amount.cents,
            "currency": item.amount.currency,
            "confidential": item.confidential,
            "origin": event.origin,
            "position": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"category": item.category, "description": item.description},
    )


async def put_on_statement(recorded: Recorded[Charge.PutOnStatement], rows: Rows) -> None:
    await rows.update("charges", {"charge_id": recorded.stream_id}, {"statement_id": recorded.event.statement_id})


CHARGES = ReadModel("charges", "billing", TABLES, {Charge.Posted: add, Charge.PutOnStatement: put_on_statement})


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One charge."""

    charge_id: UUID
    serviced_on: date
    category: str
    description: str
    amount_cents: int
    currency: str
    confidential: bool
    statement_id: UUID | None
    position: int


async def page(rows: Rows, patient_id: UUID, confidential: bool, before: int | None, size: int) -> list[ChargeRow]:
    """A patient's charges, the latest first; confidential ones only for those who may see them (R18)."""
    found = await rows.fetch(
        """SELECT * FROM charges
           WHERE patient_id = $1 AND ($2 OR NOT confidential) AND ($3::bigint IS NULL OR position < $3)
           ORDER BY position DESC LIMIT $4""",
        patient_id,
        confidential,
        before,
        size,
    )
    return [_row(one) for one in found]


async def of_statement(rows: Rows, statement_id: UUID) -> list[ChargeRow]:
    """The charges of one statement, in the order of posting."""
    found = await rows.fetch("SELECT * FROM charges WHERE statement_id = $1 ORDER BY position", statement_id)
    return [_row(one) for one in found]


async def not_stated(rows: Rows, patient_id: UUID, imported: bool) -> list[UUID]:
    """Charges that stand on no statement and are not confidential; only imported ones, or all."""
    found = await rows.fetch(
        """SELECT charge_id FROM charges
           WHERE patient_id = $1 AND statement_id IS NULL AND NOT confidential AND (NOT $2 OR origin = 'import')
           ORDER BY position""",
        patient_id,
        imported,
    )
    return [one["charge_id"] for one in found]


def _row(found: dict[str, Any]) -> ChargeRow:
    return ChargeRow(
        charge_id=found["charge_id"],
        serviced_on=found["serviced_on"],
        category=found["category"],
        description=found["description"],
        amount_cents=found["amount_cents"],
        currency=found["currency"],
        confidential=found["confidential"],
        statement_id=found["statement_id"],
        position=found["position"],
    )
