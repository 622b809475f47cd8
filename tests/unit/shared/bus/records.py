"""Events as documents records and publishes them, and their records in a chain."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.bus.codec import Record, encode
from shared.bus.partitions import key_bytes, partition_of
from shared.contracts.documents.v1.events import ResultReleased
from shared.contracts.event import PublicEvent
from shared.envelope import Recorded

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
RECORDED_AT = datetime(2026, 11, 24, 20, 0, 0, 123456, tzinfo=UTC)
PATIENT, PRACTICE, RESULT, PROVIDER, STREAM = (UUID(int=number) for number in range(0xA1, 0xA6))
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def released(patient_id: UUID = PATIENT) -> ResultReleased:
    return ResultReleased(practice_id=PRACTICE, patient_id=patient_id, result_id=RESULT, provider_id=PROVIDER)


def recorded(position: int = 7, metadata: dict[str, str] | None = None, event: object = None) -> Recorded[Any]:
    """As the own store gives it: the event itself is nobody's business but the service's."""
    return Recorded(event, "documents", 0, position, STREAM, 3, PATIENT, PATIENT, AT, RECORDED_AT, metadata or {})


def record(position: int, previous: int, event: PublicEvent | None = None) -> Record:
    event = event or released()
    partition = partition_of(key_bytes(PATIENT))
    return encode(recorded(position), event, partition, previous)
