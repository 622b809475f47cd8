"""What billing tells its peers of its own events: ids, states, integer amounts; no procedure, no number, no reason."""

from collections.abc import Callable
from typing import TypeAlias

from services.billing.domain.charges import Charge
from services.billing.domain.guarantors import Guarantee
from services.billing.domain.statements import Statement
from shared.contracts.billing.v1 import events as told
from shared.contracts.event import PatientEvent
from shared.envelope import Recorded
from shared.service import Publish

OfPayment: TypeAlias = (
    Statement.PaymentStarted
    | Statement.PaymentReceived
    | Statement.PaymentRefunded
    | Statement.RefundReturned
    | Statement.DisputeFundsTaken
    | Statement.DisputeFundsReturned
)
"""What says an amount of a payment, and its practice."""


def charge_posted(recorded: Recorded[Charge.Posted]) -> told.ChargePosted:
    event, item = recorded.event, recorded.event.item
    return told.ChargePosted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        charge_id=event.charge_id,
        amount_cents=item.amount.cents,
        currency=item.amount.currency,
        confidential=item.confidential,
        origin=event.origin,
    )


def charge_adjusted(recorded: Recorded[Charge.Adjusted]) -> told.ChargeAdjusted:
    event = recorded.event
    return told.ChargeAdjusted(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        charge_id=recorded.stream_id,
        adjustment_id=event.adjustment_id,
        amount_cents=event.amount.cents,
        currency=event.amount.currency,
    )


def charge_made_confidential(recorded: Recorded[Charge.MadeConfidential]) -> told.ChargeMadeConfidential:
    return told.ChargeMadeConfidential(
        practice_id=recorded.event.practice_id, patient_id=recorded.subject_id, charge_id=recorded.stream_id
    )


def statement_posted(recorded: Recorded[Statement.Posted]) -> told.StatementPosted:
    event, bill = recorded.event, recorded.event.bill
    return told.StatementPosted(
        practice_id=event.practice_id,
        patient_id=event.patient_id,
        statement_id=event.statement_id,
        amount_cents=bill.amount.cents,
        currency=bill.amount.currency,
        due_on=bill.due_on,
        confidential=bill.confidential,
        origin=event.origin,
    )


def statement_withdrawn(recorded: Recorded[Statement.Withdrawn]) -> told.StatementWithdrawn:
    return told.StatementWithdrawn(
        practice_id=recorded.event.practice_id, patient_id=recorded.subject_id, statement_id=recorded.stream_id
    )


def payment_failed(recorded: Recorded[Statement.PaymentFailed]) -> told.PaymentFailed:
    event = recorded.event
    return told.PaymentFailed(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
    )


def dispute_opened(recorded: Recorded[Statement.DisputeOpened]) -> told.DisputeOpened:
    event = recorded.event
    return told.DisputeOpened(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
    )


def dispute_closed(recorded: Recorded[Statement.DisputeClosed]) -> told.DisputeClosed:
    event = recorded.event
    return told.DisputeClosed(
        practice_id=event.practice_id,
        patient_id=recorded.subject_id,
        payment_id=event.payment_id,
        statement_id=recorded.stream_id,
        outcome=event.outcome,
    )


def guarantor_named(recorded: Recorded[Guarantee.Named | Guarantee.Renamed]) -> told.GuarantorNamed:
    event = recorded.event
    return told.GuarantorNamed(practice_id=event.practice_id, patient_id=recorded.subject_id, person_id=event.person_id)


def guarantor_released(recorded: Recorded[Guarantee.Released]) -> told.GuarantorReleased:
    event = recorded.event
    return told.GuarantorReleased(
        practice_id=event.practice_id, patient_id=recorded.subject_id, person_id=event.person_id
    )


def amount_of_payment(as_: Callable[..., PatientEvent]) -> Publish:
    """The row of an event that says an amount of a payment; they differ in their word only."""

    def publish(recorded: Recorded[OfPayment]) -> PatientEvent:
        event = recorded.event
        return as_(
            practice_id=event.practice_id,
            patient_id=recorded.subject_id,
            payment_id=event.payment_id,
            statement_id=recorded.stream_id,
            amount_cents=event.amount.cents,
            currency=event.amount.currency,
        )

    return publish


PUBLISHED: dict[type, Publish] = {
    Charge.Posted: charge_posted,
    Charge.Adjusted: charge_adjusted,
    Charge.MadeConfidential: charge_made_confidential,
    Statement.Posted: statement_posted,
    Statement.Withdrawn: statement_withdrawn,
    Statement.PaymentStarted: amount_of_payment(told.PaymentStarted),
    Statement.PaymentReceived: amount_of_payment(told.PaymentReceived),
    Statement.PaymentFailed: payment_failed,
    Statement.PaymentRefunded: amount_of_payment(told.PaymentRefunded),
    Statement.RefundReturned: amount_of_payment(told.RefundReturned),
    Statement.DisputeOpened: dispute_opened,
    Statement.DisputeFundsTaken: amount_of_payment(told.DisputeFundsTaken),
    Statement.DisputeFundsReturned: amount_of_payment(told.DisputeFundsReturned),
    Statement.DisputeClosed: dispute_closed,
    Guarantee.Named: guarantor_named,
    Guarantee.Renamed: guarantor_named,
    Guarantee.Released: guarantor_released,
}
