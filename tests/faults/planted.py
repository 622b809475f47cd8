"""Bugs that are planted one by one, each a small change of the machinery, to see that the checkers catch it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.bus import chain, reader, relay
from shared.eventstore import committer
from shared.eventstore.packing import Append
from shared.eventstore.store import Appended, CommandRecord
from shared.reading import advancing
from shared.reading.applying import Batch
from shared.waking import woken

PAUSE_SECONDS = 0.05
"""How wide a bug stands open, where it is one of order: a slow machine's pause."""


def command_id_forgotten() -> None:
    """A command forgets its id: a retry is a second command."""
    plain = committer.GroupCommitter.append

    async def append(self: committer.GroupCommitter, append: Append) -> Any:
        command = CommandRecord(None, append.command.fingerprint, append.command.at, {})
        return await plain(self, Append(command, append.heads, append.rows, append.metadata))

    committer.GroupCommitter.append = append  # type: ignore[method-assign]


def acknowledged_before_the_commit() -> None:
    """The answer leaves while the batch is on its way."""
    plain = committer.GroupCommitter._send

    async def send(self: Any, batch: Sequence[Append], *, resent: bool) -> Any:
        last = 1 + (await self._connection.fetchval("SELECT coalesce(max(position), 0) FROM events") or 0)
        for waiting in self._sent:
            first, last = last, last + len(waiting.append.rows)
            command = waiting.append.command
            committer._answer(waiting, Appended(first, last - 1, command.at, command.fingerprint))
        return await plain(self, batch, resent=resent)

    taken = committer.GroupCommitter._next_batch

    def next_batch(self: Any) -> Any:
        self._sent = taken(self)
        return self._sent

    committer.GroupCommitter._next_batch = next_batch  # type: ignore[method-assign]
    committer.GroupCommitter._send = send  # type: ignore[method-assign]


def position_not_compared() -> None:
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


def chain_not_followed() -> None:
    """A reader takes whatever lies beyond its position, also where something before it is missing."""

    def follow(records: Iterable[Any], last: int) -> chain.Followed:
        found = plain(records, last)
        found.to = max(found.to, found.missing)
        return found

    plain = chain.follow
    vars(reader)["follow"] = follow


def position_before_the_rows() -> None:
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


def progress_before_the_confirmation() -> None:
    """The relay saves what it is about to send: a kill between leaves a gap."""
    plain = relay.Relay._send

    async def send(self: Any, page: Any, progress: Any, connection: Any, writer: Any) -> None:
        await connection.execute("UPDATE relay_progress SET position = $1", page[-1].position)
        await woken(asyncio.Event(), PAUSE_SECONDS)
        await plain(self, page, progress, connection, writer)

    relay.Relay._send = send  # type: ignore[method-assign]


def relay_sends_from_the_middle() -> None:
    """One page in ten is not sent at all, and nobody is told."""
    plain, pages = relay.Relay._parts, iter(range(1_000_000_000))

    def parts(self: Any, page: Any, progress: Any) -> Any:
        found = plain(self, page, progress)
        return {} if next(pages) % 10 == 9 else found

    relay.Relay._parts = parts  # type: ignore[method-assign]


def version_check_left_out() -> None:
    """Whatever was read counts as unchanged: two decisions on one stream both write."""
    plain = committer.GroupCommitter.append

    async def append(self: committer.GroupCommitter, append: Append) -> Any:
        return await plain(self, Append(append.command, [], append.rows, append.metadata))

    committer.GroupCommitter.append = append  # type: ignore[method-assign]


def unknown_told_as_done() -> None:
    """A batch of which nothing is known is told as appended."""
    plain = committer.GroupCommitter._send

    async def send(self: Any, batch: Sequence[Append], *, resent: bool) -> Any:
        answers = await plain(self, batch, resent=resent)
        if answers is None:
            return [Appended(1, 1, one.command.at, one.command.fingerprint) for one in batch]
        return answers

    committer.GroupCommitter._send = send  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class Bug:
    """How it is planted, and the fire that must show it: who dies at random, who at each system call, or a wipe."""

    plant: Callable[[], None]
    victims: Sequence[str] = ("writer", "relay", "reader", "postgres")
    exactly: str = ""
    wiped: bool = False


BUGS: Mapping[str, Bug] = {
    "command id forgotten": Bug(command_id_forgotten, ("writer",)),
    "acknowledged before the commit": Bug(acknowledged_before_the_commit, ("writer", "postgres")),
    "version check left out": Bug(version_check_left_out, ("writer",)),
    "unknown told as done": Bug(unknown_told_as_done, ("postgres",)),
    "position not compared": Bug(position_not_compared, ("frozen reader", "frozen other-reader")),
    "chain not followed": Bug(chain_not_followed, ("reader",), wiped=True),
    "position before the rows": Bug(position_before_the_rows, ("reader", "other-reader"), exactly="reader"),
    "progress before the confirmation": Bug(
        progress_before_the_confirmation, ("relay", "other-relay"), exactly="relay"
    ),
    "a page is not sent": Bug(relay_sends_from_the_middle, ("relay",)),
}


def plant(name: str) -> None:
    """Changes this process; '' leaves it as it is."""
    if name:
        BUGS[name].plant()
