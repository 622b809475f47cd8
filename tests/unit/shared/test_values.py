"""Money, positions and clocks at their edges."""

from datetime import UTC, datetime, timedelta

import pytest
from grpc import StatusCode

from shared.clock import FixedClock, RulesClock, machine_now
from shared.envelope import Position
from shared.errors import SLUGS, PortalError
from shared.money import Money


def test_money_is_exact_and_shows_its_cents() -> None:
    assert str(Money(10) + Money(20)) == "0.30 USD"
    assert str(Money(100) - Money(123_456)) == "-1,233.56 USD"


def test_money_of_two_currencies_does_not_mix() -> None:
    with pytest.raises(ValueError, match="expected an amount in USD, found EUR"):
        Money(1) + Money(1, "EUR")


def test_a_position_is_read_back_as_it_was_written() -> None:
    assert Position.parse(str(Position("consent", 17))) == Position("consent", 17)


@pytest.mark.parametrize(
    "text", ["", "consent", "consent:", ":3", "consent:-1", "consent:1:2", "consent:\u0661", "a b:1"]
)
def test_a_malformed_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected <service>:<number>"):
        Position.parse(text)


def test_a_position_beyond_postgresqls_bigint_is_refused() -> None:
    with pytest.raises(ValueError, match="expected <service>:<number>"):
        Position.parse("consent:" + "9" * 19)


def test_the_rules_clock_moves_forward_only() -> None:
    clock = RulesClock()
    clock.advance_to(timedelta(days=30))
    clock.advance_to(timedelta(days=1))
    assert clock.offset == timedelta(days=30)
    assert clock.now() - machine_now() > timedelta(days=29)


def test_a_fixed_clock_stands_still() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert FixedClock(at).now() == at


def kinds(error: type[PortalError] = PortalError) -> list[type[PortalError]]:
    return [found for child in error.__subclasses__() for found in (child, *kinds(child))]


def test_each_kind_of_error_has_its_row_in_the_table() -> None:
    assert [kind.__name__ for kind in kinds() if kind.slug not in SLUGS] == []
    assert all(status is not StatusCode.OK and expected for status, expected in SLUGS.values())
