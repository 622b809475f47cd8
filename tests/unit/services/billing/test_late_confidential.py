"""R18, R33: a charge marked confidential late leaves the posted statement, and the money follows what it paid."""

import asyncio
from uuid import UUID

import pytest

from services.billing.commands import payments
from services.billing.domain.errors import PaymentNotReceived, StatementWithdrawn
from services.billing.domain.statements import Statement
from shared.errors import NotFound
from shared.money import Money
from tests.unit.services.billing.practice import OTHER_PATIENT, BillingPractice


async def reissued(house: BillingPractice, statement_id: UUID) -> list[Statement]:
    """The statements that replaced one: what everybody still sees first."""
    return [await house.statement(one) for one in (await house.statement(statement_id)).successor_ids]


async def two_charges(house: BillingPractice) -> tuple[UUID, UUID, UUID]:
    plain, private = await house.charged(6_000), await house.charged(4_000)
    return await house.stated(plain, private), plain, private


async def test_r18_the_posted_statement_is_withdrawn_and_reissued_in_two() -> None:
    house = BillingPractice()
    old, plain, private = await two_charges(house)
    await house.made_confidential(private)
    rest, apart = await reissued(house, old)
    assert (await house.statement(old)).withdrawal == "confidential_charge"
    assert (rest.bill.charge_ids, rest.due, rest.bill.confidential) == ((plain,), Money(6_000), False)
    assert (apart.bill.charge_ids, apart.due, apart.bill.confidential) == ((private,), Money(4_000), True)
    assert len({(await house.statement(old)).bill.number, rest.bill.number, apart.bill.number}) == 3


async def test_r18_a_statement_over_that_charge_alone_is_reissued_as_one() -> None:
    house = BillingPractice()
    private = await house.charged(4_000)
    old = await house.stated(private)
    await house.made_confidential(private)
    (apart,) = await reissued(house, old)
    assert (apart.due, apart.bill.confidential) == (Money(4_000), True)


async def test_r18_a_charge_on_no_statement_only_becomes_confidential() -> None:
    house = BillingPractice()
    private = await house.charged(4_000)
    for _ in range(2):
        await house.made_confidential(private)
    assert (await house.statement(await house.stated(private))).bill.confidential


async def test_r18_marking_again_and_sending_the_form_twice_change_nothing() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    key = UUID(int=99)
    await house.made_confidential(private, key=key)
    before = await house.store.head()
    await house.made_confidential(private, key=key)
    await house.made_confidential(private)
    assert await house.store.head() == before
    assert len((await house.statement(old)).successor_ids) == 2


async def test_r18_another_patients_charge_is_not_found() -> None:
    house = BillingPractice()
    foreign = await house.charged(4_000, patient_id=OTHER_PATIENT)
    with pytest.raises(NotFound):
        await house.made_confidential(foreign)
    with pytest.raises(NotFound):
        await house.adjusted(foreign, 1)


@pytest.mark.parametrize(
    ("paid", "rest_due", "apart_due"),
    [(0, 6_000, 4_000), (5_999, 1, 4_000), (6_000, 0, 4_000), (6_001, 0, 3_999), (10_000, 0, 0)],
)
async def test_r33_what_was_paid_follows_first_to_what_everybody_still_sees(
    paid: int, rest_due: int, apart_due: int
) -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    if paid:
        await house.paid(old, paid)
    await house.made_confidential(private)
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (rest_due, apart_due, 0)


async def test_r33_money_that_comes_for_a_withdrawn_statement_goes_on_to_what_replaced_it_once() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    payment = await house.started(old, 10_000)
    await house.made_confidential(private)
    rest, _ = await reissued(house, old)
    await house.paid(rest.id, 6_000)
    for _ in range(3):
        await house.received(old, payment, 10_000)
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (-6_000, 0, 0)
    assert rest.credit == Money(6_000), "what came twice is a credit, to be sent back"
    await house.sent_back(rest.id, payment, 6_000)
    assert await house.due(rest.id) == 0


async def test_r33_money_asked_back_before_stays_until_it_is_sent_and_follows_if_it_is_not() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    payment = await house.paid(old, 10_000)
    refund = await house.asked_back(old, payment, 5_000)
    await house.made_confidential(private)
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents) == (1_000, 4_000)
    await house.do(payments.fail_refund, payments.FailRefund(old, payment, refund))
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (0, 0, 0)


async def test_r33_a_dispute_of_a_payment_that_was_carried_on_takes_it_where_it_stands() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    payment = await house.paid(old, 10_000)
    await house.made_confidential(private)
    await house.disputed(old, payment, 10_000)
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (6_000, 4_000, 0)
    await house.disputed(old, payment, 0, "won")
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (0, 0, 0)


async def test_r33_what_a_dispute_took_before_comes_back_to_what_replaced_the_statement() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    payment = await house.paid(old, 10_000)
    await house.disputed(old, payment, 10_000)
    await house.made_confidential(private)
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents) == (6_000, 4_000)
    await house.disputed(old, payment, 0, "won")
    rest, apart = await reissued(house, old)
    assert (rest.due.cents, apart.due.cents, await house.due(old)) == (0, 0, 0)


async def test_r33_a_second_charge_marked_later_moves_its_money_again() -> None:
    house = BillingPractice()
    one, two, three = [await house.charged(cents) for cents in (1_000, 2_000, 3_000)]
    old = await house.stated(one, two, three)
    slow = await house.started(old, 6_000)
    await house.made_confidential(three)
    await house.made_confidential(two)
    await house.received(old, slow, 6_000)
    rest, first_apart = await reissued(house, old)
    left, second_apart = await reissued(house, rest.id)
    dues = [await house.due(each.id) for each in (rest, first_apart, left, second_apart)]
    assert sum(dues) == 0
    assert dues[0] == 0


async def test_r33_a_payment_and_the_marking_at_one_moment_end_in_one_order() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    answers = await asyncio.gather(
        house.started(old, 10_000), house.made_confidential(private), house.started(old, 1), return_exceptions=True
    )
    assert not [one for one in answers if isinstance(one, Exception) and not isinstance(one, StatementWithdrawn)][1:]
    live = await reissued(house, old)
    assert sum(one.due.cents for one in live) == 10_000


async def test_r33_money_does_not_go_on_that_never_came() -> None:
    house = BillingPractice()
    old, _, private = await two_charges(house)
    payment = await house.started(old, 10_000)
    await house.made_confidential(private)
    with pytest.raises(PaymentNotReceived):
        (await house.statement(old)).carry_on(payment, private, Money(1))
