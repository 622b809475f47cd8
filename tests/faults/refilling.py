"""Promise 8 at size: a topic made anew under a lagging reader is refilled, as fast as a bare producer's half."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.kafka.provisioning import admin, create_topics
from deploy.kafka.republish import republish
from shared.bus.codec import Record
from shared.bus.partitions import PARTITIONS
from shared.bus.relay import Progress, Relay
from shared.bus.writer import open_writer
from shared.clock import machine_now, monotonic
from shared.eventstore.store import CommandRecord, StreamChange
from shared.ids import uuid7
from shared.money import Money
from tests.faults.places import PEER, PUBLISHED, SENDER, peer, store
from tests.faults.promises import Kept, quiet
from tests.faults.recorder import Findings, check_read
from tests.faults.world import World, world
from tests.unit.shared.eventstore.lamps import Lamp, LampId
from tests.waiting import until

EVENTS_A_LAMP = 50
CONCURRENT = 64
MOST_RATIO = 2.0
SECONDS = 900.0
BARE = "portal.documents.bare"
"""A topic that the sender may write, and nobody reads."""


async def is_as_fast(seed: int, records: int) -> tuple[Kept, float]:
    """The promise, and the time of the refill by that of a bare producer of the same records."""
    quiet()
    async with world() as made:
        await _write(made, records)
        await asyncio.to_thread(create_topics, admin(made.broker.servers, made.broker.certificates), [BARE])
        bare = await _bare(made)
        await asyncio.gather(made.start("relay"), made.start("reader"))
        await _filled(made, records)
        await made.kill("reader")  # it lags from here on
        await republish(SENDER, made.broker.servers, made.broker.certificates)
        took = await _filled(made, records)
        await made.start("reader")
        async with peer(made.place) as found:

            async def there() -> bool:
                return len(await found.seen()) >= records

            await until(there, SECONDS)
            read = check_read(range(1, records + 1), await found.seen(), await found.late())
    ratio = took / bare
    slow = [f"the refill took {ratio:.2f} times as long as a bare producer"] if ratio > MOST_RATIO else []
    return Kept.of(8, read + Findings(complaints=slow), trials=records, kills=1, seed=seed), ratio


async def _write(made: World, records: int) -> None:
    places = asyncio.Semaphore(CONCURRENT)
    async with store(made.place) as (opened, _):

        async def one() -> None:
            lamp = Lamp(
                lamp_id=LampId(uuid7()), owner_id=uuid7(), bought_at=machine_now(), price=Money(1999), shade=None,
                fitting="pin",
            )  # fmt: skip
            for number in range(EVENTS_A_LAMP - 1):
                lamp.turn(str(number))
            change = StreamChange(lamp.id, 0, lamp.owner_id, list(lamp.collect_events()))  # type: ignore[arg-type]
            async with places:
                await opened.append(CommandRecord(uuid7(), b"", machine_now(), {}), [change])

        await asyncio.gather(*(one() for _ in range(records // EVENTS_A_LAMP)))


async def _bare(made: World) -> float:
    """Seconds that sending takes where the records are there already, all partitions at once."""
    records: dict[int, list[Record]] = {}
    async with store(made.place) as (opened, found):
        relay, progress = Relay(opened, PUBLISHED, made.place.kafka(SENDER), found.dsn), Progress()
        async for page in opened.read(0):
            for partition, part in relay._parts(relay._told(page), progress).items():
                records.setdefault(partition, []).extend(record for _, record in part)
    async with open_writer(made.place.kafka(SENDER), BARE) as writer:
        began = monotonic()
        await asyncio.gather(*(writer.send(partition, part, -1) for partition, part in records.items()))
        return monotonic() - began


async def _filled(made: World, records: int) -> float:
    """Seconds from the first record in the topic to the last."""
    kafka = made.place.kafka(PEER)
    places = [TopicPartition(kafka.topic(SENDER), partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(**kafka.connection("checker"), enable_auto_commit=False)
    consumer.assign(places)
    await consumer.start()
    try:
        first: list[float] = []

        async def full() -> bool:
            there = sum((await consumer.end_offsets(places)).values())
            if there and not first:
                first.append(monotonic())
            return bool(there >= records)

        await until(full, SECONDS)
        return monotonic() - first[0]
    finally:
        await consumer.stop()
