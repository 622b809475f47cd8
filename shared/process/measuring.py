"""Looks now and then at what a process does and how far it is, for the counts that leave for an OTLP endpoint."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared import metrics
from shared.access.lease import Lease
from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.clock import Clock
from shared.databases import LOST
from shared.errors import PortalError
from shared.eventstore.store import EventStore
from shared.reading.database import Pool

EVERY_SECONDS = 10.0
READER_OUTCOMES = ("applied", "duplicates", "gaps", "strangers", "overtaken", "held", "read_again")

_PARKED = "SELECT source, count(*) AS records FROM public.parked GROUP BY source"
# Three index scans: done effects stay for ever and are not looked at.
_EFFECTS = """
SELECT (SELECT count(*) FROM public.effects WHERE state = 'pending' AND due_at <= $1) AS due,
       (SELECT count(*) FROM public.effects WHERE state = 'pending' AND due_at > $1) AS later,
       (SELECT count(*) FROM public.effects WHERE state = 'parked') AS parked,
       (SELECT extract(epoch FROM $1 - min(greatest(at, due_at)))::float8
        FROM public.effects WHERE state = 'pending' AND due_at <= $1) AS age
"""


@dataclass
class Measuring:
    """``relay`` and ``reader`` where this process runs them. The rules' clock says what is due."""

    store: EventStore
    pool: Pool
    clock: Clock
    sources: tuple[str, ...] = ()
    leases: Mapping[str, Lease[Any]] = field(default_factory=dict)
    relay: Relay | None = None
    reader: Reader | None = None
    _counted: "Counter[str]" = field(default_factory=Counter)

    async def run(self) -> None:
        """Until cancelled. A database that does not answer is looked at another time: others tell of it."""
        while True:
            try:
                await self.look()
            except (*LOST, PortalError):
                pass
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Sets every gauge once, and counts what the reader did since."""
        for name, lease in self.leases.items():
            metrics.LEASE_AGE.set(lease.age_seconds, {"lease": name})
        if self.reader is not None:
            self._look_at_reader(self.reader)
        if self.relay is not None:
            metrics.RELAY_LEADING.set(int(self.relay.leading))
            if self.relay.leading:
                metrics.RELAY_POSITION.set(self.relay.position)
                metrics.RELAY_LAG.set(max(0, await self.store.head() - self.relay.position))
        await self._look_at_tables()

    def _look_at_reader(self, reader: Reader) -> None:
        for outcome in READER_OUTCOMES:
            count = reader.counts[outcome]
            metrics.READER_RECORDS.add(count - self._counted[outcome], {"outcome": outcome})
            self._counted[outcome] = count
        behind = Counter(dict.fromkeys(self.sources, 0))
        for (source, _), records in dict(reader.lag).items():
            behind[source] += records
        for source, records in behind.items():
            metrics.READER_LAG.set(records, {"source": source})

    async def _look_at_tables(self) -> None:
        parked = {row["source"]: row["records"] for row in await self.pool.fetch(_PARKED)}
        for source in {*self.sources, self.store.service, *parked}:
            metrics.PARKED_RECORDS.set(parked.get(source, 0), {"source": source})
        effects = (await self.pool.fetch(_EFFECTS, self.clock.now()))[0]
        for state in ("due", "later", "parked"):
            metrics.EFFECTS.set(effects[state], {"state": state})
        metrics.EFFECTS_AGE.set(max(0.0, effects["age"] or 0.0))
