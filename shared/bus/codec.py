"""A public event as a Kafka record and back: JSON value, CloudEvents 1.0 binary headers, nothing personal."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.bus.language import PUBLISHED, WIRE_TYPES, wire_type
from shared.bus.partitions import key_bytes
from shared.contracts.event import PatientEvent, PublicEvent
from shared.envelope import Recorded
from shared.ids import natural_id
from shared.reading import Incoming

PUBLISHED_METADATA = ("origin", "acting_as", "cause")
"""What peers may learn of how an event came about. Each is one word or id; anything longer stays at home."""

_METADATA = ("traceparent", *PUBLISHED_METADATA)

_WORD = re.compile(r"[A-Za-z0-9_:.-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NUMBER = re.compile(rb"[0-9]{1,18}")
_UNREADABLE_KEYS = UUID("5a1f0c4e-6c0b-5d5e-9d5b-0a4d8f6f2b11")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a service's topic as bytes, whoever carried it."""

    source: str
    partition: int
    key: bytes
    value: bytes
    headers: Mapping[str, bytes]

    @classmethod
    def of(cls, source: str, record: Any) -> "Record":
        """From aiokafka's ConsumerRecord; absent keys, values and header values count as empty."""
        headers = {name: value or b"" for name, value in record.headers}
        return cls(source, record.partition, record.key or b"", record.value or b"", headers)

    def place(self) -> tuple[int, int] | None:
        """(previous, position) in the source's partition; None for a record that names no place in the chain."""
        previous, position = self.headers.get("previous", b""), self.headers.get("position", b"")
        if not (_NUMBER.fullmatch(previous) and _NUMBER.fullmatch(position)):
            return None
        return (int(previous), int(position)) if int(previous) < int(position) else None

    def __bytes__(self) -> bytes:
        """The whole record in one piece, to be kept when it is parked. Latin-1 keeps each byte as it came."""
        return json.dumps(
            {
                "source": self.source,
                "partition": self.partition,
                "key": self.key.decode("latin-1"),
                "value": self.value.decode("latin-1"),
                "headers": {name: value.decode("latin-1") for name, value in self.headers.items()},
            }
        ).encode()


class NotPublished(Exception):
    """The class is not in the table of the published language."""


class Malformed(Exception):
    """A record is not what its type promises. The message names fields and kinds of error, never values."""


def encode(recorded: Recorded[Any], event: PublicEvent, partition: int, previous: int) -> Record:
    """The record of ``event``, the public face of ``recorded``. NotPublished where the table lacks its class."""
    headers = {
        **_constant_headers(recorded.source, type(event)),
        "ce_id": recorded.event_id.encode(),
        "ce_time": _json_text(recorded.at),
        "ce_subject": key_bytes(recorded.subject_id),
        "position": b"%d" % recorded.position,
        "previous": b"%d" % previous,
        "stream_id": key_bytes(recorded.stream_id),
        "version": b"%d" % recorded.version,
        "recorded_at": _json_text(recorded.recorded_at),
    }
    metadata = recorded.metadata
    if _TRACEPARENT.fullmatch(trace := metadata.get("traceparent", "")):
        headers["traceparent"] = trace.encode()
    for name in PUBLISHED_METADATA:
        if name in metadata and _WORD.fullmatch(word := metadata[name]):
            headers[name] = word.encode()
    value = type(event).__pydantic_serializer__.to_json(event)
    return Record(recorded.source, partition, key_of(recorded, event), value, headers)


@cache
def _constant_headers(source: str, event_class: type[PublicEvent]) -> Mapping[str, bytes]:
    """What all records of one class say alike. NotPublished where the table lacks it."""
    if event_class not in PUBLISHED.get(source, ()):
        raise NotPublished(f"expected an event of {source}'s published language, found {event_class.__name__}")
    return {
        "ce_specversion": b"1.0",
        "ce_type": wire_type(event_class).encode(),
        "ce_source": f"portal.{source}".encode(),
        "content-type": b"application/json",
    }


def _json_text(instant: datetime) -> bytes:
    """As ``isoformat`` writes an instant in UTC, at a fifth of its cost."""
    return orjson.dumps(instant)[1:-1]


def key_of(recorded: Recorded[Any], event: PublicEvent) -> bytes:
    """What orders the event among others: its patient, else its stream."""
    return key_bytes(event.patient_id if isinstance(event, PatientEvent) else recorded.stream_id)


def decode(record: Record) -> Incoming | None:
    """One placed record, validated once; None for a type this code does not know: newer code may publish more.

    A malformed record of a known type comes back with ``error``, under its key, to be parked.
    """
    place = record.place()
    if place is None:
        raise Malformed("expected previous < position, both whole numbers")
    event_class = WIRE_TYPES.get(record.source, {}).get(text(record.headers, "ce_type"))
    if event_class is None:
        return None
    try:
        key = UUID(record.key.decode())
    except ValueError:
        key = natural_id(_UNREADABLE_KEYS, record.key.hex())
        return Incoming(place[1], key, record, None, "expected a UUID as key")
    try:
        return Incoming(place[1], key, record, _recorded(record, event_class, key, place[1]))
    except Malformed as error:
        return Incoming(place[1], key, record, None, str(error))


def decode_raw(raw: bytes) -> Incoming:
    """What was parked, decoded again: code that has learnt better may now read it."""
    record = unpack(raw)
    incoming = decode(record)
    if incoming is not None:
        return incoming
    place = record.place()
    return Incoming(place[1] if place else 0, UUID(int=0), raw, None, "expected a type of the published language")


def unpack(raw: bytes) -> Record:
    """The record that these bytes are."""
    fields = json.loads(raw)
    headers = {name: value.encode("latin-1") for name, value in fields["headers"].items()}
    key, value = fields["key"].encode("latin-1"), fields["value"].encode("latin-1")
    return Record(fields["source"], fields["partition"], key, value, headers)


def text(headers: Mapping[str, bytes], name: str) -> str:
    return headers.get(name, b"").decode("utf-8", "replace")


def _recorded(record: Record, event_class: type[PublicEvent], key: UUID, position: int) -> Recorded[PublicEvent]:
    headers = record.headers
    try:
        event = event_class.model_validate_json(record.value)
    except ValidationError as error:
        raise Malformed(_said(event_class, error)) from None
    if isinstance(event, PatientEvent) and event.patient_id != key:
        raise Malformed(f"{event_class.__name__}: expected the patient as key")
    if text(headers, "ce_id") != f"{record.source}:{position}":
        raise Malformed(f"{event_class.__name__}: expected ce_id to be {record.source}:{position}")
    try:
        stream_id, subject_id = UUID(text(headers, "stream_id")), UUID(text(headers, "ce_subject"))
        version, at, recorded_at = (
            int(headers["version"]),
            _instant(headers, "ce_time"),
            _instant(headers, "recorded_at"),
        )
        metadata = _metadata(headers, _METADATA)
        return Recorded(
            event,
            record.source,
            record.partition,
            position,
            stream_id,
            version,
            subject_id,
            key,
            at,
            recorded_at,
            metadata,
        )
    except (LookupError, ValueError):
        expected = "ids in stream_id and ce_subject, a number in version, instants in ce_time and recorded_at"
        raise Malformed(f"{event_class.__name__}: expected {expected}") from None


def _said(event_class: type[PublicEvent], error: ValidationError) -> str:
    """Which fields, and what is wrong with them: no input, no message text, both of which quote values."""
    details = error.errors(include_input=False, include_context=False, include_url=False)
    found = (f"{'.'.join(_field(part) for part in detail['loc']) or 'value'}: {detail['type']}" for detail in details)
    return f"{event_class.__name__}: {', '.join(list(found)[:5])}"


def _field(part: int | str) -> str:
    """A place in the event; a word that is no field name would be somebody's data."""
    return part if isinstance(part, str) and part.isidentifier() and len(part) <= 40 else "item"


def _instant(headers: Mapping[str, bytes], name: str) -> datetime:
    instant = datetime.fromisoformat(text(headers, name))
    if instant.tzinfo is None:
        raise ValueError("expected an instant with its offset")
    return instant


def _metadata(headers: Mapping[str, bytes], names: Iterable[str]) -> dict[str, str]:
    return {name: headers[name].decode("utf-8", "replace") for name in names if name in headers}
