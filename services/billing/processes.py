"""Own events → effects: a reservation lapses, a refund is carried out by the processor."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.billing.commands import payments
from services.billing.domain.statements import Statement
from services.billing.processor import Processor, Sent
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded
from shared.eventstore.store import EventStore


def let_reservation_lapse(recorded: Recorded[Statement.PaymentStarted]) -> Iterable[Effect]:
    """A payment still pending when its 30 min are over is shown as failed; money that comes later still counts."""
    event = recorded.event
    yield Effect(
        "lapse-reservation",
        key=recorded.subject_id,
        due_at=event.expires_at,
        details={
            "statement": str(recorded.stream_id),
            "payment": str(event.payment_id),
            "practice_id": str(event.practice_id),
            "patient_id": str(recorded.subject_id),
        },
    )


def carry_out_refund(recorded: Recorded[Statement.RefundRequested]) -> Iterable[Effect]:
    """What staff asked for is sent back by the processor, then recorded."""
    event = recorded.event
    yield Effect(
        "refund",
        key=recorded.subject_id,
        details={
            "statement": str(recorded.stream_id),
            "payment": str(event.payment_id),
            "refund": str(event.refund_id),
            "patient_id": str(recorded.subject_id),
        },
    )


PROCESSES: Mapping[type, Decide] = {
    Statement.PaymentStarted: let_reservation_lapse,
    Statement.RefundRequested: carry_out_refund,
}


class Payments:
    """Carries out what the processes decided."""

    def __init__(self, store: EventStore, processor: Processor) -> None:
        self._store = store
        self._processor = processor

    async def lapse(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        command = payments.FailPayment(UUID(details["statement"]), UUID(details["payment"]), "expired")
        await carrying.perform(payments.fail_payment, command)

    async def refund(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        statement_id, payment_id, refund_id = (UUID(details[name]) for name in ("statement", "payment", "refund"))
        statement = await self._store.find(Statement, statement_id)
        if statement is None or refund_id not in statement.refunds:
            return
        processor_payment = statement.payments[payment_id].processor_payment
        sent = Sent(refund_id, payment_id, statement_id, statement.refunds[refund_id], processor_payment)
        match await self._processor.refund(sent):
            case "sent":
                done = payments.CompleteRefund(statement_id, payment_id, refund_id)
                await carrying.perform(payments.complete_refund, done)
            case "failed":
                await carrying.perform(payments.fail_refund, payments.FailRefund(statement_id, payment_id, refund_id))
            case "on its way":
                """The processor's webhook tells how it ends."""

    def effects(self) -> Mapping[str, Run]:
        return {"lapse-reservation": self.lapse, "refund": self.refund}
