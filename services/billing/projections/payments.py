"""Payments and how each stands; one that went on from a withdrawn statement has a row for each part (R33)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.billing.domain.statements import Statement
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE payments (
        payment_id uuid NOT NULL,
        statement_id uuid NOT NULL,
        state text NOT NULL,
        dispute text NOT NULL,
        amount_cents bigint NOT NULL,
        received_cents bigint NOT NULL,
        carried_cents bigint NOT NULL,
        refunding_cents bigint NOT NULL,
        refunded_cents bigint NOT NULL,
        disputed_cents bigint NOT NULL,
        currency text NOT NULL,
        started_at timestamptz NOT NULL,
        received_at timestamptz,
        PRIMARY KEY (payment_id, statement_id)
    )""",
    "CREATE INDEX payments_of_statement ON payments (statement_id, started_at)",
)
NOTHING = {
    "dispute": "",
    "received_cents": 0,
    "carried_cents": 0,
    "refunding_cents": 0,
    "refunded_cents": 0,
    "disputed_cents": 0,
}


async def start(recorded: Recorded[Statement.PaymentStarted], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "payments",
        _key(recorded),
        {
            "state": "pending",
            "amount_cents": event.amount.cents,
            "currency": event.amount.currency,
            "started_at": event.started_at,
            **NOTHING,
        },
    )


async def receive(recorded: Recorded[Statement.PaymentReceived], rows: Rows) -> None:
    event = recorded.event
    received = {"state": "received", "received_cents": event.amount.cents, "received_at": event.received_at}
    await rows.update("payments", _key(recorded), received)


async def fail(recorded: Recorded[Statement.PaymentFailed], rows: Rows) -> None:
    await rows.update("payments", _key(recorded), {"state": "failed"})


async def carry_on(recorded: Recorded[Statement.PaymentCarriedOn], rows: Rows) -> None:
    await _add(recorded, rows, carried_cents=recorded.event.amount.cents)


async def carry_over(recorded: Recorded[Statement.PaymentCarriedOver], rows: Rows) -> None:
    event = recorded.event
    key, cents = _key(recorded), event.amount.cents
    if await _find(rows, event.payment_id, recorded.stream_id) is not None:
        await _add(recorded, rows, amount_cents=cents, received_cents=cents)
        await rows.update("payments", key, {"state": "received", "received_at": event.received_at})
        return
    came = {
        **NOTHING,
        "state": "received",
        "amount_cents": cents,
        "received_cents": cents,
        "currency": event.amount.currency,
        "started_at": event.started_at,
        "received_at": event.received_at,
    }
    await rows.upsert("payments", key, came)


async def ask_back(recorded: Recorded[Statement.RefundRequested], rows: Rows) -> None:
    await _add(recorded, rows, refunding_cents=recorded.event.amount.cents)


async def stay(recorded: Recorded[Statement.RefundFailed], rows: Rows) -> None:
    await _add(recorded, rows, refunding_cents=-recorded.event.amount.cents)


async def send_back(recorded: Recorded[Statement.PaymentRefunded], rows: Rows) -> None:
    cents = recorded.event.amount.cents
    await _add(recorded, rows, refunding_cents=-cents, refunded_cents=cents)


async def come_back(recorded: Recorded[Statement.RefundReturned], rows: Rows) -> None:
    await _add(recorded, rows, refunded_cents=-recorded.event.amount.cents)


async def open_dispute(recorded: Recorded[Statement.DisputeOpened], rows: Rows) -> None:
    await rows.update("payments", _key(recorded), {"dispute": "open"})


async def take(recorded: Recorded[Statement.DisputeFundsTaken], rows: Rows) -> None:
    await _add(recorded, rows, disputed_cents=recorded.event.amount.cents)


async def give_back(recorded: Recorded[Statement.DisputeFundsReturned], rows: Rows) -> None:
    await _add(recorded, rows, disputed_cents=-recorded.event.amount.cents)


async def close_dispute(recorded: Recorded[Statement.DisputeClosed], rows: Rows) -> None:
    await rows.update("payments", _key(recorded), {"dispute": recorded.event.outcome})


def _key(recorded: Recorded[Any]) -> dict[str, UUID]:
    return {"payment_id": recorded.event.payment_id, "statement_id": recorded.stream_id}


async def _add(recorded: Recorded[Any], rows: Rows, **cents: int) -> None:
    found = await _find(rows, recorded.event.payment_id, recorded.stream_id)
    if found is None:
        raise LookupError("expected the payment that was begun before")
    await rows.update("payments", _key(recorded), {name: found[name] + more for name, more in cents.items()})


async def _find(rows: Rows, payment_id: UUID, statement_id: UUID) -> dict[str, Any] | None:
    return await rows.fetch_one(
        "SELECT * FROM payments WHERE payment_id = $1 AND statement_id = $2", payment_id, statement_id
    )


PAYMENTS = ReadModel(
    "payments",
    "billing",
    TABLES,
    {
        Statement.PaymentStarted: start,
        Statement.PaymentReceived: receive,
        Statement.PaymentFailed: fail,
        Statement.PaymentCarriedOn: carry_on,
        Statement.PaymentCarriedOver: carry_over,
        Statement.RefundRequested: ask_back,
        Statement.RefundFailed: stay,
        Statement.PaymentRefunded: send_back,
        Statement.RefundReturned: come_back,
        Statement.DisputeOpened: open_dispute,
        Statement.DisputeFundsTaken: take,
        Statement.DisputeFundsReturned: give_back,
        Statement.DisputeClosed: close_dispute,
    },
)

KEPT = "received_cents - carried_cents - refunded_cents - disputed_cents"
"""What counts as paid of one row."""
STANDS = "(carried_cents = 0 OR carried_cents < received_cents)"
"""Not gone on to other statements whole."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment as it stands on one statement: what went on to another statement is not part of it."""

    payment_id: UUID
    statement_id: UUID
    state: str
    dispute: str
    amount_cents: int
    refunding_cents: int
    refunded_cents: int
    disputed_cents: int
    kept_cents: int
    currency: str
    started_at: datetime
    received_at: datetime | None

    @property
    def shown_state(self) -> str:
        """pending, received, failed, refunded or disputed; a dispute that the practice won is over."""
        if self.dispute in {"open", "lost"}:
            return "disputed"
        return "refunded" if self.refunded_cents else self.state

    @property
    def free_cents(self) -> int:
        """What can still be sent back."""
        return self.kept_cents - self.refunding_cents


async def of_statement(rows: Rows, statement_id: UUID) -> list[PaymentRow]:
    """The payments of a statement, oldest first; none that went on to another statement whole."""
    found = await rows.fetch(
        f"SELECT * FROM payments WHERE statement_id = $1 AND {STANDS} ORDER BY started_at, payment_id",  # noqa: S608
        statement_id,
    )
    return [_payment(row) for row in found]


async def shares(rows: Rows, payment_id: UUID) -> list[PaymentRow]:
    """The parts of one payment; one that was never carried on is one part. The largest to be sent back comes first."""
    found = await rows.fetch(f"SELECT * FROM payments WHERE payment_id = $1 AND {STANDS}", payment_id)  # noqa: S608
    return sorted((_payment(row) for row in found), key=lambda row: (-row.free_cents, row.statement_id))


def _payment(found: dict[str, Any]) -> PaymentRow:
    carried = found["carried_cents"]
    return PaymentRow(
        payment_id=found["payment_id"],
        statement_id=found["statement_id"],
        state=found["state"],
        dispute=found["dispute"],
        amount_cents=found["amount_cents"] - carried,
        refunding_cents=found["refunding_cents"],
        refunded_cents=found["refunded_cents"],
        disputed_cents=found["disputed_cents"],
        kept_cents=found["received_cents"] - carried - found["refunded_cents"] - found["disputed_cents"],
        currency=found["currency"],
        started_at=found["started_at"],
        received_at=found["received_at"],
    )
