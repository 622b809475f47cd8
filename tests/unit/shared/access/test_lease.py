"""A lease holds one second from the moment of asking, whatever the answer took."""

import asyncio

import pytest

from shared.access.lease import LEASE_SECONDS, Lease
from shared.errors import AccessUndecided, Unavailable
from tests.waiting import until


class Teller:
    """Answers with a number; its clock is turned by hand, also while it thinks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.thinks_seconds = 0.0
        self.answers = 0
        self.broken = False

    async def ask(self) -> int:
        self.seconds += self.thinks_seconds
        if self.broken:
            raise Unavailable
        self.answers += 1
        return self.answers


@pytest.fixture
def teller() -> Teller:
    return Teller()


@pytest.fixture
def lease(teller: Teller) -> Lease[int]:
    return Lease("test", teller.ask, lambda: teller.seconds)


async def test_nothing_is_held_before_the_first_answer(lease: Lease[int]) -> None:
    assert lease.held() is None


async def test_an_answer_holds_until_one_second_after_it_was_asked_for(lease: Lease[int], teller: Teller) -> None:
    teller.thinks_seconds = 0.6
    assert await lease.fresh() == 1
    teller.seconds = LEASE_SECONDS - 0.001
    assert lease.held() == 1
    teller.seconds = LEASE_SECONDS
    assert lease.held() is None


async def test_an_answer_that_comes_after_a_second_is_none(lease: Lease[int], teller: Teller) -> None:
    teller.thinks_seconds = LEASE_SECONDS
    with pytest.raises(AccessUndecided):
        await lease.fresh()
    assert lease.held() is None


async def test_a_failure_takes_nothing_away_before_its_time(lease: Lease[int], teller: Teller) -> None:
    await lease.fresh()
    teller.broken = True
    assert await lease.fresh() == 1
    teller.seconds = LEASE_SECONDS
    with pytest.raises(AccessUndecided):
        await lease.fresh()


async def test_it_is_kept_through_failures_and_answers_again_by_itself(lease: Lease[int], teller: Teller) -> None:
    teller.broken = True
    keeping = asyncio.create_task(lease.keep())
    await until(lambda: lease._failing)
    teller.broken = False
    await until(lambda: lease.held() == 1)
    keeping.cancel()
