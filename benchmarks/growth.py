"""Row 10: what a store costs that holds many events, beside an empty one; a long stream beside a short one."""

from statistics import median
from uuid import UUID

from benchmarks.append import appends
from benchmarks.ground import Ground, Opened, say
from benchmarks.rounds import Figure, Measured, measure
from benchmarks.visits import AT, PRACTICE, REASON, Visit, change, command, visit
from shared.aggregate import SERVICE_SUBJECT
from shared.clock import monotonic

LONG_EVENTS, SHORT_EVENTS, STEP_EVENTS, LOADS = 100_000, 10, 1_000, 200
FULL, EMPTY = "append, full store", "append, empty store"
LONG, SHORT = "load of 100,000 events, p50 s", "load of 10 events, p50 s"
FILL_ROWS = 1_000_000
FILL = """
INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, at, command_id, command_events,
                    fingerprint, data, metadata)
SELECT number, uuidv7(), 1, 'VisitOpened', 1, $3, now(), uuidv7(), 1, decode(repeat('00', 32), 'hex'), $4, $5::jsonb
FROM generate_series($1::bigint, $2::bigint) AS number
"""


async def run(ground: Ground) -> list[Measured]:
    stored = ground.effort.stored
    count = int(ground.effort.seconds * 5_000)
    figures = [
        Figure(10, f"append at {stored:,} stored events ÷ empty store", FULL, EMPTY, 0.85),
        Figure(10, "load of a stream of 100,000 events ÷ of 10", LONG, SHORT, 1.1, at_most=True),
    ]
    async with ground.opened() as full, ground.opened() as empty:
        await fill(full, stored)
        long, short = await grown(empty, LONG_EVENTS), await grown(empty, SHORT_EVENTS)
        await empty.events.execute("DELETE FROM events WHERE stream_id <> ALL ($1)", [long, short])
        await empty.events.execute("VACUUM ANALYZE events")
        await ground.settle()

        async def appended(opened: Opened) -> float:
            await ground.settle()
            return await appends(opened, count, [SERVICE_SUBJECT])

        sides = {
            FULL: lambda: appended(full),
            EMPTY: lambda: appended(empty),
            LONG: lambda: loaded(empty, long),
            SHORT: lambda: loaded(empty, short),
        }
        return await measure(figures, sides, ground.effort.rounds, ground.folder, say)


async def fill(opened: Opened, stored: int) -> None:
    """As many events, written inside PostgreSQL; data as the service's own."""
    data = b"\0" + b'{"visit_id":"' + b"0" * 220 + b'"}'
    metadata = '{"actor": "system", "origin": "portal", "purpose": "treatment"}'
    for first in range(1, stored + 1, FILL_ROWS):
        last = min(first + FILL_ROWS - 1, stored)
        await opened.events.execute(FILL, first, last, SERVICE_SUBJECT, data, metadata, timeout=600)
        say(f"   filled: {last:,}")
    await opened.events.execute("VACUUM ANALYZE events", timeout=600)


async def grown(opened: Opened, events: int) -> UUID:
    """A stream of as many events, and its snapshot where one is kept."""
    made = visit()
    while True:
        while made.version < events and len(made.pending_events) < STEP_EVENTS:
            made.note(noted_at=AT, author_id=PRACTICE, text=REASON)
        await opened.store.append(command(), [change(made)])
        if made.version >= events:
            break
    await opened.store.find(Visit, made.id)
    return made.id


async def loaded(opened: Opened, stream_id: UUID) -> float:
    """The typical time of loading it."""
    times = []
    for _ in range(LOADS):
        began = monotonic()
        await opened.store.find(Visit, stream_id)
        times.append(monotonic() - began)
    return median(times)
