"""Parked records: kept by key in order, retried or dropped while their source's position is held."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import NotFound
from shared.ids import uuid7
from shared.reading.applying import Batch, Source
from shared.reading.database import Pool
from shared.reading.failures import named, passes
from shared.reading.rows import LIVE, Connection, Seals
from shared.reading.sources import RecordSource

POLL_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A row of the list for operations. ``error`` is '' for what only waits behind an earlier one of its key."""

    source: str
    position: int
    key: UUID
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class ParkingRequest:
    """What became of a request. ``applied``: records that went in; ``error``: why it failed; both None: not yet."""

    id: UUID
    applied: int | None
    error: str | None


async def parked_records(pool: Pool, limit: int = 1000) -> list[ParkedRecord]:
    """The oldest parked records, by source and position."""
    rows = await pool.fetch(
        "SELECT source, position, key, error, parked_at FROM public.parked ORDER BY source, position LIMIT $1", limit
    )
    return [ParkedRecord(**row) for row in rows]


async def parked_keys(pool: Pool, source: str) -> frozenset[UUID]:
    """Keys of which a record is parked: what rests on this source is not to be believed for them."""
    rows = await pool.fetch("SELECT DISTINCT key FROM public.parked WHERE source = $1", source)
    return frozenset(row["key"] for row in rows)


async def request_retry(pool: Pool, source: str, position: int) -> UUID:
    """Asks the service's process to try the records of this one's key again, in order."""
    return await _request(pool, "retry", source, position, "")


async def request_drop(pool: Pool, source: str, position: int, reason: str) -> UUID:
    """Asks the service's process to give this record up for ever. ``reason`` is kept, and names nobody."""
    if not reason:
        raise ValueError("expected a reason why the record is dropped")
    return await _request(pool, "drop", source, position, reason)


async def find_parking_request(pool: Pool, request_id: UUID) -> ParkingRequest | None:
    row = await pool.fetchrow("SELECT id, applied, error FROM public.parking_requests WHERE id = $1", request_id)
    return ParkingRequest(**row) if row is not None else None


async def _request(pool: Pool, action: str, source: str, position: int, reason: str) -> UUID:
    request_id = uuid7()
    await pool.execute(
        "INSERT INTO public.parking_requests (id, action, source, position, reason) VALUES ($1, $2, $3, $4, $5)",
        request_id, action, source, position, reason,
    )  # fmt: skip
    return request_id


class Parking:
    """What is done about parked records. ``records`` and ``sources`` have the same rows."""

    def __init__(
        self, pool: Pool, sealer: Seals, sources: Mapping[str, Source], records: Mapping[str, RecordSource]
    ) -> None:
        self._pool, self._sealer, self._sources, self._records = pool, sealer, sources, records

    async def run(self) -> None:
        """Carries out what operations asks for in the table, until cancelled."""
        while True:
            try:
                while await self.take():
                    pass
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("a request about parked records waits: %s", named(error))
            await asyncio.sleep(POLL_SECONDS)

    async def take(self) -> bool:
        """Carries out the oldest open request, if there is one; two processes may do the same, with one effect."""
        request = await self._pool.fetchrow(
            "SELECT id, action, source, position, reason FROM public.parking_requests WHERE ended_at IS NULL "
            "ORDER BY requested_at LIMIT 1"
        )
        if request is None:
            return False
        applied, error = 0, None
        try:
            if request["action"] == "drop":
                applied = await self.drop_parked(request["source"], request["position"], request["reason"])
            else:
                key = await self._key(self._pool, request["source"], request["position"])
                applied = await self.retry_parked(request["source"], key)
        except Exception as failure:
            if passes(failure):
                raise
            error = named(failure)
        await self._pool.execute(
            "UPDATE public.parking_requests SET applied = $2, error = $3, ended_at = clock_timestamp() "
            "WHERE id = $1 AND ended_at IS NULL",
            request["id"], applied, error,
        )  # fmt: skip
        return True

    async def parked(self) -> list[ParkedRecord]:
        return await parked_records(self._pool)

    async def parked_keys(self, source: str) -> frozenset[UUID]:
        return await parked_keys(self._pool, source)

    async def retry_parked(self, source: str, key: UUID) -> int:
        """Applies the parked records of a key in order, up to the first that still fails; how many went in."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection, source, key)
            return await self._retry(connection, source, key)

    async def drop_parked(self, source: str, position: int, reason: str) -> int:
        """Gives one parked record up, for every later replay, too; how many went in that waited. NotFound."""
        async with self._pool.acquire() as connection, connection.transaction():
            key = await self._key(connection, source, position)
            await self._hold(connection, source, key)
            await connection.execute("DELETE FROM public.parked WHERE source = $1 AND position = $2", source, position)
            await connection.execute(
                "INSERT INTO public.drops (source, position, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                source, position, reason,
            )  # fmt: skip
            return await self._retry(connection, source, key)

    async def _retry(self, connection: Connection, source: str, key: UUID) -> int:
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
        await connection.execute("DELETE FROM public.parked WHERE source = $1 AND position = ANY($2)", source, applied)
        return len(applied)

    async def _key(self, connection: "Connection | Pool", source: str, position: int) -> UUID:
        key: UUID | None = await connection.fetchval(
            "SELECT key FROM public.parked WHERE source = $1 AND position = $2", source, position
        )
        if key is None:
            raise NotFound
        return key

    async def _hold(self, connection: Connection, source: str, key: UUID) -> None:
        """Holds the position rows that the key's records came by, so that nothing overtakes them."""
        await connection.fetch(
            "SELECT FROM public.positions WHERE source = $1 AND partition IN "
            "(SELECT partition FROM public.parked WHERE source = $1 AND key = $2) ORDER BY partition FOR UPDATE",
            source, key,
        )  # fmt: skip
