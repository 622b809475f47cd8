"""The short form of ``make faults``: one storm of kills, a rebuild after it, and a broker that comes back empty."""

import pytest

from tests.faults import promises
from tests.faults.promises import Kept

SECONDS = 8.0
VICTIMS = ("writer", "relay", "reader", "postgres")
"""Kafka dies in the third part, where it loses everything besides."""


def show(kept: Kept) -> str:
    return f"promise {kept.promise}, seed {kept.seed}: {'; '.join(kept.complaints[:5])}"


@pytest.mark.timeout(300)
async def test_kills_and_a_wiped_broker_lose_nothing_and_double_nothing() -> None:
    seed = promises.new_seed()
    async with promises.raged(seed, SECONDS, VICTIMS) as after:
        broken = [show(one) for one in after.kept if not one.held]
        assert broken == []
        assert after.world.kills > 0, f"seed {seed}"
        for one in (await promises.a_wiped_broker_is_filled_again(after), await promises.replay_equals_live(after)):
            assert one.held, show(one)
