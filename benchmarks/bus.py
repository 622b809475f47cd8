"""Rows 7 and 8: the relay beside a bare producer, a projection beside a bare consumer and single transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.ground import Broken, Ground, Opened, running_broker, say
from benchmarks.peers import PUBLISHED, Peer, empty_topic, peer, running, until
from benchmarks.replay import OWNERS, fill
from benchmarks.rounds import Figure, Measured, measure
from deploy.local.kafka import Broker
from shared.bus.codec import Record, decode, encode, key_of
from shared.bus.kafka import Kafka
from shared.bus.partitions import PARTITIONS, partition_of
from shared.bus.reader import BATCH_RECORDS
from shared.bus.relay import Relay
from shared.bus.writer import BATCH_BYTES
from shared.clock import monotonic
from shared.ids import uuid7
from shared.reading import Incoming

SINGLES = 300
RELAY, SEND_BATCH = "relay", "bare send_batch"
PROJECTION, GETMANY, SINGLE = "projection", "bare getmany and decode", "one transaction a message"
RELAYED = [Figure(7, "relay ÷ bare send_batch", RELAY, SEND_BATCH, 0.7)]
PROJECTED = [
    Figure(8, "projection ÷ bare getmany and decode", PROJECTION, GETMANY, 0.5),
    Figure(8, "projection ÷ one transaction a message", PROJECTION, SINGLE, 80),
]


async def run(ground: Ground) -> list[Measured]:
    owners = [uuid7() for _ in range(OWNERS)]
    folder, rounds = ground.folder, ground.effort.rounds
    with running_broker(ground.folder) as broker:
        async with ground.opened() as ours, peer(ground, broker) as theirs:
            await fill(ours, ground.effort.size, owners)
            records = await recorded(ours)
            relay_sides = {
                RELAY: lambda: relayed(ours, broker),
                SEND_BATCH: lambda: sent_barely(records, broker),
            }
            measured = await measure(RELAYED, relay_sides, rounds, folder, say)
            await empty_topic(broker)
            await relayed(ours, broker)
            count = sum(map(len, records))
            sides: dict[str, Callable[[], Awaitable[float]]] = {
                PROJECTION: lambda: projected(theirs, count),
                GETMANY: lambda: read_barely(theirs.kafka, count),
                SINGLE: lambda: one_by_one(theirs, records),
            }
            return measured + await measure(PROJECTED, sides, rounds, folder, say)


async def recorded(ours: Opened) -> list[list[Record]]:
    """Each partition's records as the relay makes them."""
    parts: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    lasts = [0] * PARTITIONS
    async for page in ours.store.read(0):
        for each in page:
            event = PUBLISHED[type(each.event)](each)
            if event is None:
                raise Broken("expected every event to be published")
            partition = partition_of(key_of(each, event))
            parts[partition].append(encode(each, event, partition, lasts[partition]))
            lasts[partition] = each.position
    return parts


async def relayed(ours: Opened, broker: Broker) -> float:
    """Events a second, from the first page read to the last confirmation."""
    await ours.events.execute("DELETE FROM relay_partitions")
    await ours.events.execute("UPDATE relay_progress SET position = 0")
    head = await ours.store.head()
    relay = Relay(ours.store, PUBLISHED, Kafka(broker.servers, broker.certificates, "documents"), ours.dsn)
    async with running(relay.run):
        await until(lambda: relay.position > 0, "the relay's first page")
        began, first = monotonic(), relay.position
        await until(lambda: relay.position >= head, "the relay")
        return (head - first) / (monotonic() - began)


async def sent_barely(parts: Sequence[Sequence[Record]], broker: Broker) -> float:
    """Records a second by one producer that does nothing else; they were made before."""
    kafka = Kafka(broker.servers, broker.certificates, "documents")
    settings = kafka.connection("bench")
    producer = AIOKafkaProducer(**settings, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES)
    await producer.start()

    async def send(partition: int, records: Sequence[Record]) -> None:
        waiting = iter(records)
        record = next(waiting, None)
        while record is not None:
            batch = producer.create_batch()
            while record is not None and batch.append(
                timestamp=None, key=record.key, value=record.value, headers=list(record.headers.items())
            ):
                record = next(waiting, None)
            batch.close()
            await (await producer.send_batch(batch, kafka.topic("documents"), partition=partition))

    try:
        began = monotonic()
        await asyncio.gather(*(send(partition, records) for partition, records in enumerate(parts)))
        return sum(map(len, parts)) / (monotonic() - began)
    finally:
        await producer.stop()


async def projected(theirs: Peer, count: int) -> float:
    """Events a second into rows and positions, from the first batch that is in to the last."""
    await theirs.forget()
    reader = theirs.reader()
    async with running(reader.run):
        await until(lambda: reader.counts["applied"] > 0, "the first batch")
        began, first = monotonic(), reader.counts["applied"]
        await until(lambda: reader.counts["applied"] >= count, "the projection")
        return (count - first) / (monotonic() - began)


async def read_barely(kafka: Kafka, count: int) -> float:
    """Records a second, fetched and decoded and forgotten."""
    places = [TopicPartition(kafka.topic("documents"), partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(**kafka.connection("bench"), enable_auto_commit=False)
    consumer.assign(places)
    await consumer.start()
    try:
        for place in places:
            consumer.seek(place, 0)
        read, first, began = 0, 0, 0.0
        while read < count:
            for found in (await consumer.getmany(timeout_ms=1000, max_records=BATCH_RECORDS)).values():
                for one in found:
                    if decode(Record.of("documents", one)) is None:
                        raise Broken("expected records of the published language")
                read += len(found)
            if not began:
                began, first = monotonic(), read
        return (read - first) / (monotonic() - began)
    finally:
        await consumer.stop()


async def one_by_one(theirs: Peer, parts: Sequence[Sequence[Record]]) -> float:
    """Events a second where each has a transaction of its own; decoded before."""
    await theirs.forget()
    incoming: list[Incoming] = []
    for record in islice((record for records in parts for record in records), SINGLES):
        one = decode(record)
        if one is None or one.recorded is None:
            raise Broken("expected readable records")
        incoming.append(one)
    lasts = [0] * PARTITIONS
    began = monotonic()
    for one in incoming:
        partition = one.recorded.partition if one.recorded is not None else 0
        await theirs.advance.advance("documents", partition, lasts[partition], [one], one.position)
        lasts[partition] = one.position
    return len(incoming) / (monotonic() - began)
