"""The group committer: the only one that appends, in one lane; what arrives during a commit leaves together."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from shared import metrics
from shared.clock import monotonic
from shared.databases import LOST, StoreFailure, is_lost, refusal
from shared.errors import Unavailable
from shared.eventstore.packing import APPEND_ALL, APPEND_BATCH, Append, looked_at, packed
from shared.eventstore.store import Appended, CommandExists, VersionConflict
from shared.privacy import ErasedSubject

BATCH_COMMANDS = 512
AHEAD_COMMANDS = 32
"""So many, or half of all that are under way, are made ready while a batch commits; fewer wait for its end."""
WARY_SECONDS = 1.0
"""After a conflict or a repeat each command is looked at for so long: who provokes many makes nobody else slow."""
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.1
CALL_SECONDS = 15.0

log = logging.getLogger(__name__)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_COMMAND = "SELECT position, command_events, at, fingerprint FROM events WHERE command_id = $1"
_OWN = "SELECT position, data FROM events WHERE stream_id = $1 AND version = $2"


_OUTCOMES: dict[type, str] = {Appended: "appended", VersionConflict: "conflict", CommandExists: "repeated"}
"""What is counted of an answer; anything else failed."""


@dataclass(slots=True)
class _Waiting:
    append: Append
    answer: "asyncio.Future[Appended]"


async def find_command(connection: Any, command_id: UUID) -> Appended | None:
    """What a command wrote; ``connection`` is a connection or a pool."""
    row = await connection.fetchrow(_COMMAND, command_id)
    if row is None:
        return None
    return Appended(row["position"], row["position"] + row["command_events"] - 1, row["at"], row["fingerprint"])


class GroupCommitter:
    """One lane. ``connect`` gives a writer's connection, ``committed`` hears the last position after each commit.

    One batch commits at a time; meanwhile the next is made ready, so that Python and PostgreSQL both work.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], committed: Callable[[int], None]) -> None:
        self._connect, self._committed = connect, committed
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._wire = asyncio.Lock()
        self._connection: Connection | None = None
        self._lane: asyncio.Task[None] | None = None
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._enough = 1
        self._wary_until = 0.0
        self._closing = False

    async def open(self) -> None:
        self._connection = await self._connect()
        self._lane = asyncio.create_task(self._run(), name="group-committer")

    async def close(self) -> None:
        """Commits what has arrived, then ends."""
        self._closing = True
        self._arrived.set()
        if self._lane is not None:
            await self._lane
        await self._drop()

    async def append(self, append: Append) -> Appended:
        """Returns after the commit. VersionConflict, CommandExists; StoreFailure for what the database refuses;
        Unavailable if no connection comes back in time (a repeat with the same command id then tells)."""
        if self._closing or self._lane is None:
            raise Unavailable("expected an open event store")
        waiting = _Waiting(append, self._lane.get_loop().create_future())
        self._queue.append(waiting)
        if len(self._queue) >= self._enough:
            self._arrived.set()
        return await waiting.answer

    async def _run(self) -> None:
        while self._under_way or self._queue or not self._closing:
            await self._arrived.wait()
            self._arrived.clear()
            while len(self._queue) >= self._enough and len(self._under_way) < 2:
                batch = self._next_batch()
                task = asyncio.create_task(self._carry_out(batch))
                self._under_way[task] = len(batch)
                task.add_done_callback(self._ended)
                self._weigh()

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._weigh()
        self._arrived.set()

    def _weigh(self) -> None:
        """How many are enough to leave: any where nothing is under way, else a batch worth making ready."""
        busy = sum(self._under_way.values())
        self._enough = max(AHEAD_COMMANDS, (busy + len(self._queue)) // 2) if self._under_way else 1

    async def _carry_out(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._commit(batch, resent=False)
        except Exception as error:
            # Whatever it is, it fails this batch and not the lane that all others wait for.
            log.error("a batch of %s commands failed with %s", len(batch), type(error).__name__)
            for waiting in batch:
                _answer(waiting, StoreFailure(type(error).__name__))

    def _next_batch(self) -> list[_Waiting]:
        """In order of arrival. A command that reads what an earlier one of the batch writes, or has its id, leaves
        with the next batch, and with it whatever touches its streams."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        touched: set[int] = set()  # as numbers, whose hashes cost a fifth of a UUID's
        # Out of many the first batch takes half: the other half is made ready while it commits.
        most = BATCH_COMMANDS if self._under_way else max(AHEAD_COMMANDS, (len(self._queue) + 1) // 2)
        while self._queue and len(batch) + len(later) < min(most, BATCH_COMMANDS):
            waiting = self._queue.popleft()
            if waiting.answer.done():
                continue
            append = waiting.append
            written = {row[0].int for row in append.rows}
            names = written | {head[0].int for head in append.heads}
            command_id = append.command.command_id
            if not names.isdisjoint(touched) or (command_id is not None and command_id.int in touched):
                later.append(waiting)
                touched |= names
                continue
            batch.append(waiting)
            touched |= written
            if command_id is not None:
                touched.add(command_id.int)
        self._queue.extendleft(reversed(later))
        return batch

    async def _commit(self, batch: Sequence[_Waiting], *, resent: bool) -> None:
        """Answers each of the batch; halves it where the database refuses, until the guilty one is alone."""
        if not batch:
            return
        began = monotonic()
        while True:
            try:
                answers = await self._send([waiting.append for waiting in batch], resent=resent)
            except StoreFailure as refused:
                if len(batch) == 1:
                    _answer(batch[0], refused)
                    _count([refused])
                    return
                middle = len(batch) // 2
                await self._commit(batch[:middle], resent=resent)
                await self._commit(batch[middle:], resent=resent)
                return
            if answers is not None:
                break
            # Nothing is known of it: it is sent again, and the ids tell what was in.
            resent = True
            if monotonic() - began > PATIENCE_SECONDS:
                answers = [Unavailable("expected the event store's database; send it again with the same key")] * len(
                    batch
                )
                break
            await asyncio.sleep(PAUSE_SECONDS)
        for waiting, answer in zip(batch, answers, strict=True):
            _answer(waiting, answer)
        _count(answers)
        last = max((answer.last for answer in answers if isinstance(answer, Appended)), default=0)
        if last:
            self._committed(last)

    async def _send(self, batch: Sequence[Append], *, resent: bool) -> list[Appended | Exception] | None:
        """One attempt: an answer for each, or None where the connection was lost. StoreFailure for a refusal."""
        arguments = None if resent or monotonic() < self._wary_until else packed(batch)
        async with self._wire:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                if arguments is not None:
                    base = await _append_all(self._connection, arguments)
                    if base is not None:
                        return _positions(batch, base)
                    self._wary_until = monotonic() + WARY_SECONDS
                outcomes = await self._connection.fetch(APPEND_BATCH, *looked_at(batch), timeout=CALL_SECONDS)
                return [
                    await _outcome(self._connection, append, outcome, resent=resent)
                    for append, outcome in zip(batch, outcomes, strict=True)
                ]
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
                if is_lost(error):
                    await self._drop()
                    return None
                refused = refusal(error)
        raise refused

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*LOST):
                await connection.close(timeout=1.0)


async def _append_all(connection: Connection, arguments: Sequence[Any]) -> int | None:
    """The position before the first event, None where each command has to be looked at."""
    try:
        [row] = await connection.fetch(APPEND_ALL, *arguments, timeout=CALL_SECONDS)
    except asyncpg.UniqueViolationError:
        return None
    base: int | None = row["base"]
    return base


def _positions(batch: Sequence[Append], base: int) -> list[Appended | Exception]:
    """The answers of a batch that is in whole."""
    answers: list[Appended | Exception] = []
    for append in batch:
        first, base = base + 1, base + len(append.rows)
        answers.append(Appended(first, base, append.command.at, append.command.fingerprint))
    return answers


def _answer(waiting: _Waiting, answer: Appended | Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(answer, Appended):
        waiting.answer.set_result(answer)
    else:
        waiting.answer.set_exception(answer)


def _count(answers: Sequence[Appended | Exception]) -> None:
    metrics.BATCH_COMMANDS.record(len(answers))
    for outcome, count in Counter(_OUTCOMES.get(type(answer), "failed") for answer in answers).items():
        metrics.COMMANDS.add(count, {"outcome": outcome})


async def _outcome(
    connection: Connection, append: Append, outcome: asyncpg.Record, *, resent: bool
) -> Appended | Exception:
    command = append.command
    if outcome["outcome"] == "appended":
        return Appended(outcome["first"], outcome["last"], command.at, command.fingerprint)
    if outcome["outcome"] == "exists" and command.command_id is not None:
        found = await find_command(connection, command.command_id)
        if found is not None:
            ours = resent and (found.at, found.fingerprint) == (command.at, command.fingerprint)
            return found if ours else CommandExists(found)
    if outcome["outcome"] == "erased":
        return ErasedSubject(outcome["stream_id"])
    if resent and command.command_id is None and append.rows:
        # Without an id the bytes tell: they hold a random nonce, so equal ones are our own.
        first = append.rows[0]
        row = await connection.fetchrow(_OWN, first.stream_id, first.version)
        if row is not None and row["data"] == first.data:
            position = row["position"]
            return Appended(position, position + len(append.rows) - 1, command.at, command.fingerprint)
    stream_id = outcome["stream_id"]
    return VersionConflict(stream_id, dict(append.heads)[stream_id], outcome["actual"])
