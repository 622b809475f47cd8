"""The in-memory twin of the event store, for unit tests: same contract, same encoding, nothing kept."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from weakref import WeakSet

from shared.aggregate import SERVICE_SUBJECT, Aggregate
from shared.clock import machine_now
from shared.envelope import Recorded
from shared.eventstore.mapper import Encoded, Mapper
from shared.eventstore.store import (
    Appended,
    CommandExists,
    CommandRecord,
    StreamChange,
    UnreadableEvent,
    VersionConflict,
    ordering_key,
)
from shared.eventstore.stored import StoredTable
from shared.privacy import DataError, ErasedSubject, ServiceKey

PAGE_EVENTS = 1_000

A = TypeVar("A", bound=Aggregate)
Event = Aggregate.Event


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    stream_id: UUID
    version: int
    subject_id: UUID
    encoded: Encoded
    command: CommandRecord
    recorded_at: datetime


class MemoryEventStore:
    """Answers as ``PostgresEventStore`` does; both pass one suite."""

    def __init__(self, service: str, table: StoredTable) -> None:
        self.service = service
        self._mapper = Mapper(table)
        self._key = ServiceKey(service, hashlib.sha256(service.encode()).digest())
        self._rows: list[_Row] = []
        self._streams: dict[UUID, list[_Row]] = {}
        self._commands: dict[UUID, Appended] = {}
        self._erased: set[UUID] = set()
        self._sleepers: WeakSet[asyncio.Event] = WeakSet()

    async def append(self, command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        """See EventStore."""
        for change in changes:
            if change.events and change.subject_id in self._erased:
                raise ErasedSubject(change.subject_id)
        if command.command_id in self._commands:
            raise CommandExists(self._commands[command.command_id])
        for change in changes:
            actual = self._actual(change)
            if actual != change.expected_version:
                raise VersionConflict(change.stream_id, change.expected_version, actual)
        encoded = [(change, event, self._mapper.encode(event)) for change in changes for event in change.events]
        first = len(self._rows) + 1
        for position, (change, event, data) in enumerate(encoded, first):
            row = _Row(
                position, change.stream_id, event.originator_version, change.subject_id, data, command, machine_now()
            )
            self._rows.append(row)
            self._streams.setdefault(change.stream_id, []).append(row)
        appended = Appended(first, len(self._rows), command.at, command.fingerprint)
        if command.command_id is not None and encoded:
            self._commands[command.command_id] = appended
        for sleeper in self._sleepers:
            sleeper.set()
        return appended

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        """See EventStore."""
        folded: Aggregate | None = None
        for recorded in await self.stream(stream_id):
            folded = recorded.event.mutate(folded)
        return folded if isinstance(folded, aggregate_class) else None

    async def command(self, command_id: UUID) -> Appended | None:
        """See EventStore."""
        return self._commands.get(command_id)

    async def head(self) -> int:
        """See EventStore."""
        return len(self._rows)

    async def read(
        self, after: int, *, until: int | None = None, types: Collection[type[Event]] | None = None
    ) -> AsyncIterator[Sequence[Recorded[Event]]]:
        """See EventStore."""
        last = len(self._rows) if until is None else until
        words = None if types is None else {self._mapper.table.word(event_class) for event_class in types}
        rows = [row for row in self._rows[after:last] if words is None or row.encoded.word in words]
        for begin in range(0, len(rows), PAGE_EVENTS):
            page = []
            try:
                for recorded in self._read(rows[begin : begin + PAGE_EVENTS]):
                    page.append(recorded)
            except UnreadableEvent:
                if page:
                    yield page
                raise
            if page:
                yield page

    async def stream(self, stream_id: UUID) -> Sequence[Recorded[Event]]:
        """See EventStore."""
        return list(self._read(self._streams.get(stream_id, [])))

    def subscribe(self) -> asyncio.Event:
        """See EventStore."""
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        return sleeper

    def blind(self, purpose: str, value: str) -> UUID:
        """See EventStore."""
        return self._key.blind(purpose, value)

    def erase(self, subject_id: UUID) -> None:
        """As if the subject's key had been destroyed."""
        self._erased.add(subject_id)

    def _actual(self, change: StreamChange) -> int:
        rows = self._streams.get(change.stream_id, [])
        if change.expected_version == 0 and rows and rows[0].subject_id in self._erased:
            return 0
        return rows[-1].version if rows else 0

    def _read(self, rows: Sequence[_Row]) -> Iterator[Recorded[Event]]:
        for row in rows:
            if row.subject_id in self._erased and row.subject_id != SERVICE_SUBJECT:
                continue
            key = ordering_key(row.command.metadata, row.stream_id)
            try:
                event = self._mapper.decode(row.encoded, row.stream_id, row.version)
            except DataError as error:
                raise UnreadableEvent(row.position, key, error) from None
            yield Recorded(
                event=event,
                source=self.service,
                partition=0,
                position=row.position,
                stream_id=row.stream_id,
                version=row.version,
                subject_id=row.subject_id,
                key=key,
                at=row.command.at,
                recorded_at=row.recorded_at,
                metadata=dict(row.command.metadata),
            )
