"""Charges of patients, what was taken off them, and the statement each stands on."""

from dataclasses import dataclass
from datetime import date, datetime
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
    """CREATE TABLE adjustments (
        adjustment_id uuid PRIMARY KEY,
        charge_id uuid NOT NULL,
        amount_cents bigint NOT NULL,
        adjusted_at timestamptz NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX adjustments_of_charge ON adjustments (charge_id, adjusted_at)",
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


async def take_off_statement(recorded: Recorded[Charge.TakenOffStatement], rows: Rows) -> None:
    await rows.update("charges", {"charge_id": recorded.stream_id}, {"statement_id": None})


async def make_confidential(recorded: Recorded[Charge.MadeConfidential], rows: Rows) -> None:
    await rows.update("charges", {"charge_id": recorded.stream_id}, {"confidential": True})


async def adjust(recorded: Recorded[Charge.Adjusted], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "adjustments",
        {"adjustment_id": event.adjustment_id},
        {"charge_id": recorded.stream_id, "amount_cents": event.amount.cents, "adjusted_at": event.adjusted_at},
        subject_id=recorded.subject_id,
        personal={"reason": event.reason},
    )


CHARGES = ReadModel(
    "charges",
    "billing",
    TABLES,
    {
        Charge.Posted: add,
        Charge.PutOnStatement: put_on_statement,
        Charge.TakenOffStatement: take_off_statement,
        Charge.MadeConfidential: make_confidential,
        Charge.Adjusted: adjust,
    },
)

_CHARGES = """
    SELECT charges.*,
           coalesce((SELECT sum(a.amount_cents)::bigint FROM adjustments AS a
                     WHERE a.charge_id = charges.charge_id), 0) AS adjusted_cents
    FROM charges"""


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One charge; ``adjusted_cents`` were taken off its amount."""

    charge_id: UUID
    patient_id: UUID
    practice_id: UUID
    serviced_on: date
    category: str
    description: str
    amount_cents: int
    adjusted_cents: int
    currency: str
    confidential: bool
    statement_id: UUID | None
    position: int

    @property
    def owed_cents(self) -> int:
        return self.amount_cents - self.adjusted_cents


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """What was taken off one charge, and why: for the patient and staff only."""

    adjustment_id: UUID
    charge_id: UUID
    amount_cents: int
    adjusted_at: datetime
    reason: str


async def page(rows: Rows, patient_id: UUID, confidential: bool, before: int | None, size: int) -> list[ChargeRow]:
    """A patient's charges, the latest first; confidential ones only for those who may see them (R18)."""
    found = await rows.fetch(
        _CHARGES
        + """ WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT confidential)
                AND ($3::bigint IS NULL OR position < $3)
              ORDER BY position DESC LIMIT $4""",
        patient_id,
        confidential,
        before,
        size,
    )
    return [_row(one) for one in found]


async def one(rows: Rows, charge_id: UUID) -> ChargeRow | None:
    """One charge, None where there is none."""
    found = await rows.fetch_one(_CHARGES + " WHERE charge_id = $1", charge_id)
    return None if found is None else _row(found)


async def of_statement(rows: Rows, statement_id: UUID) -> list[ChargeRow]:
    """The charges of one statement, in the order of posting."""
    found = await rows.fetch(_CHARGES + " WHERE statement_id = $1 ORDER BY position", statement_id)
    return [_row(one) for one in found]


async def adjustments(rows: Rows, statement_id: UUID) -> list[AdjustmentRow]:
    """What was taken off the charges of one statement, oldest first."""
    found = await rows.fetch(
        """SELECT adjustments.* FROM adjustments JOIN charges USING (charge_id)
           WHERE statement_id = $1 ORDER BY adjusted_at, adjustment_id""",
        statement_id,
    )
    return [
        AdjustmentRow(one["adjustment_id"], one["charge_id"], one["amount_cents"], one["adjusted_at"], one["reason"])
        for one in found
    ]


async def not_stated(rows: Rows, patient_id: UUID, imported: bool) -> list[UUID]:
    """Charges of that record that stand on no statement and are not confidential; only imported ones, or all."""
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
        patient_id=found["patient_id"],
        practice_id=found["practice_id"],
        serviced_on=found["serviced_on"],
        category=found["category"],
        description=found["description"],
        amount_cents=found["amount_cents"],
        adjusted_cents=found["adjusted_cents"],
        currency=found["currency"],
        confidential=found["confidential"],
        statement_id=found["statement_id"],
        position=found["position"],
    )
