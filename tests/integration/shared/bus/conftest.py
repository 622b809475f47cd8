"""A service "documents" of lamps over real databases, its topic on a real broker, and a peer's ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka import Producer

from deploy.kafka.provisioning import admin, wait_for
from deploy.kafka.republish import make_anew
from deploy.local.kafka import Broker
from shared.bus.codec import Record
from shared.bus.kafka import Kafka
from shared.bus.partitions import PARTITIONS
from shared.bus.reader import Reader
from shared.bus.relay import MIGRATIONS as RELAY_MIGRATIONS
from shared.bus.relay import Published, Relay
from shared.contracts.documents.v1.events import ResultReceived, ResultReleased
from shared.envelope import Recorded
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS, PostgresEventStore
from shared.ids import uuid7
from shared.migrations import migrate
from shared.privacy import ServiceKey, SubjectKeys
from tests.integration.shared.bus.ledger import TABLES, Ledger
from tests.integration.shared.eventstore.making import change, command, lamp
from tests.unit.shared.eventstore.lamps import TABLE, Lamp

MASTER = bytes(range(32))
PRACTICE = UUID(int=0xCC)


def received(recorded: Recorded[Any]) -> ResultReceived:
    return ResultReceived(practice_id=PRACTICE, patient_id=recorded.subject_id, result_id=recorded.stream_id)


def released(recorded: Recorded[Any]) -> ResultReleased | None:
    """Every second turning has no public face."""
    if not recorded.event.on:
        return None
    return ResultReleased(
        practice_id=PRACTICE, patient_id=recorded.subject_id, result_id=recorded.stream_id, provider_id=PRACTICE
    )


PUBLISHED: Published = {Lamp.Bought: received, Lamp.Turned: released}


@dataclass
class Bus:
    """The sending service and a peer that listens; what a test starts ends with it."""

    store: PostgresEventStore
    keys: SubjectKeys
    events: "asyncpg.Pool[asyncpg.Record]"
    dsn: str
    documents: Kafka
    messaging: Kafka
    ledger: Ledger
    start: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]

    @property
    def topic(self) -> str:
        return self.documents.topic("documents")

    def relay(self) -> Relay:
        return Relay(self.store, PUBLISHED, self.documents, self.dsn)

    def reader(self, kafka: Kafka | None = None) -> Reader:
        return Reader("messaging", ["documents"], kafka or self.messaging, self.ledger)

    async def append(self, lamps: int, turns: int = 0, owner_id: UUID | None = None) -> list[int]:
        """New lamps of as many owners, each appended as one command; the positions that have a public face."""
        public: list[int] = []
        for _ in range(lamps):
            made = lamp(owner_id=owner_id or uuid7(), turns=turns)
            first = (await self.store.append(command(), [change(made)])).first
            public += [first, *range(first + 1, first + 1 + turns, 2)]
        return public

    async def log(self) -> list[list[Any]]:
        """Each partition's records as they lie in Kafka."""
        return await self._log(self.messaging, self.topic)

    async def log_of_analytics(self) -> list[list[Any]]:
        """The same of the topic that analytics alone may read."""
        analytics = Kafka(self.documents.servers, self.documents.certificates, "analytics", self.documents.prefix)
        return await self._log(analytics, analytics.topic("analytics"))

    async def _log(self, reader: Kafka, topic: str) -> list[list[Any]]:
        consumer = AIOKafkaConsumer(**reader.connection("test"), enable_auto_commit=False)
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.start()
        try:
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.seek(place, 0)
            found: dict[TopicPartition, list[Any]] = {place: [] for place in places}
            async with asyncio.timeout(10):
                while any(len(found[place]) < ends[place] for place in places):
                    for place, records in (await consumer.getmany(timeout_ms=100)).items():
                        found[place] += records
            return [found[place] for place in places]
        finally:
            await consumer.stop()

    async def delete_topic(self) -> None:
        client = admin(self.documents.servers, self.documents.certificates)
        await asyncio.to_thread(lambda: wait_for(client.delete_topics([self.topic], operation_timeout=30).values()))

    async def resend(self, fetched: list[Any]) -> None:
        """Sends what ``log`` gave once more, each record to the partition it came from."""
        await self.send_raw([Record.of("documents", one) for one in fetched])

    def replace_at_once(self, fetched: list[Any]) -> None:
        """Makes the topic anew with these records in it, and holds up everything else in the process meanwhile."""
        make_anew(self.topic, self.documents.servers, self.documents.certificates, self.documents.prefix)
        settings = {
            "bootstrap.servers": self.documents.servers,
            "security.protocol": "SSL",
            "ssl.ca.location": str(self.documents.certificates / "authority.pem"),
            "ssl.certificate.location": str(self.documents.certificates / "documents.pem"),
            "ssl.key.location": str(self.documents.certificates / "documents.key"),
        }
        producer = Producer(settings)
        for one in fetched:
            producer.produce(self.topic, one.value, one.key, one.partition, headers=list(one.headers))
        producer.flush(10)

    async def send_raw(self, records: list[Record]) -> None:
        """As somebody who has documents' certificate and is not its relay."""
        producer = AIOKafkaProducer(**self.documents.connection("raw"))
        await producer.start()
        try:
            for one in records:
                headers = list(one.headers.items())
                place = {"partition": one.partition, "key": one.key, "headers": headers}
                await producer.send_and_wait(self.topic, one.value, **place)
        finally:
            await producer.stop()


@pytest.fixture
async def start_task() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]]:
    """Runs something beside the test and cancels it at the end."""
    tasks: list[asyncio.Task[None]] = []

    def start(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(work))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def bus(
    postgres: Any,
    database: str,
    keys_database: str,
    kafka: Broker,
    topic_prefix: str,
    start_task: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
) -> AsyncIterator[Bus]:
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(asyncpg.create_pool(database, min_size=1, max_size=6))
        keys_pool = await stack.enter_async_context(asyncpg.create_pool(keys_database, min_size=1, max_size=2))
        async with events.acquire() as connection:
            await migrate(connection, MIGRATIONS, "events")
            await migrate(connection, RELAY_MIGRATIONS, "relay")
        async with keys_pool.acquire() as connection:
            await migrate(connection, KEY_MIGRATIONS, "keys")
        peer = await postgres.create()
        stack.push_async_callback(postgres.drop, peer)
        ledger_pool = await stack.enter_async_context(asyncpg.create_pool(postgres.dsn(peer), min_size=1, max_size=6))
        await ledger_pool.execute(TABLES)
        keys = SubjectKeys(ServiceKey("documents", MASTER), events, keys_pool)
        store = PostgresEventStore(TABLE, keys, database, events)
        await store.open()
        stack.push_async_callback(store.close)
        documents = Kafka(kafka.servers, kafka.certificates, "documents", topic_prefix)
        messaging = Kafka(kafka.servers, kafka.certificates, "messaging", topic_prefix)
        yield Bus(store, keys, events, database, documents, messaging, Ledger(ledger_pool), start_task)
