"""A sample value for every annotation that a stored or public event may have: the same ones each time."""

import types
from collections import abc
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import BaseModel

SAMPLES: dict[object, object] = {
    bool: True,
    int: 1,
    float: 0.5,
    str: "sample",
    bytes: b"sample",
    UUID: UUID("018f0000-0000-8000-8000-000000000001"),
    date: date(2024, 2, 29),
    datetime: datetime(2026, 3, 8, 7, 0, 0, 1, tzinfo=UTC),
    time: time(9, 30),
    timedelta: timedelta(days=2, seconds=1),
    Decimal: Decimal("1.10"),
}


def sample(annotation: Any) -> Any:
    """TypeError for an annotation that says too little (a bare ``dict``, ``Any``)."""
    if hasattr(annotation, "__supertype__"):
        return sample(annotation.__supertype__)
    if annotation in SAMPLES:
        return SAMPLES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is not None:
        return _generic(origin, arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if is_dataclass(annotation) and isinstance(annotation, type):
        hints = get_type_hints(annotation, include_extras=True)
        return annotation(**{field.name: sample(hints[field.name]) for field in fields(annotation)})
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        hints = get_type_hints(annotation, include_extras=True)
        return annotation(**{name: sample(hints[name]) for name in annotation.model_fields})
    raise TypeError(f"expected an annotation that says what it holds, found {annotation}")


def _generic(origin: Any, arguments: tuple[Any, ...]) -> Any:
    if origin is Literal:
        return arguments[0]
    if origin is Annotated:
        return sample(arguments[0])
    if origin in (Union, types.UnionType):
        return sample(next(argument for argument in arguments if argument is not types.NoneType))
    if origin is tuple:
        return tuple(sample(argument) for argument in arguments if argument is not Ellipsis)
    if origin in (dict, abc.Mapping):
        return {sample(arguments[0]): sample(arguments[1])}
    made = {list: list, set: set, frozenset: frozenset, abc.Sequence: list}[origin]
    return made([sample(arguments[0])])
