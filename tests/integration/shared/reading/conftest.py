"""The letters service over two real databases: store, live reading, generations, parking."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.effects import table
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.eventstore.store import CommandRecord, StreamChange
from shared.ids import uuid7
from shared.migrations import migrate
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.reading import Incoming, ReadModel
from shared.reading import database as reading_database
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import Source, sources_of
from shared.reading.database import Pool, PostgresDatabase, open_pool
from shared.reading.generations import Generations
from shared.reading.parking import Parking
from shared.reading.projector import OwnProjector
from shared.reading.replays import Replays
from shared.reading.sources import OwnStore, RecordSource
from tests.integration.shared.reading.letters import AT, LETTERS, RAIN, TABLE, Letter, Rained, Sky, thank, umbrella

FOLDERS = {"events": MIGRATIONS, "reading": reading_database.MIGRATIONS, "effects": table.MIGRATIONS}


@dataclass
class House:
    """One process's worth of the service; ``again`` gives a second one over the same databases."""

    dsn: str
    store: PostgresEventStore
    keys: SubjectKeys
    key_pool: Pool
    pool: Pool
    building_pool: Pool
    sky: Sky
    read_models: Sequence[ReadModel] = (LETTERS, RAIN)

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.keys)

    @property
    def database(self) -> PostgresDatabase:
        return PostgresDatabase(self.pool, self.sealer)

    @property
    def sources(self) -> Mapping[str, Source]:
        return sources_of("letters", self.read_models, {Letter.Written: thank}, {"weather": {Rained: umbrella}})

    @property
    def records(self) -> Mapping[str, RecordSource]:
        return {"letters": OwnStore(self.store, self.sources["letters"].types()), "weather": self.sky}

    def advance(self) -> PostgresAdvance:
        return PostgresAdvance(self.pool, self.sealer, self.sources)

    def projector(self, advance: PostgresAdvance | None = None) -> OwnProjector:
        return OwnProjector(
            self.store, OwnStore(self.store, self.sources["letters"].types()), advance or self.advance()
        )

    def parking(self) -> Parking:
        return Parking(self.pool, self.sealer, self.sources, self.records)

    def generations(self) -> Generations:
        return Generations(self.building_pool, "letters", self.read_models)

    def replays(self) -> Replays:
        return Replays(self.generations(), self.records, self.sealer)

    async def write(self, owner: UUID, text: str, *, read_on: date | None = None) -> UUID:
        """One letter in the store; its id."""
        letter = Letter(letter_id=uuid7(), owner_id=owner, text=text, tags=["new", text[:3]])
        if read_on is not None:
            letter.read(read_on)
        change = StreamChange(letter.id, 0, owner, list(letter.collect_events()))  # type: ignore[arg-type]
        await self.store.append(CommandRecord(uuid7(), b"f", AT, {"patient": str(owner)}), [change])
        return letter.id

    async def rained(self, *incoming: Incoming, partition: int = 0) -> None:
        """The reader of the peer's topic brings a batch."""
        advance = self.advance()
        last = await advance.last("weather", partition)
        await advance.advance("weather", partition, last, incoming, incoming[-1].position)

    async def look(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        async with self.database.live_rows() as rows:
            return await rows.fetch(sql, *arguments)


@pytest.fixture
async def house(database: str, keys_database: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=4))
        key_pool = await stack.enter_async_context(asyncpg.create_pool(keys_database, min_size=1, max_size=2))
        async with events.acquire() as connection:
            for scope, folder in FOLDERS.items():
                await migrate(connection, folder, scope)
        async with key_pool.acquire() as connection:
            await migrate(connection, KEY_MIGRATIONS, "keys")
        pool = await stack.enter_async_context(await open_pool(database))
        building = await stack.enter_async_context(await open_pool(database))
        keys = SubjectKeys(ServiceKey("letters", bytes(range(32))), events, key_pool)
        store = PostgresEventStore(TABLE, keys, database, events)
        await store.open()
        stack.push_async_callback(store.close)
        Sky.mended = False
        made = House(database, store, keys, key_pool, pool, building, Sky())
        await made.replays().start()
        yield made
