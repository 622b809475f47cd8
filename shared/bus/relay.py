"""The relay: a service's own events, told in the published language, to its topic; one leader, the only sender."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from shared.aggregate import Aggregate
from shared.bus.analytics import ANALYTICS, encode_translated
from shared.bus.cancelling import end_if_cancelled
from shared.bus.codec import Record, encode, key_of
from shared.bus.kafka import Kafka
from shared.bus.partitions import partition_of
from shared.bus.tracing import now_nanoseconds, trace_events
from shared.bus.writer import NewLog, Sent, TopicWriter, open_writer
from shared.clock import monotonic
from shared.contracts.event import PublicEvent
from shared.envelope import Recorded
from shared.eventstore.store import EventStore
from shared.privacy import ServiceKey
from shared.trouble import Trouble
from shared.waking import woken

MIGRATIONS = Path(__file__).parent / "migrations"
"""For ``shared.migrations.migrate``, in the database of the event store."""
LOCK = 2
"""The session advisory lock that makes a relay the leader of its database."""
POLL_SECONDS = 0.25
LEADER_POLL_SECONDS = 0.5
LOOK_SECONDS = 1.0
"""How often an idle leader looks whether the log is still the one it wrote."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0
STATEMENT_SECONDS = 10.0

_SAVE = """
WITH progress AS (UPDATE relay_progress SET position = $1)
INSERT INTO relay_partitions (partition, position, kafka_offset)
SELECT * FROM unnest($2::integer[], $3::bigint[], $4::bigint[])
ON CONFLICT (partition) DO UPDATE SET position = excluded.position, kafka_offset = excluded.kafka_offset
"""

log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Published = Mapping[type, Callable[[Recorded[Any]], PublicEvent | None]]
Told = Sequence[tuple[Recorded[Aggregate.Event], PublicEvent]]
"""Own events, each with its public face."""


@dataclass(slots=True)
class Progress:
    """What the broker confirmed: everything up to ``position``, and each partition's last event."""

    position: int = 0
    sent: dict[int, Sent] = field(default_factory=dict)


class Relay:
    """Sends what the store holds, in order, each partition's records chained; runs until it is cancelled.

    After a crash, or a failure of the broker, what was not known to be confirmed is sent again: readers drop
    duplicates by their position. An event that cannot be read (a key lost without a tombstone) holds the relay:
    passed over, it would be lost to every reader that is beyond it when the key is found again. ``dsn`` is a
    direct connection to the service's database, not a pooler's: the lock belongs to the session.

    With ``pseudonyms``, the key of analytics, each page is also told there (R3), once its own topic has it and
    before the position moves: a page that was not wholly confirmed in both is told to analytics again.
    """

    def __init__(
        self, store: EventStore, published: Published, kafka: Kafka, dsn: str, pseudonyms: ServiceKey | None = None
    ) -> None:
        self._store, self._published, self._kafka = store, published, kafka
        self._dsn, self._wake = dsn, store.subscribe()
        self._topic = kafka.topic(store.service)
        self._pseudonyms = pseudonyms
        self._trouble = Trouble(log, f"the relay of {store.service} holds")
        self.position = 0
        """Everything up to here is confirmed, as far as this process knows (it counts while it leads)."""
        self.leading = False

    async def run(self) -> None:
        """Becomes leader, sends, and begins again after every failure; a missing topic is waited for."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = monotonic()
            try:
                async with self._leadership() as connection, open_writer(self._kafka, self._topic) as writer:
                    await self._lead(connection, writer)
            # Whatever it was, nothing may be left out: the next round begins at what was confirmed last.
            except Exception as error:
                end_if_cancelled()
                self._trouble.goes_on(type(error).__name__)
            pause = FIRST_PAUSE_SECONDS if monotonic() - began > 10 else min(2 * pause, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def _leadership(self) -> AsyncIterator[Connection]:
        """The connection that holds the lock; its end is the end of the leadership."""
        connection = await asyncpg.connect(self._dsn, command_timeout=STATEMENT_SECONDS)
        try:
            # Asked again and again: a statement that waited for the lock would hold back vacuum as long.
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110
                await asyncio.sleep(LEADER_POLL_SECONDS)
            self.leading = True
            yield connection
        finally:
            self.leading = False
            connection.terminate()

    async def _lead(self, connection: Connection, writer: TopicWriter) -> None:
        progress = await self._load(connection)
        if not await writer.holds(progress.sent):
            progress = await self._begin_again(connection)
        looked = monotonic()
        while True:
            self._wake.clear()
            try:
                async for page in self._store.read(progress.position):
                    await self._send(page, progress, connection, writer)
                if monotonic() - looked > LOOK_SECONDS:
                    looked = monotonic()
                    if not await writer.continues(progress.sent):
                        raise NewLog
            except NewLog:
                progress = await self._begin_again(connection)
                continue
            self._trouble.ends()
            await woken(self._wake, POLL_SECONDS)
            if not self._wake.is_set():
                await connection.execute("SELECT")  # whoever lost this connection has lost the lock

    async def _send(
        self,
        page: Sequence[Recorded[Aggregate.Event]],
        progress: Progress,
        connection: Connection,
        writer: TopicWriter,
    ) -> None:
        """One page: every partition's part at once, saved as far as it was confirmed; then analytics' page."""
        told = self._told(page)
        parts = self._parts(told, progress)
        since = now_nanoseconds()

        async def deliver(partition: int, records: Sequence[tuple[int, Record]]) -> None:
            before = progress.sent.get(partition)
            offset = await writer.send(partition, [record for _, record in records], before.offset if before else -1)
            progress.sent[partition] = Sent(records[-1][0], offset)

        outcomes = await asyncio.gather(
            *(deliver(partition, records) for partition, records in parts.items()), return_exceptions=True
        )
        failures = [outcome for outcome in outcomes if outcome is not None]
        if not failures:
            failures = await self._tell_analytics(told, writer)
        if not failures:
            progress.position = page[-1].position
        if not any(isinstance(failure, NewLog) for failure in failures):
            await self._save(connection, progress, parts)
        self.position = progress.position
        for failure in failures:
            raise failure
        sent = {position for records in parts.values() for position, _ in records}
        trace_events("send", (recorded for recorded in page if recorded.position in sent), since)

    async def _tell_analytics(self, told: Told, writer: TopicWriter) -> list[BaseException]:
        """The whole page, in analytics' topic; what failed. Others write there: its offsets say nothing here."""
        if self._pseudonyms is None:
            return []
        parts: dict[int, list[Record]] = {}
        for recorded, event in told:
            record = encode_translated(recorded, event, self._pseudonyms)
            parts.setdefault(record.partition, []).append(record)
        analytics = writer.beside(self._kafka.topic(ANALYTICS))
        sending = (analytics.send(partition, records, -1) for partition, records in parts.items())
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]

    def _told(self, page: Sequence[Recorded[Aggregate.Event]]) -> Told:
        """What of a page has a public face."""
        rows = ((recorded, self._published.get(type(recorded.event))) for recorded in page)
        faces = ((recorded, publish(recorded)) for recorded, publish in rows if publish is not None)
        return [(recorded, event) for recorded, event in faces if event is not None]

    def _parts(self, told: Told, progress: Progress) -> dict[int, list[tuple[int, Record]]]:
        """Partition → its positions and records, chained; what a failed page confirmed before is left out."""
        parts: dict[int, list[tuple[int, Record]]] = {}
        heads = {partition: sent.position for partition, sent in progress.sent.items()}
        for recorded, event in told:
            partition = partition_of(key_of(recorded, event))
            previous = heads.get(partition, 0)
            if recorded.position > previous:
                record = encode(recorded, event, partition, previous)
                parts.setdefault(partition, []).append((recorded.position, record))
                heads[partition] = recorded.position
        return parts

    async def _load(self, connection: Connection) -> Progress:
        rows = await connection.fetch("SELECT partition, position, kafka_offset FROM relay_partitions")
        sent = {row["partition"]: Sent(row["position"], row["kafka_offset"]) for row in rows}
        self.position = await connection.fetchval("SELECT position FROM relay_progress")
        return Progress(self.position, sent)

    async def _save(self, connection: Connection, progress: Progress, partitions: Mapping[int, object]) -> None:
        rows = [(partition, progress.sent[partition]) for partition in partitions if partition in progress.sent]
        await connection.execute(
            _SAVE,
            progress.position,
            [partition for partition, _ in rows],
            [sent.position for _, sent in rows],
            [sent.offset for _, sent in rows],
        )

    async def _begin_again(self, connection: Connection) -> Progress:
        log.warning("relay of %s found a new log and begins at the first event", self._store.service)
        async with connection.transaction():
            await connection.execute("DELETE FROM relay_partitions")
            await connection.execute("UPDATE relay_progress SET position = 0")
        self.position = 0
        return Progress()
