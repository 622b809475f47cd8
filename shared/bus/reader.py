"""A service's reader of its peers' topics: each event applied once, in order, with the position that says so."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import BaseSecurity

from shared.bus.births import Births
from shared.bus.cancelling import end_if_cancelled
from shared.bus.chain import Followed, Gap, follow
from shared.bus.codec import Record
from shared.bus.kafka import REQUEST_MILLISECONDS, Kafka
from shared.bus.tracing import now_nanoseconds, trace_events
from shared.clock import monotonic
from shared.reading import Advance, Overtaken
from shared.trouble import Trouble

BATCH_RECORDS = 2_000
POLL_MILLISECONDS = 5
SESSION_MILLISECONDS, HEARTBEAT_MILLISECONDS = 3_000, 1_000
CONCURRENT_PARTITIONS = 4
METADATA_MILLISECONDS = 2_000
"""How soon a topic that was away is noticed to be there again."""
TEND_SECONDS = 1.0
STALLED_SECONDS = 15.0
PAUSE_SECONDS = 0.5
LEAVE_SECONDS = 4.0
FIRST_HOLD_SECONDS, LONGEST_HOLD_SECONDS = 0.1, 5.0

log = logging.getLogger(__name__)


class Stalled(Exception):
    """Records lie in the log and the consumer brings none: it is made anew."""


@dataclass(slots=True)
class Standing:
    """How far one assigned partition is. ``last`` None: PostgreSQL is asked before the next record is placed."""

    trouble: Trouble
    last: int | None = None
    next_offset: int = 0
    gap: Gap = field(default_factory=Gap)
    failures: int = 0
    hinted: int = -1
    moved_at: float = field(default_factory=monotonic)


class Reader:
    """Reads the topics of ``sources`` for ``service`` until it is cancelled, as one member of its group.

    ``instance`` names this process among those of the service, and stays the same when it starts again.
    A partition is held, with back-off, while ``advance`` raises anything but Overtaken; the others go on.
    """

    def __init__(
        self, service: str, sources: Sequence[str], kafka: Kafka, advance: Advance, instance: str = "1"
    ) -> None:
        self._service, self._sources, self._kafka = service, sources, kafka
        self._advance, self._instance = advance, instance
        self._trouble = Trouble(log, f"the reader of {service} is without Kafka")
        self.counts: Counter[str] = Counter()
        """applied, duplicates, gaps, strangers, overtaken, held, and read_again (a partition from its start)."""
        self.lag: dict[tuple[str, int], int] = {}
        """(source, partition) → records in the log that were not read when it was last looked at."""

    async def run(self) -> None:
        """Waits for the topics, reads, and begins again with new connections whenever Kafka fails for good."""
        while self._sources:
            reading = Reading(self._service, self._kafka, self._advance, self.counts, self.lag)
            reading.trouble = self._trouble
            broker = self._broker(reading)
            try:
                try:
                    await broker.start()
                    await reading.tend()
                finally:
                    # Leaving the group may wait for a coordinator that is gone; the others notice by the session.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LEAVE_SECONDS):
                            await broker.stop()
            except (KafkaError, OSError, Stalled) as error:
                end_if_cancelled()
                self._trouble.goes_on(type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)

    def _broker(self, reading: "Reading") -> KafkaBroker:
        broker = KafkaBroker(
            self._kafka.servers,
            security=BaseSecurity(ssl_context=self._kafka.ssl()),
            client_id=f"{self._kafka.principal}-reader",
            request_timeout_ms=REQUEST_MILLISECONDS,
            metadata_max_age_ms=METADATA_MILLISECONDS,
            allow_auto_create_topics=False,
            consumer_only=True,
            apply_types=False,
            logger=None,  # what it would say, Trouble tells
        )
        subscriber = broker.subscriber(
            *(self._kafka.topic(source) for source in self._sources),
            batch=True,
            group_id=self._kafka.group(self._service),
            group_instance_id=f"{self._service}-{self._instance}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            batch_timeout_ms=POLL_MILLISECONDS,
            max_records=BATCH_RECORDS,
            session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=HEARTBEAT_MILLISECONDS,
            listener=reading,
            parser=_as_it_is,
            decoder=_records,
        )
        subscriber(reading.take)
        reading.subscriber = subscriber
        return broker


async def _as_it_is(records: tuple[Any, ...]) -> KafkaMessage:
    """No header is looked at: what a stranger wrote there must not stop the batch."""
    return KafkaMessage(raw_message=records, body=b"", consumer=FAKE_CONSUMER)


async def _records(message: KafkaMessage) -> tuple[Any, ...]:
    records = message.raw_message
    return records if isinstance(records, tuple) else (records,)


class Reading(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """One consumer's life: from its start to the failure that ends it."""

    subscriber: Any
    """FastStream's batch subscriber; its ``consumer`` is aiokafka's."""
    trouble: Trouble

    def __init__(
        self, service: str, kafka: Kafka, advance: Advance, counts: Counter[str], lag: dict[tuple[str, int], int]
    ) -> None:
        self._service, self._kafka, self._advance = service, kafka, advance
        self._counts, self._lag = counts, lag
        self._standings: dict[TopicPartition, Standing] = {}
        self._births = Births()
        self._places = asyncio.Semaphore(CONCURRENT_PARTITIONS)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._standings.clear()
        self._lag.clear()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begins where the group's offset says, one record earlier; at the start where PostgreSQL has nothing.

        The record before shows at once whether PostgreSQL is as far as the group's offset claims.
        """

        async def begin(place: TopicPartition) -> None:
            standing = self._standing(place)
            committed = await self.subscriber.consumer.committed(place)
            standing.last = await self._advance.last(self._kafka.source(place.topic), place.partition)
            standing.next_offset = max(committed - 1, 0) if committed and standing.last else 0
            self._seek(place, standing.next_offset)

        await asyncio.gather(*(begin(place) for place in assigned))

    async def take(self, records: tuple[Any, ...]) -> None:
        """One batch of mixed partitions. Nothing is raised: what fails is held and comes again."""
        by_place: dict[TopicPartition, list[Any]] = defaultdict(list)
        for record in records:
            by_place[TopicPartition(record.topic, record.partition)].append(record)
        await asyncio.gather(*(self._take_partition(place, part) for place, part in by_place.items()))

    async def _take_partition(self, place: TopicPartition, records: Sequence[Any]) -> None:
        standing = self._standing(place)
        try:
            async with self._places:
                followed = await self._apply(place, records, standing)
        # Anything but Overtaken holds the partition: the batch comes again until it can be applied.
        except Exception as error:
            self._hold(place, standing, records[0].offset, error)
            return
        standing.failures, standing.moved_at = 0, monotonic()
        standing.trouble.ends()
        standing.next_offset = records[-1].offset + 1
        self._counts.update(followed.passed_over())
        self._counts["applied"] += len(followed.incoming)
        if followed.missing:
            standing.gap.seen(followed.missing, self.subscriber.consumer.highwater(place) or standing.next_offset)
        self._read_again_if_due(place, standing)

    async def _apply(self, place: TopicPartition, records: Sequence[Any], standing: Standing) -> Followed:
        source = self._kafka.source(place.topic)
        parsed = [Record.of(source, record) for record in records]
        since = now_nanoseconds()
        while True:
            if standing.last is None:
                standing.last = await self._advance.last(source, place.partition)
            last = standing.last
            followed = follow(parsed, last)
            if followed.to > last:
                standing.last = None  # unknown until the transaction has ended well
                try:
                    await self._advance.advance(source, place.partition, last, followed.incoming, followed.to)
                except Overtaken:
                    self._counts["overtaken"] += 1
                    continue
                standing.last = followed.to
                trace_events("take", (one.recorded for one in followed.incoming if one.recorded), since)
            return followed

    def _standing(self, place: TopicPartition) -> Standing:
        found = self._standings.get(place)
        if found is None:
            what = f"{self._service} holds partition {place.partition} of {place.topic}"
            found = self._standings[place] = Standing(Trouble(log, what))
        return found

    def _hold(self, place: TopicPartition, standing: Standing, offset: int, error: Exception) -> None:
        pause = min(FIRST_HOLD_SECONDS * 2**standing.failures, LONGEST_HOLD_SECONDS)
        standing.failures += 1
        standing.moved_at = monotonic()
        self._counts["held"] += 1
        standing.trouble.goes_on(type(error).__name__)
        if place in self.subscriber.consumer.assignment():
            self.subscriber.consumer.pause(place)
            self._seek(place, offset)
            asyncio.get_running_loop().call_later(pause, self._resume, place)

    def _resume(self, place: TopicPartition) -> None:
        consumer = self.subscriber.consumer
        if consumer is not None and place in consumer.assignment():
            consumer.resume(place)

    def _seek(self, place: TopicPartition, offset: int) -> None:
        try:
            self.subscriber.consumer.seek(place, offset)
        except IllegalStateError:
            log.debug("partition %d of %s was taken away meanwhile", place.partition, place.topic)

    def _read_again_if_due(self, place: TopicPartition, standing: Standing) -> None:
        if standing.gap.due(standing.last or 0, standing.next_offset, monotonic()):
            standing.gap.begin_again(monotonic())
            self._read_again(place, standing)

    def _read_again(self, place: TopicPartition, standing: Standing) -> None:
        self._counts["read_again"] += 1
        log.warning("%s reads partition %d of %s again from its start", self._service, place.partition, place.topic)
        standing.last, standing.next_offset = None, 0
        self._seek(place, 0)

    async def tend(self) -> None:
        """Until Kafka fails for good: group offsets as a hint, logs made anew, gaps left open, lag, stalls."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            consumer = self.subscriber.consumer
            standings = {place: self._standings.get(place) for place in consumer.assignment()}
            known = {place: standing for place, standing in standings.items() if standing is not None}
            try:
                ends = await consumer.end_offsets(list(known)) if known else {}
                renewed = await self._births.renewed(consumer, list(known))
                await self._hint(consumer, known)
            except (KafkaError, IllegalStateError) as error:
                self.trouble.goes_on(type(error).__name__)
                continue
            if known:
                self.trouble.ends()
            for place, standing in known.items():
                if place in renewed:
                    standing.gap = Gap()
                    self._read_again(place, standing)
                self._read_again_if_due(place, standing)
                self._measure(place, standing, ends[place])

    async def _hint(self, consumer: Any, standings: Mapping[TopicPartition, Standing]) -> None:
        """The group's offsets: where to begin another time, never what was applied."""
        moved = {place: one.next_offset for place, one in standings.items() if one.next_offset != one.hinted}
        if moved:
            await consumer.commit(moved)
            for place, offset in moved.items():
                standings[place].hinted = offset

    def _measure(self, place: TopicPartition, standing: Standing, end: int) -> None:
        behind = max(0, end - standing.next_offset)
        self._lag[self._kafka.source(place.topic), place.partition] = behind
        if not behind:
            standing.moved_at = monotonic()
        elif monotonic() - standing.moved_at > STALLED_SECONDS:
            raise Stalled
