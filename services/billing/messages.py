"""Billing's rows as the API's messages, and the API's words read."""

from datetime import date, datetime, timedelta
from typing import get_args

from services.billing.domain.charges import Category
from services.billing.projections.charges import ChargeRow
from services.billing.projections.statements import PaymentRow, StatementRow
from shared.contracts.billing.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.fields import date_message, instant_message

DUE_AFTER = timedelta(days=30)
"""When a statement is due where nobody says otherwise."""
CATEGORIES: dict[str, Category] = {word: word for word in get_args(Category)}


def charge(row: ChargeRow, with_description: bool) -> api_pb2.Charge:
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
        state="open" if row.due_cents > 0 else "paid",
        confidential=row.confidential,
    )


def payment(row: PaymentRow) -> api_pb2.Payment:
    """One payment."""
    return api_pb2.Payment(
        payment_id=str(row.payment_id),
        statement_id=str(row.statement_id),
        state=row.state,
        amount_cents=row.amount_cents,
        refunded_cents=row.refunded_cents,
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
