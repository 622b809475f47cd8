"""The same partition as every other Kafka client would choose."""

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2

from shared.bus.partitions import PARTITIONS, key_bytes, partition_of
from shared.ids import uuid7


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_agrees_with_the_vectors_of_kafkas_java_client(key: bytes, expected: int) -> None:
    """Source: org.apache.kafka.common.utils.UtilsTest.testMurmur2."""
    assert murmur2(key) == expected & 0xFFFFFFFF


def test_a_key_goes_where_kafkas_default_partitioner_sends_it() -> None:
    partitions = list(range(PARTITIONS))
    for _ in range(200):
        key = key_bytes(uuid7())
        assert partition_of(key) == DefaultPartitioner()(key, partitions, partitions)
