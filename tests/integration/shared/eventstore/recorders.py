"""The library's recorders over our committer and positions table: as thin as the library's own suite needs."""

import asyncio
from collections.abc import Coroutine, Sequence
from itertools import cycle
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from shared.databases import StoreFailure
from shared.eventstore.committer import GroupCommitter
from shared.eventstore.packing import Append, StoredRow
from shared.eventstore.postgres import MIGRATIONS, WRITER_SETTINGS
from shared.eventstore.store import Appended, CommandRecord
from shared.migrations import migrate
from shared.privacy import Pool
from shared.reading.advancing import compare_and_set, live_position
from tests.integration.shared.eventstore.making import AT

READING_MIGRATIONS = MIGRATIONS.parents[1] / "reading/migrations"
T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own, for callers that block: the suite calls from many threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Instances:
    """Two committers as services use them, as of two processes over one database; appends go to either in turn."""

    pool: Pool
    committers: tuple[GroupCommitter, GroupCommitter]

    def __init__(self, loop: Loop, dsn: str) -> None:
        self.loop, self._dsn = loop, dsn
        loop.run(self._open())

    async def _open(self) -> None:
        self.pool = await asyncpg.create_pool(self._dsn, min_size=1, max_size=8)
        async with self.pool.acquire() as connection:
            await migrate(connection, MIGRATIONS, "events")
            await migrate(connection, READING_MIGRATIONS, "reading")
        self.committers = (self._committer(), self._committer())
        for committer in self.committers:
            await committer.open()
        self._turns = cycle(self.committers)

    def append(self, append: Append) -> Appended:
        return self.loop.run(next(self._turns).append(append))

    def _committer(self) -> GroupCommitter:
        return GroupCommitter(self._connect, lambda last: None)

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self._dsn, server_settings=WRITER_SETTINGS)

    def close(self) -> None:
        async def close() -> None:
            for committer in self.committers:
                await committer.close()
            await self.pool.close()

        self.loop.run(close())


class StreamRecorder(AggregateRecorder):
    """Streams alone. Without heads, the unique (stream, version) is what refuses a second writer."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        self._insert(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        rows = self._fetch(
            "SELECT stream_id, version, type, data FROM events"
            " WHERE stream_id = $1 AND version > coalesce($2, version - 1) AND version <= coalesce($3, version)"
            " ORDER BY CASE WHEN $5 THEN -version ELSE version END LIMIT $4",
            originator_id, gt, lte, limit, desc,
        )  # fmt: skip
        return [StoredEvent(row["stream_id"], row["version"], row["type"], row["data"]) for row in rows]

    def _insert(self, stored_events: Sequence[StoredEvent]) -> Appended:
        rows = [
            StoredRow(UUID(str(each.originator_id)), each.originator_version, each.topic, 1, UUID(int=0), each.state)
            for each in stored_events
        ]
        append = Append(CommandRecord(None, b"", AT, {}), [], rows, "{}")
        try:
            return self._instances.append(append)
        except StoreFailure as failure:
            raise IntegrityError(str(failure)) from None

    def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        return self._instances.loop.run(self._instances.pool.fetch(sql, *arguments))


class PositionRecorder(StreamRecorder, ApplicationRecorder):
    """Streams and the one order of positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        appended = self._insert(stored_events)
        return list(range(appended.first, appended.last + 1))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - 1 if inclusive_of_start else start
        rows = self._fetch(
            "SELECT position, stream_id, version, type, data FROM events"
            " WHERE position > $1 AND position <= coalesce($2, position) AND (cardinality($3::text[]) = 0"
            " OR type = ANY ($3)) ORDER BY position LIMIT $4",
            after, stop, list(topics), limit,
        )  # fmt: skip
        return [
            Notification(row["stream_id"], row["version"], row["type"], row["data"], row["position"]) for row in rows
        ]

    def max_notification_id(self) -> int | None:
        [row] = self._fetch("SELECT max(position) AS last FROM events")
        last: int | None = row["last"]
        return last

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        raise NotImplementedError("not claimed: our readers page by position and are woken by signals")


class PositionsTable(TrackingRecorder):
    """Tracking by compare-and-set on the table that all readers advance."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    def insert_tracking(self, tracking: Tracking) -> None:
        if not self._instances.loop.run(self._advance(tracking.application_name, tracking.notification_id)):
            raise IntegrityError(f"expected a position after the stored one of {tracking.application_name}")

    def max_tracking_id(self, application_name: str) -> int | None:
        return self._instances.loop.run(live_position(self._instances.pool, application_name, 0)) or None

    async def _advance(self, source: str, to: int) -> bool:
        last = await live_position(self._instances.pool, source, 0)
        async with self._instances.pool.acquire() as connection, connection.transaction():
            return to > last and await compare_and_set(connection, source, 0, last, to)
