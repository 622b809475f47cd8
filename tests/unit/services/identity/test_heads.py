"""The leases of peers: what was acknowledged is named, whether or not the read model has it yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.identity import heads
from services.identity.commands.patients import RecordDeath, record_death
from services.identity.heads import Heads
from services.identity.projections.changes import FACTS, STAFF
from shared.bus.partitions import key_bytes, partition_of
from tests.unit.services.identity.people import Town


class StandsStill:
    """A database whose read models are at a position and hold nothing; and maybe something is parked."""

    def __init__(self, position: int = 0, *, parked: bool = False) -> None:
        self.position, self.parked = position, parked

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        if "parked" in sql:
            return [{"1": 1}] if self.parked else []
        return [{"position": self.position}] if "positions" in sql else []

    @asynccontextmanager
    async def live_rows(self) -> AsyncIterator["StandsStill"]:
        yield self


def heads_over(town: Town, database: StandsStill) -> Heads:
    given: Any = database
    return Heads(town.store, given)


async def test_what_the_read_model_does_not_have_yet_is_read_from_the_store() -> None:
    town = Town()
    practice = (await town.open_practice()).practice_id
    patient = await town.register(practice)
    reading = heads_over(town, StandsStill())
    assert await reading.beyond(FACTS, {}) == {patient}
    assert await reading.beyond(STAFF, {}) == set()
    other = await town.register(practice, email="other@example.org")
    assert await reading.beyond(FACTS, {}) == {patient, other}


async def test_the_applied_position_of_the_partition_decides() -> None:
    town = Town()
    patient = await town.register((await town.open_practice()).practice_id)
    partition, head = partition_of(key_bytes(patient)), await town.store.head()
    reading = heads_over(town, StandsStill())
    assert await reading.beyond(FACTS, {partition: head}) == set()
    assert await reading.beyond(FACTS, {partition: head - 1}) == {patient}
    assert await reading.beyond(FACTS, {(partition + 1) % 12: head}) == {patient}
    await town.perform(record_death, RecordDeath(patient))
    assert await reading.beyond(FACTS, {partition: head}) == {patient}


async def test_too_many_or_a_parked_event_mean_ask_about_every_one(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town()
    practice = (await town.open_practice()).practice_id
    await town.register(practice)
    assert await heads_over(town, StandsStill(parked=True)).beyond(FACTS, {}) is None
    monkeypatch.setattr(heads, "MOST", 1)
    reading = heads_over(town, StandsStill())
    assert await reading.beyond(FACTS, {}) is not None
    await town.register(practice, email="other@example.org")
    assert await reading.beyond(FACTS, {}) is None


async def test_what_the_read_model_has_is_not_held_twice() -> None:
    town = Town()
    await town.register((await town.open_practice()).practice_id)
    database = StandsStill()
    reading = heads_over(town, database)
    await reading.beyond(FACTS, {})
    database.position = await town.store.head()
    assert await reading.beyond(FACTS, {}) == set()
