"""Statements and their payments; what is due and what is owed are counted from them in the query (R33)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.billing.domain.statements import Statement
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
        currency text NOT NULL,
        confidential boolean NOT NULL,
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX statements_of_patient ON statements (patient_id, position DESC)",
    """CREATE TABLE payments (
        payment_id uuid PRIMARY KEY,
        statement_id uuid NOT NULL,
        state text NOT NULL,
        amount_cents bigint NOT NULL,
        received_cents bigint NOT NULL,
        refunded_cents bigint NOT NULL,
        currency text NOT NULL,
        started_at timestamptz NOT NULL,
        received_at timestamptz
    )""",
    "CREATE INDEX payments_of_statement ON payments (statement_id, started_at)",
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
            "currency": bill.amount.currency,
            "confidential": bill.confidential,
            "position": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"number": bill.number},
    )


async def start_payment(recorded: Recorded[Statement.PaymentStarted], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "payments",
        {"payment_id": event.payment_id},
        {
            "statement_id": recorded.stream_id,
            "state": "pending",
            "amount_cents": event.amount.cents,
            "received_cents": 0,
            "refunded_cents": 0,
            "currency": event.amount.currency,
            "started_at": event.started_at,
        },
    )


async def receive_payment(recorded: Recorded[Statement.PaymentReceived], rows: Rows) -> None:
    event = recorded.event
    await rows.update(
        "payments",
        {"payment_id": event.payment_id},
        {"state": "received", "received_cents": event.amount.cents, "received_at": event.received_at},
    )


async def fail_payment(recorded: Recorded[Statement.PaymentFailed], rows: Rows) -> None:
    await rows.update("payments", {"payment_id": recorded.event.payment_id}, {"state": "failed"})


async def refund_payment(recorded: Recorded[Statement.PaymentRefunded], rows: Rows) -> None:
    event = recorded.event
    payment = await rows.fetch_one("SELECT refunded_cents FROM payments WHERE payment_id = $1", event.payment_id)
    if payment is None:
        raise LookupError("expected the payment that is refunded")
    refunded = payment["refunded_cents"] + event.amount.cents
    await rows.update("payments", {"payment_id": event.payment_id}, {"state": "refunded", "refunded_cents": refunded})


STATEMENTS = ReadModel(
    "statements",
    "billing",
    TABLES,
    {
        Statement.Posted: add,
        Statement.PaymentStarted: start_payment,
        Statement.PaymentReceived: receive_payment,
        Statement.PaymentFailed: fail_payment,
        Statement.PaymentRefunded: refund_payment,
    },
)

_STATEMENTS = """
    SELECT statements.*,
           amount_cents - coalesce((SELECT sum(received_cents - refunded_cents)::bigint FROM payments
                                    WHERE payments.statement_id = statements.statement_id), 0) AS due_cents
    FROM statements"""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement; ``due_cents`` is negative where more came than was due."""

    statement_id: UUID
    practice_id: UUID
    patient_id: UUID
    number: str
    posted_at: datetime
    due_on: date
    amount_cents: int
    due_cents: int
    currency: str
    confidential: bool
    position: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment as it stands."""

    payment_id: UUID
    statement_id: UUID
    state: str
    amount_cents: int
    refunded_cents: int
    currency: str
    started_at: datetime
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Balance:
    """charges - payments - adjustments + refunds, over what one viewer sees."""

    charges_cents: int
    payments_cents: int
    refunds_cents: int
    currency: str
    adjustments_cents: int = 0

    @property
    def cents(self) -> int:
        return self.charges_cents - self.payments_cents - self.adjustments_cents + self.refunds_cents


async def page(rows: Rows, patient_id: UUID, confidential: bool, before: int | None, size: int) -> list[StatementRow]:
    """A patient's statements, the latest first; confidential ones only for those who may see them (R18)."""
    found = await rows.fetch(
        _STATEMENTS
        + """ WHERE patient_id = $1 AND ($2 OR NOT confidential) AND ($3::bigint IS NULL OR position < $3)
              ORDER BY position DESC LIMIT $4""",
        patient_id,
        confidential,
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


async def payments(rows: Rows, statement_id: UUID) -> list[PaymentRow]:
    """The payments of a statement, oldest first."""
    found = await rows.fetch(
        "SELECT * FROM payments WHERE statement_id = $1 ORDER BY started_at, payment_id", statement_id
    )
    return [_payment(row) for row in found]


async def payment(rows: Rows, payment_id: UUID) -> PaymentRow | None:
    """One payment, None where there is none."""
    found = await rows.fetch_one("SELECT * FROM payments WHERE payment_id = $1", payment_id)
    return None if found is None else _payment(found)


async def balance(rows: Rows, patient_id: UUID, confidential: bool) -> Balance:
    """What a patient owes, over what the viewer sees (R18, R33)."""
    charged = await rows.fetch_one(
        """SELECT coalesce(sum(amount_cents), 0)::bigint AS cents, coalesce(min(currency), 'USD') AS currency
           FROM charges WHERE patient_id = $1 AND ($2 OR NOT confidential)""",
        patient_id,
        confidential,
    )
    paid = await rows.fetch_one(
        """SELECT coalesce(sum(received_cents), 0)::bigint AS received,
                  coalesce(sum(refunded_cents), 0)::bigint AS refunded
           FROM payments JOIN statements USING (statement_id)
           WHERE patient_id = $1 AND ($2 OR NOT confidential)""",
        patient_id,
        confidential,
    )
    if charged is None or paid is None:
        raise LookupError("expected one row of sums")
    return Balance(charged["cents"], paid["received"], paid["refunded"], charged["currency"])


def _statement(found: dict[str, Any]) -> StatementRow:
    return StatementRow(
        statement_id=found["statement_id"],
        practice_id=found["practice_id"],
        patient_id=found["patient_id"],
        number=found["number"],
        posted_at=found["posted_at"],
        due_on=found["due_on"],
        amount_cents=found["amount_cents"],
        due_cents=found["due_cents"],
        currency=found["currency"],
        confidential=found["confidential"],
        position=found["position"],
    )


def _payment(found: dict[str, Any]) -> PaymentRow:
    return PaymentRow(
        payment_id=found["payment_id"],
        statement_id=found["statement_id"],
        state=found["state"],
        amount_cents=found["amount_cents"],
        refunded_cents=found["refunded_cents"],
        currency=found["currency"],
        started_at=found["started_at"],
        received_at=found["received_at"],
    )
