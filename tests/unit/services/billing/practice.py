"""A billing practice in memory: commands over the in-memory store, and what follows from its events by hand."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

from services.billing.commands import charges, payments, statements
from services.billing.domain.charges import Charge, Item
from services.billing.domain.payments import Outcome
from services.billing.domain.statements import Statement
from services.billing.stored import STORED
from shared.aggregate import Aggregate
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.stored import StoredTable
from shared.handling import StreamQueues, Work
from shared.money import Money

C = TypeVar("C")
R = TypeVar("R")
A = TypeVar("A", bound=Aggregate)

PRACTICE, PATIENT, OTHER_PATIENT = UUID(int=10), UUID(int=11), UUID(int=12)
NOW = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
DUE_ON = date(2026, 4, 7)
SECOND = timedelta(seconds=1)


class BillingPractice:
    """Given … when … then, in the words of the commands. Time stands still until ``at`` is set."""

    def __init__(self) -> None:
        self.store = MemoryEventStore("billing", StoredTable(STORED))
        self.at = NOW
        self.queues = StreamQueues()
        self._numbers = count(1)

    async def do(self, handler: Callable[[C, Work], Awaitable[R]], command: C, *, key: UUID | None = None) -> R:
        command_id = key or UUID(int=1000 + next(self._numbers))
        return await handler(command, Work(self.store, self.queues, self.at, command_id, str(command).encode()))

    async def charged(self, cents: int, *, confidential: bool = False, patient_id: UUID = PATIENT) -> UUID:
        item = Item(date(2026, 3, 1), "visit", "Office visit", Money(cents), confidential)
        return (await self.do(charges.post_charge, charges.PostCharge(PRACTICE, patient_id, item))).id

    async def stated(self, *charge_ids: UUID) -> UUID:
        return (await self.do(statements.post_statement, statements.PostStatement(PATIENT, charge_ids, DUE_ON))).id

    async def started(self, statement_id: UUID, cents: int) -> UUID:
        return (await self.do(payments.start_payment, payments.StartPayment(statement_id, Money(cents)))).id

    async def received(self, statement_id: UUID, payment_id: UUID, cents: int) -> None:
        command = payments.ReceivePayment(statement_id, payment_id, Money(cents), f"pi_{payment_id}")
        await self.do(payments.receive_payment, command)

    async def paid(self, statement_id: UUID, cents: int) -> UUID:
        payment_id = await self.started(statement_id, cents)
        await self.received(statement_id, payment_id, cents)
        return payment_id

    async def adjusted(self, charge_id: UUID, cents: int) -> None:
        await self.do(charges.adjust_charge, charges.AdjustCharge(PATIENT, charge_id, Money(cents), "insurance paid"))

    async def made_confidential(self, charge_id: UUID, *, key: UUID | None = None) -> None:
        await self.do(charges.make_charge_confidential, charges.MakeChargeConfidential(PATIENT, charge_id), key=key)

    async def withdrawn(self, statement_id: UUID) -> None:
        await self.do(statements.withdraw_statement, statements.WithdrawStatement(statement_id))

    async def asked_back(self, statement_id: UUID, payment_id: UUID, cents: int) -> UUID:
        command = payments.RequestRefund(statement_id, payment_id, Money(cents), "billed twice")
        await self.do(payments.request_refund, command)
        return list((await self.statement(statement_id)).refunds)[-1]

    async def sent_back(self, statement_id: UUID, payment_id: UUID, cents: int) -> None:
        refund_id = await self.asked_back(statement_id, payment_id, cents)
        await self.do(payments.complete_refund, payments.CompleteRefund(statement_id, payment_id, refund_id))

    async def disputed(
        self, statement_id: UUID, payment_id: UUID, cents: int, outcome: Outcome = "open", name: str = "du_1"
    ) -> None:
        command = payments.TellDispute(statement_id, payment_id, name, outcome, Money(cents))
        await self.do(payments.tell_dispute, command)

    async def statement(self, statement_id: UUID) -> Statement:
        return await self._get(Statement, statement_id)

    async def charge(self, charge_id: UUID) -> Charge:
        return await self._get(Charge, charge_id)

    async def due(self, statement_id: UUID) -> int:
        return (await self.statement(statement_id)).due.cents

    async def _get(self, aggregate_class: type[A], stream_id: UUID) -> A:
        found = await self.store.find(aggregate_class, stream_id)
        assert found is not None
        return found
