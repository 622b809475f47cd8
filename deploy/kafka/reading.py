"""`portal export`: a topic's records from its beginning to the end that it had when the reading began."""

from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from deploy.kafka.provisioning import SECONDS, connection
from shared.bus.codec import Record
from shared.bus.kafka import Kafka

BATCH = 1000


def records(service: str, servers: str, certificates: Path, prefix: str = "") -> Iterator[Record]:
    """As principal ``operations``, partition after partition. A missing topic has none. Raises TimeoutError."""
    topic = Kafka(servers, certificates, "operations", prefix).topic(service)
    settings = connection(servers, certificates) | {"group.id": f"{topic}.export", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        described = consumer.list_topics(topic, timeout=SECONDS).topics[topic]
        for number in sorted(described.partitions or {}):
            yield from between(consumer, service, TopicPartition(topic, number))
    except KafkaException as error:
        raise TimeoutError(f"Kafka did not answer: {error.args[0].code()}") from None
    finally:
        consumer.close()


def between(consumer: Consumer, service: str, partition: TopicPartition) -> Iterator[Record]:
    """One partition's records."""
    first, end = consumer.get_watermark_offsets(partition, timeout=SECONDS)
    if first == end:
        return
    consumer.assign([TopicPartition(partition.topic, partition.partition, first)])
    following = first
    while following < end:
        batch = consumer.consume(min(BATCH, end - following), timeout=SECONDS)  # it waits until it has so many
        if not batch:
            raise TimeoutError(f"Kafka gave nothing of partition {partition.partition} within {SECONDS:.0f} s")
        for message in batch:
            if failure := message.error():
                raise KafkaException(failure)
            if (offset := message.offset()) is not None and offset < end:
                yield record(service, message)
                following = offset + 1


def record(service: str, message: Message) -> Record:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = {name: value if isinstance(value, bytes) else str(value or "").encode() for name, value in pairs}
    return Record(service, message.partition() or 0, bytes_of(message.key()), bytes_of(message.value()), found)


def bytes_of(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
