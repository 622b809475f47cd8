"""`portal republish`: a service's topic made anew; its relay notices the new log and fills it from the first event."""

import asyncio
from pathlib import Path

from confluent_kafka import KafkaError

from deploy.kafka.provisioning import ANALYTICS, SECONDS, SERVICES, admin, provision, wait_for
from shared.bus.kafka import Kafka


async def republish(service: str, servers: str, certificates: Path, prefix: str = "") -> None:
    """Deletes one topic and creates it as provisioned, as principal ``operations``. A missing topic is created.

    Readers pass over what they have already; the events of erased patients do not come back. For ``analytics`` each
    service's topic follows: a relay tells analytics from the first event when its own topic is new.
    """
    kafka = Kafka(servers, certificates, "operations", prefix)
    for name in (ANALYTICS, *SERVICES) if service == ANALYTICS else (service,):
        await asyncio.to_thread(make_anew, kafka.topic(name), servers, certificates, prefix)


def make_anew(topic: str, servers: str, certificates: Path, prefix: str) -> None:
    """The same, blocking, for a topic by its name."""
    client = admin(servers, certificates)  # kept until its answers are there
    wait_for(client.delete_topics([topic], operation_timeout=SECONDS).values(), KafkaError.UNKNOWN_TOPIC_OR_PART)
    provision(servers, certificates, prefix)
