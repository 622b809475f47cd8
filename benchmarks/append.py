"""Rows 1 to 3: durable appends with version check, beside pgbench and beside the library's own recorder."""

import asyncio
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from threading import Thread
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks.ground import Broken, Ground, Opened, output, say
from benchmarks.rounds import Figure, Measured, measure
from benchmarks.visits import changes, command
from shared import telemetry
from shared.aggregate import SERVICE_SUBJECT
from shared.clock import monotonic
from shared.ids import uuid7

CALLERS, CLIENTS, THREADS, OWNERS = 256, 16, 8, 1_000
ALONE = 500
"""Appends one after the other, for the time of one."""
STATE = b"\0" * 230
"""As large as a visit's stored data."""
INSERT = f"""
INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, at, command_id, command_events,
                    fingerprint, data, metadata)
VALUES (nextval('bench'), uuidv7(), 1, 'VisitOpened', 1, '{SERVICE_SUBJECT}', now(), uuidv7(), 1,
        decode(repeat('00', 32), 'hex'), decode(repeat('00', {len(STATE)}), 'hex'),
        '{{"actor": "{SERVICE_SUBJECT}", "acting_as": "self", "practice": "{SERVICE_SUBJECT}", "origin": "portal"}}');
"""  # noqa: S608 - constants
CLEAR, SEALED, PGBENCH = "append", "append, encrypted", "pgbench, 16 clients"
LIBRARY, SINGLE, PGBENCH_SINGLE = "library's recorder, 8 threads", "append alone, p50 s", "pgbench, 1 client, p50 s"
FIGURES = [
    Figure(1, "append, 256 callers ÷ pgbench single-row INSERT, 16 clients", CLEAR, PGBENCH, 8),
    Figure(1, "the same, encrypted", SEALED, PGBENCH, 8),
    Figure(2, "append, 256 callers ÷ the library's recorder, 8 threads", CLEAR, LIBRARY, 80),
    Figure(3, "one append alone, p50 ÷ pgbench, 1 client", SINGLE, PGBENCH_SINGLE, 1.4, at_most=True),
]


async def run(ground: Ground) -> list[Measured]:
    effort = ground.effort
    count = max(CALLERS, int(effort.seconds * 20_000))
    owners = [uuid7() for _ in range(OWNERS)]
    async with ground.opened() as ours, ground.opened() as theirs:
        pgbench = await Pgbench.made(ground, theirs)
        await ours.keys.for_writing(owners)  # their keys are there long before the day's first event
        library = Library(ground, await ground.database())

        async def appended(of: Sequence[UUID]) -> float:
            await ground.settle()
            return await appends(ours, count, of)

        sides = {
            CLEAR: lambda: appended([SERVICE_SUBJECT]),
            PGBENCH: lambda: pgbench.rate(CLIENTS),
            SEALED: lambda: appended(owners),
            LIBRARY: lambda: asyncio.to_thread(library.rate, effort.seconds),
            SINGLE: lambda: alone(ours),
            PGBENCH_SINGLE: pgbench.typical_seconds,
        }
        try:
            return await measure(FIGURES, sides, effort.rounds, ground.folder, say)
        finally:
            library.close()


async def appends(ours: Opened, count: int, owners: Sequence[UUID], callers: int = CALLERS) -> float:
    """Events a second: each caller appends one new visit after the other, each a command of its own."""
    made = iter([(command(), [change]) for change in changes(count, owners)])

    async def caller() -> None:
        with telemetry.span("caller"):  # as within an RPC
            for record, change in made:
                await ours.store.append(record, change)

    began = monotonic()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return count / (monotonic() - began)


async def alone(ours: Opened) -> float:
    """The typical time of one append when nobody else appends."""
    times = []
    with telemetry.span("caller"):
        for change in changes(ALONE):
            record, began = command(), monotonic()
            await ours.store.append(record, [change])
            times.append(monotonic() - began)
    return median(times)


class Pgbench:
    """Single-row INSERTs into the same table with the same indexes, by PostgreSQL's own tool."""

    def __init__(self, ground: Ground, dsn: str, script: Path) -> None:
        self._ground, self._dsn, self._script = ground, dsn, script

    @classmethod
    async def made(cls, ground: Ground, theirs: Opened) -> "Pgbench":
        await theirs.events.execute("CREATE SEQUENCE bench")
        script = ground.folder / "insert.sql"
        script.write_text(INSERT)
        return cls(ground, theirs.dsn, script)

    async def rate(self, clients: int) -> float:
        """Transactions a second."""
        await self._ground.settle()
        printed = await self._run(clients)
        found = re.search(r"tps = ([\d.]+)", printed)
        if found is None:
            raise Broken("pgbench printed no tps")
        return float(found[1])

    async def typical_seconds(self) -> float:
        """The median time of one transaction of one client."""
        await self._ground.settle()
        folder = self._ground.folder / "pgbench"
        folder.mkdir(exist_ok=True)
        await self._run(1, "--log", f"--log-prefix={folder / 'log'}")
        times = [int(line.split()[2]) for path in folder.iterdir() for line in path.read_text().splitlines()]
        shutil.rmtree(folder)
        return median(times) / 1e6

    async def _run(self, clients: int, *more: str) -> str:
        given = ["-n", "-M", "prepared", "-f", str(self._script), "-c", str(clients), "-j", str(min(clients, 2))]
        return await output("pgbench", *given, "-T", str(max(1, round(self._ground.effort.seconds))), *more, self._dsn)


class Library:
    """The library's PostgreSQL recorder as it comes: synchronous, one transaction an event, a locked table."""

    def __init__(self, ground: Ground, database: str) -> None:
        self._store = PostgresDatastore(
            database, ground.socket_folder, "", "postgres", "", pool_size=THREADS, connect_timeout=10
        )
        self.recorder = PostgresApplicationRecorder(self._store, events_table_name="library_events")
        self.recorder.create_table()

    def rate(self, seconds: float) -> float:
        """Events a second."""
        until, counts = monotonic() + seconds, [0] * THREADS

        def insert(place: int) -> None:
            while monotonic() < until:
                self.recorder.insert_events([StoredEvent(uuid7(), 1, "VisitOpened", STATE)])
                counts[place] += 1

        threads = [Thread(target=insert, args=[place]) for place in range(THREADS)]
        began = monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (monotonic() - began)

    def close(self) -> None:
        self._store.close()
