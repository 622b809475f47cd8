"""Which partition a key belongs to: Kafka's own default rule, so that producers in any language agree."""

from functools import lru_cache
from uuid import UUID

import orjson
from aiokafka.partitioner import murmur2

PARTITIONS = 12
"""Fixed for a topic's life: another count is a ``v2`` topic."""


def key_bytes(key: UUID) -> bytes:
    """A record's key: the text of the patient's id, else of the stream's."""
    return orjson.dumps(key, default=str)[1:-1]


@lru_cache(maxsize=16_384)
def partition_of(key: bytes) -> int:
    """0 ≤ partition < 12: murmur2, made positive, modulo."""
    return int(murmur2(key) & 0x7FFFFFFF) % PARTITIONS
