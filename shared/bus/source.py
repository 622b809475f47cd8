"""A peer's topic read without a group, from the start and live on: what a second generation is built from."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus.births import Births
from shared.bus.cancelling import end_if_cancelled
from shared.bus.chain import Gap, follow
from shared.bus.codec import Record
from shared.bus.kafka import Kafka
from shared.bus.partitions import PARTITIONS
from shared.clock import monotonic
from shared.reading import Incoming
from shared.trouble import Trouble

FETCH_MILLISECONDS = 250
LOOK_SECONDS = 2.0
PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class TopicSource:
    """One service's topic. ``counts`` has duplicates, gaps and strangers that were passed over."""

    def __init__(self, kafka: Kafka, source: str) -> None:
        self._kafka, self._source = kafka, source
        self.counts: Counter[str] = Counter()

    async def pages(self, after: Mapping[int, int]) -> AsyncIterator[tuple[int, Sequence[Incoming], int]]:
        """(partition, what came in, the position after it), each position once, never ending.

        ``after``: partition → the position that the caller has already (0 where it names none). A page may be
        empty and only move the position. The caller keeps what it was given before it asks for the next page;
        it leaves when it has what it wants. Broken connections and missing topics are waited for.
        """
        lasts = {partition: after.get(partition, 0) for partition in range(PARTITIONS)}
        trouble = Trouble(log, f"reading {self._source} from its start waits")
        while True:
            try:
                async with self._consumer() as consumer:
                    async for partition, incoming, to in self._read(consumer, lasts):
                        trouble.ends()
                        yield partition, incoming, to
            except KafkaError as error:
                end_if_cancelled()
                trouble.goes_on(type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _read(
        self, consumer: AIOKafkaConsumer, lasts: dict[int, int]
    ) -> AsyncIterator[tuple[int, Sequence[Incoming], int]]:
        births, looked = Births(), 0.0
        gaps = {partition: Gap() for partition in lasts}
        while True:
            fetched = await consumer.getmany(timeout_ms=FETCH_MILLISECONDS)
            for place, records in fetched.items():
                last = lasts[place.partition]
                followed = follow((Record.of(self._source, record) for record in records), last)
                self.counts.update(followed.passed_over())
                gaps[place.partition].seen(followed.missing, consumer.highwater(place) or 0)
                if followed.to > last:
                    lasts[place.partition] = followed.to
                    yield place.partition, followed.incoming, followed.to
            if monotonic() - looked > LOOK_SECONDS:
                looked = monotonic()
                await self._begin_again_where_needed(consumer, lasts, gaps, births)

    async def _begin_again_where_needed(
        self, consumer: AIOKafkaConsumer, lasts: Mapping[int, int], gaps: dict[int, Gap], births: Births
    ) -> None:
        for place in await births.renewed(consumer, consumer.assignment()):
            gaps[place.partition] = Gap()
            consumer.seek(place, 0)
        for place in consumer.assignment():
            gap = gaps[place.partition]
            if gap.missing and gap.due(lasts[place.partition], await consumer.position(place), monotonic()):
                gap.begin_again(monotonic())
                consumer.seek(place, 0)

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(
            **self._kafka.connection("rebuild"), auto_offset_reset="earliest", enable_auto_commit=False
        )
        topic = self._kafka.topic(self._source)
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()
