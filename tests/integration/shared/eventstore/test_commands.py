"""The command loop over real databases: repeats, stolen keys, conflicts, and a crash between commit and answer."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import pytest

from shared.aggregate import Aggregate
from shared.errors import CommandReused, NotFound, Unavailable
from shared.handling import Created, StreamQueues, Streams, Work
from shared.ids import uuid7
from shared.money import Money
from shared.privacy import ErasedSubject
from tests.integration.shared.conftest import Instance, Start
from tests.integration.shared.eventstore.making import AT, NEIGHBOUR, OWNER, everything, lamp, put
from tests.unit.shared.eventstore.lamps import Lamp, LampId
from tests.waiting import until


def work(instance: Instance, command_id: UUID, fingerprint: bytes = b"f", later: timedelta = timedelta(0)) -> Work:
    return Work(instance.store, StreamQueues(), AT + later, command_id, fingerprint, {"origin": "portal"})


async def buy_lamp(unit: Work) -> Created:
    def build() -> Aggregate:
        return Lamp(
            lamp_id=LampId(unit.new_id("lamp")), owner_id=OWNER, bought_at=unit.now, price=Money(1), shade=None,
            fitting="pin",
        )  # fmt: skip

    position = await unit.create(build)
    return Created(unit.new_id("lamp"), position)


async def test_a_repeat_at_another_instance_a_day_later_gets_the_first_answer(start: Start) -> None:
    one, two, command_id = await start(), await start(), uuid7()
    first = await buy_lamp(work(one, command_id))
    assert await buy_lamp(work(two, command_id, later=timedelta(days=1))) == first
    assert await one.store.head() == 1


async def test_the_same_key_at_two_instances_at_once_makes_one_lamp_and_one_answer(start: Start) -> None:
    one, two = await start(), await start()
    for _ in range(10):
        command_id = uuid7()
        units = [work(one, command_id), work(two, command_id, later=timedelta(seconds=1))]
        answers = await asyncio.gather(*(buy_lamp(unit) for unit in units))
        assert answers[0] == answers[1]
    assert await one.store.head() == 10


async def test_a_stolen_command_id_is_refused_and_writes_nothing(instance: Instance) -> None:
    command_id = uuid7()
    await buy_lamp(work(instance, command_id, b"hers"))
    with pytest.raises(CommandReused):
        await buy_lamp(work(instance, command_id, b"his"))
    assert await instance.store.head() == 1


async def test_changes_of_one_lamp_at_two_instances_are_decided_again_and_none_is_lost(start: Start) -> None:
    one, two = await start(), await start()
    made = lamp()
    await put(one.store, made)

    async def turn(instance: Instance, note: str) -> None:
        await work(instance, uuid7()).change(Lamp, made.id, lambda found: found.turn(note))

    await asyncio.gather(turn(one, "a"), turn(two, "b"), turn(one, "c"))
    found = await one.store.find(Lamp, made.id)
    assert found is not None
    assert sorted(found.notes) == ["a", "b", "c"]


async def test_a_commit_whose_answer_was_lost_with_its_process_is_found_by_the_repeat(start: Start) -> None:
    crashing, other, command_id = await start(), await start(), uuid7()
    asked = asyncio.create_task(buy_lamp(work(crashing, command_id)))
    await until(lambda: other.store.command(command_id))
    asked.cancel()
    answer = await buy_lamp(work(other, command_id, later=timedelta(hours=1)))
    assert answer.position.number == 1
    assert [recorded.stream_id for recorded in await everything(other.store)] == [answer.id]


async def test_all_writers_killed_under_load_lose_and_double_nothing(start: Start, database: str) -> None:
    one, two = await start(), await start()
    killer = await asyncpg.connect(database)
    acknowledged: list[Created] = []

    async def buy(instance: Instance) -> None:
        for _ in range(20):
            acknowledged.append(await buy_lamp(work(instance, uuid7())))

    def reached(wanted: int) -> bool:
        return len(acknowledged) >= wanted

    async def kill() -> None:
        for wanted in (20, 60, 100):
            await until(partial(reached, wanted))
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'portal-writer'"
            )

    async with asyncio.timeout(60):
        await asyncio.gather(kill(), *(buy(instance) for instance in (one, two) for _ in range(4)))
    await killer.close()
    stored = await everything(two.store)
    assert [recorded.position for recorded in stored] == list(range(1, 161))
    assert {recorded.stream_id for recorded in stored} == {created.id for created in acknowledged}
    assert {(recorded.stream_id, recorded.position) for recorded in stored} == {
        (created.id, created.position.number) for created in acknowledged
    }


async def test_what_was_read_as_absent_by_one_and_made_by_another_is_decided_again(start: Start) -> None:
    one, two, wanted = await start(), await start(), LampId(uuid7())
    seen: list[bool] = []

    async def make_unless_there(streams: Streams) -> None:
        found = await streams.find(Lamp, wanted)
        seen.append(found is not None)
        if found is None:
            if len(seen) == 1:
                await put(two.store, lamp(wanted))
            streams.add(lamp(wanted))

    await work(one, uuid7()).decide(make_unless_there)
    assert seen == [False, True]
    assert await one.store.head() == 1


async def test_a_change_of_what_was_erased_is_not_found(instance: Instance) -> None:
    made = lamp()
    await put(instance.store, made)
    await instance.keys.erase(OWNER)
    with pytest.raises(NotFound):
        await work(instance, uuid7()).change(Lamp, made.id, lambda found: found.turn("x"))
    with pytest.raises(NotFound):
        await buy_lamp(work(instance, uuid7()))


async def test_another_process_that_still_holds_the_key_writes_nothing_after_the_erasure(start: Start) -> None:
    one, two = await start(), await start()
    made = lamp()
    await put(two.store, made)
    found = await two.store.find(Lamp, made.id)
    await one.keys.erase(OWNER)
    assert found is not None
    found.turn("too late")
    with pytest.raises(ErasedSubject) as caught:
        await put(two.store, found)
    assert caught.value.subject_id == OWNER
    assert await one.store.head() == 1
    await put(two.store, lamp(owner_id=NEIGHBOUR))


async def test_without_a_database_reading_is_unavailable(instance: Instance) -> None:
    instance.events.terminate()
    with pytest.raises(Unavailable):
        await instance.store.head()
    with pytest.raises(Unavailable):
        await instance.store.find(Lamp, OWNER)
