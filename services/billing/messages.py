"""Billing's rows as the API's messages, and the API's words read."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import get_args

from services.billing.domain.charges import Category
from services.billing.domain.payments import allocated
from services.billing.projections.charges import AdjustmentRow, ChargeRow
from services.billing.projections.payments import PaymentRow
from services.billing.projections.statements import StatementRow
from shared.contracts.billing.v1 import api_pb2
from shared.errors import InvalidField
from shared.money import Money
from shared.rpc.fields import date_message, instant_message

DUE_AFTER = timedelta(days=30)
"""When a statement is due where nobody says otherwise."""
CATEGORIES: dict[str, Category] = {word: word for word in get_args(Category)}


def charge(row: ChargeRow, with_description: bool, paid_cents: int = 0) -> api_pb2.Charge:
    """One charge; representatives see date, category and amount, not the procedure (R18)."""
    return api_pb2.Charge(
        charge_id=str(row.charge_id),
        serviced_on=date_message(row.serviced_on),
        category=row.category,
        description=row.description if with_description else "",
        amount_cents=row.amount_cents,
        currency=row.currency,
        confidential=row.confidential,
        statement_id=str(row.statement_id or ""),
        adjusted_cents=row.adjusted_cents,
        paid_cents=paid_cents,
    )


def charges_paid(
    lines: Sequence[ChargeRow], paid: Sequence[PaymentRow], with_descriptions: bool
) -> list[api_pb2.Charge]:
    """The charges of one statement, each with what of the payments pays it: they are paid in their order."""
    kept = Money(sum(one.kept_cents for one in paid))
    parts = allocated([Money(line.owed_cents) for line in lines], kept)
    return [charge(line, with_descriptions, part.cents) for line, part in zip(lines, parts, strict=True)]


def adjustment(row: AdjustmentRow, with_reason: bool) -> api_pb2.Adjustment:
    """One adjustment; its reason may name a procedure, so that representatives do not see it (R18)."""
    return api_pb2.Adjustment(
        adjustment_id=str(row.adjustment_id),
        charge_id=str(row.charge_id),
        amount_cents=row.amount_cents,
        reason=row.reason if with_reason else "",
        adjusted_at=instant_message(row.adjusted_at),
    )


def statement(row: StatementRow) -> api_pb2.Statement:
    """One statement."""
    return api_pb2.Statement(
        statement_id=str(row.statement_id),
        patient_id=str(row.patient_id),
        number=row.number,
        posted_at=instant_message(row.posted_at),
        due_on=date_message(row.due_on),
        amount_cents=row.amount_cents,
        due_cents=row.due_cents,
        currency=row.currency,
        state=row.state,
        confidential=row.confidential,
        adjusted_cents=row.adjusted_cents,
        credit_cents=row.credit_cents,
    )


def payment(row: PaymentRow) -> api_pb2.Payment:
    """One payment."""
    return api_pb2.Payment(
        payment_id=str(row.payment_id),
        statement_id=str(row.statement_id),
        state=row.shown_state,
        amount_cents=row.amount_cents,
        refunded_cents=row.refunded_cents,
        refunding_cents=row.refunding_cents,
        disputed_cents=row.disputed_cents,
        currency=row.currency,
        started_at=instant_message(row.started_at),
        received_at=None if row.received_at is None else instant_message(row.received_at),
    )


def category(text: str) -> Category:
    """The named category; InvalidField otherwise."""
    try:
        return CATEGORIES[text]
    except KeyError:
        raise InvalidField("category", "expected one of " + ", ".join(sorted(CATEGORIES))) from None


def currency_field(text: str) -> str:
    """USD where empty; InvalidField for anything else, since a practice bills in one currency."""
    if text not in {"", "USD"}:
        raise InvalidField("currency", "expected USD")
    return "USD"


def default_due(now: datetime) -> date:
    return (now + DUE_AFTER).date()
