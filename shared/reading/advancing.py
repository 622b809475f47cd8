"""Moves a live position together with everything that rests on it: compare-and-set first, in one transaction."""

import asyncio
from collections.abc import Mapping, Sequence

from shared.reading import Incoming, Overtaken
from shared.reading.applying import Batch, Source
from shared.reading.database import Pool
from shared.reading.rows import LIVE, Connection, Seals
from shared.reading.shelves import LiveShelf

SECONDS = 60.0
"""How long one advance may take: a read model that never ends must not hold its source for ever."""


class PostgresAdvance:
    """Advance over the service's own database. ``moved`` wakes whoever waits for a position or for effects."""

    def __init__(self, pool: Pool, sealer: Seals, sources: Mapping[str, Source]) -> None:
        self._pool, self._sealer, self._sources = pool, sealer, sources
        self._shelf = LiveShelf()
        self._sleepers: set[asyncio.Event] = set()

    async def last(self, source: str, partition: int) -> int:
        return await live_position(self._pool, source, partition)

    async def advance(self, source: str, partition: int, expected: int, incoming: Sequence[Incoming], to: int) -> None:
        positions = [one.position for one in incoming]
        if positions != sorted(set(positions)) or not all(expected < position <= to for position in positions):
            raise ValueError(f"expected rising positions after {expected} up to {to}, found others of {source}")
        async with asyncio.timeout(SECONDS), self._pool.acquire() as connection, connection.transaction():
            if not await compare_and_set(connection, source, partition, expected, to):
                raise Overtaken
            if incoming:
                await connection.execute(f"SET LOCAL search_path TO {LIVE}")
                batch = Batch(connection, LIVE, self._sources[source], self._sealer)
                await batch.run(partition, incoming, self._shelf)
        for sleeper in list(self._sleepers):
            sleeper.set()

    def subscribe(self, sleeper: asyncio.Event) -> None:
        """Sets ``sleeper`` after each advance of this process, until ``unsubscribe``."""
        self._sleepers.add(sleeper)

    def unsubscribe(self, sleeper: asyncio.Event) -> None:
        self._sleepers.discard(sleeper)


async def live_position(pool: Pool, source: str, partition: int) -> int:
    """The stored position, 0 where nothing was read."""
    found = await pool.fetchval(
        "SELECT position FROM public.positions WHERE source = $1 AND partition = $2", source, partition
    )
    return found or 0


async def compare_and_set(connection: Connection, source: str, partition: int, expected: int, to: int) -> bool:
    """Whether the position was ``expected``; then it is ``to`` and held until the transaction ends."""
    if expected == 0:
        await connection.execute(
            "INSERT INTO public.positions (source, partition, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            source, partition,
        )  # fmt: skip
    moved = await connection.execute(
        "UPDATE public.positions SET position = $4 WHERE source = $1 AND partition = $2 AND position = $3",
        source, partition, expected, to,
    )  # fmt: skip
    return moved == "UPDATE 1"
