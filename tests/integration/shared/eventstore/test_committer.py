"""The group committer under concurrency, refusal and loss: each command whole, once, in commit order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.databases import StoreFailure
from shared.errors import Unavailable
from shared.eventstore import committer
from shared.eventstore.committer import Connection, GroupCommitter, find_command
from shared.eventstore.packing import APPEND_BATCH, Append, StoredRow
from shared.eventstore.postgres import WRITER_SETTINGS
from shared.eventstore.store import Appended, CommandExists, CommandRecord, VersionConflict
from shared.ids import uuid7
from tests.integration.shared.conftest import Instance, Start
from tests.integration.shared.eventstore.making import AT, OWNER, everything, lamp, put
from tests.waiting import until

Connect = Callable[[], Awaitable[Connection]]


def append(
    *streams: tuple[UUID, int],
    command_id: UUID | None = None,
    word: str = "W",
    guards: tuple[tuple[UUID, int], ...] = (),
) -> Append:
    """One event on each of ``streams`` (stream, version expected of it); a fresh command id unless one is given."""
    record = CommandRecord(command_id or uuid7(), b"f", AT, {})
    rows = [StoredRow(stream, expected + 1, word, 1, UUID(int=0), b"\x00{}") for stream, expected in streams]
    return Append(record, [*streams, *guards], rows, "{}")


def writer(database: str) -> Connect:
    async def connect() -> Connection:
        return await asyncpg.connect(database, server_settings=WRITER_SETTINGS)

    return connect


class Spied:
    """A committer's connections: notes what is called, and may break one off before or after its commit."""

    def __init__(self, database: str) -> None:
        self.calls: list[int] = []
        """How many commands each batch had."""
        self.looks = 0
        """How often each command of a batch was looked at."""
        self.cut_after_commit = 0
        self.cut_before_commit = 0
        self.database = database
        self._connect = writer(database)

    async def connect(self) -> Any:
        spied, connection = self, await self._connect()

        class Wire:
            def is_closed(self) -> bool:
                return connection.is_closed()

            async def close(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncpg's signature
                await connection.close(timeout=timeout)

            async def fetchrow(self, *arguments: Any) -> Any:
                return await connection.fetchrow(*arguments)

            async def fetch(self, sql: str, *columns: Any, timeout: float) -> Any:  # noqa: ASYNC109
                spied.looks += sql == APPEND_BATCH
                if spied.cut_before_commit:
                    spied.cut_before_commit -= 1
                    await terminate(spied.database, connection)
                answer = await connection.fetch(sql, *columns, timeout=timeout)
                if spied.cut_after_commit:
                    spied.cut_after_commit -= 1
                    await terminate(spied.database, connection)
                    raise ConnectionResetError
                return answer

        return Wire()


async def terminate(database: str, connection: Connection) -> None:
    """Kills the server process of a connection, as a crash or a failing network would."""
    killer = await asyncpg.connect(database)
    await killer.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
    await killer.close()


@pytest.fixture
async def spied(instance: Instance, database: str) -> Spied:
    """Depends on ``instance`` for the tables."""
    assert await instance.store.head() == 0
    return Spied(database)


async def opened(spied: Spied) -> GroupCommitter:
    lane = GroupCommitter(spied.connect, lambda last: None)
    plain = lane._send

    async def send(batch: Sequence[Append], *, resent: bool) -> list[Appended | Exception] | None:
        spied.calls.append(len(batch))
        return await plain(batch, resent=resent)

    lane._send = send  # type: ignore[method-assign]
    await lane.open()
    return lane


async def answers(lane: GroupCommitter, *appends: Append) -> list[Appended | BaseException]:
    return await asyncio.gather(*(lane.append(each) for each in appends), return_exceptions=True)


async def test_what_arrives_together_leaves_in_two_batches_of_which_one_is_made_ready_while_one_commits(
    spied: Spied,
) -> None:
    lane = await opened(spied)
    found = await answers(lane, *(append((uuid7(), 0)) for _ in range(700)))
    assert [answer.last for answer in found if isinstance(answer, Appended)] == list(range(1, 701))
    assert spied.calls == [350, 350]
    assert spied.looks == 0
    await lane.close()


async def test_few_that_arrive_together_leave_in_one_batch_and_many_in_batches_of_512(spied: Spied) -> None:
    lane = await opened(spied)
    await answers(lane, *(append((uuid7(), 0)) for _ in range(32)))
    assert spied.calls == [32]
    found = await answers(lane, *(append((uuid7(), 0)) for _ in range(1_500)))
    assert [answer.last for answer in found if isinstance(answer, Appended)] == list(range(33, 1_533))
    assert spied.calls[:3] == [32, 512, 512]
    await lane.close()


async def test_a_conflict_in_the_short_way_wrote_nothing_and_the_next_batches_are_looked_at(spied: Spied) -> None:
    lane = await opened(spied)
    stream, changed = uuid7(), uuid7()
    await answers(lane, append((stream, 0)), append((changed, 0)))
    assert spied.looks == 0
    for late in (append((stream, 0)), append((changed, 7)), append((uuid7(), 0), guards=((uuid7(), 3),))):
        found = await answers(lane, append((uuid7(), 0)), late)
        assert [type(answer) for answer in found] == [Appended, VersionConflict]
        lane._wary_until = 0.0
    assert spied.looks == 3
    assert (await lane.append(append((changed, 1)))).last == 6
    await lane.close()


async def test_in_a_batch_the_repeated_and_the_half_stale_command_fail_alone(spied: Spied) -> None:
    lane = await opened(spied)
    a, b, c, d, e = (uuid7() for _ in range(5))
    repeated = append((a, 0))
    await lane.append(repeated)
    half_stale, good = append((b, 0), (c, 7)), append((d, 0), (e, 0))
    found = await answers(lane, append((uuid7(), 0), command_id=repeated.command.command_id), half_stale, good)
    assert isinstance(found[0], CommandExists)
    assert isinstance(found[1], VersionConflict)
    assert (found[1].stream_id, found[1].expected, found[1].actual) == (c, 7, 0)
    assert found[2] == Appended(2, 3, AT, b"f")
    assert spied.calls == [1, 3]
    await lane.close()


async def test_both_ways_write_the_same(spied: Spied, instance: Instance) -> None:
    lane = await opened(spied)
    said = '{"origin": "desk", "actor": "\\"{,}\\\\ ü"}'

    def batch() -> list[Append]:
        one, other = uuid7(), uuid7()
        rows = [
            StoredRow(one, 1, 'W"\\{,}', 1, OWNER, b"\x00{}"),
            StoredRow(other, 1, "V", 3, OWNER, b""),
            StoredRow(one, 2, "V", 2, OWNER, bytes(range(256))),
        ]
        return [
            Append(CommandRecord(uuid7(), b"\x00f", AT, {}), [(one, 0), (other, 0)], rows, said),
            Append(CommandRecord(None, b"", AT, {}), [], [StoredRow(uuid7(), 9, "W", 1, OWNER, b"x")], "{}"),
        ]

    short = await answers(lane, *batch())
    lane._wary_until = float("inf")
    long = await answers(lane, *batch())
    assert spied.looks == 1
    assert (short, long) == (
        [Appended(1, 3, AT, b"\x00f"), Appended(4, 4, AT, b"")],
        [Appended(5, 7, AT, b"\x00f"), Appended(8, 8, AT, b"")],
    )
    rows = await instance.events.fetch(
        "SELECT version, type, schema_version, subject_id, at, command_id IS NULL, command_events, fingerprint, data, "
        "metadata FROM events ORDER BY position"
    )
    assert rows[:4] == rows[4:]
    await lane.close()


async def test_the_same_stream_twice_is_split_so_that_the_later_sees_the_earlier(spied: Spied) -> None:
    lane = await opened(spied)
    stream, other = uuid7(), uuid7()
    found = await answers(lane, append((stream, 0)), append((stream, 1)), append((other, 0), guards=((stream, 2),)))
    assert [answer.last for answer in found if isinstance(answer, Appended)] == [1, 2, 3]
    assert spied.calls == [1, 1, 1]
    await lane.close()


async def test_the_same_command_id_twice_at_once_appends_once(spied: Spied) -> None:
    lane = await opened(spied)
    command_id = uuid7()
    found = await answers(
        lane, append((uuid7(), 0), command_id=command_id), append((uuid7(), 0), command_id=command_id)
    )
    assert [type(answer) for answer in found] == [Appended, CommandExists]
    await lane.close()


async def test_guards_of_one_stream_share_a_batch(spied: Spied) -> None:
    lane = await opened(spied)
    practice = uuid7()
    await lane.append(append((practice, 0)))
    await answers(lane, *(append((uuid7(), 0), guards=((practice, 1),)) for _ in range(20)))
    assert spied.calls == [1, 20]
    await lane.close()


@pytest.mark.parametrize("word", ["nul\x00byte", "\ud800"], ids=["refused by the server", "refused by the driver"])
async def test_a_batch_that_fails_is_halved_until_the_guilty_command_is_alone(
    spied: Spied, instance: Instance, word: str
) -> None:
    lane = await opened(spied)
    appends = [append((uuid7(), 0), word=word if place == 5 else "W") for place in range(8)]
    found = await answers(lane, *appends)
    assert [type(answer) for answer in found] == [Appended] * 5 + [StoreFailure] + [Appended] * 2
    assert await instance.store.head() == 7
    assert await lane.append(append((uuid7(), 0)))
    await lane.close()


async def test_a_refusal_tells_its_code_and_no_value(spied: Spied) -> None:
    lane = await opened(spied)
    stream = uuid7()
    await lane.append(append((stream, 0)))
    unguarded = append((stream, 0), word="secret")
    with pytest.raises(StoreFailure) as caught:
        await lane.append(Append(unguarded.command, [], unguarded.rows, "{}"))
    assert caught.value.sqlstate == "23505"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    await lane.close()


@pytest.mark.parametrize("cut", ["cut_before_commit", "cut_after_commit"])
async def test_a_connection_lost_at_commit_is_sent_again_and_counts_once(
    spied: Spied, instance: Instance, cut: str
) -> None:
    lane = await opened(spied)
    setattr(spied, cut, 1)
    with_id, pair = append((uuid7(), 0)), append((uuid7(), 0), (uuid7(), 0))
    without_id = Append(CommandRecord(None, b"", AT, {}), [(uuid7(), 0)], [], "{}")
    stream = without_id.heads[0][0]
    without_id = Append(
        without_id.command, without_id.heads, [StoredRow(stream, 1, "W", 1, UUID(int=0), uuid7().bytes)], "{}"
    )
    found = await answers(lane, with_id, pair, without_id)
    assert [(answer.first, answer.last) for answer in found if isinstance(answer, Appended)] == [(1, 1), (2, 3), (4, 4)]
    assert await instance.store.head() == 4
    assert with_id.command.command_id is not None
    assert await find_command(instance.events, with_id.command.command_id) == found[0]
    await lane.close()


async def test_after_a_lost_connection_anothers_command_and_stream_are_still_anothers(spied: Spied) -> None:
    lane = await opened(spied)
    theirs, stream = append((uuid7(), 0)), uuid7()
    await lane.append(theirs)
    await lane.append(append((stream, 0)))
    spied.cut_before_commit = 1
    stolen = Append(
        CommandRecord(theirs.command.command_id, b"other request", AT, {}),
        [(uuid7(), 0)],
        [StoredRow(uuid7(), 1, "W", 1, UUID(int=0), b"\x00{}")],
        "{}",
    )
    late = Append(
        CommandRecord(None, b"", AT, {}), [(stream, 0)], [StoredRow(stream, 1, "W", 1, UUID(int=0), b"\x00mine")], "{}"
    )
    found = await answers(lane, stolen, late)
    assert [type(answer) for answer in found] == [CommandExists, VersionConflict]
    await lane.close()


async def test_without_a_server_callers_are_told_in_time_and_the_lane_lives_on(
    spied: Spied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "PATIENCE_SECONDS", 0.3)
    lane = await opened(spied)
    spied.cut_before_commit = 1_000
    with pytest.raises(Unavailable):
        await lane.append(append((uuid7(), 0)))
    spied.cut_before_commit = 0
    assert (await lane.append(append((uuid7(), 0)))).last == 1
    await lane.close()


async def test_a_caller_that_gives_up_before_the_batch_leaves_writes_nothing(spied: Spied) -> None:
    lane = await opened(spied)
    first = asyncio.create_task(lane.append(append((uuid7(), 0))))
    await until(lambda: spied.calls)
    second = asyncio.create_task(lane.append(append((uuid7(), 0))))
    third = asyncio.create_task(lane.append(append((uuid7(), 0))))
    await until(lambda: len(lane._queue) == 2 or second.done())
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
    assert (await first).last == 1
    await third
    await lane.close()


async def test_closing_commits_what_has_arrived_and_refuses_what_comes_after(spied: Spied) -> None:
    lane = await opened(spied)
    arrived = asyncio.create_task(lane.append(append((uuid7(), 0))))
    await until(lambda: spied.calls)
    await lane.close()
    assert (await arrived).last == 1
    with pytest.raises(Unavailable):
        await lane.append(append((uuid7(), 0)))


async def test_two_instances_append_at_once_and_a_reader_meanwhile_misses_nothing(start: Start) -> None:
    one, two, reader = await start(), await start(), await start()
    total, seen = 300, list[int]()
    news = reader.store.subscribe()

    async def write(instance: Instance) -> None:
        for _ in range(15):
            await asyncio.gather(*(put(instance.store, lamp(turns=1)) for _ in range(5)))

    async def follow() -> None:
        while len(seen) < total:
            news.clear()
            seen.extend(recorded.position for recorded in await everything(reader.store, seen[-1] if seen else 0))
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), 0.01)

    async with asyncio.timeout(60):
        await asyncio.gather(write(one), write(two), follow())
    assert seen == list(range(1, total + 1))


async def test_two_instances_cannot_both_win_one_stream(start: Start) -> None:
    one, two = await start(), await start()
    for _ in range(20):
        stream = uuid7()
        found = await asyncio.gather(put(one.store, lamp(stream)), put(two.store, lamp(stream)), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in found) == ["Appended", "VersionConflict"]


async def test_another_process_is_woken_by_the_notification(start: Start) -> None:
    one, two = await start(), await start()
    news = two.store.subscribe()
    await until(news.is_set)
    news.clear()
    await put(one.store, lamp())
    await until(news.is_set)


async def test_every_look_up_of_the_append_is_by_index(instance: Instance) -> None:
    """Also for a plan that was made on an empty table: the trap that once went quadratic."""
    statistics = "SELECT seq_tup_read, n_tup_ins FROM pg_stat_user_tables WHERE relname = 'events'"

    async def counted() -> tuple[int, int]:
        [row] = await instance.events.fetch(statistics)
        return row["seq_tup_read"], row["n_tup_ins"]

    async def all_counted() -> bool:
        return (await counted())[1] == 8 * 60 * 5

    for _ in range(8):
        await asyncio.gather(*(put(instance.store, lamp(turns=4)) for _ in range(60)))
    await instance.store.close()
    await until(all_counted)
    assert (await counted())[0] == 0
