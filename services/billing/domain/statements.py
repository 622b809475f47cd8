"""A statement and every payment of it: one stream, so that what is due is decided in one place (R33)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.billing.domain.bills import Bill, Withdrawal
from services.billing.domain.charges import Origin
from services.billing.domain.errors import (
    AmountAboveDue,
    AmountAboveReceived,
    PaymentNotReceived,
    StatementWithdrawn,
)
from services.billing.domain.payments import Dispute, Outcome, Payment
from shared.aggregate import Aggregate, event
from shared.errors import InvalidField, NotFound
from shared.money import Money

RESERVATION = timedelta(minutes=30)
"""An open payment reserves its amount that long (R33)."""


class Statement(Aggregate):
    """Charges to pay, and their payments. What is due is the amount less adjustments and what was received and kept."""

    class Posted(Aggregate.Created):
        statement_id: UUID
        practice_id: UUID
        patient_id: UUID
        bill: Bill
        origin: Origin
        posted_at: datetime

    class Adjusted(Aggregate.Event):
        charge_id: UUID
        adjustment_id: UUID
        amount: Money

    class Withdrawn(Aggregate.Event):
        practice_id: UUID
        reason: Withdrawal
        successor_ids: tuple[UUID, ...]
        withdrawn_at: datetime

    class PaymentStarted(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        amount: Money
        expires_at: datetime
        started_at: datetime

    class PaymentReceived(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        amount: Money
        processor_payment: str
        received_at: datetime

    class PaymentFailed(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        reason: Literal["declined", "expired"]
        failed_at: datetime

    class PaymentCarriedOn(Aggregate.Event):
        payment_id: UUID
        to_statement_id: UUID
        amount: Money

    class PaymentCarriedOver(Aggregate.Event):
        payment_id: UUID
        from_statement_id: UUID
        amount: Money
        processor_payment: str
        started_at: datetime
        received_at: datetime

    class RefundRequested(Aggregate.Event):
        payment_id: UUID
        refund_id: UUID
        amount: Money
        reason: str
        requested_at: datetime

    class RefundFailed(Aggregate.Event):
        payment_id: UUID
        refund_id: UUID
        amount: Money
        failed_at: datetime

    class PaymentRefunded(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        refund_id: UUID
        amount: Money
        refunded_at: datetime

    class RefundReturned(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        refund_id: UUID
        amount: Money
        returned_at: datetime

    class DisputeOpened(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        processor_dispute: str
        opened_at: datetime

    class DisputeFundsTaken(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        processor_dispute: str
        amount: Money
        taken_at: datetime

    class DisputeFundsReturned(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        processor_dispute: str
        amount: Money
        returned_at: datetime

    class DisputeClosed(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        processor_dispute: str
        outcome: Outcome
        closed_at: datetime

    @staticmethod
    def create_id(statement_id: UUID) -> UUID:
        return statement_id

    @event(Posted)
    def __init__(
        self, statement_id: UUID, practice_id: UUID, patient_id: UUID, bill: Bill, origin: Origin, posted_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.bill = bill
        self.adjusted = Money(0, bill.amount.currency)
        self.payments: dict[UUID, Payment] = {}
        self.refunds: dict[UUID, Money] = {}
        """Refunds asked for and not carried out yet."""
        self.sent_back: dict[UUID, Money] = {}
        """Refunds carried out; nothing of those whose money came back to the practice."""
        self.disputes: dict[str, Dispute] = {}
        self.withdrawal: Withdrawal | None = None
        self.successor_ids: tuple[UUID, ...] = ()
        """The statements that replaced this one, those that most viewers see first."""

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def _nothing(self) -> Money:
        return Money(0, self.bill.amount.currency)

    @property
    def paid(self) -> Money:
        """Received and kept."""
        return sum((payment.kept for payment in self.payments.values()), self._nothing)

    @property
    def due(self) -> Money:
        """What is left to pay; negative where more came than was due. A withdrawn statement asks for nothing."""
        asked = self._nothing if self.withdrawal else self.bill.amount - self.adjusted
        return asked - self.paid

    @property
    def credit(self) -> Money:
        """What came above what was due and nobody has sent back or asked back yet."""
        asked_back = sum(self.refunds.values(), self._nothing)
        return max(self._nothing, -self.due - asked_back)

    def payable(self, at: datetime) -> Money:
        """What is due and not reserved by an open payment."""
        open_ones = (one for one in self.payments.values() if one.state == "pending" and at < one.expires_at)
        return self.due - sum((one.amount for one in open_ones), self._nothing)

    def adjust(self, charge_id: UUID, adjustment_id: UUID, amount: Money) -> None:
        """One of its charges comes to less; the charge itself decides how much less it may be."""
        if self.withdrawal is not None:
            raise StatementWithdrawn
        self._adjusted(charge_id, adjustment_id, amount)

    @event(Adjusted)
    def _adjusted(self, charge_id: UUID, adjustment_id: UUID, amount: Money) -> None:
        self.adjusted += amount

    def withdraw(self, reason: Withdrawal, successor_ids: tuple[UUID, ...], at: datetime) -> None:
        """It is no longer to be paid; money that still comes goes on to its successors, or is a credit."""
        if self.withdrawal is not None:
            raise StatementWithdrawn
        self._withdrawn(self.practice_id, reason, successor_ids, at)

    @event(Withdrawn)
    def _withdrawn(
        self, practice_id: UUID, reason: Withdrawal, successor_ids: tuple[UUID, ...], withdrawn_at: datetime
    ) -> None:
        self.withdrawal = reason
        self.successor_ids = successor_ids

    def start_payment(self, payment_id: UUID, amount: Money, at: datetime) -> None:
        """Reserves an amount for 30 min; AmountAboveDue where less is payable."""
        if amount.cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        if self.withdrawal is not None:
            raise StatementWithdrawn
        if amount.currency != self.bill.amount.currency or self.payable(at) < amount:
            raise AmountAboveDue
        self._payment_started(self.practice_id, payment_id, amount, at + RESERVATION, at)

    @event(PaymentStarted)
    def _payment_started(
        self, practice_id: UUID, payment_id: UUID, amount: Money, expires_at: datetime, started_at: datetime
    ) -> None:
        self.payments[payment_id] = Payment(amount, started_at, expires_at)

    def receive_payment(self, payment_id: UUID, amount: Money, processor_payment: str, at: datetime) -> None:
        """The money came: also after the reservation ended, and at most once, however often it is told."""
        if self.payment(payment_id).state != "received":
            self._payment_received(self.practice_id, payment_id, amount, processor_payment, at)

    @event(PaymentReceived)
    def _payment_received(
        self, practice_id: UUID, payment_id: UUID, amount: Money, processor_payment: str, received_at: datetime
    ) -> None:
        self.payments[payment_id] = replace(
            self.payments[payment_id],
            state="received",
            received=amount,
            received_at=received_at,
            processor_payment=processor_payment,
        )

    def fail_payment(self, payment_id: UUID, reason: Literal["declined", "expired"], at: datetime) -> None:
        """The payment did not come about; one that was received stays so."""
        if self.payment(payment_id).state == "pending":
            self._payment_failed(self.practice_id, payment_id, reason, at)

    @event(PaymentFailed)
    def _payment_failed(
        self, practice_id: UUID, payment_id: UUID, reason: Literal["declined", "expired"], failed_at: datetime
    ) -> None:
        self.payments[payment_id] = replace(self.payments[payment_id], state="failed")

    def carry_on(self, payment_id: UUID, to_statement_id: UUID, amount: Money) -> None:
        """Gives money on to a statement that replaced this one; what is asked back or disputed stays."""
        payment = self._received(payment_id)
        if payment.free < amount:
            raise AmountAboveReceived
        self._carried_on(payment_id, to_statement_id, amount)

    @event(PaymentCarriedOn)
    def _carried_on(self, payment_id: UUID, to_statement_id: UUID, amount: Money) -> None:
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, carried=payment.carried + amount)

    def carry_over(self, payment_id: UUID, payment: Payment, from_statement_id: UUID, amount: Money) -> None:
        """Takes money over that came for a withdrawn statement, as a part of that payment."""
        received_at = payment.received_at or payment.started_at
        self._carried_over(
            payment_id, from_statement_id, amount, payment.processor_payment, payment.started_at, received_at
        )

    @event(PaymentCarriedOver)
    def _carried_over(
        self,
        payment_id: UUID,
        from_statement_id: UUID,
        amount: Money,
        processor_payment: str,
        started_at: datetime,
        received_at: datetime,
    ) -> None:
        known = self.payments.get(payment_id, Payment(self._nothing, started_at, started_at))
        self.payments[payment_id] = replace(
            known,
            amount=known.amount + amount,
            state="received",
            received=known.received + amount,
            received_at=received_at,
            processor_payment=processor_payment,
        )

    def request_refund(self, payment_id: UUID, refund_id: UUID, amount: Money, reason: str, at: datetime) -> None:
        """Asks the processor to send money back; AmountAboveReceived where less is left of the payment."""
        payment = self._received(payment_id)
        if amount.cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        if amount.currency != payment.received.currency or payment.free < amount:
            raise AmountAboveReceived
        self._refund_requested(payment_id, refund_id, amount, reason, at)

    @event(RefundRequested)
    def _refund_requested(
        self, payment_id: UUID, refund_id: UUID, amount: Money, reason: str, requested_at: datetime
    ) -> None:
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, refunding=payment.refunding + amount)
        self.refunds[refund_id] = amount

    def complete_refund(self, payment_id: UUID, refund_id: UUID, at: datetime) -> None:
        """The processor sent it back; told again it changes nothing."""
        if refund_id in self.refunds:
            self._payment_refunded(self.practice_id, payment_id, refund_id, self.refunds[refund_id], at)

    @event(PaymentRefunded)
    def _payment_refunded(
        self, practice_id: UUID, payment_id: UUID, refund_id: UUID, amount: Money, refunded_at: datetime
    ) -> None:
        self.sent_back[refund_id] = self.refunds.pop(refund_id)
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(
            payment, refunding=payment.refunding - amount, refunded=payment.refunded + amount
        )

    def fail_refund(self, payment_id: UUID, refund_id: UUID, at: datetime) -> None:
        """The processor did not send it back, or the money came back to it: it is here, and can be asked back again."""
        if refund_id in self.refunds:
            self._refund_failed(payment_id, refund_id, self.refunds[refund_id], at)
        elif self.sent_back.get(refund_id, self._nothing).cents:
            self._refund_returned(self.practice_id, payment_id, refund_id, self.sent_back[refund_id], at)

    @event(RefundReturned)
    def _refund_returned(
        self, practice_id: UUID, payment_id: UUID, refund_id: UUID, amount: Money, returned_at: datetime
    ) -> None:
        self.sent_back[refund_id] = self._nothing
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, refunded=payment.refunded - amount)

    @event(RefundFailed)
    def _refund_failed(self, payment_id: UUID, refund_id: UUID, amount: Money, failed_at: datetime) -> None:
        del self.refunds[refund_id]
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, refunding=payment.refunding - amount)

    def tell_dispute(
        self, payment_id: UUID, processor_dispute: str, outcome: Outcome, taken: Money, at: datetime
    ) -> None:
        """How a dispute of a received payment stands with the processor; older words told late change nothing."""
        self._received(payment_id)
        if processor_dispute not in self.disputes:
            self._dispute_opened(self.practice_id, payment_id, processor_dispute, at)
        dispute = self.disputes[processor_dispute]
        if dispute.outcome not in {"open", outcome}:
            return
        if dispute.taken < taken and outcome != "won":
            self._funds_taken(self.practice_id, payment_id, processor_dispute, taken - dispute.taken, at)
        if taken < dispute.taken and outcome == "won":
            self._funds_returned(self.practice_id, payment_id, processor_dispute, dispute.taken - taken, at)
        if dispute.outcome != outcome:
            self._dispute_closed(self.practice_id, payment_id, processor_dispute, outcome, at)

    @event(DisputeOpened)
    def _dispute_opened(self, practice_id: UUID, payment_id: UUID, processor_dispute: str, opened_at: datetime) -> None:
        self.disputes[processor_dispute] = Dispute(payment_id, self._nothing)

    @event(DisputeFundsTaken)
    def _funds_taken(
        self, practice_id: UUID, payment_id: UUID, processor_dispute: str, amount: Money, taken_at: datetime
    ) -> None:
        self._taken(processor_dispute, amount)

    @event(DisputeFundsReturned)
    def _funds_returned(
        self, practice_id: UUID, payment_id: UUID, processor_dispute: str, amount: Money, returned_at: datetime
    ) -> None:
        self._taken(processor_dispute, -amount)

    @event(DisputeClosed)
    def _dispute_closed(
        self, practice_id: UUID, payment_id: UUID, processor_dispute: str, outcome: Outcome, closed_at: datetime
    ) -> None:
        self.disputes[processor_dispute] = replace(self.disputes[processor_dispute], outcome=outcome)

    def _taken(self, processor_dispute: str, amount: Money) -> None:
        dispute = self.disputes[processor_dispute]
        self.disputes[processor_dispute] = replace(dispute, taken=dispute.taken + amount)
        payment = self.payments[dispute.payment_id]
        self.payments[dispute.payment_id] = replace(payment, disputed=payment.disputed + amount)

    def payment(self, payment_id: UUID) -> Payment:
        """A payment of this statement; NotFound where there is none."""
        if payment_id not in self.payments:
            raise NotFound
        return self.payments[payment_id]

    def _received(self, payment_id: UUID) -> Payment:
        payment = self.payment(payment_id)
        if payment.state != "received":
            raise PaymentNotReceived
        return payment
