"""Row 4: reading a whole store back into aggregates, beside psql's COPY and the library's select_notifications."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from benchmarks.append import STATE, Library
from benchmarks.ground import Broken, Ground, Opened, output, say
from benchmarks.rounds import Figure, Measured, measure
from benchmarks.visits import changes, command
from shared.aggregate import SERVICE_SUBJECT, Aggregate
from shared.clock import monotonic
from shared.ids import uuid7

NOTES = 9
"""Beside its first event each visit has so many."""
COMMANDS_AT_ONCE = 64
OWNERS = 1_000
PAGE = 500
CLEAR, SEALED, COPY, COPY_SEALED = "replay", "replay, encrypted", "psql COPY", "psql COPY, encrypted"
LIBRARY = "library's select_notifications"
FIGURES = [
    Figure(4, "replay ÷ psql COPY text, unencrypted", CLEAR, COPY, 1.0),
    Figure(4, "replay ÷ psql COPY text, encrypted", SEALED, COPY_SEALED, 0.6),
    Figure(4, "replay ÷ the library's select_notifications", SEALED, LIBRARY, 4),
]


async def run(ground: Ground) -> list[Measured]:
    size = ground.effort.size
    owners = [uuid7() for _ in range(OWNERS)]
    async with ground.opened() as clear, ground.opened() as sealed:
        for opened, of in ((clear, [SERVICE_SUBJECT]), (sealed, owners)):
            await fill(opened, size, of)
        library = Library(ground, await ground.database())
        small = max(PAGE, size // 10)
        await asyncio.to_thread(_fill_library, library, small)
        await ground.settle()
        sides = {
            CLEAR: lambda: replayed(clear, size),
            COPY: lambda: copied(clear, size),
            SEALED: lambda: replayed(sealed, size),
            COPY_SEALED: lambda: copied(sealed, size),
            LIBRARY: lambda: asyncio.to_thread(_selected, library, small),
        }
        try:
            return await measure(FIGURES, sides, ground.effort.rounds, ground.folder, say)
        finally:
            library.close()


async def fill(opened: Opened, size: int, owners: Sequence[UUID]) -> None:
    """About so many events, in visits with notes."""
    await opened.keys.for_writing(set(owners))
    made = changes(size // (NOTES + 1), owners, NOTES)

    async def caller() -> None:
        for one in made:
            await opened.store.append(command(), [one])

    await asyncio.gather(*(caller() for _ in range(COMMANDS_AT_ONCE)))
    await opened.events.execute("VACUUM ANALYZE events")


async def replayed(opened: Opened, size: int) -> float:
    """Events a second: read, opened, decoded, folded."""
    folded: dict[UUID, Aggregate | None] = {}
    began, count = monotonic(), 0
    async for page in opened.store.read(0):
        for recorded in page:
            folded[recorded.stream_id] = recorded.event.mutate(folded.get(recorded.stream_id))
        count += len(page)
    if count != size // (NOTES + 1) * (NOTES + 1):
        raise Broken(f"expected to read {size} events, read {count}")
    return count / (monotonic() - began)


async def copied(opened: Opened, size: int) -> float:
    """Events a second that psql writes as text to nowhere."""
    began = monotonic()
    await output("psql", opened.dsn, "-c", "COPY events TO STDOUT", discard=True)
    return size / (monotonic() - began)


def _fill_library(library: Library, size: int) -> None:
    for _ in range(size // PAGE):
        library.recorder.insert_events([StoredEvent(uuid7(), 1, "VisitOpened", STATE) for _ in range(PAGE)])


def _selected(library: Library, size: int) -> float:
    began, last = monotonic(), 0
    while found := library.recorder.select_notifications(last, PAGE, inclusive_of_start=False):
        last = found[-1].id
    if last < size // PAGE * PAGE:
        raise Broken(f"expected {size} notifications, found {last}")
    return last / (monotonic() - began)
