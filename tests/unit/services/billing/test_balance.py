"""R33: at every moment of any history the balance adds up, over what each viewer sees (R18)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.commands import payments
from services.billing.domain.charges import Charge
from services.billing.domain.payments import Outcome
from services.billing.domain.statements import Statement
from shared.aggregate import Aggregate
from shared.envelope import Recorded
from shared.errors import PortalError
from tests.unit.services.billing.practice import BillingPractice

History = Sequence[Recorded[Aggregate.Event]]
ACTS = [
    "charge",
    "charge privately",
    "state",
    "adjust",
    "mark",
    "withdraw",
    "start",
    "receive",
    "receive",
    "lapse",
    "ask back",
    "send back",
    "do not send back",
    "dispute",
    "win",
    "lose",
]
OUTCOMES: dict[str, Outcome] = {"dispute": "open", "win": "won", "lose": "lost"}
Act = tuple[str, int, int, int]
"""What, of which (counted round), how many cents, after how many minutes."""


@dataclass
class Till:
    """The test's own ledger: money as the outside world moved it."""

    owed: int = 0
    started: dict[UUID, tuple[UUID, int]] = field(default_factory=dict)
    received: set[UUID] = field(default_factory=set)
    asked_back: dict[UUID, tuple[UUID, UUID, int]] = field(default_factory=dict)
    """Refund → statement, payment, cents."""
    taken: dict[UUID, int] = field(default_factory=dict)


def sums(history: History, sees_all: bool) -> dict[str, int]:
    """Charges, payments, adjustments and refunds that a viewer sees, each counted from the whole history anew."""
    private = {
        one.event.charge_id for one in history if isinstance(one.event, Charge.Posted) and one.event.item.confidential
    }
    private |= {one.stream_id for one in history if isinstance(one.event, Charge.MadeConfidential)}
    hidden = {
        one.stream_id for one in history if isinstance(one.event, Statement.Posted) and one.event.bill.confidential
    }
    hidden |= {
        one.stream_id
        for one in history
        if isinstance(one.event, Statement.Withdrawn) and one.event.reason == "confidential_charge"
    }
    total = {"charges": 0, "payments": 0, "adjustments": 0, "refunds": 0}
    for one in history:
        if not sees_all and one.stream_id in private | hidden:
            continue
        match one.event:
            case Charge.Posted():
                total["charges"] += one.event.item.amount.cents
            case Charge.Adjusted():
                total["adjustments"] += one.event.amount.cents
            case Statement.PaymentReceived() | Statement.PaymentCarriedOver():
                total["payments"] += one.event.amount.cents
            case Statement.PaymentCarriedOn():
                total["payments"] -= one.event.amount.cents
            case Statement.PaymentRefunded() | Statement.DisputeFundsTaken():
                total["refunds"] += one.event.amount.cents
            case Statement.DisputeFundsReturned():
                total["refunds"] -= one.event.amount.cents
    return total


def balance(total: dict[str, int]) -> int:
    return total["charges"] - total["payments"] - total["adjustments"] + total["refunds"]


class Histories:
    """Carries acts out; what a rule refuses changes nothing."""

    def __init__(self) -> None:
        self.house, self.till = BillingPractice(), Till()
        self.charges: list[UUID] = []
        self.statements: list[UUID] = []

    async def act(self, act: Act) -> None:
        name, which, cents, minutes = act
        self.house.at += timedelta(minutes=minutes)
        with suppress(PortalError):
            await self._act(name, which, cents)
        for statement_id in list(self.statements):
            successors = (await self.house.statement(statement_id)).successor_ids
            self.statements += [one for one in successors if one not in self.statements]

    async def _act(self, name: str, which: int, cents: int) -> None:
        house, till = self.house, self.till
        if name.startswith("charge"):
            self.charges.append(await house.charged(cents, confidential=name != "charge"))
            till.owed += cents
        elif self.charges and name in {"state", "adjust", "mark"}:
            await self._of_charge(name, self.charges[which % len(self.charges)], cents)
        elif self.statements and name in {"withdraw", "start"}:
            statement_id = self.statements[which % len(self.statements)]
            if name == "withdraw":
                await house.withdrawn(statement_id)
            else:
                till.started[await house.started(statement_id, cents)] = (statement_id, cents)
        elif till.started:
            payment_id = list(till.started)[which % len(till.started)]
            await self._of_payment(name, payment_id, till.started[payment_id][0], cents)

    async def _of_charge(self, name: str, charge_id: UUID, cents: int) -> None:
        match name:
            case "state":
                chosen = [one for one in self.charges if (await self.house.charge(one)).statement_id is None]
                private = (await self.house.charge(charge_id)).item.confidential
                alike = [one for one in chosen if (await self.house.charge(one)).item.confidential == private]
                self.statements.append(await self.house.stated(*alike))
            case "adjust":
                await self.house.adjusted(charge_id, cents)
                self.till.owed -= cents
            case "mark":
                await self.house.made_confidential(charge_id)

    async def _of_payment(self, name: str, payment_id: UUID, statement_id: UUID, cents: int) -> None:
        house, till = self.house, self.till
        match name:
            case "receive":
                amount = till.started[payment_id][1]
                await house.received(statement_id, payment_id, amount)
                till.owed -= 0 if payment_id in till.received else amount
                till.received.add(payment_id)
            case "lapse":
                await house.do(payments.fail_payment, payments.FailPayment(statement_id, payment_id, "expired"))
            case "ask back":
                for holder in self.statements:
                    part = (await house.statement(holder)).payments.get(payment_id)
                    if part is not None and part.free.cents > 0:
                        amount = min(cents, part.free.cents)
                        refund_id = await house.asked_back(holder, payment_id, amount)
                        till.asked_back[refund_id] = (holder, payment_id, amount)
            case "send back" if till.asked_back:
                refund_id, (holder, refunded, amount) = till.asked_back.popitem()
                await house.do(payments.complete_refund, payments.CompleteRefund(holder, refunded, refund_id))
                till.owed += amount
            case "do not send back" if till.asked_back:
                refund_id, (holder, refunded, _) = till.asked_back.popitem()
                await house.do(payments.fail_refund, payments.FailRefund(holder, refunded, refund_id))
            case "dispute" | "win" | "lose":
                await self._dispute(OUTCOMES[name], payment_id, statement_id, cents)

    async def _dispute(self, outcome: Outcome, payment_id: UUID, statement_id: UUID, cents: int) -> None:
        """The processor takes no more than is kept, and gives back all when the practice wins."""
        taken = self.till.taken.get(payment_id, 0)
        parts = [(await self.house.statement(one)).payments.get(payment_id) for one in self.statements]
        kept = sum(part.kept.cents for part in parts if part is not None)
        told = 0 if outcome == "won" else max(taken, min(cents, taken + kept))
        before = balance(sums(await self.history(), sees_all=True))
        await self.house.disputed(statement_id, payment_id, told, outcome, name=f"du_{payment_id}")
        moved = balance(sums(await self.history(), sees_all=True)) - before
        assert moved in {0, told - taken}, "all of it, or nothing where the dispute was decided before"
        self.till.taken[payment_id] = taken + moved
        self.till.owed += moved

    async def history(self) -> History:
        return [one async for batch in self.house.store.read(0) for one in batch]

    async def check(self) -> dict[bool, int]:
        """The balance of patient (True) and representative (False), each found in two ways."""
        history = await self.history()
        statements = [await self.house.statement(one) for one in self.statements]
        charges = [await self.house.charge(one) for one in self.charges]
        found = {}
        for sees_all in (True, False):
            due = [one.due.cents for one in statements if sees_all or not is_hidden(one)]
            unstated = [
                one.owed.cents
                for one in charges
                if one.statement_id is None and (sees_all or not one.item.confidential)
            ]
            found[sees_all] = balance(sums(history, sees_all))
            assert found[sees_all] == sum(due) + sum(unstated)
        assert found[True] == self.till.owed
        live = [charge for one in statements if one.withdrawal is None for charge in one.bill.charge_ids]
        assert len(live) == len(set(live)), "a charge is on one live statement"
        assert {charge.id for charge in charges if charge.statement_id} == set(live)
        for one in statements:
            for payment in one.payments.values():
                assert payment.received.cents >= payment.carried.cents + payment.refunded.cents
        return found


def is_hidden(statement: Statement) -> bool:
    return statement.bill.confidential or statement.withdrawal == "confidential_charge"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(ACTS), st.integers(0, 9), st.integers(1, 9_000), st.integers(0, 20)), max_size=30
    )
)
async def test_r33_the_balance_adds_up_for_patient_and_representative_whatever_happens(acts: list[Act]) -> None:
    histories = Histories()
    for act in [("charge", 0, 5_000, 0), ("charge", 0, 3_000, 0), ("state", 0, 1, 0), ("start", 0, 6_000, 0), *acts]:
        await histories.act(act)
        await histories.check()


async def test_r18_what_happens_to_a_hidden_statement_moves_no_sum_that_a_representative_sees() -> None:
    histories = Histories()
    for act in [("charge", 0, 5_000, 0), ("charge privately", 0, 900, 0), ("state", 0, 1, 0), ("state", 1, 1, 0)]:
        await histories.act(act)
    before = (await histories.check())[False]
    seen = sums(await histories.history(), sees_all=False)
    for act in [("start", 1, 900, 0), ("receive", 0, 1, 0), ("adjust", 1, 100, 0), ("dispute", 0, 500, 0)]:
        await histories.act(act)
        assert (await histories.check())[False] == before
    assert sums(await histories.history(), sees_all=False) == seen
