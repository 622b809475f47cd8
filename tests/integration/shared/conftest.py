"""An event store of lamps over two real databases, and hands to break it with."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.migrations import migrate
from shared.privacy import Pool, Sealer, ServiceKey, SubjectKeys
from tests.unit.shared.eventstore.lamps import TABLE

MASTER = bytes(range(32))


@dataclass(frozen=True)
class Instance:
    """One process's worth of a service: its store and what it stands on."""

    store: PostgresEventStore
    keys: SubjectKeys
    sealer: Sealer
    events: Pool
    key_pool: Pool

    async def forget_cached_keys(self) -> None:
        self.keys._cache.clear()

    async def lose_key(self, subject_id: UUID) -> None:
        """As if the second database had been lost in part: no tombstone tells of it."""
        await self.key_pool.execute("DELETE FROM subject_keys WHERE subject_id = $1", subject_id)
        await self.forget_cached_keys()


Start = Callable[[], Awaitable[Instance]]


@pytest.fixture
async def start(database: str, keys_database: str) -> AsyncIterator[Start]:
    """Starts one more instance of the same service over the same two databases."""
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=8))
        keys = await stack.enter_async_context(asyncpg.create_pool(keys_database, min_size=1, max_size=4))
        async with events.acquire() as connection:
            await migrate(connection, MIGRATIONS, "events")
        async with keys.acquire() as connection:
            await migrate(connection, KEY_MIGRATIONS, "keys")

        async def make() -> Instance:
            subject_keys = SubjectKeys(ServiceKey("lamps", MASTER), events, keys)
            store = PostgresEventStore(TABLE, subject_keys, database, events)
            await store.open()
            stack.push_async_callback(store.close)
            return Instance(store, subject_keys, Sealer(subject_keys), events, keys)

        yield make


@pytest.fixture
async def instance(start: Start) -> Instance:
    return await start()
