"""Where parked records lie: those of the live generation, and those of one that is being built."""

from collections.abc import Sequence
from uuid import UUID

from shared.reading.applying import Parked
from shared.reading.rows import Connection


class LiveShelf:
    """The parked records of the live generation and of effects."""

    async def keys(self, connection: Connection, source: str, keys: Sequence[UUID]) -> set[UUID]:
        rows = await connection.fetch(
            "SELECT DISTINCT key FROM public.parked WHERE source = $1 AND key = ANY($2)", source, keys
        )
        return {row["key"] for row in rows}

    async def park(self, connection: Connection, source: str, partition: int, parked: Sequence[Parked]) -> None:
        await connection.executemany(
            "INSERT INTO public.parked (source, partition, position, key, raw, error) VALUES ($1, $2, $3, $4, $5, $6)",
            [(source, partition, one.incoming.position, one.incoming.key, bytes(one.incoming.raw), one.error)
             for one in parked],
        )  # fmt: skip


class BuildingShelf:
    """The parked records of one generation that is not live; they join the live ones at the swap."""

    def __init__(self, generation: int) -> None:
        self._generation = generation

    async def keys(self, connection: Connection, source: str, keys: Sequence[UUID]) -> set[UUID]:
        rows = await connection.fetch(
            "SELECT DISTINCT key FROM public.building_parked WHERE generation = $1 AND source = $2 AND key = ANY($3)",
            self._generation, source, keys,
        )  # fmt: skip
        return {row["key"] for row in rows}

    async def park(self, connection: Connection, source: str, partition: int, parked: Sequence[Parked]) -> None:
        await connection.executemany(
            "INSERT INTO public.building_parked (generation, source, partition, position, key, raw, error) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [(self._generation, source, partition, one.incoming.position, one.incoming.key, bytes(one.incoming.raw),
              one.error) for one in parked],
        )  # fmt: skip
