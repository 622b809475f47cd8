"""Where the parts of one run find each other, and what they stand on: opened alike in each process."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.postgres import dsn
from shared.bus.kafka import Kafka
from shared.bus.relay import MIGRATIONS as RELAY_MIGRATIONS
from shared.bus.relay import Published
from shared.contracts.documents.v1.events import ResultReceived, ResultReleased
from shared.effects import table
from shared.envelope import Recorded
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.migrations import migrate
from shared.privacy import Pool, Sealer, ServiceKey, SubjectKeys
from shared.reading import ReadModel, Rows
from shared.reading import database as reading
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import open_pool
from shared.reading.generations import Generations
from tests.integration.shared.bus.conftest import PRACTICE, received
from tests.unit.shared.eventstore.lamps import TABLE, Lamp

MASTER = bytes(range(32))
SENDER, PEER = "documents", "messaging"
FOLDERS = {
    "events": MIGRATIONS,
    "relay": RELAY_MIGRATIONS,
    "reading": reading.MIGRATIONS,
    "effects": table.MIGRATIONS,
}


def turned(recorded: Recorded[Any]) -> ResultReleased:
    return ResultReleased(
        practice_id=PRACTICE, patient_id=recorded.subject_id, result_id=recorded.stream_id, provider_id=PRACTICE
    )


PUBLISHED: Published = {Lamp.Bought: received, Lamp.Turned: turned}


async def see(recorded: Recorded[Any], rows: Rows) -> None:
    """Counts how often each position took effect, and how often one came after a later one of its patient."""
    place = {"position": recorded.position}
    seen = await rows.fetch_one("SELECT times FROM seen WHERE position = $1", recorded.position)
    await rows.upsert("seen", place, {"times": (seen["times"] if seen else 0) + 1, "patient_id": recorded.key})
    last = await rows.fetch_one("SELECT position, late FROM lasts WHERE patient_id = $1", recorded.key)
    before, late = (last["position"], last["late"]) if last else (0, 0)
    values = {"position": max(before, recorded.position), "late": late + (recorded.position <= before)}
    await rows.upsert("lasts", {"patient_id": recorded.key}, values)


SEEN = ReadModel(
    name="seen",
    source=SENDER,
    tables=[
        "CREATE TABLE seen (position bigint PRIMARY KEY, patient_id uuid NOT NULL, times integer NOT NULL)",
        "CREATE TABLE lasts (patient_id uuid PRIMARY KEY, position bigint NOT NULL, late integer NOT NULL)",
    ],
    apply={ResultReceived: see, ResultReleased: see},
)


@dataclass(frozen=True, slots=True)
class Place:
    """Handed to each part as a file."""

    secrets: str
    port: int
    servers: str
    certificates: str

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "Place":
        fields: Mapping[str, Any] = json.loads(path.read_text())
        return cls(**fields)

    def dsn(self, database: str) -> str:
        return dsn(Path(self.secrets), self.port, database)

    def kafka(self, principal: str) -> Kafka:
        return Kafka(self.servers, Path(self.certificates), principal)


@dataclass(frozen=True, slots=True)
class Databases:
    """One service's two databases and its keys."""

    events: Pool
    keys_pool: Pool
    keys: SubjectKeys
    dsn: str


@asynccontextmanager
async def databases(place: Place, service: str) -> AsyncIterator[Databases]:
    async with AsyncExitStack() as stack:
        url = place.dsn(service)
        events = await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=8))
        keys_pool = await stack.enter_async_context(
            asyncpg.create_pool(place.dsn(f"{service}_keys"), min_size=1, max_size=4)
        )
        yield Databases(events, keys_pool, SubjectKeys(ServiceKey(service, MASTER), events, keys_pool), url)


async def prepare(place: Place) -> None:
    """Tables of both services, once."""
    for service in (SENDER, PEER):
        async with databases(place, service) as found:
            async with found.events.acquire() as connection:
                for scope, folder in FOLDERS.items():
                    await migrate(connection, folder, scope)
            async with found.keys_pool.acquire() as connection:
                await migrate(connection, KEY_MIGRATIONS, "keys")
    async with peer(place) as reading_side:
        await Generations(reading_side.pool, PEER, [SEEN]).prepare()


@asynccontextmanager
async def store(place: Place) -> AsyncIterator[tuple[PostgresEventStore, Databases]]:
    """The sender's store, open."""
    async with databases(place, SENDER) as found:
        opened = PostgresEventStore(TABLE, found.keys, found.dsn, found.events)
        await opened.open()
        try:
            yield opened, found
        finally:
            await opened.close()


@dataclass(frozen=True, slots=True)
class Peer:
    """The reading side."""

    pool: Pool
    keys: SubjectKeys
    advance: PostgresAdvance

    async def seen(self) -> dict[int, int]:
        """Position → how often it took effect."""
        return {row["position"]: row["times"] for row in await self.pool.fetch("SELECT position, times FROM live.seen")}

    async def late(self) -> int:
        found: int = await self.pool.fetchval("SELECT coalesce(sum(late), 0)::integer FROM live.lasts")
        return found


@asynccontextmanager
async def peer(place: Place) -> AsyncIterator[Peer]:
    async with databases(place, PEER) as found:
        pool = await open_pool(found.dsn)
        try:
            sources = sources_of(PEER, [SEEN], {}, {})
            yield Peer(pool, found.keys, PostgresAdvance(pool, Sealer(found.keys), sources))
        finally:
            await pool.close()
