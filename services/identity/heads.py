"""What peers' leases rest on, never stale: the read model of changes, and what the store holds beyond it."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from services.identity.projections.changes import FACT_EVENTS, STAFF_EVENTS, changed
from shared.bus.partitions import PARTITIONS
from shared.eventstore.store import EventStore
from shared.reading import Database

MOST = 1_000
"""More changed objects than this: ask about every one."""

BEYOND = """
SELECT object_id FROM changes
JOIN unnest($2::integer[], $3::bigint[]) AS applied (partition, position) USING (partition)
WHERE kind = $1 AND changes.position > applied.position LIMIT $4
"""


class Heads:
    """Read through to the store's head before each answer, so that nothing acknowledged is missing.

    What is older than this process is in the read model by the time it was asked first, or read from the store
    from where the read model stands; what came since is kept here as well.
    """

    def __init__(self, store: EventStore, database: Database) -> None:
        self._store, self._database = store, database
        self._read_to: int | None = None
        self._fresh: dict[tuple[str, UUID, int], int] = {}
        self._turn = asyncio.Lock()

    async def beyond(self, kind: str, applied: Mapping[int, int]) -> set[UUID] | None:
        """Whose changes lie beyond the applied position of their partition; None: ask about every one."""
        head = await self._store.head()
        if await self._database.fetch("SELECT 1 FROM parked WHERE source = $1 LIMIT 1", self._store.service):
            return None  # A parked event is missing in the read model: then nothing is known to be unchanged.
        async with self._turn:
            await self._read_through(head)
        partitions = list(range(PARTITIONS))
        positions = [applied.get(partition, 0) for partition in partitions]
        async with self._database.live_rows() as rows:
            found = await rows.fetch(BEYOND, kind, partitions, positions, MOST + 1)
        objects = {row["object_id"] for row in found}
        objects |= {
            object_id
            for (of, object_id, partition), position in self._fresh.items()
            if of == kind and position > applied.get(partition, 0)
        }
        return None if len(objects) > MOST else objects

    async def _read_through(self, head: int) -> None:
        stands = await self._projected()
        if self._read_to is None:
            self._read_to = stands
        if self._read_to < head:
            async for page in self._store.read(self._read_to, until=head, types=(*FACT_EVENTS, *STAFF_EVENTS)):
                for recorded in page:
                    self._fresh[changed(recorded)] = recorded.position
            self._read_to = head
        # What the read model holds need not be held twice.
        for key in [key for key, position in self._fresh.items() if position <= stands]:
            del self._fresh[key]

    async def _projected(self) -> int:
        """Up to where the live read models have the own store; one position row for all of them."""
        rows = await self._database.fetch(
            "SELECT coalesce(min(position), 0) AS position FROM positions WHERE source = $1", self._store.service
        )
        return int(rows[0]["position"])
