"""A statement and every payment of it: one stream, so that what is due is decided in one place (R33)."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.billing.domain.charges import Origin
from services.billing.domain.errors import AmountAboveDue, AmountAboveReceived, PaymentNotReceived
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.errors import InvalidField, NotFound
from shared.money import Money

RESERVATION = timedelta(minutes=30)
"""An open payment reserves its amount that long (R33)."""

PaymentState = Literal["pending", "received", "failed"]


@dataclass(frozen=True, slots=True)
class Bill:
    """What a statement says."""

    number: str
    charge_ids: tuple[UUID, ...]
    amount: Money
    due_on: date
    confidential: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as it stands; ``expires_at`` ends its reservation."""

    amount: Money
    expires_at: datetime
    received: Money
    asked_back: Money
    """Refunds asked for, whether or not the processor has carried them out."""
    state: PaymentState = "pending"


class Statement(Aggregate):
    """Charges to pay, and their payments. What is due is the amount less what was received and kept."""

    class Posted(Aggregate.Created):
        statement_id: UUID
        practice_id: UUID
        patient_id: UUID
        bill: Bill
        origin: Origin
        posted_at: datetime

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

    class RefundRequested(Aggregate.Event):
        payment_id: UUID
        refund_id: UUID
        amount: Money
        reason: str
        requested_at: datetime

    class PaymentRefunded(Aggregate.Event):
        practice_id: UUID
        payment_id: UUID
        refund_id: UUID
        amount: Money
        refunded_at: datetime

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
        self.payments: dict[UUID, Payment] = {}
        self.processor_payments: dict[UUID, str] = {}
        self.refunds: dict[UUID, Money] = {}
        """Refunds asked for and not carried out yet."""
        self.paid = Money(0, bill.amount.currency)
        """Received and not refunded."""

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def due(self) -> Money:
        """What is left to pay; negative where more came than was due."""
        return self.bill.amount - self.paid

    def payable(self, at: datetime) -> Money:
        """What is due and not reserved by an open payment."""
        payable = self.due
        for payment in self.payments.values():
            if payment.state == "pending" and at < payment.expires_at:
                payable -= payment.amount
        return payable

    def start_payment(self, payment_id: UUID, amount: Money, at: datetime) -> None:
        """Reserves an amount for 30 min; AmountAboveDue where less is payable."""
        if amount.cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        if amount.currency != self.bill.amount.currency or self.payable(at) < amount:
            raise AmountAboveDue
        self._payment_started(self.practice_id, payment_id, amount, at + RESERVATION, at)

    @event(PaymentStarted)
    def _payment_started(
        self, practice_id: UUID, payment_id: UUID, amount: Money, expires_at: datetime, started_at: datetime
    ) -> None:
        nothing = Money(0, amount.currency)
        self.payments[payment_id] = Payment(amount, expires_at, received=nothing, asked_back=nothing)

    def receive_payment(self, payment_id: UUID, amount: Money, processor_payment: str, at: datetime) -> None:
        """The money came: also after the reservation ended, and at most once, however often it is told."""
        if self._payment(payment_id).state != "received":
            self._payment_received(self.practice_id, payment_id, amount, processor_payment, at)

    @event(PaymentReceived)
    def _payment_received(
        self, practice_id: UUID, payment_id: UUID, amount: Money, processor_payment: str, received_at: datetime
    ) -> None:
        self.payments[payment_id] = replace(self.payments[payment_id], state="received", received=amount)
        self.processor_payments[payment_id] = processor_payment
        self.paid += amount

    def fail_payment(self, payment_id: UUID, reason: Literal["declined", "expired"], at: datetime) -> None:
        """The payment did not come about; one that was received stays so."""
        if self._payment(payment_id).state == "pending":
            self._payment_failed(self.practice_id, payment_id, reason, at)

    @event(PaymentFailed)
    def _payment_failed(
        self, practice_id: UUID, payment_id: UUID, reason: Literal["declined", "expired"], failed_at: datetime
    ) -> None:
        self.payments[payment_id] = replace(self.payments[payment_id], state="failed")

    def request_refund(self, payment_id: UUID, refund_id: UUID, amount: Money, reason: str, at: datetime) -> None:
        """Asks the processor to send money back; AmountAboveReceived where less is left of the payment."""
        payment = self._payment(payment_id)
        if payment.state != "received":
            raise PaymentNotReceived
        if amount.cents <= 0:
            raise InvalidField("amount_cents", "expected more than 0")
        if amount.currency != payment.received.currency or payment.received - payment.asked_back < amount:
            raise AmountAboveReceived
        self._refund_requested(payment_id, refund_id, amount, reason, at)

    @event(RefundRequested)
    def _refund_requested(
        self, payment_id: UUID, refund_id: UUID, amount: Money, reason: str, requested_at: datetime
    ) -> None:
        payment = self.payments[payment_id]
        self.payments[payment_id] = replace(payment, asked_back=payment.asked_back + amount)
        self.refunds[refund_id] = amount

    def complete_refund(self, payment_id: UUID, refund_id: UUID, at: datetime) -> None:
        """The processor sent it back; told again it changes nothing."""
        if refund_id in self.refunds:
            self._payment_refunded(self.practice_id, payment_id, refund_id, self.refunds[refund_id], at)

    @event(PaymentRefunded)
    def _payment_refunded(
        self, practice_id: UUID, payment_id: UUID, refund_id: UUID, amount: Money, refunded_at: datetime
    ) -> None:
        del self.refunds[refund_id]
        self.paid -= amount

    def _payment(self, payment_id: UUID) -> Payment:
        try:
            return self.payments[payment_id]
        except KeyError:
            raise NotFound from None


class StatementNumber(Aggregate):
    """The number printed on a statement: a stream whose id is the number's blind index, so that none stands twice."""

    class Assigned(Aggregate.Created):
        index: UUID
        statement_id: UUID

    @staticmethod
    def create_id(index: UUID) -> UUID:
        return index

    @event(Assigned)
    def __init__(self, index: UUID, statement_id: UUID) -> None:
        self.statement_id = statement_id

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT
