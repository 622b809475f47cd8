"""One topic as its only writer sees it: batches confirmed one at a time, and whether it is still the same log."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed

from shared.bus.codec import Record
from shared.bus.kafka import Kafka

BATCH_BYTES = 262_144
CONFIRM_SECONDS = 30.0


class NewLog(Exception):
    """The broker's log is not the one that was written before: it has to be filled from the first event."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A partition's last confirmed event: its position in the store, its offset in the log."""

    position: int
    offset: int


class TopicWriter:
    """The connection of one leader: an idempotent producer, and a consumer without group that only looks."""

    def __init__(self, topic: str, producer: AIOKafkaProducer, looker: AIOKafkaConsumer) -> None:
        self._topic, self._producer, self._looker = topic, producer, looker

    async def send(self, partition: int, records: Sequence[Record], last_offset: int) -> int:
        """The offset of the last record, once all are confirmed; each batch waits for the one before it.

        Raises NewLog if an offset is not above ``last_offset`` (-1: nothing was confirmed yet), KafkaError and
        TimeoutError; then what was not confirmed may lie in the log or not, and is to be sent again.
        """
        for batch in self._batches(records):
            count = batch.record_count()
            delivery = await self._producer.send_batch(batch, self._topic, partition=partition)
            async with asyncio.timeout(CONFIRM_SECONDS):
                first = (await delivery).offset
            if first < 0:
                raise KafkaError("the broker knew the batch already and no longer its offset")
            if first <= last_offset:
                raise NewLog
            last_offset = first + count - 1
        return last_offset

    def beside(self, topic: str) -> "TopicWriter":
        """The same connection on another topic, which others may write, too."""
        return TopicWriter(topic, self._producer, self._looker)

    async def continues(self, sent: Mapping[int, Sent]) -> bool:
        """Whether the log is long enough for what was confirmed; cheap, to be asked now and then."""
        partitions = {TopicPartition(self._topic, partition): row for partition, row in sent.items()}
        ends = await self._looker.end_offsets(list(partitions)) if partitions else {}
        return all(ends[partition] > row.offset for partition, row in partitions.items())

    async def holds(self, sent: Mapping[int, Sent]) -> bool:
        """Whether each confirmed event lies where it was confirmed: asked once, by a new leader.

        A new log in which somebody wrote, and died before saving it, may be long enough and still another one.
        """
        if not sent or not await self.continues(sent):
            return not sent
        partitions = {TopicPartition(self._topic, partition): row for partition, row in sent.items()}
        self._looker.assign(list(partitions))
        for partition, row in partitions.items():
            self._looker.seek(partition, row.offset)
        missing = dict(partitions)
        async with asyncio.timeout(CONFIRM_SECONDS):
            while missing:
                for partition, records in (await self._looker.getmany(timeout_ms=500)).items():
                    row = missing.pop(partition, None)
                    if row is not None and not _is(records[0], row):
                        return False
                self._looker.pause(*(set(partitions) - set(missing)))
        return True

    def _batches(self, records: Sequence[Record]) -> Iterator[Any]:
        batch = self._producer.create_batch()
        for record in records:
            fields = {"timestamp": None, "key": record.key, "value": record.value}
            headers = list(record.headers.items())
            if batch.append(**fields, headers=headers) is None:
                yield batch
                batch = self._producer.create_batch()
                batch.append(**fields, headers=headers)
        batch.close()
        yield batch


def _is(record: Any, row: Sent) -> bool:
    return record.offset == row.offset and dict(record.headers).get("position") == str(row.position).encode()


def _give_up(producer: AIOKafkaProducer) -> None:
    """An idempotent producer tries for ever and stopping waits for it: what is on its way is failed first.

    Who waited for it may be gone; then nobody asks for these failures, and asyncio would complain of each.
    """
    accumulator = producer._message_accumulator
    batches = [*chain.from_iterable(accumulator._batches.values()), *accumulator._pending_batches]
    accumulator.fail_all(ProducerClosed())
    for future in [future for batch in batches for future in (batch.future, batch._drain_waiter)]:
        if future.done() and not future.cancelled():
            future.exception()


@asynccontextmanager
async def open_writer(kafka: Kafka, topic: str) -> AsyncIterator[TopicWriter]:
    """Connects as ``kafka.principal``; waits for the topic. What is unconfirmed at the end is given up."""
    connection = kafka.connection("relay")
    producer = AIOKafkaProducer(**connection, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES)
    looker = AIOKafkaConsumer(**connection, enable_auto_commit=False)
    try:
        await producer.start()
        await looker.start()
        await producer.partitions_for(topic)
        yield TopicWriter(topic, producer, looker)
    finally:
        _give_up(producer)
        try:
            await looker.stop()
        finally:
            await producer.stop()
