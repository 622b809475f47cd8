"""The one command loop: load, decide, append; on a conflict again; on a repeat the first answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from shared.aggregate import Aggregate
from shared.envelope import Position
from shared.errors import CommandReused, Conflict, NotFound, PortalError
from shared.eventstore.store import Appended, CommandExists, CommandRecord, EventStore, StreamChange, VersionConflict
from shared.ids import derived_id

TRIES = 5

A = TypeVar("A", bound=Aggregate)


class Streams:
    """What one decision reads and changes. Everything read is guarded: it must be unchanged at the append."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._read: dict[UUID, tuple[int, Aggregate | None]] = {}

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        """The aggregate, or None where it does not exist (which is guarded, too)."""
        if stream_id in self._read:
            found = self._read[stream_id][1]
            if found is not None and not isinstance(found, aggregate_class):
                raise TypeError(f"expected {aggregate_class.__name__}, found {type(found).__name__}")
            return found
        aggregate = await self._store.find(aggregate_class, stream_id)
        self._read[stream_id] = (aggregate.version if aggregate is not None else 0, aggregate)
        return aggregate

    async def get(self, aggregate_class: type[A], stream_id: UUID) -> A:
        """The aggregate; NotFound where it does not exist."""
        aggregate = await self.find(aggregate_class, stream_id)
        if aggregate is None:
            raise NotFound
        return aggregate

    def add(self, aggregate: A) -> A:
        """A new stream; VersionConflict at the append if it exists after all."""
        self._read[aggregate.id] = (0, aggregate)
        return aggregate

    def changes(self) -> list[StreamChange]:
        """Heads to guard and events to append, in the order of reading."""
        found = []
        for stream_id, (version, aggregate) in self._read.items():
            events = [] if aggregate is None else list(aggregate.pending_events)
            subject = UUID(int=0) if aggregate is None or not events else aggregate.subject_id
            found.append(StreamChange(stream_id, version, subject, events))  # type: ignore[arg-type]
        return found


class StreamQueues:
    """Commands on one stream queue within a process, instead of losing to each other in the store."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, stream_ids: set[UUID]) -> AsyncIterator[None]:
        """Holds all the named streams; taken in one order, so that two holders never wait for each other."""
        locks = [self._locks.setdefault(stream_id, asyncio.Lock()) for stream_id in sorted(stream_ids)]
        taken: list[asyncio.Lock] = []
        try:
            for lock in locks:
                await lock.acquire()
                taken.append(lock)
            yield
        finally:
            for lock in reversed(taken):
                lock.release()


@dataclass
class Work:
    """One command being carried out: its time, its id, and the only way to write.

    ``now`` is the rules' clock's instant; when the command turns out to be a repeat it becomes the instant
    stored with the first one, so that ``new_id`` gives the same ids and the answer is the same.
    """

    store: EventStore
    queues: StreamQueues
    now: datetime
    command_id: UUID
    fingerprint: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def new_id(self, name: str) -> UUID:
        """The id of what this command makes under that name; ask again after the append for the answer."""
        return derived_id(self.command_id, name, self.now)

    async def change(self, aggregate_class: type[A], stream_id: UUID, decide: Callable[[A], None]) -> Position:
        """Changes one existing stream. NotFound if it does not exist; what ``decide`` refuses is raised."""

        async def decision(streams: Streams) -> None:
            decide(await streams.get(aggregate_class, stream_id))

        return await self.decide(decision, queue={stream_id})

    async def create(self, build: Callable[[], Aggregate]) -> Position:
        """Begins one new stream; ``build`` is called again if the command is decided again."""

        async def decision(streams: Streams) -> None:
            streams.add(build())

        return await self.decide(decision)

    async def decide(self, decision: Callable[[Streams], Awaitable[None]], queue: set[UUID] | None = None) -> Position:
        """Runs ``decision`` over one or several streams and appends what it changed, all or nothing.

        On a conflict it is loaded and decided again, up to five times (then Conflict). A refusal of a command
        that is in the store already is a repeat: it gets the first answer. ``queue`` names streams to queue for.
        """
        waiting = set(queue or ())
        for _ in range(TRIES):
            async with self.queues.turn(waiting):
                streams = Streams(self.store)
                try:
                    await decision(streams)
                except PortalError:
                    repeated = await self.store.command(self.command_id)
                    if repeated is None:
                        raise
                    return self._repeat(repeated)
                changes = streams.changes()
                if not any(change.events for change in changes):
                    return Position(self.store.service, await self.store.head())
                try:
                    appended = await self.store.append(self._record(), changes)
                except CommandExists as exists:
                    return self._repeat(exists.appended)
                except VersionConflict:
                    waiting |= {change.stream_id for change in changes}
                else:
                    return Position(self.store.service, appended.last)
            repeated = await self.store.command(self.command_id)
            if repeated is not None:
                return self._repeat(repeated)
        raise Conflict

    def _record(self) -> CommandRecord:
        return CommandRecord(self.command_id, self.fingerprint, self.now, self.metadata)

    def _repeat(self, appended: Appended) -> Position:
        if appended.fingerprint != self.fingerprint:
            raise CommandReused
        self.now = appended.at
        return Position(self.store.service, appended.last)


@dataclass(frozen=True, slots=True)
class Created:
    """The answer of a command that made something."""

    id: UUID
    position: Position
