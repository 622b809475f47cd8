"""An event together with where, when and by whom it was recorded; the same shape for own and peers' events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Generic, NamedTuple, NewType, TypeVar
from uuid import UUID

E_co = TypeVar("E_co", covariant=True)

StoreNumber = NewType("StoreNumber", int)
"""An event's number in one service's store; commit order."""


@dataclass(frozen=True, slots=True)
class Position:
    """What a command wrote last: ``<service>:<n>``, given back in the header ``portal-after``."""

    service: str
    number: int

    def __str__(self) -> str:
        return f"{self.service}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Reads ``<service>:<n>``; ValueError for anything else."""
        service, colon, number = text.partition(":")
        if not (service.isidentifier() and colon and number.isascii() and number.isdigit() and len(number) < 19):
            raise ValueError("expected <service>:<number>")
        return cls(service, int(number))


class Recorded(NamedTuple, Generic[E_co]):
    """One event as a projection, a process or a consumer meets it.

    ``event`` is a stored event of the own service, or a public event (``shared/contracts``) of a peer.
    ``partition`` is 0 in the own store, the Kafka partition for a peer's. ``at`` is the rules' clock's,
    ``recorded_at`` the machine's. ``key`` orders: the patient where there is one, else the stream.
    ``metadata`` holds ids and words only: actor, origin, practice, purpose, cause, traceparent.
    """

    event: E_co
    source: str
    partition: int
    position: int
    stream_id: UUID
    version: int
    subject_id: UUID
    key: UUID
    at: datetime
    recorded_at: datetime
    metadata: Mapping[str, str] = MappingProxyType({})

    @property
    def event_id(self) -> str:
        """Names the event for ever and everywhere: ``<service>:<position>``; Kafka's ``ce_id``."""
        return f"{self.source}:{self.position}"
