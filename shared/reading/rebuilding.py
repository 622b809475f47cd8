"""A generation built from the beginning beside the live one, compared with it, and put in its place."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from shared.reading.applying import EFFECTS, Batch, Source
from shared.reading.comparing import Compared, compare
from shared.reading.feed import Feed
from shared.reading.generations import Generations, schema_of
from shared.reading.rows import Connection, Seals
from shared.reading.shelves import BuildingShelf
from shared.reading.sources import RecordSource

SWAP_TRIES = 50
PAUSE_SECONDS = 0.1
NEAR_RECORDS = 200
"""So many records at most are left for the moment in which live reading is held."""
HELD_SECONDS = 10.0
"""The longest that live reading is held for the rest of a generation; else it is tried again."""

Positions = dict[str, dict[int, int]]
Progress = Callable[[int, int], None]
"""(done, of): positions read so far, of those that the live generation has."""

_SETTLE = """
UPDATE public.parked AS live
SET done = ARRAY(SELECT unnest(live.done) EXCEPT SELECT unnest($2::text[]))
    || CASE WHEN EXISTS (SELECT FROM public.building_parked AS mine
                         WHERE mine.generation = $3 AND mine.source = $1 AND mine.position = live.position)
            THEN '{}'::text[] ELSE $2::text[] END
WHERE live.source = $1
"""

log = logging.getLogger(__name__)


class Outdated(Exception):
    """A record that this generation has was dropped meanwhile: it must be built anew."""


class Rebuild:
    """One generation on its way. Its positions are stored with its rows, so a new Rebuild goes on where one ended."""

    def __init__(
        self, generations: Generations, generation: int, records: Mapping[str, RecordSource], sealer: Seals
    ) -> None:
        self._generations, self._pool, self.generation = generations, generations.pool, generation
        self._records, self._sealer = records, sealer
        self._sources: dict[str, Source] = {}
        self._feeds: dict[str, Feed] = {}

    async def open(self) -> None:
        names = await self._generations.building(self.generation)
        models = [self._generations.models[name] for name in sorted(names)]
        self._sources = {
            source: Source(source, [model for model in models if model.source == source])
            for source in sorted({model.source for model in models})
        }

    async def close(self) -> None:
        for feed in self._feeds.values():
            await feed.close()
        self._feeds.clear()

    async def catch_up(self, progress: Progress = lambda done, of: None) -> None:
        """Builds until little is left, or until live reading, too, goes as fast as it can: the rest is done held."""
        applied = before = await self._apply_upto(await self._live_positions(self._pool), progress)
        while applied > NEAR_RECORDS and applied <= before:
            before = applied // 2
            applied = await self._apply_upto(await self._live_positions(self._pool), progress)

    async def verify(self) -> list[Compared]:
        """Compares both in one snapshot at the same positions; live reading goes on meanwhile. Outdated as in swap."""
        async with self._pool.acquire() as reader:
            snapshot = reader.transaction(isolation="repeatable_read", readonly=True)
            async with self._held():
                await snapshot.start()
                await reader.execute("SELECT FROM public.positions")
            try:
                building = await self._generations.building(self.generation)
                return [
                    await compare(reader, self._sealer, name, building[name].tables, self.generation)
                    for name in sorted(building)
                ]
            finally:
                await snapshot.rollback()

    async def swap(self) -> None:
        """Shows this generation; the one before it is dropped. Outdated where it must be built anew."""
        for attempt in range(1, SWAP_TRIES + 1):
            try:
                async with self._held() as connection:
                    await connection.execute("SET LOCAL lock_timeout = '200ms'")
                    await self._settle_parked(connection)
                    await self._generations.show(connection, self.generation)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                if attempt == SWAP_TRIES:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                break
        await self._generations.sweep()

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Connection]:
        """A transaction that holds the live position rows, in one order, with this generation at the same place."""
        await self.catch_up()
        async with asyncio.timeout(HELD_SECONDS), self._pool.acquire() as connection, connection.transaction():
            await connection.fetch(
                "SELECT FROM public.positions WHERE source = ANY($1) ORDER BY source, partition FOR UPDATE",
                list(self._sources),
            )
            await self._refuse_if_outdated(connection)
            await self._apply_upto(await self._live_positions(connection))
            for source in self._sources:
                await self._retry_parked(source)
            yield connection

    async def _live_positions(self, connection: "Connection | asyncpg.Pool[asyncpg.Record]") -> Positions:
        rows = await connection.fetch(
            "SELECT source, partition, position FROM public.positions WHERE source = ANY($1)", list(self._sources)
        )
        positions: Positions = {source: {} for source in self._sources}
        for row in rows:
            positions[row["source"]][row["partition"]] = row["position"]
        return positions

    async def _own_positions(self) -> Positions:
        rows = await self._pool.fetch(
            "SELECT source, partition, position FROM public.building_positions WHERE generation = $1", self.generation
        )
        positions: Positions = {source: {} for source in self._sources}
        for row in rows:
            positions[row["source"]][row["partition"]] = row["position"]
        return positions

    async def _apply_upto(self, until: Positions, progress: Progress = lambda done, of: None) -> int:
        """How many records were applied."""
        own = await self._own_positions()
        of, applied = sum(sum(parts.values()) for parts in until.values()), 0
        for source in self._sources:
            feed = self._feeds.setdefault(source, Feed(self._records[source], own[source]))
            try:
                async for partition, incoming, to in feed.upto(until[source]):
                    async with self._pool.acquire() as connection, connection.transaction():
                        await self._move(connection, source, partition, own[source].get(partition, 0), to)
                        await connection.execute(f"SET LOCAL search_path TO {schema_of(self.generation)}")
                        batch = Batch(connection, schema_of(self.generation), self._sources[source], self._sealer)
                        await batch.run(partition, incoming, BuildingShelf(self.generation))
                    own[source][partition] = to
                    applied += len(incoming)
                    progress(sum(sum(parts.values()) for parts in own.values()), of)
            except BaseException:
                # The feed may have handed on what was not kept: the next try begins at the stored positions.
                await self._feeds.pop(source).close()
                raise
        progress(of, of)
        return applied

    async def _move(self, connection: Connection, source: str, partition: int, expected: int, to: int) -> None:
        moved = await connection.execute(
            "INSERT INTO public.building_positions (generation, source, partition, position) VALUES ($1, $2, $3, $5) "
            "ON CONFLICT (generation, source, partition) DO UPDATE SET position = $5 "
            "WHERE building_positions.position = $4",
            self.generation, source, partition, expected, to,
        )  # fmt: skip
        if moved != "INSERT 0 1":
            raise Outdated(f"expected {schema_of(self.generation)} at position {expected} of {source}, found another")

    async def _retry_parked(self, source: str) -> None:
        """What failed here while it was built may go in by now, as it has in the live generation."""
        rows = await self._pool.fetch(
            "SELECT position, key, raw FROM public.building_parked AS mine WHERE generation = $1 AND source = $2 "
            "AND NOT EXISTS (SELECT FROM public.parked WHERE source = $2 AND position = mine.position) "
            "ORDER BY position",
            self.generation, source,
        )  # fmt: skip
        stuck = set()
        for row in rows:
            if row["key"] in stuck:
                continue
            incoming = await self._records[source].read_again(row["position"], row["raw"])
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(f"SET LOCAL search_path TO {schema_of(self.generation)}")
                batch = Batch(connection, schema_of(self.generation), self._sources[source], self._sealer)
                if incoming is not None and await batch.one(incoming) is not None:
                    stuck.add(row["key"])
                    continue
                await connection.execute(
                    "DELETE FROM public.building_parked WHERE generation = $1 AND source = $2 AND position = $3",
                    self.generation, source, row["position"],
                )  # fmt: skip

    async def _refuse_if_outdated(self, connection: Connection) -> None:
        begun_at: datetime = await connection.fetchval(
            "SELECT min(begun_at) FROM public.building_models WHERE generation = $1", self.generation
        )
        if await connection.fetchval(
            "SELECT EXISTS (SELECT FROM public.drops WHERE source = ANY($1) AND dropped_at > $2)",
            list(self._sources), begun_at,
        ):  # fmt: skip
            raise Outdated(f"expected no record dropped since {schema_of(self.generation)} was begun")

    async def _settle_parked(self, connection: Connection) -> None:
        """Parked records of the live generation learn what the new one has of them, and the new one's join them."""
        for source, mine in self._sources.items():
            names = [model.name for model in mine.read_models]
            others = [
                model.name
                for model in self._generations.models.values()
                if model.source == source and model.name not in names
            ]
            await connection.execute(_SETTLE, source, names, self.generation)
            await connection.execute(
                "INSERT INTO public.parked (source, partition, position, key, raw, error, done) "
                "SELECT source, partition, position, key, raw, error, $3 FROM public.building_parked "
                "WHERE generation = $2 AND source = $1 ON CONFLICT (source, position) DO NOTHING",
                source, self.generation, [*others, EFFECTS],
            )  # fmt: skip
