"""Snapshots keep the load of a long stream flat: a cache of folded state that other code never reads."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import TypeVar
from uuid import UUID

from shared import aggregate as aggregates
from shared import ids, money, tagged
from shared.aggregate import Aggregate

A = TypeVar("A", bound=Aggregate)

SNAPSHOT_EVENTS = 100
"""A stream whose tail is that long gets a new snapshot, in the background."""

_LEAVES = (aggregates, ids, money, tagged)
_ENVELOPE = {"_id", "_version", "_created_on", "_modified_on", "_pending_events"}
_NO_TIME = Aggregate.Event.create_timestamp()


@cache
def state_version(aggregate_class: type[Aggregate]) -> str:
    """Changes with the code: a digest of the aggregate's domain package and of the leaves that it may use."""
    digest = hashlib.sha256(f"{aggregate_class.__qualname__} {installed('eventsourcing')} {sys.version}".encode())
    folder = Path(str(sys.modules[aggregate_class.__module__].__file__)).parent
    leaves = (Path(str(module.__file__)) for module in _LEAVES)
    for file in (*sorted(folder.rglob("*.py")), *leaves):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def freeze(aggregate: Aggregate) -> bytes:
    """The state as tagged JSON; Untaggable if it holds what is neither plain nor a value of its package."""
    state = {name: value for name, value in vars(aggregate).items() if name not in _ENVELOPE}
    return tagged.dumps(state, {kind: name for name, kind in _values(type(aggregate)).items()})


def thaw(aggregate_class: type[A], data: bytes, stream_id: UUID, version: int) -> A:
    """The aggregate that was frozen at ``version``."""
    aggregate = object.__new__(aggregate_class)
    vars(aggregate).update(
        tagged.loads(data, _values(aggregate_class)),
        _id=stream_id, _version=version, _created_on=_NO_TIME, _modified_on=_NO_TIME, _pending_events=[],
    )  # fmt: skip
    return aggregate


@cache
def _values(aggregate_class: type[Aggregate]) -> dict[str, type]:
    """Name → class of the dataclasses and enums that its state may hold: those of its own package, and money."""
    package = aggregate_class.__module__.rpartition(".")[0]
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    return {
        f"{kind.__module__}.{kind.__qualname__}": kind for module in (*modules, *_LEAVES) for kind in _classes(module)
    }


def _classes(module: ModuleType) -> Iterator[type]:
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    nested = [value for owner in own for value in vars(owner).values() if isinstance(value, type)]
    return (kind for kind in (*own, *nested) if is_dataclass(kind) or issubclass(kind, Enum))
