"""What a service asks of its event store; PostgreSQL answers in ``postgres.py``, unit tests in ``memory.py``."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from shared.aggregate import Aggregate
from shared.envelope import Recorded
from shared.privacy import DataError

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class StreamChange:
    """One stream of a command: the version that was read, and the events that follow it (none: only a guard).

    ``expected_version`` 0 means: the stream does not exist yet.
    """

    stream_id: UUID
    expected_version: int
    subject_id: UUID
    events: Sequence[Aggregate.Event]


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """What makes a command repeatable. ``command_id`` None: an append that no one repeats (a recorded read).

    ``fingerprint`` is the HMAC of the request without its secret fields; ``at`` the rules' clock's instant.
    ``metadata`` holds ids and words only: actor, origin, practice, patient, purpose, cause, traceparent.
    """

    command_id: UUID | None
    fingerprint: bytes
    at: datetime
    metadata: Mapping[str, str]


class Appended(NamedTuple):
    """The positions of a command's events, consecutive; ``at`` is the instant stored with them."""

    first: int
    last: int
    at: datetime
    fingerprint: bytes


class VersionConflict(Exception):
    """A stream is not at the version that the command expected."""

    def __init__(self, stream_id: UUID, expected: int, actual: int) -> None:
        self.stream_id, self.expected, self.actual = stream_id, expected, actual
        super().__init__(f"expected version {expected} of stream {stream_id}, found {actual}")


class CommandExists(Exception):
    """The command id is in the store already; ``appended`` is what it wrote then."""

    def __init__(self, appended: Appended) -> None:
        self.appended = appended
        super().__init__(f"expected a new command id, found one at position {appended.first}")


def ordering_key(metadata: Mapping[str, str], stream_id: UUID) -> UUID:
    """What an own event is ordered by: the patient where its metadata name one, else its stream."""
    patient = metadata.get("patient")
    return UUID(patient) if patient else stream_id


class UnreadableEvent(DataError):
    """One stored event that cannot be read; ``key`` is what to park, and reading goes on after ``position``."""

    def __init__(self, position: int, key: UUID, reason: DataError) -> None:
        self.position, self.key = position, key
        super().__init__(f"event {position}: {reason}")


class EventStore(Protocol):
    """One service's events. Everything returned is decrypted and upcast; data under a tombstone is passed over."""

    service: str

    async def append(self, command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        """All or nothing, acknowledged after the commit. Raises VersionConflict, CommandExists, ErasedSubject."""

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        """The aggregate folded from snapshot and tail, None where the stream has no event or is of another class."""

    async def command(self, command_id: UUID) -> Appended | None:
        """What a command wrote, None where it has written nothing."""

    async def head(self) -> int:
        """The position of the last event, 0 in an empty store."""

    def read(
        self, after: int, *, until: int | None = None, types: Collection[type[Aggregate.Event]] | None = None
    ) -> AsyncIterator[Sequence[Recorded[Aggregate.Event]]]:
        """Pages of events in position order, each once, ``after`` < position ≤ ``until`` (None: the head).

        UnreadableEvent at the first that cannot be read, after a page of those before it.
        """

    async def stream(self, stream_id: UUID) -> Sequence[Recorded[Aggregate.Event]]:
        """All events of one stream in version order: for histories, not for commands."""

    def subscribe(self) -> asyncio.Event:
        """Set whenever something was appended, here or elsewhere: clear it, read, wait for it (at most 250 ms)."""

    def blind(self, purpose: str, value: str) -> UUID:
        """The blind index of a normalised value under the service's key: ids of unique streams, look-ups."""
