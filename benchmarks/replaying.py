"""The process whose memory row 11 measures: it rebuilds a read model from all events of a store, as replays do."""

import asyncio
import sys
from contextlib import AsyncExitStack, suppress

import asyncpg
import uvloop

from benchmarks.ground import MASTER, Broken
from benchmarks.visits import TABLE, Visit
from shared.databases import without_session_state
from shared.envelope import Recorded
from shared.eventstore.postgres import PostgresEventStore
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.process.collecting import collect_seldom
from shared.reading import ReadModel, Rows
from shared.reading.applying import sources_of
from shared.reading.database import open_pool
from shared.reading.generations import Generations
from shared.reading.replays import Replays, find_replay, request_replay
from shared.reading.sources import OwnStore

POLL_SECONDS = 0.5
WARM_SECONDS = 3.0


async def add(recorded: Recorded[Visit.Opened], rows: Rows) -> None:
    event = recorded.event
    values = {"practice_id": event.practice_id, "opened_at": event.opened_at}
    await rows.upsert("bench_visits", {"visit_id": event.visit_id}, values)


VISITS = ReadModel(
    name="bench-visits",
    source="documents",
    tables=[
        "CREATE TABLE bench_visits (visit_id uuid PRIMARY KEY, practice_id uuid NOT NULL, "
        "opened_at timestamptz NOT NULL)"
    ],
    apply={Visit.Opened: add},
)


async def replay(dsn: str, keys_dsn: str) -> None:
    """Says ``idle``, rebuilds when a line comes, says ``done``."""
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(
            asyncpg.create_pool(dsn, min_size=1, max_size=4, reset=without_session_state)
        )
        keys_pool = await stack.enter_async_context(
            asyncpg.create_pool(keys_dsn, min_size=1, max_size=2, reset=without_session_state)
        )
        pool = await stack.enter_async_context(await open_pool(dsn, reset=without_session_state))
        keys = SubjectKeys(ServiceKey("documents", MASTER), events, keys_pool)
        store = PostgresEventStore(TABLE, keys, dsn, events)
        await store.open()
        stack.push_async_callback(store.close)
        own = OwnStore(store, sources_of("documents", [VISITS], {}, {})["documents"].types())
        replays = Replays(Generations(pool, "documents", [VISITS]), {"documents": own}, Sealer(keys))
        await replays.start()
        # Its live position is the head already: only the rebuild reads the events.
        await pool.execute("UPDATE positions SET position = $1 WHERE source = 'documents'", await store.head())
        async for _ in store.read(0, until=2_000):
            pass  # whatever is loaded once belongs to the idle process
        await asyncio.sleep(WARM_SECONDS)
        said("idle")
        await asyncio.to_thread(sys.stdin.readline)
        task = asyncio.create_task(replays.run())
        try:
            replay_id = await request_replay(pool, verify=False)
            found = await find_replay(pool, replay_id)
            while found is None or not found.ended:
                await asyncio.sleep(POLL_SECONDS)
                found = await find_replay(pool, replay_id)
            if found.state != "done":
                raise Broken(f"the replay ended as {found.state}: {found.report}")
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    said("done")


def said(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    collect_seldom()
    uvloop.run(replay(*sys.argv[1:3]))
