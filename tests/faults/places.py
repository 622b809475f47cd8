"""Where the parts of one run find each other, and what they stand on: opened alike in each process."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.postgres import dsn
from shared.bus.kafka import Kafka
from shared.bus.relay import MIGRATIONS as RELAY_MIGRATIONS
from shared.bus.relay import Published
from shared.contracts.documents.v1.events import ResultReceived, ResultReleased
from shared.effects import Decide, Effect, table
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
    times = (seen["times"] if seen else 0) + 1
    added = getattr(recorded.event, "added", 0)  # a field that newer code may know
    await rows.upsert("seen", place, {"times": times, "patient_id": recorded.key, "added": added})
    last = await rows.fetch_one("SELECT position, late FROM lasts WHERE patient_id = $1", recorded.key)
    before, late = (last["position"], last["late"]) if last else (0, 0)
    values = {"position": max(before, recorded.position), "late": late + (recorded.position <= before)}
    await rows.upsert("lasts", {"patient_id": recorded.key}, values)


SEEN = ReadModel(
    name="seen",
    source=SENDER,
    tables=[
        "CREATE TABLE seen (position bigint PRIMARY KEY, patient_id uuid NOT NULL, times integer NOT NULL, "
        "added integer NOT NULL)",
        "CREATE TABLE lasts (patient_id uuid PRIMARY KEY, position bigint NOT NULL, late integer NOT NULL)",
    ],
    apply={ResultReceived: see, ResultReleased: see},
)


MAIL, PAY = "mail", "pay"


def acted_on(lamp_id: UUID) -> bool:
    """Whether a mail and a payment follow from a lamp's turnings: from those of one lamp in sixteen."""
    return lamp_id.int % 16 == 0


def follows(released: Recorded[ResultReleased]) -> Iterable[Effect]:
    if not acted_on(released.event.result_id):
        return []
    return [Effect(kind, released.key, str(released.key)) for kind in (MAIL, PAY)]


CONSUMERS: Mapping[str, Mapping[type, Decide]] = {SENDER: {ResultReleased: follows}}


@dataclass(frozen=True, slots=True)
class Place:
    """Handed to each part as a file. ``mail`` and ``processor`` are addresses, '' where neither was started."""

    secrets: str
    port: int
    servers: str
    certificates: str
    mail: str = ""
    processor: str = ""
    poisoned: str = ""
    """The patient whose turnings this code cannot apply."""
    newer: bool = False
    """Whether this code's public event of a turning has one field more."""

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


def seen_by(place: Place) -> ReadModel:
    """The read model as this code has it."""
    if not place.poisoned:
        return SEEN
    poisoned = UUID(place.poisoned)

    async def stumble(recorded: Recorded[Any], rows: Rows) -> None:
        if recorded.key == poisoned:
            raise ValueError("expected code that can apply this")
        await see(recorded, rows)

    return replace(SEEN, apply={**SEEN.apply, ResultReleased: stumble})


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


KEPT = ("migrations", "live_models")
"""What says how the tables are, not what is in them."""
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
WHERE (schemaname = 'public' OR schemaname LIKE 'generation\\_%') AND tablename <> ALL ($1)
"""


async def empty(place: Place) -> None:
    """As if nothing had ever happened in either service."""
    for service in (SENDER, PEER):
        async with databases(place, service) as found:
            for pool in (found.events, found.keys_pool):
                names = [row["name"] for row in await pool.fetch(_TABLES, KEPT)]
                await pool.execute(f"TRUNCATE {', '.join(names)}")
            await found.events.execute("INSERT INTO relay_progress DEFAULT VALUES")
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
            sources = sources_of(PEER, [seen_by(place)], {}, CONSUMERS)
            yield Peer(pool, found.keys, PostgresAdvance(pool, Sealer(found.keys), sources))
        finally:
            await pool.close()
