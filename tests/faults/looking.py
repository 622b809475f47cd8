"""What is there: the store, the log and the peer's read model, the ledgers outside; and what is wrong with each."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.aggregate import Aggregate
from shared.bus.codec import Record
from shared.bus.partitions import PARTITIONS
from shared.effects.table import effect_id
from shared.envelope import Recorded
from tests.faults.acting import Ledgers, check_effects
from tests.faults.asking import Desk
from tests.faults.places import MAIL, PAY, PEER, SENDER, acted_on, peer, store
from tests.faults.recorder import Findings, Outcome, check_chain, check_read, check_store
from tests.faults.world import World
from tests.unit.shared.eventstore.lamps import Lamp
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with the store, and with what the peer made of it."""

    stored: Findings
    read: Findings

    @property
    def all(self) -> Findings:
        return self.stored + self.read


async def look(desk: Desk) -> Found:
    """Waits until everything published has arrived, or the patience ends."""
    stored: dict[str, list[int]] = defaultdict(list)
    events = await in_store(desk.world)
    for recorded in events:
        if isinstance(recorded.event, Lamp.Turned):
            stored[recorded.event.note].append(recorded.position)
    public = [recorded.position for recorded in events]
    async with peer(desk.world.place) as found:

        async def arrived() -> bool:
            return set(await found.seen()) >= set(public)

        with suppress(TimeoutError):  # what is missing then is told by the checker
            await until(arrived, desk.patience_seconds)
        read = check_read(public, await found.seen(), await found.late())
    unsettled = [
        f"{one.token}: no answer after {one.tries} tries"
        for outcome in (Outcome.UNKNOWN, Outcome.INVOKED)
        for one in desk.recorder.of(outcome)
    ]
    settled = check_store(desk.recorder, stored) + Findings(complaints=unsettled)
    return Found(settled, read + check_chain(await log(desk.world)))


async def look_outside(desk: Desk, before: Ledgers, twice: int) -> Findings:
    """4: what the ledgers have since ``before``; each mail may have been handed over again ``twice`` in all."""
    causes = [one for one in await in_store(desk.world) if isinstance(one.event, Lamp.Turned)]
    acted = [(one.event_id, str(one.subject_id)) for one in causes if acted_on(one.stream_id)]
    mails, payments = ([effect_id(cause, kind, key) for cause, key in acted] for kind in (MAIL, PAY))
    latest = [before]

    async def done() -> bool:
        latest.append(await since(desk.world, before))
        there = set(latest[-1].mails) >= set(mails) and set(latest[-1].pages) >= set(payments)
        return there and await _idle(desk.world)

    with suppress(TimeoutError):
        await until(done, desk.patience_seconds)
    return check_effects(mails, payments, await since(desk.world, before), twice)


async def since(world: World, before: Ledgers) -> Ledgers:
    """What was handed over after ``before`` was read."""
    now = await Ledgers.read(world.mail_pages, world.place.processor)
    return Ledgers(now.mails - before.mails, now.pages - before.pages)


async def _idle(world: World) -> bool:
    async with peer(world.place) as found:
        return not await found.pool.fetchval("SELECT count(*) FROM effects WHERE state = 'pending'")


async def in_store(world: World) -> list[Recorded[Aggregate.Event]]:
    """All events, in order."""
    async with store(world.place) as (opened, _):
        return [recorded async for page in opened.read(0) for recorded in page]


async def on(world: World, lamp_id: UUID) -> bool:
    """Whether a lamp is on, after its events."""
    async with store(world.place) as (opened, _):
        lamp = await opened.find(Lamp, lamp_id)
        return lamp is not None and lamp.on


async def log(world: World) -> list[list[tuple[int, int]]]:
    """(previous, position) of each record in the topic, by partition."""
    return [[one.place() or (0, 0) for one in records] for records in await records_of(world)]


async def last_records(world: World) -> list[Record]:
    """The last record of each partition."""
    return [records[-1] for records in await records_of(world) if records]


async def send(world: World, records: Sequence[Record]) -> None:
    """As somebody who has the sender's certificate and is not its relay."""
    producer = AIOKafkaProducer(**world.place.kafka(SENDER).connection("copier"))
    await producer.start()
    try:
        topic = world.place.kafka(SENDER).topic(SENDER)
        for one in records:
            headers = list(one.headers.items())
            await producer.send_and_wait(topic, one.value, key=one.key, partition=one.partition, headers=headers)
    finally:
        await producer.stop()


async def records_of(world: World) -> list[list[Record]]:
    """Each partition's records as they lie in the topic."""
    kafka = world.place.kafka(PEER)
    places = [TopicPartition(kafka.topic(SENDER), partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(**kafka.connection("checker"), enable_auto_commit=False)
    consumer.assign(places)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places)
        for one in places:
            consumer.seek(one, 0)
        found: dict[TopicPartition, list[Record]] = {one: [] for one in places}
        reached = dict.fromkeys(places, 0)
        async with asyncio.timeout(60):
            while any(reached[one] < ends[one] for one in places):
                for one, records in (await consumer.getmany(timeout_ms=200)).items():
                    reached[one] = records[-1].offset + 1
                    found[one] += [Record.of(SENDER, record) for record in records]
        return [found[one] for one in places]
    finally:
        await consumer.stop()
