"""What a process says of its tables, relay, reader and leases."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest

from shared.access.lease import Lease
from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.clock import FixedClock
from shared.effects import table
from shared.eventstore.memory import MemoryEventStore
from shared.migrations import migrate
from shared.process.measuring import Measuring
from shared.reading import database as reading
from tests.unit.shared.eventstore.lamps import TABLE
from tests.unit.shared.test_metrics import points

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Leading:
    """As much of a relay and of a reader as is looked at."""

    def __init__(self) -> None:
        self.leading, self.position = True, 7
        self.counts = Counter({"applied": 5, "gaps": 1})
        self.lag = {("consent", 0): 2, ("consent", 5): 3}


async def answer() -> str:
    return "yes"


def by(name: str, attribute: str) -> dict[str, Any]:
    return {attributes[attribute]: point.value for attributes, point in points(name)}


@pytest.fixture
async def pool(database: str) -> Any:
    async with asyncpg.create_pool(database, min_size=1, max_size=2) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, reading.MIGRATIONS, "reading")
            await migrate(connection, table.MIGRATIONS, "effects")
        yield pool


async def effect(pool: Any, state: str, due_at: datetime) -> None:
    await pool.execute(
        "INSERT INTO effects (id, cause, kind, key, recipient, at, due_at, details, traceparent, state) "
        "VALUES ($1, 'consent:1', 'mail', $2, '', $3, $4, '{}', '', $5)",
        *(uuid4(), uuid4(), NOW - timedelta(minutes=5), due_at, state),
    )


async def test_one_look_tells_how_far_everything_is(pool: Any) -> None:
    points("")
    await effect(pool, "pending", NOW - timedelta(seconds=90))
    await effect(pool, "pending", NOW + timedelta(days=3))
    await effect(pool, "parked", NOW - timedelta(days=1))
    await effect(pool, "done", NOW - timedelta(days=9))
    await pool.execute("INSERT INTO parked VALUES ('consent', 0, 3, $1, '', 'KeyError')", uuid4())
    at = [100.0]
    lease: Lease[str] = Lease("access", answer, lambda: at[0])
    await lease.fresh()
    at[0] += 0.4
    leading: Any = Leading()
    store = MemoryEventStore("messaging", TABLE)
    sources = ("consent", "identity")
    measuring = Measuring(
        store, pool, FixedClock(NOW), sources, {"access": lease}, cast("Relay", leading), cast("Reader", leading)
    )
    await measuring.look()
    leading.counts["applied"] += 2
    await measuring.look()

    assert by("portal.effects", "state") == {"due": 1, "later": 1, "parked": 1}
    [(_, age)] = points("portal.effects.age")
    assert age.value == pytest.approx(90)
    assert by("portal.parked.records", "source") == {"consent": 1, "identity": 0, "messaging": 0}
    assert by("portal.reader.lag", "source") == {"consent": 5, "identity": 0}
    assert {k: v for k, v in by("portal.reader.records", "outcome").items() if v} == {"applied": 7, "gaps": 1}
    assert by("portal.lease.age", "lease") == {"access": pytest.approx(0.4)}
    [(_, position)] = points("portal.relay.position")
    assert position.value == 7
