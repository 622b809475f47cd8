"""The event store in PostgreSQL: encryption, folding and paging around the group committer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import TypeVar, cast
from uuid import UUID

import asyncpg
import orjson

from shared import telemetry
from shared.aggregate import Aggregate
from shared.databases import StoreFailure, answering
from shared.envelope import Recorded
from shared.errors import Unavailable
from shared.eventstore import snapshots
from shared.eventstore.committer import Connection, GroupCommitter, find_command
from shared.eventstore.mapper import Encoded, Mapper
from shared.eventstore.packing import Append, StoredRow
from shared.eventstore.signals import Signals
from shared.eventstore.store import Appended, CommandRecord, StreamChange, UnreadableEvent, ordering_key
from shared.eventstore.stored import StoredTable
from shared.privacy import DataError, Key, MissingKey, Pool, SubjectKeys
from shared.tagged import Untaggable

MIGRATIONS = Path(__file__).parent / "migrations"
KEY_MIGRATIONS = Path(__file__).parent / "key_migrations"
"""For ``shared.migrations.migrate``: the event store's database, and the one of the keys."""

PAGE_EVENTS = 1_000
WRITER_SETTINGS = {
    "enable_seqscan": "off",
    "synchronous_commit": "on",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "log_parameter_max_length_on_error": "0",
    "application_name": "portal-writer",
}

_COLUMNS = """position, stream_id, version, type, schema_version, subject_id, at, data, metadata, recorded_at"""
_STREAM = f"SELECT {_COLUMNS} FROM events WHERE stream_id = $1 AND version > $2 ORDER BY version"  # noqa: S608
_PAGE = f"SELECT {_COLUMNS} FROM events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3"  # noqa: S608
_PAGE_OF_TYPES = f"""
SELECT {_COLUMNS} FROM events WHERE position > $1 AND position <= $2 AND type = ANY ($4) ORDER BY position LIMIT $3
"""  # noqa: S608
_SNAPSHOT = "SELECT version, subject_id, data FROM snapshots WHERE stream_id = $1 AND state_version = $2"
_KEEP_SNAPSHOT = """
INSERT INTO snapshots (stream_id, state_version, version, subject_id, data) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (stream_id) DO UPDATE
SET state_version = excluded.state_version, version = excluded.version, data = excluded.data
WHERE snapshots.version <= excluded.version
"""

A = TypeVar("A", bound=Aggregate)
Event = Aggregate.Event

log = logging.getLogger(__name__)


class PostgresEventStore:
    """One service's events. ``dsn`` is a direct address for writer and signals, ``pool`` reads the same database."""

    def __init__(self, table: StoredTable, keys: SubjectKeys, dsn: str, pool: Pool) -> None:
        self.service = keys.service_key.service
        self._events_place = f"{self.service}\x1fevent\x1f".encode()
        self._mapper = Mapper(table)
        self._keys, self._dsn, self._pool = keys, dsn, pool
        self._signals = Signals(self._connect)
        self._committer = GroupCommitter(self._connect, self._signals.announce)
        self._background: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Destroys what tombstones name (after a restore), and starts lane and signals."""
        if await self._pool.fetchval("SHOW fsync") != "on":
            raise RuntimeError("expected a server with fsync on: an append is acknowledged when it is on disk")
        await self._keys.apply_tombstones()
        await self._committer.open()
        self._signals.open()

    async def close(self) -> None:
        """Commits what has arrived, then ends."""
        await self._committer.close()
        await self._signals.close()
        await asyncio.gather(*self._background)

    async def append(self, command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        """See EventStore. The subjects' keys are committed before the first event that needs them."""
        subject_ids = {change.subject_id for change in changes if change.events}
        keys = self._keys.at_hand(subject_ids) or await self._keys.for_writing(subject_ids)
        rows = [self._row(event, change, keys[change.subject_id]) for change in changes for event in change.events]
        heads = [(change.stream_id, change.expected_version) for change in changes]
        metadata = orjson.dumps(dict(command.metadata)).decode()
        with telemetry.span("append") as span:
            span.set_attribute("portal.events", len(rows))
            return await self._committer.append(Append(command, heads, rows, metadata))

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        """See EventStore."""
        aggregate = await self._thawed(aggregate_class, stream_id)
        tail = await self._fetch(_STREAM, stream_id, aggregate.version if aggregate is not None else 0)
        recorded = await self._read_all(tail)
        folded: Aggregate | None = aggregate
        for each in recorded:
            folded = each.event.mutate(folded)
        if not isinstance(folded, aggregate_class):
            return None
        if len(recorded) >= snapshots.SNAPSHOT_EVENTS:
            self._keep_snapshot(folded, recorded[-1].subject_id)
        return folded

    async def command(self, command_id: UUID) -> Appended | None:
        """See EventStore."""
        with answering():
            return await find_command(self._pool, command_id)

    async def head(self) -> int:
        """See EventStore."""
        [row] = await self._fetch("SELECT coalesce(max(position), 0) AS last FROM events")
        return cast("int", row["last"])

    async def read(
        self, after: int, *, until: int | None = None, types: Collection[type[Event]] | None = None
    ) -> AsyncIterator[Sequence[Recorded[Event]]]:
        """See EventStore."""
        last = await self.head() if until is None else until
        words = None if types is None else [self._mapper.table.word(event_class) for event_class in types]
        fetching = self._fetching(after, last, words)
        try:
            while rows := await fetching:
                # While this page is opened and used, PostgreSQL finds the next.
                fetching = self._fetching(rows[-1]["position"], last, words)
                page, unreadable = await self._read(rows)
                if page:
                    yield page
                if unreadable is not None:
                    raise unreadable
        finally:
            fetching.cancel()

    async def stream(self, stream_id: UUID) -> Sequence[Recorded[Event]]:
        """See EventStore."""
        return await self._read_all(await self._fetch(_STREAM, stream_id, 0))

    def subscribe(self) -> asyncio.Event:
        """See EventStore."""
        return self._signals.subscribe()

    def blind(self, purpose: str, value: str) -> UUID:
        """See EventStore."""
        return self._keys.service_key.blind(purpose, value)

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        with answering():
            return await self._pool.fetch(sql, *arguments)

    def _fetching(self, after: int, last: int, words: Sequence[str] | None) -> "asyncio.Task[list[asyncpg.Record]]":
        return asyncio.create_task(self._page(after, last, words))

    async def _page(self, after: int, last: int, words: Sequence[str] | None) -> list[asyncpg.Record]:
        if after >= last:
            return []
        if words is None:
            return await self._fetch(_PAGE, after, last, PAGE_EVENTS)
        return await self._fetch(_PAGE_OF_TYPES, after, last, PAGE_EVENTS, words)

    async def _connect(self) -> Connection:
        return await asyncpg.connect(self._dsn, server_settings=WRITER_SETTINGS, timeout=5.0)

    def _row(self, event: Event, change: StreamChange, key: Key) -> StoredRow:
        encoded = self._mapper.encode(event)
        version = event.originator_version
        place = self._place(change.stream_id, version, encoded.word, encoded.schema_version)
        data = key.seal(encoded.data, place)
        return StoredRow(change.stream_id, version, encoded.word, encoded.schema_version, change.subject_id, data)

    def _place(self, stream_id: UUID, version: int, word: str, schema_version: int) -> bytes:
        """What the ciphertext is bound to; the key id goes with it (SubjectKey)."""
        stream = orjson.dumps(stream_id, default=str)[1:-1]  # its text at a fifth of str()'s cost
        return b"%b%b\x1f%d\x1f%b\x1f%d" % (self._events_place, stream, version, word.encode(), schema_version)

    async def _read_all(self, rows: Sequence[asyncpg.Record]) -> list[Recorded[Event]]:
        recorded, unreadable = await self._read(rows)
        if unreadable is not None:
            raise unreadable
        return recorded

    async def _read(self, rows: Sequence[asyncpg.Record]) -> tuple[list[Recorded[Event]], UnreadableEvent | None]:
        """Opens rows up to the first that cannot be read; those of erased subjects are passed over."""
        keys, missing = await self._keys.look_up(row["subject_id"] for row in rows)
        recorded: list[Recorded[Event]] = []
        for row in rows:
            position, stream_id, version, word, schema_version, subject_id, at, data, text, recorded_at = row
            metadata = orjson.loads(text)
            ordering = ordering_key(metadata, stream_id)
            try:
                key = keys.get(subject_id)
                if key is None:
                    if subject_id in missing:
                        raise MissingKey(f"expected a key or a tombstone of subject {subject_id}, found neither")
                    continue
                plain = key.open(data, self._place(stream_id, version, word, schema_version))
                event = self._mapper.decode(Encoded(word, schema_version, plain), stream_id, version)
            except DataError as error:
                return recorded, UnreadableEvent(position, ordering, error)
            recorded.append(
                Recorded(
                    event,
                    self.service,
                    0,
                    position,
                    stream_id,
                    version,
                    subject_id,
                    ordering,
                    at,
                    recorded_at,
                    metadata,
                )
            )
        return recorded, None

    async def _thawed(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        state_version = snapshots.state_version(aggregate_class)
        rows = await self._fetch(_SNAPSHOT, stream_id, state_version)
        if not rows:
            return None
        [row] = rows
        keys, _ = await self._keys.look_up([row["subject_id"]])
        key = keys.get(row["subject_id"])
        if key is None:
            return None
        try:
            data = key.open(row["data"], self._snapshot_place(stream_id, row["version"], state_version))
            return snapshots.thaw(aggregate_class, data, stream_id, row["version"])
        except (DataError, LookupError, TypeError, ValueError):
            # It is only a cache: whatever is wrong with it, the events tell.
            return None

    def _snapshot_place(self, stream_id: UUID, version: int, state_version: str) -> bytes:
        return f"{self.service}\x1fsnapshot\x1f{stream_id}\x1f{version}\x1f{state_version}".encode()

    def _keep_snapshot(self, aggregate: Aggregate, subject_id: UUID) -> None:
        """The state is copied now, before the caller changes it, and written in the background."""
        try:
            frozen = snapshots.freeze(aggregate)
        except Untaggable as error:
            log.warning("no snapshot of %s: %s", type(aggregate).__qualname__, error)
            return
        state_version = snapshots.state_version(type(aggregate))
        place = self._snapshot_place(aggregate.id, aggregate.version, state_version)

        async def keep(stream_id: UUID, version: int) -> None:
            try:
                key = (await self._keys.look_up([subject_id]))[0].get(subject_id)
                if key is not None:
                    sealed = key.seal(frozen, place)
                    with answering():
                        await self._pool.execute(_KEEP_SNAPSHOT, stream_id, state_version, version, subject_id, sealed)
            except (Unavailable, StoreFailure):
                log.warning("a snapshot was not kept; the next load of that stream tries again")

        task = asyncio.create_task(keep(aggregate.id, aggregate.version), name="keep-snapshot")
        self._background.add(task)
        task.add_done_callback(self._background.discard)
