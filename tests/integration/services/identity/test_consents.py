"""Consent's events on a real Kafka: a signature invites, a withdrawal voids, and both are told on identity's topic."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.kafka import Broker
from shared.bus.codec import encode
from shared.bus.kafka import Kafka
from shared.bus.partitions import partition_of
from shared.contracts.consent.v1.events import ConsentSigned, ConsentWithdrawn
from shared.contracts.event import PatientEvent
from shared.contracts.identity.v1 import api_pb2
from shared.envelope import Recorded
from shared.rpc.metadata import calling
from tests.integration.services.identity.conftest import House, Place, running
from tests.waiting import until

CONSENT = UUID(int=0xC0)
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
async def house(
    database: str,
    keys_database: str,
    kafka: Broker,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    place = Place(database, keys_database, tmp_path, kafka.certificates, kafka.servers, topic_prefix)
    async with running(place, monkeypatch) as found:
        yield found


def bus_of(house: House, principal: str) -> Kafka:
    settings = house.settings
    return Kafka(settings.kafka_servers, settings.certificates, principal, settings.topic_prefix)


async def tell(house: House, event: PatientEvent, position: int, previous: int) -> None:
    """As consent's relay does."""
    recorded = Recorded(
        event, "consent", 0, position, CONSENT, position, event.patient_id, event.patient_id, AT, AT
    )  # fmt: skip
    record = encode(recorded, event, partition_of(str(event.patient_id).encode()), previous)
    bus = bus_of(house, "consent")
    producer = AIOKafkaProducer(**bus.connection("consent"))
    await producer.start()
    try:
        await producer.send_and_wait(
            bus.topic("consent"), record.value, key=record.key, partition=record.partition,
            headers=list(record.headers.items()),
        )  # fmt: skip
    finally:
        await producer.stop()


async def told(house: House, count: int) -> list[str]:
    """The types of the first ``count`` events about invitations on identity's topic, as a peer reads them."""
    bus = bus_of(house, "messaging")
    consumer = AIOKafkaConsumer(
        bus.topic("identity"), **bus.connection("test"), auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    found: list[str] = []

    async def enough() -> bool:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            for record in records:
                kind = dict(record.headers)["ce_type"].decode()
                if kind.startswith("Invitation"):
                    found.append(kind)
        return len(found) >= count

    try:
        await until(enough, seconds=20)
    finally:
        await consumer.stop()
    return found


async def test_r2_r8_a_signature_on_kafka_invites_and_a_withdrawal_voids(house: House) -> None:
    practice, admin = await house.open_practice()
    desk = await house.employ(practice, admin, "front_desk")
    patient = await house.register(practice, desk)
    ids = {"practice_id": UUID(practice), "patient_id": UUID(patient), "consent_id": CONSENT}
    signed = ConsentSigned(**ids, signer_id=UUID(patient), form_version=1, signed_at=AT, method="paper")
    await tell(house, signed, 1, 0)

    async def states() -> list[str]:
        with calling(token=desk.token):
            answer = await house.api.ListInvitations(api_pb2.ListInvitationsRequest(patient_id=patient))
        return [one.state for one in answer.invitations]

    async def is_invited() -> bool:
        return await states() == ["open"]

    await until(is_invited, seconds=20)
    await house.invitation_link(patient)
    await tell(house, ConsentWithdrawn(**ids, signer_id=UUID(patient)), 2, 1)

    async def is_void() -> bool:
        return await states() == ["void"]

    await until(is_void, seconds=20)
    assert await told(house, 2) == ["InvitationIssued.v1", "InvitationVoided.v1"]
