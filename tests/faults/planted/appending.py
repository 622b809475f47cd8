"""Bugs of the event store: what a command's answer is worth."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from shared.eventstore import committer
from shared.eventstore.committer import Connection
from shared.eventstore.packing import Append
from shared.eventstore.store import Appended, CommandRecord
from tests.faults.places import Place
from tests.faults.planted.changing import replaced


def command_id_forgotten(place: Place) -> None:
    """A command forgets its id: a retry is a second command."""
    plain = committer.GroupCommitter.append

    async def append(self: committer.GroupCommitter, append: Append) -> Any:
        command = CommandRecord(None, append.command.fingerprint, append.command.at, {})
        return await plain(self, Append(command, append.heads, append.rows, append.metadata))

    committer.GroupCommitter.append = append  # type: ignore[method-assign]


def acknowledged_before_the_commit(place: Place) -> None:
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


def version_check_left_out(place: Place) -> None:
    """Whatever was read counts as unchanged: two decisions on one stream both write."""
    plain = committer.GroupCommitter.append

    async def append(self: committer.GroupCommitter, append: Append) -> Any:
        return await plain(self, Append(append.command, [], append.rows, append.metadata))

    committer.GroupCommitter.append = append  # type: ignore[method-assign]


def unknown_told_as_done(place: Place) -> None:
    """A batch of which nothing is known is told as appended."""
    plain = committer.GroupCommitter._send

    async def send(self: Any, batch: Sequence[Append], *, resent: bool) -> Any:
        answers = await plain(self, batch, resent=resent)
        if answers is None:
            return [Appended(1, 1, one.command.at, one.command.fingerprint) for one in batch]
        return answers

    committer.GroupCommitter._send = send  # type: ignore[method-assign]


_IN_BOTH = {
    "FUNCTION public.append_": "FUNCTION public.unlocked_append_",
    "PERFORM pg_advisory_xact_lock(1);": "",
}
_CHANGES: Mapping[str, Mapping[str, str]] = {
    "append_all": {**_IN_BOTH, "coalesce(max(position), 0) FROM events": "nextval('unlocked_positions')"},
    "append_batch": {
        **_IN_BOTH,
        "coalesce(max(position), 0) INTO base FROM events": "nextval('unlocked_positions') INTO base",
    },
}


def appended_without_the_lock(place: Place) -> None:
    """Positions come from a sequence, as an identity column gives them: what commits later may lie before."""
    plain = committer.GroupCommitter.__init__

    def init(self: Any, connect: Callable[[], Awaitable[Connection]], committed: Callable[[int], None]) -> None:
        async def connected() -> Connection:
            connection = await connect()
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(99)")
                await connection.execute("CREATE SEQUENCE IF NOT EXISTS unlocked_positions INCREMENT 1000")
                for function, changes in _CHANGES.items():
                    text = await connection.fetchval("SELECT pg_get_functiondef($1::regproc)", function)
                    await connection.execute(replaced(text, changes))
            return connection

        plain(self, connected, committed)

    committer.GroupCommitter.__init__ = init  # type: ignore[method-assign]
    for name in ("APPEND_ALL", "APPEND_BATCH"):
        vars(committer)[name] = replaced(vars(committer)[name], {" append_": " unlocked_append_"})
