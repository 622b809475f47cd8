"""What can be read from its beginning: the own store, and each peer's topic. Live reading and rebuilds share it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from shared.eventstore.store import EventStore, UnreadableEvent
from shared.reading import Incoming

OWN_PARTITION = 0


Page: TypeAlias = tuple[int, Sequence[Incoming], int]
"""(partition, its records in order of position, the position after them)."""


class RecordSource(Protocol):
    """One source of records, by partition. ``after`` has no row for a partition of which nothing was read."""

    def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
        """All that is there after these positions; it may end there, or wait for more: the caller leaves."""

    async def read_again(self, position: int, raw: bytes) -> Incoming | None:
        """A parked record, decoded by today's code; None where a tombstone covers it by now."""


class OwnStore:
    """The service's own events of some types. Positions rise to the head, whatever lies between."""

    def __init__(self, store: EventStore, types: Collection[type[Any]]) -> None:
        self._store, self._types = store, frozenset(types)

    async def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
        last, head = after.get(OWN_PARTITION, 0), await self._store.head()
        while last < head:
            try:
                async for events in self._store.read(last, until=head, types=self._types):
                    last = events[-1].position
                    yield OWN_PARTITION, [Incoming(each.position, each.key, b"", each) for each in events], last
            except UnreadableEvent as error:
                last = error.position
                bad = Incoming(error.position, error.key, b"", None, str(error))
                yield OWN_PARTITION, [bad], last
                continue
            if last < head:
                last = head
                yield OWN_PARTITION, [], head

    async def read_again(self, position: int, raw: bytes) -> Incoming | None:
        try:
            async for events in self._store.read(position - 1, until=position):
                return Incoming(position, events[0].key, raw, events[0])
        except UnreadableEvent as error:
            return Incoming(position, error.key, raw, None, str(error))
        return None
