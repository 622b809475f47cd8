"""The way from the store to a peer, in the portal's own parts: what visits are published as, and who reads them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from benchmarks.ground import MASTER, Broken, Ground
from benchmarks.visits import PRACTICE, Visit
from deploy.kafka.republish import make_anew
from deploy.local.kafka import Broker
from shared.bus.kafka import Kafka
from shared.bus.reader import Reader
from shared.bus.relay import Published
from shared.clock import monotonic
from shared.contracts.documents.v1.events import ResultReceived, ResultReleased
from shared.databases import without_session_state
from shared.effects import table
from shared.envelope import Recorded
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS
from shared.migrations import migrate
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.process.foundation import LIVE_CONNECTIONS
from shared.reading import ReadModel, Rows
from shared.reading import database as reading
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import Pool, open_pool
from shared.reading.generations import Generations

FOLDERS = {"events": MIGRATIONS, "reading": reading.MIGRATIONS, "effects": table.MIGRATIONS}
POLL_SECONDS = 0.002


def received(recorded: Recorded[Any]) -> ResultReceived:
    return ResultReceived(practice_id=PRACTICE, patient_id=recorded.subject_id, result_id=recorded.stream_id)


def released(recorded: Recorded[Any]) -> ResultReleased:
    return ResultReleased(
        practice_id=PRACTICE, patient_id=recorded.subject_id, result_id=recorded.stream_id, provider_id=PRACTICE
    )


PUBLISHED: Published = {Visit.Opened: received, Visit.Noted: released}


async def add(recorded: Recorded[ResultReceived], rows: Rows) -> None:
    event = recorded.event
    values = {"patient_id": event.patient_id, "practice_id": event.practice_id, "state": "received", "at": recorded.at}
    await rows.upsert("bench_results", {"result_id": event.result_id}, values)


async def release(recorded: Recorded[ResultReleased], rows: Rows) -> None:
    event = recorded.event
    values = {"patient_id": event.patient_id, "practice_id": event.practice_id, "state": "released", "at": recorded.at}
    await rows.upsert("bench_results", {"result_id": event.result_id}, values)


RESULTS = ReadModel(
    name="bench-results",
    source="documents",
    tables=[
        "CREATE TABLE bench_results (result_id uuid PRIMARY KEY, patient_id uuid NOT NULL, practice_id uuid NOT NULL, "
        "state text NOT NULL, at timestamptz NOT NULL)"
    ],
    apply={ResultReceived: add, ResultReleased: release},
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A service messaging with one read model of the topic."""

    pool: Pool
    kafka: Kafka
    advance: PostgresAdvance

    def reader(self) -> Reader:
        return Reader("messaging", ["documents"], self.kafka, self.advance)

    async def forget(self) -> None:
        """As if it had read nothing yet."""
        await self.pool.execute("UPDATE positions SET position = 0")
        await self.pool.execute("DELETE FROM live.bench_results")


@asynccontextmanager
async def peer(ground: Ground, broker: Broker) -> AsyncIterator[Peer]:
    """A peer that has read nothing."""
    dsn, keys_dsn = ground.dsn(await ground.database()), ground.dsn(await ground.database())
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(
            asyncpg.create_pool(dsn, min_size=1, max_size=4, reset=without_session_state)
        )
        keys_pool = await stack.enter_async_context(
            asyncpg.create_pool(keys_dsn, min_size=1, max_size=2, reset=without_session_state)
        )
        async with events.acquire() as connection:
            for scope, folder in FOLDERS.items():
                await migrate(connection, folder, scope)
        async with keys_pool.acquire() as connection:
            await migrate(connection, KEY_MIGRATIONS, "keys")
        pool = await stack.enter_async_context(await open_pool(dsn, most=LIVE_CONNECTIONS, reset=without_session_state))
        sealer = Sealer(SubjectKeys(ServiceKey("messaging", MASTER), events, keys_pool))
        generations = Generations(pool, "messaging", [RESULTS])
        if await generations.prepare():
            raise Broken("expected an empty database to need no building")
        sources = sources_of("messaging", [RESULTS], {}, {})
        kafka = Kafka(broker.servers, broker.certificates, "messaging")
        yield Peer(pool, kafka, PostgresAdvance(pool, sealer, sources))


@asynccontextmanager
async def running(*loops: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Loops that end with the block."""
    tasks = [asyncio.create_task(loop()) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Returns as soon as it holds; Broken where it does not in time."""
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            raise Broken(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(POLL_SECONDS)


async def empty_topic(broker: Broker) -> None:
    """The documents' topic made anew."""
    topic = Kafka(broker.servers, broker.certificates, "operations").topic("documents")
    await asyncio.to_thread(make_anew, topic, broker.servers, broker.certificates, "")
