"""Event ↔ (word, schema version, plain JSON), field by field after their annotations."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

import orjson
from eventsourcing.utils import get_topic
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticSerializationError
from typing_extensions import TypedDict

from shared.aggregate import Aggregate
from shared.eventstore.stored import Stored, StoredTable
from shared.privacy import DataError

ENVELOPE = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})
"""What the library keeps beside the fields: identity is in columns, the rest is known or constant."""


class UnknownWord(DataError):
    """A stored word, or a schema version of it, that the table does not have."""


class UnfitEvent(DataError):
    """Fields of an event do not fit their annotations. The message names word and fields, never values."""


class Encoded(NamedTuple):
    word: str
    schema_version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Codec:
    row: Stored
    names: tuple[str, ...]
    instants: tuple[str, ...]
    """Those that may hold an instant."""
    adapter: "TypeAdapter[dict[str, Any]]"
    envelope: dict[str, Any]


class Mapper:
    """Encodes and decodes the events of one table; upcasts what older code wrote."""

    def __init__(self, table: StoredTable) -> None:
        self.table = table
        self._by_word = {row.word: _codec(row, table.aggregate_of[row.event_class]) for row in table}
        self._by_class = {codec.row.event_class: codec for codec in self._by_word.values()}

    def encode(self, event: Aggregate.Event) -> Encoded:
        """UnknownWord for a class without a row, UnfitEvent for a value that its annotation does not allow."""
        codec = self._by_class.get(type(event))
        if codec is None:
            raise UnknownWord(f"expected a row for {type(event).__qualname__} in the table of stored words")
        fields_of = vars(event)
        values = {name: fields_of[name] for name in codec.names}
        if naive := [name for name in codec.instants if _is_naive(values[name])]:
            raise UnfitEvent(f"{codec.row.word}: expected aware datetimes in {', '.join(naive)}")
        data = _dump(codec, values)
        if data is None:
            raise UnfitEvent(f"{codec.row.word}: expected values that fit the annotations of {', '.join(codec.names)}")
        return Encoded(codec.row.word, codec.row.version, data)

    def decode(self, stored: Encoded, stream_id: UUID, version: int) -> Aggregate.Event:
        """The event as it was, lifted to the present schema version."""
        codec = self._by_word.get(stored.word)
        if codec is None or not 1 <= stored.schema_version <= codec.row.version:
            raise UnknownWord(f"expected a known word, found {stored.word} in schema version {stored.schema_version}")
        data = stored.data if stored.schema_version == codec.row.version else _lift(codec.row, stored)
        values, unfit = _load(codec, data)
        if unfit:
            raise UnfitEvent(f"{stored.word}: expected other fields or values: {', '.join(unfit)}")
        # Its fields are validated: the constructor of a frozen dataclass would take three times as long.
        event = object.__new__(codec.row.event_class)
        vars(event).update(
            values, originator_id=stream_id, originator_version=version, timestamp=_NO_TIME, **codec.envelope
        )
        return event


_NO_TIME = Aggregate.Event.create_timestamp()


def _codec(row: Stored, aggregate_class: type[Aggregate]) -> _Codec:
    hints = get_type_hints(row.event_class, include_extras=True)
    annotations = {f.name: hints[f.name] for f in fields(row.event_class) if f.name not in ENVELOPE}
    make: Any = TypedDict  # its fields are known at run time only, which a checker does not accept
    strict = ConfigDict(extra="forbid", strict=True, ser_json_bytes="base64", val_json_bytes="base64")
    created = issubclass(row.event_class, Aggregate.Created)
    return _Codec(
        row,
        tuple(annotations),
        tuple(name for name, annotation in annotations.items() if datetime in {annotation, *get_args(annotation)}),
        TypeAdapter(with_config(strict)(make(row.word, annotations))),
        {"originator_topic": get_topic(aggregate_class)} if created else {},
    )


def _is_naive(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def _dump(codec: _Codec, values: dict[str, Any]) -> bytes | None:
    try:
        return codec.adapter.serializer.to_json(values, warnings="error")
    except PydanticSerializationError:
        return None


def _load(codec: _Codec, data: bytes) -> tuple[dict[str, Any], list[str]]:
    """The values, or the paths of what does not fit; pydantic's own message would hold the values."""
    try:
        return codec.adapter.validator.validate_json(data), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return {}, sorted({".".join(map(str, detail["loc"])) or detail["type"] for detail in details})


def _lift(row: Stored, stored: Encoded) -> bytes:
    values = orjson.loads(stored.data)
    for version in range(stored.schema_version, row.version):
        values = row.upcasts[version](values)
    return orjson.dumps(values)
