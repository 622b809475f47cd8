"""Row 9: appends while relay and projectors run, and how soon a committed event is a row at a peer."""

from statistics import median

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.append import OWNERS, appends
from benchmarks.ground import Broken, Ground, Opened, running_broker, say
from benchmarks.peers import PUBLISHED, Peer, peer, running, until
from benchmarks.rounds import Figure, Measured, measure
from benchmarks.visits import changes, command
from deploy.local.kafka import Broker
from shared.bus.kafka import Kafka
from shared.bus.relay import Relay
from shared.clock import monotonic
from shared.ids import uuid7

TRIES = 100
ALONE, TOGETHER = "append alone", "append beside relay and reader"
ROW, ROUND_TRIP = "commit to a peer's row, p50 s", "bare Kafka round trip, p50 s"
FIGURES = [
    Figure(9, "append while relay and projector run ÷ alone", TOGETHER, ALONE, 0.95),
    Figure(9, "commit to row in a peer's read model, p50 ÷ bare Kafka round trip", ROW, ROUND_TRIP, 1.3, at_most=True),
]


async def run(ground: Ground) -> list[Measured]:
    owners = [uuid7() for _ in range(OWNERS)]
    count = int(ground.effort.seconds * 5_000)
    with running_broker(ground.folder) as broker:
        async with ground.opened() as ours, peer(ground, broker) as theirs:
            await ours.keys.for_writing(owners)
            kafka = Kafka(broker.servers, broker.certificates, "documents")

            async def alone() -> float:
                await ground.settle()
                return await appends(ours, count, owners)

            async def together() -> float:
                relay, reader = Relay(ours.store, PUBLISHED, kafka, ours.dsn), theirs.reader()
                async with running(relay.run, reader.run):
                    await caught_up(ours, relay)
                    rate = await appends(ours, count, owners)
                    await caught_up(ours, relay)
                return rate

            sides = {
                ALONE: alone,
                TOGETHER: together,
                ROW: lambda: to_row(ours, theirs, kafka),
                ROUND_TRIP: lambda: round_trip(broker),
            }
            return await measure(FIGURES, sides, ground.effort.rounds, ground.folder, say)


async def caught_up(ours: Opened, relay: Relay) -> None:
    head = await ours.store.head()
    await until(lambda: relay.leading and relay.position >= head, "the relay")


async def to_row(ours: Opened, theirs: Peer, kafka: Kafka) -> float:
    """The typical time from an append's acknowledgement to its row, where nothing else is under way."""
    relay, reader = Relay(ours.store, PUBLISHED, kafka, ours.dsn), theirs.reader()
    times = []
    async with running(relay.run, reader.run):
        await caught_up(ours, relay)
        [first] = changes(1, [uuid7()])
        await ours.store.append(command(), [first])
        applied = reader.counts["applied"]
        await until(lambda: reader.counts["applied"] > applied, "the first row")
        await caught_up(ours, relay)
        for change in changes(TRIES, [uuid7()]):
            applied = reader.counts["applied"]
            await ours.store.append(command(), [change])
            began = monotonic()
            await until(lambda applied=applied: reader.counts["applied"] > applied, "the row")  # type: ignore[misc]
            times.append(monotonic() - began)
        last = await theirs.pool.fetchval("SELECT count(*) FROM live.bench_results")
        if last < TRIES:
            raise Broken(f"expected {TRIES} rows, found {last}")
    return median(times)


async def round_trip(broker: Broker) -> float:
    """The typical time of one record from a bare producer to a bare consumer."""
    writer, reader = (
        Kafka(broker.servers, broker.certificates, "billing"),
        Kafka(broker.servers, broker.certificates, "messaging"),
    )
    topic = writer.topic("billing")
    producer = AIOKafkaProducer(**writer.connection("bench"), acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(**reader.connection("bench"), enable_auto_commit=False, auto_offset_reset="latest")
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    await producer.start()
    await consumer.start()
    try:
        await consumer.seek_to_end(place)
        times = []
        for _ in range(TRIES):
            began = monotonic()
            await producer.send(topic, b"\0" * 300, partition=0)
            await consumer.getone()
            times.append(monotonic() - began)
        return median(times)
    finally:
        await producer.stop()
        await consumer.stop()
