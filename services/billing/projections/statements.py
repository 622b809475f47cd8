"""Statements; what is due is counted from them and their payments in the query (R33)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.billing.domain.statements import Statement
from services.billing.projections.payments import KEPT
from shared.access.replicas import records_of
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE statements (
        statement_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        posted_at timestamptz NOT NULL,
        due_on date NOT NULL,
        amount_cents bigint NOT NULL,
        adjusted_cents bigint NOT NULL,
        currency text NOT NULL,
        confidential boolean NOT NULL,
        withdrawn boolean NOT NULL,
        hidden boolean NOT NULL,
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX statements_of_patient ON statements (patient_id, position DESC)",
    "CREATE INDEX statements_of_practice ON statements (practice_id, position)",
)


async def add(recorded: Recorded[Statement.Posted], rows: Rows) -> None:
    event, bill = recorded.event, recorded.event.bill
    await rows.upsert(
        "statements",
        {"statement_id": event.statement_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "posted_at": event.posted_at,
            "due_on": bill.due_on,
            "amount_cents": bill.amount.cents,
            "adjusted_cents": 0,
            "currency": bill.amount.currency,
            "confidential": bill.confidential,
            "withdrawn": False,
            "hidden": bill.confidential,
            "position": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"number": bill.number},
    )


async def adjust(recorded: Recorded[Statement.Adjusted], rows: Rows) -> None:
    key = {"statement_id": recorded.stream_id}
    found = await rows.fetch_one("SELECT adjusted_cents FROM statements WHERE statement_id = $1", recorded.stream_id)
    if found is None:
        raise LookupError("expected the statement that is adjusted")
    await rows.update("statements", key, {"adjusted_cents": found["adjusted_cents"] + recorded.event.amount.cents})


async def withdraw(recorded: Recorded[Statement.Withdrawn], rows: Rows) -> None:
    """One withdrawn because a charge became confidential would betray that charge by its amount: it is hidden."""
    changed: dict[str, object] = {"withdrawn": True}
    if recorded.event.reason == "confidential_charge":
        changed["hidden"] = True
    await rows.update("statements", {"statement_id": recorded.stream_id}, changed)


STATEMENTS = ReadModel(
    "statements",
    "billing",
    TABLES,
    {Statement.Posted: add, Statement.Adjusted: adjust, Statement.Withdrawn: withdraw},
)

_STATEMENTS = f"""
    SELECT statements.*, CASE WHEN withdrawn THEN 0 ELSE amount_cents - adjusted_cents END - kept AS due_cents,
           refunding AS refunding_cents
    FROM statements CROSS JOIN LATERAL (
        SELECT coalesce(sum({KEPT}), 0)::bigint AS kept, coalesce(sum(refunding_cents), 0)::bigint AS refunding
        FROM payments WHERE payments.statement_id = statements.statement_id) AS paid"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement; ``due_cents`` is negative where more came than was due; ``hidden`` from all but patient, staff."""

    statement_id: UUID
    practice_id: UUID
    patient_id: UUID
    number: str
    posted_at: datetime
    due_on: date
    amount_cents: int
    adjusted_cents: int
    due_cents: int
    refunding_cents: int
    currency: str
    confidential: bool
    withdrawn: bool
    hidden: bool
    position: int

    @property
    def state(self) -> str:
        """open, paid or withdrawn."""
        if self.withdrawn:
            return "withdrawn"
        return "open" if self.due_cents > 0 else "paid"

    @property
    def credit_cents(self) -> int:
        """What came above what was due and is not on its way back."""
        return max(0, -self.due_cents - self.refunding_cents)


async def page(rows: Rows, patient_id: UUID, hidden: bool, before: int | None, size: int) -> list[StatementRow]:
    """A patient's statements, joined records' included (R44), the latest first; hidden ones only for those who may see
    them (R18)."""
    return await of_records(rows, await records_of(rows, patient_id), hidden, before, size)


async def of_records(
    rows: Rows, records: Sequence[UUID], hidden: bool, before: int | None, size: int
) -> list[StatementRow]:
    """As ``page``, of these records alone."""
    found = await rows.fetch(
        _STATEMENTS
        + """ WHERE patient_id = ANY($1) AND ($2 OR NOT hidden) AND ($3::bigint IS NULL OR position < $3)
              ORDER BY position DESC LIMIT $4""",
        list(records),
        hidden,
        before,
        size,
    )
    return [_statement(one) for one in found]


async def one(rows: Rows, statement_id: UUID) -> StatementRow | None:
    """One statement, None where there is none."""
    found = await rows.fetch_one(_STATEMENTS + " WHERE statement_id = $1", statement_id)
    return None if found is None else _statement(found)


async def where(rows: Rows, statement_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of a statement."""
    found = await rows.fetch_one("SELECT practice_id, patient_id FROM statements WHERE statement_id = $1", statement_id)
    return None if found is None else (found["practice_id"], found["patient_id"])


async def with_credit(
    rows: Rows, practice_id: UUID, without: Sequence[UUID], after: int, size: int
) -> list[StatementRow]:
    """A practice's statements with money to be sent back, the oldest first: the refund tasks of billing staff."""
    found = await rows.fetch(
        f"""SELECT * FROM ({_STATEMENTS} WHERE practice_id = $1 AND position > $2
            AND NOT patient_id = ANY($4)) AS counted WHERE -due_cents > refunding_cents ORDER BY position LIMIT $3""",  # noqa: S608 - a constant
        practice_id,
        after,
        size,
        without,
    )
    return [_statement(one) for one in found]


def _statement(found: dict[str, Any]) -> StatementRow:
    return StatementRow(
        statement_id=found["statement_id"],
        practice_id=found["practice_id"],
        patient_id=found["patient_id"],
        number=found["number"],
        posted_at=found["posted_at"],
        due_on=found["due_on"],
        amount_cents=found["amount_cents"],
        adjusted_cents=found["adjusted_cents"],
        due_cents=found["due_cents"],
        refunding_cents=found["refunding_cents"],
        currency=found["currency"],
        confidential=found["confidential"],
        withdrawn=found["withdrawn"],
        hidden=found["hidden"],
        position=found["position"],
    )
