"""R33: what is due is never paid twice, never overpaid by the portal, and always adds up."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.billing.domain.bills import Bill
from services.billing.domain.charges import Charge, Item
from services.billing.domain.errors import AmountAboveDue, AmountAboveReceived, ChargeOnStatement, PaymentNotReceived
from services.billing.domain.statements import RESERVATION, Statement
from shared.errors import InvalidField, NotFound
from shared.money import Money

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
STATEMENT, PRACTICE, PATIENT, PAYMENT, OTHER, REFUND = (UUID(int=number) for number in range(1, 7))


def posted(cents: int = 10_000) -> Statement:
    bill = Bill("20260308-ABCDEFGHIJKL", (UUID(int=9),), Money(cents), date(2026, 4, 7), confidential=False)
    return Statement(STATEMENT, PRACTICE, PATIENT, bill, "desk", AT)


def paid(cents: int = 10_000) -> Statement:
    statement = posted()
    statement.start_payment(PAYMENT, Money(cents), AT)
    statement.receive_payment(PAYMENT, Money(cents), "pi_1", AT)
    return statement


def test_r33_a_charge_is_on_one_live_statement() -> None:
    item = Item(date(2026, 3, 1), "visit", "Office visit", Money(10_000))
    charge = Charge(UUID(int=9), PRACTICE, PATIENT, item, "desk", AT)
    charge.put_on(STATEMENT)
    with pytest.raises(ChargeOnStatement):
        charge.put_on(OTHER)


@pytest.mark.parametrize("cents", [0, -1])
def test_r33_an_amount_of_nothing_or_less_is_refused(cents: int) -> None:
    with pytest.raises(InvalidField):
        posted().start_payment(PAYMENT, Money(cents), AT)


def test_r33_all_that_is_due_can_be_paid_and_not_a_cent_more() -> None:
    posted().start_payment(PAYMENT, Money(10_000), AT)
    with pytest.raises(AmountAboveDue):
        posted().start_payment(PAYMENT, Money(10_001), AT)


def test_r33_an_open_payment_reserves_its_amount_for_30_minutes() -> None:
    statement = posted()
    statement.start_payment(PAYMENT, Money(6_000), AT)
    with pytest.raises(AmountAboveDue):
        statement.start_payment(OTHER, Money(4_001), AT + RESERVATION - SECOND)
    statement.start_payment(OTHER, Money(10_000), AT + RESERVATION)


def test_r33_a_failed_payment_reserves_nothing() -> None:
    statement = posted()
    statement.start_payment(PAYMENT, Money(10_000), AT)
    statement.fail_payment(PAYMENT, "declined", AT)
    statement.start_payment(OTHER, Money(10_000), AT)


def test_r33_money_told_of_twice_is_received_once() -> None:
    statement = paid()
    before = statement.version
    statement.receive_payment(PAYMENT, Money(10_000), "pi_1", AT)
    assert (statement.due, statement.version) == (Money(0), before)


def test_r33_money_that_comes_after_the_reservation_still_counts() -> None:
    statement = posted()
    statement.start_payment(PAYMENT, Money(10_000), AT)
    statement.fail_payment(PAYMENT, "expired", AT + RESERVATION)
    statement.receive_payment(PAYMENT, Money(10_000), "pi_1", AT + RESERVATION + SECOND)
    assert statement.due == Money(0)


def test_r33_a_failure_told_after_the_money_changes_nothing() -> None:
    statement = paid()
    statement.fail_payment(PAYMENT, "declined", AT)
    assert statement.due == Money(0)


def test_r33_money_of_an_unknown_payment_is_refused() -> None:
    with pytest.raises(NotFound):
        posted().receive_payment(PAYMENT, Money(1), "pi_1", AT)


def test_r33_a_refund_is_at_most_what_was_received_and_counts_when_carried_out() -> None:
    statement = paid()
    with pytest.raises(AmountAboveReceived):
        statement.request_refund(PAYMENT, REFUND, Money(10_001), "twice", AT)
    statement.request_refund(PAYMENT, REFUND, Money(4_000), "twice", AT)
    with pytest.raises(AmountAboveReceived):
        statement.request_refund(PAYMENT, OTHER, Money(6_001), "twice", AT)
    assert statement.due == Money(0)
    statement.complete_refund(PAYMENT, REFUND, AT)
    statement.complete_refund(PAYMENT, REFUND, AT)
    assert statement.due == Money(4_000)


def test_r33_what_was_not_received_is_not_refunded() -> None:
    statement = posted()
    statement.start_payment(PAYMENT, Money(10_000), AT)
    with pytest.raises(PaymentNotReceived):
        statement.request_refund(PAYMENT, REFUND, Money(1), "none", AT)
