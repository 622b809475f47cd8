"""The broker: one principal a service, and only what the design allows each of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
from aiokafka.helpers import create_ssl_context

from deploy.kafka.provisioning import PARTITIONS, SERVICES, admin, provision, topics
from deploy.local.kafka import Broker


def security(kafka: Broker, principal: str) -> dict[str, object]:
    context = create_ssl_context(
        cafile=str(kafka.certificates / "authority.pem"),
        certfile=str(kafka.certificates / f"{principal}.pem"),
        keyfile=str(kafka.certificates / f"{principal}.key"),
    )
    return {"bootstrap_servers": kafka.servers, "security_protocol": "SSL", "ssl_context": context}


@asynccontextmanager
async def producing(kafka: Broker, principal: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**security(kafka, principal), enable_idempotence=True, acks="all")
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def test_provisioning_again_changes_nothing(kafka: Broker, topic_prefix: str) -> None:
    provision(kafka.servers, kafka.certificates, topic_prefix)
    found = admin(kafka.servers, kafka.certificates).list_topics(timeout=30).topics
    for name in topics(topic_prefix):
        assert len(found[name].partitions) == PARTITIONS


@pytest.mark.parametrize("principal", SERVICES)
async def test_a_service_writes_its_own_topic_and_no_other(kafka: Broker, topic_prefix: str, principal: str) -> None:
    async with producing(kafka, principal) as producer:
        await producer.send_and_wait(f"{topic_prefix}portal.{principal}.v1", b"{}")
    for other in set(SERVICES) - {principal}:
        async with producing(kafka, principal) as producer:
            with pytest.raises(TopicAuthorizationFailedError):
                await producer.send_and_wait(f"{topic_prefix}portal.{other}.v1", b"{}")


@pytest.mark.parametrize("principal", SERVICES)
async def test_services_read_each_other(kafka: Broker, topic_prefix: str, principal: str) -> None:
    async with producing(kafka, "consent") as producer:
        await producer.send_and_wait(f"{topic_prefix}portal.consent.v1", b"{}")
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}portal.consent.v1",
        group_id=f"{topic_prefix}portal.{principal}.consumer",
        auto_offset_reset="earliest",
        **security(kafka, principal),
    )
    await consumer.start()
    try:
        assert (await consumer.getone()).value == b"{}"
        await consumer.commit()
    finally:
        await consumer.stop()


@pytest.mark.parametrize("principal", SERVICES)
async def test_r3_a_service_writes_to_analytics_and_reads_nothing_there(
    kafka: Broker, topic_prefix: str, principal: str
) -> None:
    topic = f"{topic_prefix}portal.analytics.v1"
    async with producing(kafka, principal) as producer:
        await producer.send_and_wait(topic, b"{}")
    consumer = AIOKafkaConsumer(
        topic, enable_auto_commit=False, auto_offset_reset="earliest", **security(kafka, principal)
    )
    await consumer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getone()
    finally:
        await consumer.stop()


async def test_r3_analytics_reads_its_own_topic_only(kafka: Broker, topic_prefix: str) -> None:
    async with producing(kafka, "consent") as producer:
        await producer.send_and_wait(f"{topic_prefix}portal.analytics.v1", b"{}")
    group = f"{topic_prefix}portal.analytics"
    own = AIOKafkaConsumer(
        f"{topic_prefix}portal.analytics.v1",
        group_id=group,
        auto_offset_reset="earliest",
        **security(kafka, "analytics"),
    )
    await own.start()
    assert (await own.getone()).value == b"{}"
    await own.stop()
    with pytest.raises(ClusterAuthorizationFailedError):  # who may write nowhere is given no producer's id
        async with producing(kafka, "analytics"):
            pass
    for service in SERVICES:
        foreign = AIOKafkaConsumer(f"{topic_prefix}portal.{service}.v1", group_id=group, **security(kafka, "analytics"))
        with pytest.raises(TopicAuthorizationFailedError):
            await foreign.start()
        await foreign.stop()


async def test_a_service_may_not_take_anothers_group(kafka: Broker, topic_prefix: str) -> None:
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}portal.consent.v1", group_id=f"{topic_prefix}portal.consent", **security(kafka, "billing")
    )
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.start()
    finally:
        await consumer.stop()


async def test_web_has_no_part_in_kafka(kafka: Broker, topic_prefix: str) -> None:
    with pytest.raises(ClusterAuthorizationFailedError):
        async with producing(kafka, "web"):
            pass


async def test_nobody_without_a_certificate_is_answered(kafka: Broker) -> None:
    context = create_ssl_context(cafile=str(kafka.certificates / "authority.pem"))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.servers, security_protocol="SSL", ssl_context=context)
    with pytest.raises(Exception, match=r"(?i)unable to bootstrap|connection"):
        await producer.start()
    await producer.stop()
