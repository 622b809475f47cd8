"""Bugs between a store and its peers: the relay, and the reader that keeps its position in PostgreSQL."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from shared.bus import chain, reader, relay
from shared.bus.codec import Record, decode
from shared.reading import Incoming, Overtaken, advancing
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import Batch
from shared.reading.rows import LIVE
from shared.waking import woken
from tests.faults.places import Place

PAUSE_SECONDS = 0.05
"""How wide a bug stands open, where it is one of order: a slow machine's pause."""


def position_not_compared(place: Place) -> None:
    """A reader moves the position wherever it stands: a late one applies again what another one applied."""

    async def moved(connection: Any, source: str, partition: int, expected: int, to: int) -> bool:
        await woken(asyncio.Event(), PAUSE_SECONDS)
        await connection.execute(
            "INSERT INTO public.positions VALUES ($1, $2, $3) ON CONFLICT (source, partition) "
            "DO UPDATE SET position = $3",
            source, partition, to,
        )  # fmt: skip
        return True

    advancing.compare_and_set = moved


def chain_not_followed(place: Place) -> None:
    """A reader takes whatever lies beyond its position, also where something before it is missing."""

    def follow(records: Iterable[Any], last: int) -> chain.Followed:
        found = plain(records, last)
        found.to = max(found.to, found.missing)
        return found

    plain = chain.follow
    vars(reader)["follow"] = follow


def inbox_not_looked_at(place: Place) -> None:
    """A reader applies a record that it has applied before."""

    def follow(records: Iterable[Record], last: int) -> chain.Followed:
        found = chain.Followed(last)
        for record in records:
            where, incoming = record.place(), decode(record)
            if where is not None and incoming is not None and where[0] <= found.to:
                found.incoming.append(incoming)
                found.to = max(found.to, where[1])
        if found.incoming:
            found.to = max(found.to, last + 1)  # so that they are taken at all
        return found

    async def advance(
        self: Any, source: str, partition: int, expected: int, incoming: Sequence[Incoming], to: int
    ) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await advancing.compare_and_set(connection, source, partition, expected, to):
                raise Overtaken
            await connection.execute(f"SET LOCAL search_path TO {LIVE}")
            await Batch(connection, LIVE, self._sources[source], self._sealer).run(partition, incoming, self._shelf)

    vars(reader)["follow"] = follow
    PostgresAdvance.advance = advance  # type: ignore[method-assign]


def rows_committed_one_by_one(place: Place) -> None:
    """Auto-commit: each statement of a batch is a transaction of its own, the position's is the last."""

    async def advance(
        self: Any, source: str, partition: int, expected: int, incoming: Sequence[Incoming], to: int
    ) -> None:
        async with self._pool.acquire() as connection:
            await connection.execute(f"SET search_path TO {LIVE}")
            if incoming:
                await Batch(connection, LIVE, self._sources[source], self._sealer).run(partition, incoming, self._shelf)
            if not await advancing.compare_and_set(connection, source, partition, expected, to):
                raise Overtaken

    PostgresAdvance.advance = advance  # type: ignore[method-assign]


def position_before_the_rows(place: Place) -> None:
    """The position commits first, the rows after it: a kill between loses them."""
    plain = Batch.run

    async def run(self: Batch, partition: int, incoming: Any, shelf: Any) -> None:
        if incoming:
            await self._connection.execute("COMMIT")
            await woken(asyncio.Event(), PAUSE_SECONDS)
            await self._connection.execute("BEGIN")
            await self._connection.execute("SET LOCAL search_path TO live")
        await plain(self, partition, incoming, shelf)

    Batch.run = run  # type: ignore[method-assign]


def progress_before_the_confirmation(place: Place) -> None:
    """The relay saves what it is about to send: a kill between leaves a gap."""
    plain = relay.Relay._send

    async def send(self: Any, page: Any, progress: Any, connection: Any, writer: Any) -> None:
        await connection.execute("UPDATE relay_progress SET position = $1", page[-1].position)
        await woken(asyncio.Event(), PAUSE_SECONDS)
        await plain(self, page, progress, connection, writer)

    relay.Relay._send = send  # type: ignore[method-assign]


def relay_sends_from_the_middle(place: Place) -> None:
    """One page in ten is not sent at all, and nobody is told."""
    plain, pages = relay.Relay._parts, iter(range(1_000_000_000))

    def parts(self: Any, told: Any, progress: Any) -> Any:
        found = plain(self, told, progress)
        return {} if next(pages) % 10 == 9 else found

    relay.Relay._parts = parts  # type: ignore[method-assign]
