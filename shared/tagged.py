"""Python values ⇄ JSON bytes that come back as the same types: for sealed columns and snapshots."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

TAG = "\x00"
"""The one key of an object that stands for something JSON does not have; no field name begins with it."""

_WRITTEN: Mapping[type, tuple[str, Callable[[Any], object]]] = {
    UUID: ("uuid", lambda value: value.hex),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("seconds", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
    bytes: ("bytes", bytes.hex),
}
_READ: Mapping[str, Callable[[Any], object]] = {
    "uuid": UUID,
    "datetime": lambda text: _utc(datetime.fromisoformat(text)),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda parts: timedelta(*parts),
    "decimal": Decimal,
    "bytes": bytes.fromhex,
}
_COLLECTIONS: Mapping[str, Callable[[Any], object]] = {"tuple": tuple, "set": set, "frozenset": frozenset}


class Untaggable(TypeError):
    """A value of a type that this form does not have. The message names the type, not the value."""


def dumps(value: object, names: Mapping[type, str] | None = None) -> bytes:
    """JSON of ``value``; ``names`` gives the words for the dataclasses and enums that may occur."""
    return orjson.dumps(_tag(value, names or {}))


def loads(data: bytes, classes: Mapping[str, type] | None = None) -> Any:
    """What ``dumps`` was given; ``classes`` is the reverse of its ``names``."""
    return _untag(orjson.loads(data), classes or {})


def _tag(value: Any, names: Mapping[type, str]) -> object:  # noqa: PLR0911  # one line a kind of value
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [_tag(item, names) for item in value]
    if kind is dict:
        if all(type(key) is str and not key.startswith(TAG) for key in value):
            return {key: _tag(item, names) for key, item in value.items()}
        return {TAG: "dict", "v": [[_tag(key, names), _tag(item, names)] for key, item in value.items()]}
    if kind.__name__ in _COLLECTIONS and kind in (tuple, set, frozenset):
        return {TAG: kind.__name__, "v": [_tag(item, names) for item in value]}
    if kind in _WRITTEN or isinstance(value, UUID):
        # asyncpg's UUIDs are a subclass; they come back as plain ones, which are equal.
        word, write = _WRITTEN[UUID if isinstance(value, UUID) else kind]
        return {TAG: word, "v": write(value)}
    if kind in names and isinstance(value, Enum):
        return {TAG: "enum", "c": names[kind], "v": value.name}
    if kind in names and is_dataclass(value):
        return {TAG: "class", "c": names[kind], "v": [_tag(getattr(value, f.name), names) for f in fields(value)]}
    raise Untaggable(f"expected a plain value, a known dataclass or a known enum, found {kind.__qualname__}")


def _untag(value: Any, classes: Mapping[str, type]) -> Any:
    if type(value) is list:
        return [_untag(item, classes) for item in value]
    if type(value) is not dict:
        return value
    word = value.get(TAG)
    if word is None:
        return {key: _untag(item, classes) for key, item in value.items()}
    return _made(word, value["v"], value.get("c", ""), classes)


def _made(word: str, inner: Any, name: str, classes: Mapping[str, type]) -> object:
    if word == "dict":
        return {_untag(key, classes): _untag(item, classes) for key, item in inner}
    if word in _COLLECTIONS:
        return _COLLECTIONS[word](_untag(item, classes) for item in inner)
    if word == "enum":
        return getattr(classes[name], inner)
    if word == "class":
        return _instance(classes[name], [_untag(item, classes) for item in inner])
    return _READ[word](inner)


def _instance(kind: Any, values: list[object]) -> object:
    instance = object.__new__(kind)
    for declared, value in zip(fields(kind), values, strict=True):
        object.__setattr__(instance, declared.name, value)
    return instance


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo is not None and not instant.utcoffset() else instant
