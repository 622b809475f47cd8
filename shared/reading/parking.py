"""Parked records: kept by key in order, retried or dropped while their source's position is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import NotFound
from shared.reading.applying import Batch, Source
from shared.reading.database import Pool
from shared.reading.rows import LIVE, Connection, Seals
from shared.reading.sources import RecordSource


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A row of the list for operations. ``error`` is '' for what only waits behind an earlier one of its key."""

    source: str
    position: int
    key: UUID
    error: str
    parked_at: datetime


class Parking:
    """What operations does about parked records. ``records`` and ``sources`` have the same rows."""

    def __init__(
        self, pool: Pool, sealer: Seals, sources: Mapping[str, Source], records: Mapping[str, RecordSource]
    ) -> None:
        self._pool, self._sealer, self._sources, self._records = pool, sealer, sources, records

    async def parked(self, limit: int = 1000) -> list[ParkedRecord]:
        """The oldest parked records, by source and position."""
        rows = await self._pool.fetch(
            "SELECT source, position, key, error, parked_at FROM public.parked ORDER BY source, position LIMIT $1",
            limit,
        )
        return [ParkedRecord(**row) for row in rows]

    async def parked_keys(self, source: str) -> frozenset[UUID]:
        """Keys of which a record is parked: what rests on this source is not to be believed for them."""
        rows = await self._pool.fetch("SELECT DISTINCT key FROM public.parked WHERE source = $1", source)
        return frozenset(row["key"] for row in rows)

    async def retry_parked(self, source: str, key: UUID) -> int:
        """Applies the parked records of a key in order, up to the first that still fails; how many went in."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection, source, key)
            rows = await connection.fetch(
                "SELECT position, raw, done FROM public.parked WHERE source = $1 AND key = $2 ORDER BY position",
                source, key,
            )  # fmt: skip
            await connection.execute(f"SET LOCAL search_path TO {LIVE}")
            batch = Batch(connection, LIVE, self._sources[source], self._sealer)
            applied = []
            for row in rows:
                incoming = await self._records[source].read_again(row["position"], row["raw"])
                error = await batch.one(incoming, row["done"]) if incoming is not None else None
                if error is not None:
                    await connection.execute(
                        "UPDATE public.parked SET error = $3 WHERE source = $1 AND position = $2",
                        source, row["position"], error,
                    )  # fmt: skip
                    break
                applied.append(row["position"])
            await connection.execute(
                "DELETE FROM public.parked WHERE source = $1 AND position = ANY($2)", source, applied
            )
        return len(applied)

    async def drop_parked(self, source: str, position: int, reason: str) -> None:
        """Gives one parked record up, for every later replay, too, and retries what waited behind it. NotFound."""
        async with self._pool.acquire() as connection, connection.transaction():
            key = await connection.fetchval(
                "SELECT key FROM public.parked WHERE source = $1 AND position = $2", source, position
            )
            if key is None:
                raise NotFound
            await self._hold(connection, source, key)
            await connection.execute("DELETE FROM public.parked WHERE source = $1 AND position = $2", source, position)
            await connection.execute(
                "INSERT INTO public.drops (source, position, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                source, position, reason,
            )  # fmt: skip
        await self.retry_parked(source, key)

    async def _hold(self, connection: Connection, source: str, key: UUID) -> None:
        """Holds the position rows that the key's records came by, so that nothing overtakes them."""
        await connection.fetch(
            "SELECT FROM public.positions WHERE source = $1 AND partition IN "
            "(SELECT partition FROM public.parked WHERE source = $1 AND key = $2) ORDER BY partition FOR UPDATE",
            source, key,
        )  # fmt: skip
