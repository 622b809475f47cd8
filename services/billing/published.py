"""What billing tells its peers of its own events: ids, states, integer amounts; no procedure, no number."""

from services.billing.domain.charges import Charge
from services.billing.domain.statements import Statement
from shared.contracts.billing.v1.events import (
    ChargePosted,
    PaymentFailed,
    PaymentReceived,
    PaymentRefunded,
    PaymentStarted,
    StatementPosted,
)
from shared.envelope import Recorded
from shared.service import Publish


def charge_posted(recorded: Recorded[Charge.Posted]) -> ChargePosted:
    event, item = recorded.event, recorded.event.item
    return ChargePosted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        charge_id=event.charge_id,
        amount_cents=item.amount.cents,
        currency=item.amount.currency,
        confidential=item.confidential,
        origin=event.origin,
    )


def statement_posted(recorded: Recorded[Statement.Posted]) -> StatementPosted:
    event, bill = recorded.event, recorded.event.bill
    return StatementPosted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        statement_id=event.statement_id,
        amount_cents=bill.amount.cents,
        currency=bill.amount.currency,
        due_on=bill.due_on,
        confidential=bill.confidential,
        origin=event.origin,
    )


def payment_started(recorded: Recorded[Statement.PaymentStarted]) -> PaymentStarted:
    event = recorded.event
    return PaymentStarted(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
        amount_cents=event.amount.cents,
        currency=event.amount.currency,
    )


def payment_received(recorded: Recorded[Statement.PaymentReceived]) -> PaymentReceived:
    event = recorded.event
    return PaymentReceived(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
        amount_cents=event.amount.cents,
        currency=event.amount.currency,
    )


def payment_failed(recorded: Recorded[Statement.PaymentFailed]) -> PaymentFailed:
    event = recorded.event
    return PaymentFailed(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
    )


def payment_refunded(recorded: Recorded[Statement.PaymentRefunded]) -> PaymentRefunded:
    event = recorded.event
    return PaymentRefunded(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
        amount_cents=event.amount.cents,
        currency=event.amount.currency,
    )


PUBLISHED: dict[type, Publish] = {
    Charge.Posted: charge_posted,
    Statement.Posted: statement_posted,
    Statement.PaymentStarted: payment_started,
    Statement.PaymentReceived: payment_received,
    Statement.PaymentFailed: payment_failed,
    Statement.PaymentRefunded: payment_refunded,
}
