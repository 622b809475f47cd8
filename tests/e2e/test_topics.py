"""Records that no relay sent, written raw into a topic: readers park or pass over them, and everybody else goes on."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from deploy.local.certificates import make_certificates
from operations.demo.world import Patient
from operations.outside import eventually
from operations.stack import Stack
from shared.bus.partitions import PARTITIONS, partition_of
from shared.ids import uuid7
from shared.reading.database import Pool, open_pool
from shared.reading.parking import find_parking_request, request_drop, request_retry
from tests.e2e.broker import tls
from tests.e2e.practices import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOURCE, TOPIC = "documents", "portal.documents.v1"
"""Of this topic messaging keeps an inbox, and mails."""
CANARY = "Zq9-topic-canary"


@asynccontextmanager
async def producing(stack: Stack, context: ssl.SSLContext) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.parts.kafka_servers,
        security_protocol="SSL",
        ssl_context=context,
        request_timeout_ms=5_000,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


@dataclass
class Bus:
    """Documents' topic as its own principal may write it, and what messaging made of it."""

    stack: Stack
    producer: AIOKafkaProducer
    messaging: Pool
    documents: Pool

    async def last(self, partition: int) -> int:
        """How far messaging is."""
        sql = "SELECT position FROM positions WHERE source = $1 AND partition = $2"
        return int(await self.messaging.fetchval(sql, SOURCE, partition) or 0)

    async def head(self) -> int:
        return int(await self.documents.fetchval("SELECT max(position) FROM events"))

    async def settle(self, partition: int) -> None:
        """Until the relay has sent all that documents has, and messaging has taken that partition's last event."""
        head = await self.head()

        async def there() -> bool | None:
            if await self.documents.fetchval("SELECT position FROM relay_progress") < head:
                return None
            sql = "SELECT position FROM relay_partitions WHERE partition = $1"
            return await self.last(partition) >= (await self.documents.fetchval(sql, partition) or 0) or None

        await eventually(f"all of partition {partition} at messaging", there)

    def consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.stack.parts.kafka_servers,
            security_protocol="SSL",
            ssl_context=tls(self.stack.state.certificates, "operations"),
            enable_auto_commit=False,
        )

    async def records(self, partition: int, most: int = 100) -> list[Any]:
        """The newest records of a partition's log."""
        consumer, place = self.consumer(), TopicPartition(TOPIC, partition)
        await consumer.start()
        try:
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, max(0, end - most))
            found: list[Any] = []
            while len(found) < min(end, most):
                found += (await consumer.getmany(place, timeout_ms=5_000)).get(place, [])
            return found
        finally:
            await consumer.stop()

    async def write(self, partition: int, key: bytes, value: bytes, headers: Mapping[str, str | bytes]) -> None:
        """One raw record."""
        told = [(name, text if isinstance(text, bytes) else text.encode()) for name, text in headers.items()]
        await self.producer.send_and_wait(TOPIC, value, key=key, partition=partition, headers=told)

    async def parked(self, key: UUID) -> list[tuple[int, str]]:
        """(position, error) of what messaging has parked of that key."""
        rows = await self.messaging.fetch(
            "SELECT position, error, raw FROM parked WHERE source = $1 AND key = $2 ORDER BY position", SOURCE, key
        )
        return [(row["position"], row["error"]) for row in rows]

    async def place(self, partition: int) -> tuple[int, int]:
        """(previous, position) that continue the chain and that the real relay will never use in this partition."""
        last, head = await self.last(partition), await self.head()
        assert last < head, "an event of another partition lends its position"
        return last, last + 1

    async def asked(self, request_id: UUID) -> tuple[int | None, str | None]:
        """(applied, error) of a request about parked records, once it is carried out."""

        async def done() -> tuple[int | None, str | None] | None:
            found = await find_parking_request(self.messaging, request_id)
            return (found.applied, found.error) if found and (found.applied is not None or found.error) else None

        return await eventually("the request about parked records", done)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bus(portal_stack: Stack) -> AsyncIterator[Bus]:
    environment = portal_stack.environment()
    messaging = await open_pool(environment["PORTAL_MESSAGING_DATABASE_URL"], most=2)
    documents = await open_pool(environment["PORTAL_DOCUMENTS_DATABASE_URL"], most=2)
    async with producing(portal_stack, tls(portal_stack.state.certificates, SOURCE)) as producer:
        yield Bus(portal_stack, producer, messaging, documents)
    await messaging.close()
    await documents.close()


@pytest.fixture(autouse=True)
def nothing_crashes(portal_stack: Stack) -> Any:
    """The processes after each test are those before it."""

    def alive() -> dict[str, bool]:
        noted = json.loads((portal_stack.state.run / "processes.json").read_text())
        return {one["name"]: psutil.pid_exists(one["pid"]) for one in noted}

    before = alive()
    assert all(before.values())
    yield
    assert alive() == before


def headers_of(place: tuple[int, int], key: UUID, **changed: str | bytes) -> dict[str, str | bytes]:
    """As the relay writes them for ResultReleased."""
    at = datetime(2026, 3, 2, tzinfo=UTC).isoformat()
    return {
        "ce_specversion": "1.0",
        "ce_id": f"{SOURCE}:{place[1]}",
        "ce_type": "ResultReleased.v1",
        "ce_source": f"portal.{SOURCE}",
        "ce_time": at,
        "ce_subject": str(key),
        "content-type": "application/json",
        "position": str(place[1]),
        "previous": str(place[0]),
        "stream_id": str(key),
        "version": "2",
        "recorded_at": at,
        **changed,
    }


def value_of(key: UUID, house: House, /, **changed: object) -> bytes:
    fields = {"practice_id": house.practice_id, "patient_id": str(key)}
    return json.dumps({**fields, "result_id": str(uuid7()), "provider_id": str(uuid7()), **changed}).encode()


async def inbox(patient: Patient) -> list[str]:
    listed = await patient.account.get(patient.path("inbox?kind=result&page_size=200"))
    return [one["object_id"] for one in listed["items"]]


async def arrives(patient: Patient, result_id: str) -> None:
    async def there() -> bool | None:
        return result_id in await inbox(patient) or None

    await eventually("the released result in the inbox", there)


async def told(house: House, patient: Patient, results: int) -> None:
    """Until the patient was mailed about as many results; one mail more is one too many."""

    async def mailed() -> bool | None:
        found = sum("document is available" in mail["subject"] for mail in await house.portal.mails(patient.email))
        assert found <= results, "nothing is mailed twice"
        return found == results or None

    await eventually(f"mails about {results} results", mailed)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def victim(house: House) -> Patient:
    return await house.enrolled()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bystander(house: House, bus: Bus, victim: Patient) -> Patient:
    """Another patient, whose events make room among the positions of the victim's partition."""
    while True:
        found = await house.enrolled()
        if partition_of(found.patient_id.encode()) != partition_of(victim.patient_id.encode()):
            return found


async def room(house: House, bus: Bus, victim: Patient, bystander: Patient) -> None:
    """Some positions that the victim's partition will never use."""
    for _ in range(2):
        await arrives(bystander, await house.result_of(bystander))
    await bus.settle(partition_of(victim.patient_id.encode()))


async def test_a_malformed_record_parks_its_patient_and_nobody_else(
    house: House, bus: Bus, victim: Patient, bystander: Patient
) -> None:
    key, partition = UUID(victim.patient_id), partition_of(victim.patient_id.encode())
    await arrives(victim, await house.result_of(victim))
    await room(house, bus, victim, bystander)
    place = await bus.place(partition)
    await bus.write(partition, victim.patient_id.encode(), f'{{"{CANARY}": '.encode(), headers_of(place, key))

    async def parked() -> list[tuple[int, str]] | None:
        return await bus.parked(key) or None

    ((position, error),) = await eventually("the parked record", parked)
    assert position == place[1]
    assert error
    assert CANARY not in error
    waiting = await house.result_of(victim)
    await arrives(bystander, await house.result_of(bystander))
    await bus.settle(partition)
    behind = await bus.parked(key)
    assert [error for _, error in behind[1:]] == [""] * (len(behind) - 1), "the later ones wait behind it"
    assert len(behind) > 1
    assert waiting not in await inbox(victim)

    assert await bus.asked(await request_retry(bus.messaging, SOURCE, position)) == (0, None)
    assert len(await bus.parked(key)) == len(behind)
    applied, refused = await bus.asked(await request_drop(bus.messaging, SOURCE, position, "written by a test"))
    assert (applied, refused) == (len(behind) - 1, None)
    await arrives(victim, waiting)
    assert await bus.parked(key) == []


MALFORMED: dict[str, tuple[dict[str, object], dict[str, str | bytes]]] = {
    "a field of another type": ({"result_id": CANARY}, {}),
    "a field missing": ({"provider_id": None}, {}),
    "a field too many": ({CANARY: 1}, {}),
    "another patient than its key": ({"patient_id": "01890000-0000-7000-8000-000000000001"}, {}),
    "another id than its position": ({}, {"ce_id": f"documents:{10**9}"}),
    "a time without offset": ({}, {"ce_time": "2026-03-02T00:00:00"}),
    "a subject that is no id": ({}, {"ce_subject": CANARY}),
    "bytes that are no text": ({}, {"stream_id": b"\xff\xfe"}),
}


@pytest.mark.parametrize("wrong", MALFORMED)
async def test_each_kind_of_malformed_record_is_parked_or_harmless_and_names_no_value(
    house: House, bus: Bus, victim: Patient, bystander: Patient, wrong: str
) -> None:
    await room(house, bus, victim, bystander)
    fields, headers = MALFORMED[wrong]
    partition = partition_of(victim.patient_id.encode())
    key = uuid7()
    while partition_of(str(key).encode()) != partition:
        key = uuid7()
    place = await bus.place(partition)
    await bus.write(partition, str(key).encode(), value_of(key, house, **fields), headers_of(place, key, **headers))

    async def taken() -> bool | None:
        return await bus.last(partition) >= place[1] or None

    await eventually("messaging past the record", taken)
    parked = await bus.parked(key)
    if wrong != "a field too many":  # newer code may publish more
        assert [position for position, _ in parked] == [place[1]]
        assert CANARY not in parked[0][1]
        await bus.asked(await request_drop(bus.messaging, SOURCE, place[1], "written by a test"))
    await arrives(victim, await house.result_of(victim))


async def test_what_has_no_place_in_the_chain_or_an_unknown_type_is_passed_over(
    house: House, bus: Bus, victim: Patient, bystander: Patient
) -> None:
    await room(house, bus, victim, bystander)
    key, partition = UUID(victim.patient_id), partition_of(victim.patient_id.encode())
    last, next_one = await bus.place(partition)
    before = await inbox(victim)
    right = value_of(key, house)
    for place in (("x", "y"), ("-1", "5"), ("", ""), ("9" * 40, "9" * 41), (str(next_one), str(next_one))):
        headers = headers_of((last, next_one), key, previous=place[0], position=place[1])
        await bus.write(partition, str(key).encode(), right, headers)
    await bus.write(partition, str(key).encode(), right, {})
    await bus.write(partition, b"", b"", {})
    await bus.write(partition, b"\xff\x00", b"\xff" * 1000, {"\u00e9": b"\xff", "position": b"\xff"})
    unknown = headers_of((last, next_one), key, ce_type="PatientTurnedBlue.v7")
    await bus.write(partition, str(key).encode(), b"not even json", unknown)

    async def past() -> bool | None:
        return await bus.last(partition) >= next_one or None

    await eventually("messaging past the unknown type", past)
    await arrives(victim, await house.result_of(victim))
    assert await bus.parked(key) == []
    assert set(before) < set(await inbox(victim))
    assert len(await inbox(victim)) == len(before) + 1


async def test_the_log_again_backwards_and_in_another_partition_changes_nothing(
    house: House, bus: Bus, victim: Patient, bystander: Patient
) -> None:
    await arrives(victim, await house.result_of(victim))
    await room(house, bus, victim, bystander)
    before, other = await inbox(victim), await inbox(bystander)
    await told(house, victim, len(before))
    await told(house, bystander, len(other))
    partition = partition_of(victim.patient_id.encode())
    for record in reversed(await bus.records(partition)):
        await bus.write(partition, record.key or b"", record.value or b"", dict(record.headers))
    mine = [one for one in await bus.records(partition) if one.key == victim.patient_id.encode()][-3:]
    for record in mine:
        await bus.write((partition + 1) % PARTITIONS, record.key, record.value, dict(record.headers))
    result_id = await house.result_of(victim)
    await arrives(victim, result_id)
    await arrives(bystander, await house.result_of(bystander))
    assert sorted(await inbox(victim)) == sorted([*before, result_id])
    assert len(await inbox(bystander)) == len(other) + 1
    await told(house, victim, len(before) + 1)
    await told(house, bystander, len(other) + 1)
    assert await bus.parked(UUID(victim.patient_id)) == []


async def test_a_hole_in_the_chain_is_passed_over_and_does_not_stop_what_follows(
    house: House, bus: Bus, victim: Patient, bystander: Patient
) -> None:
    await room(house, bus, victim, bystander)
    key, partition = UUID(victim.patient_id), partition_of(victim.patient_id.encode())
    head, forged = await bus.head(), str(uuid7())
    headers = headers_of((head - 1, head), key)
    assert await bus.last(partition) < head - 1
    await bus.write(partition, str(key).encode(), value_of(key, house, result_id=forged), headers)
    await arrives(victim, await house.result_of(victim))
    assert forged not in await inbox(victim), "what does not continue the chain is not applied"


@pytest.mark.parametrize("principal", ["messaging", "identity", "web", "gateway", "analytics"])
async def test_another_principal_cannot_write_the_topic(portal_stack: Stack, principal: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        async with producing(portal_stack, tls(portal_stack.state.certificates, principal)) as producer:
            await producer.send_and_wait(TOPIC, b"x", key=b"x", partition=0)


@pytest.mark.parametrize("principal", ["web", "gateway", "analytics"])
async def test_who_is_no_service_cannot_read_the_topic(portal_stack: Stack, principal: str) -> None:
    """Reading would imply describing."""
    folder = portal_stack.state.certificates
    client = AdminClient(
        {
            "bootstrap.servers": portal_stack.parts.kafka_servers,
            "security.protocol": "SSL",
            "ssl.ca.location": str(folder / "authority.pem"),
            "ssl.certificate.location": str(folder / f"{principal}.pem"),
            "ssl.key.location": str(folder / f"{principal}.key"),
            "log_level": 0,
        }
    )
    described = await asyncio.to_thread(client.list_topics, TOPIC, 10)
    error = described.topics[TOPIC].error
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


async def test_a_certificate_of_another_authority_and_none_at_all_get_no_connection(
    portal_stack: Stack, tmp_path: Path
) -> None:
    make_certificates(tmp_path)
    forged = ssl.create_default_context(cafile=str(portal_stack.state.certificates / "authority.pem"))
    forged.load_cert_chain(tmp_path / f"{SOURCE}.pem", tmp_path / f"{SOURCE}.key")
    none = ssl.create_default_context(cafile=str(portal_stack.state.certificates / "authority.pem"))
    for context in (forged, none):
        with pytest.raises(KafkaConnectionError):
            async with producing(portal_stack, context):
                pass
