"""R33: what is taken off, what comes above what is due, what goes back, and what a dispute takes."""

from uuid import UUID

import pytest

from services.billing.commands import payments
from services.billing.domain.errors import (
    AmountAboveCharge,
    AmountAboveDue,
    AmountAboveReceived,
    PaymentNotReceived,
    StatementWithdrawn,
)
from services.billing.domain.payments import Outcome, allocated
from shared.errors import InvalidField, NotFound
from shared.money import Money
from tests.unit.services.billing.practice import BillingPractice


async def test_r33_an_adjustment_lessens_the_charge_and_what_its_statement_asks_for() -> None:
    house = BillingPractice()
    charge = await house.charged(10_000)
    statement = await house.stated(charge)
    await house.adjusted(charge, 2_500)
    assert (await house.charge(charge)).owed == Money(7_500)
    assert await house.due(statement) == 7_500
    with pytest.raises(AmountAboveDue):
        await house.started(statement, 7_501)
    await house.paid(statement, 7_500)


async def test_r33_a_charge_adjusted_before_it_is_stated_is_stated_for_less() -> None:
    house = BillingPractice()
    charge = await house.charged(10_000)
    await house.adjusted(charge, 2_500)
    assert await house.due(await house.stated(charge)) == 7_500


async def test_r33_all_of_a_charge_can_be_taken_off_and_not_a_cent_more() -> None:
    house = BillingPractice()
    charge = await house.charged(10_000)
    statement = await house.stated(charge)
    await house.adjusted(charge, 9_999)
    with pytest.raises(AmountAboveCharge):
        await house.adjusted(charge, 2)
    await house.adjusted(charge, 1)
    assert await house.due(statement) == 0
    for cents in (0, -1):
        with pytest.raises(InvalidField):
            await house.adjusted(charge, cents)


async def test_r33_what_was_paid_before_an_adjustment_becomes_credit_to_be_sent_back_once() -> None:
    house = BillingPractice()
    charge = await house.charged(10_000)
    statement = await house.stated(charge)
    payment = await house.paid(statement, 10_000)
    await house.adjusted(charge, 4_000)
    assert (await house.statement(statement)).credit == Money(4_000)
    await house.asked_back(statement, payment, 4_000)
    assert (await house.statement(statement)).credit == Money(0), "it is on its way: no second task"
    assert await house.due(statement) == -4_000, "and counts as paid until the processor has sent it"


async def test_r33_a_late_payment_after_another_one_becomes_credit() -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    slow = await house.started(statement, 10_000)
    await house.do(payments.fail_payment, payments.FailPayment(statement, slow, "expired"))
    await house.paid(statement, 10_000)
    await house.received(statement, slow, 10_000)
    await house.received(statement, slow, 10_000)
    assert await house.due(statement) == -10_000
    assert (await house.statement(statement)).credit == Money(10_000)


async def test_r33_a_refund_that_failed_leaves_the_money_and_can_be_asked_for_again() -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    payment = await house.paid(statement, 10_000)
    refund = await house.asked_back(statement, payment, 10_000)
    with pytest.raises(AmountAboveReceived):
        await house.asked_back(statement, payment, 1)
    for _ in range(2):
        await house.do(payments.fail_refund, payments.FailRefund(statement, payment, refund))
    await house.do(payments.complete_refund, payments.CompleteRefund(statement, payment, refund))
    assert await house.due(statement) == 0, "a failed refund is not completed by a word told late"
    await house.sent_back(statement, payment, 10_000)
    assert await house.due(statement) == 10_000


async def test_r33_a_dispute_takes_the_money_and_gives_it_back_when_the_practice_wins() -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    payment = await house.paid(statement, 10_000)
    await house.disputed(statement, payment, 0)
    assert await house.due(statement) == 0, "an inquiry takes nothing yet"
    await house.disputed(statement, payment, 10_000)
    assert await house.due(statement) == 10_000
    await house.disputed(statement, payment, 10_000, "won")
    await house.disputed(statement, payment, 0, "won")
    assert await house.due(statement) == 0


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ([(10_000, "open"), (10_000, "open")], 10_000),
        ([(10_000, "open"), (0, "open")], 10_000),
        ([(10_000, "lost"), (0, "open"), (10_000, "open")], 10_000),
        ([(0, "won"), (10_000, "open")], 0),
        ([(10_000, "open"), (0, "won"), (10_000, "won"), (10_000, "lost")], 0),
        ([(10_000, "won")], 0),
        ([(0, "lost"), (10_000, "lost")], 10_000),
    ],
)
async def test_r33_words_of_a_dispute_told_twice_late_or_out_of_order_end_alike(
    words: list[tuple[int, Outcome]], due: int
) -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    payment = await house.paid(statement, 10_000)
    for cents, outcome in words:
        await house.disputed(statement, payment, cents, outcome)
    assert await house.due(statement) == due


async def test_r33_what_a_dispute_took_is_not_sent_back_besides() -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    payment = await house.paid(statement, 10_000)
    await house.disputed(statement, payment, 10_000)
    with pytest.raises(AmountAboveReceived):
        await house.asked_back(statement, payment, 1)


async def test_r33_a_dispute_of_money_that_never_came_is_refused_until_it_has_come() -> None:
    house = BillingPractice()
    statement = await house.stated(await house.charged(10_000))
    payment = await house.started(statement, 10_000)
    with pytest.raises(PaymentNotReceived):
        await house.disputed(statement, payment, 10_000)
    with pytest.raises(NotFound):
        await house.disputed(statement, UUID(int=77), 10_000)


async def test_r33_a_withdrawn_statement_is_not_paid_and_its_charges_can_be_stated_again() -> None:
    house = BillingPractice()
    charge = await house.charged(10_000)
    statement = await house.stated(charge)
    payment = await house.paid(statement, 3_000)
    await house.withdrawn(statement)
    with pytest.raises(StatementWithdrawn):
        await house.started(statement, 1)
    with pytest.raises(StatementWithdrawn):
        await house.withdrawn(statement)
    assert (await house.statement(statement)).credit == Money(3_000), "nothing is carried forward"
    again = await house.stated(charge)
    assert await house.due(again) == 10_000
    await house.sent_back(statement, payment, 3_000)
    assert await house.due(statement) == 0


@pytest.mark.parametrize(
    ("owed", "paid", "parts"),
    [
        ([60, 40], 0, [0, 0]),
        ([60, 40], 59, [59, 0]),
        ([60, 40], 60, [60, 0]),
        ([60, 40], 61, [60, 1]),
        ([60, 40], 101, [60, 40]),
        ([0, 40], 1, [0, 1]),
        ([60], -5, [0]),
    ],
)
def test_r33_payments_are_allocated_to_charges_in_their_order(owed: list[int], paid: int, parts: list[int]) -> None:
    assert allocated([Money(one) for one in owed], Money(paid)) == [Money(one) for one in parts]


async def refunded_elsewhere(
    practice: BillingPractice, statement: UUID, payment: UUID, cents: int, number: int
) -> None:
    """As the processor tells of a refund that was begun at its own pages."""
    command = payments.RecordRefund(statement, payment, UUID(int=9_000 + number), Money(cents))
    await practice.do(payments.record_refund, command)


async def test_r33_a_refund_begun_at_the_processor_counts_once_and_asks_nobody_to_send_anything() -> None:
    practice = BillingPractice()
    statement = await practice.stated(await practice.charged(5_000))
    payment = await practice.paid(statement, 5_000)
    for _ in range(3):
        await refunded_elsewhere(practice, statement, payment, 2_000, 1)
    assert await practice.due(statement) == 2_000
    found = await practice.statement(statement)
    assert (found.refunds, found.payment(payment).refunded) == ({}, Money(2_000))
    with pytest.raises(AmountAboveReceived):  # not a cent above what is left of it
        await refunded_elsewhere(practice, statement, payment, 3_001, 2)
    await refunded_elsewhere(practice, statement, payment, 3_000, 2)
    assert await practice.due(statement) == 5_000


async def test_r33_a_refund_that_came_back_to_the_practice_is_paid_again_and_late_words_change_nothing() -> None:
    practice = BillingPractice()
    statement = await practice.stated(await practice.charged(5_000))
    payment = await practice.paid(statement, 5_000)
    await refunded_elsewhere(practice, statement, payment, 2_000, 1)
    for _ in range(2):
        await practice.do(payments.fail_refund, payments.FailRefund(statement, payment, UUID(int=9_001)))
    await refunded_elsewhere(practice, statement, payment, 2_000, 1)
    assert await practice.due(statement) == 0
    assert (await practice.statement(statement)).payment(payment).free == Money(5_000)


async def test_r33_r18_a_refund_begun_at_the_processor_takes_the_money_where_it_went_on_to() -> None:
    practice = BillingPractice()
    private, other = await practice.charged(3_000), await practice.charged(2_000)
    statement = await practice.stated(private, other)
    payment = await practice.paid(statement, 5_000)
    await practice.made_confidential(private)
    successors = (await practice.statement(statement)).successor_ids
    await refunded_elsewhere(practice, statement, payment, 5_000, 1)
    assert sorted([await practice.due(one) for one in successors]) == [2_000, 3_000]
    await practice.do(payments.fail_refund, payments.FailRefund(statement, payment, UUID(int=9_001)))
    assert [await practice.due(one) for one in successors] == [0, 0]


@pytest.mark.parametrize(("cents", "is_refused"), [(3_999, False), (4_000, False), (4_001, True)])
async def test_r33_nobody_pays_more_than_the_balance_that_they_see(cents: int, is_refused: bool) -> None:
    practice = BillingPractice()
    statement = await practice.stated(await practice.charged(5_000))
    command = payments.StartPayment(statement, Money(cents), at_most=Money(4_000))
    if is_refused:
        with pytest.raises(AmountAboveDue):
            await practice.do(payments.start_payment, command)
    else:
        await practice.do(payments.start_payment, command)
