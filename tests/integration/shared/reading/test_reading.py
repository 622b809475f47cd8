"""Live reading: rows, compare-and-set, parking, read-your-writes, against a real PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from shared.envelope import Position
from shared.errors import NotFound, ReadModelBehind
from shared.reading import Overtaken
from shared.reading.applying import EFFECTS
from shared.reading.erasing import erase_subject
from shared.reading.parking import find_parking_request, request_drop, request_retry
from shared.reading.projector import PositionWait
from tests.integration.shared.reading.conftest import House
from tests.integration.shared.reading.letters import ANN, AT, BOB, LETTERS, POISON, RAIN, Rained, Sky
from tests.waiting import until

ALL = "SELECT * FROM letters ORDER BY position"


async def test_personal_values_lie_sealed_and_come_back_as_plain_columns(house: House) -> None:
    letter_id = await house.write(ANN, "Dear Bob", read_on=date(2026, 3, 9))
    await house.projector().catch_up()
    assert await house.look(ALL) == [
        {
            "letter_id": letter_id, "subject_id": ANN, "position": 1, "tags": ["new", "Dea"],
            "about": {"length": 8}, "read_on": date(2026, 3, 9), "text": "Dear Bob", "written_on": AT.date(),
        }
    ]  # fmt: skip
    sealed = await house.pool.fetchval("SELECT sealed FROM letters")
    assert b"Dear Bob" not in sealed


async def test_queries_cannot_change_rows(house: House) -> None:
    async with house.database.live_rows() as rows:
        with pytest.raises(TypeError):
            await rows.upsert("counts", {"name": "all"}, {"letters": 9})


async def test_rows_of_an_erased_subject_are_not_returned_and_then_deleted(house: House) -> None:
    await house.write(ANN, "one")
    await house.write(BOB, "two")
    await house.projector().catch_up()
    await house.keys.erase(ANN)
    assert [row["text"] for row in await house.look(ALL)] == ["two"]
    await erase_subject(house.pool, ANN)
    assert await house.pool.fetchval("SELECT count(*) FROM letters") == 1
    assert await house.pool.fetchval("SELECT count(*) FROM effects WHERE key = $1", ANN) == 0
    assert (await house.look("SELECT letters FROM counts"))[0]["letters"] == 2


async def test_records_of_an_erased_key_are_passed_over(house: House) -> None:
    await house.keys.erase(ANN)
    await house.rained(house.sky.rain(ANN, 1), house.sky.rain(BOB, 2))
    assert [row["town_id"] for row in await house.look("SELECT * FROM rain")] == [BOB]
    assert await house.parking().parked() == []


async def test_an_advance_is_all_or_nothing_and_in_order(house: House) -> None:
    advance = house.advance()
    first, second = house.sky.rain(ANN, 1), house.sky.rain(ANN, 2)
    await advance.advance("weather", 0, 0, [first, second], 2)
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["1", "2"]
    assert await advance.last("weather", 0) == 2
    with pytest.raises(ValueError, match="rising positions"):
        await advance.advance("weather", 0, 2, [second, first], 2)


async def test_a_zombie_reader_changes_nothing(house: House) -> None:
    batch = [house.sky.rain(ANN, 1)]
    alive, zombie = house.advance(), house.advance()
    outcomes = await asyncio.gather(
        *(one.advance("weather", 0, 0, batch, 1) for one in (alive, zombie) * 4), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType"] + ["Overtaken"] * 7
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["1"]
    with pytest.raises(Overtaken):
        await zombie.advance("weather", 0, 0, batch, 1)


async def test_a_poisoned_record_parks_only_its_key_and_a_retry_completes_in_order(house: House) -> None:
    sky = house.sky
    await house.rained(sky.rain(ANN, 1), sky.rain(ANN, 2, bad=True), sky.rain(BOB, 3), sky.rain(ANN, 4))
    await house.rained(sky.rain(ANN, 5), sky.rain(BOB, 6))
    parking = house.parking()
    assert [(one.position, one.key, bool(one.error)) for one in await parking.parked()] == [
        (2, ANN, True), (4, ANN, False), (5, ANN, False),
    ]  # fmt: skip
    assert "KeyError at letters.py" in (await parking.parked())[0].error
    assert await parking.parked_keys("weather") == {ANN}
    assert {row["town_id"]: row["days"] for row in await house.look("SELECT * FROM rain")} == {
        ANN: ["1"], BOB: ["3", "6"],
    }  # fmt: skip

    assert await parking.retry_parked("weather", ANN) == 0
    Sky.mended = True
    assert await parking.retry_parked("weather", ANN) == 3
    assert await parking.parked() == []
    assert (await house.look("SELECT days FROM rain WHERE town_id = $1", ANN))[0]["days"] == ["1", "2", "4", "5"]
    causes = await house.pool.fetch("SELECT cause FROM effects ORDER BY number")
    assert [row["cause"] for row in causes] == [f"weather:{n}" for n in (1, 3, 6, 2, 4, 5)]


async def test_a_record_that_cannot_be_decoded_parks(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, error="Rained: millimetres: int_type"), house.sky.rain(BOB, 2))
    parked = await house.parking().parked()
    assert [(one.position, one.error) for one in parked] == [(1, "Rained: millimetres: int_type")]
    Sky.mended = True
    assert await house.parking().retry_parked("weather", ANN) == 1


async def test_a_dropped_record_lets_those_behind_it_in(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, bad=True), house.sky.rain(ANN, 2))
    parking = house.parking()
    await parking.drop_parked("weather", 1, "sent by mistake")
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["2"]
    assert await parking.parked() == []
    with pytest.raises(NotFound):
        await parking.drop_parked("weather", 1, "again")


async def test_operations_asks_in_a_table_and_the_process_answers_there(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, bad=True), house.sky.rain(ANN, 2), house.sky.rain(BOB, 3, bad=True))
    parking, pool = house.parking(), house.pool
    dropped = await request_drop(pool, "weather", 1, "sent by mistake")
    absent = await request_retry(pool, "weather", 99)
    while await parking.take():
        pass
    Sky.mended = True
    retried = await request_retry(pool, "weather", 3)
    while await parking.take():
        pass
    answers = [await find_parking_request(pool, one) for one in (dropped, absent, retried)]
    assert [(one.applied, (one.error or "").split(" ")[0]) for one in answers if one is not None] == [
        (1, ""), (0, "not_found"), (1, ""),
    ]  # fmt: skip
    assert await parking.parked() == []
    with pytest.raises(ValueError, match="a reason"):
        await request_drop(pool, "weather", 1, "")


async def test_an_own_event_that_parks_is_read_from_the_store_again(house: House) -> None:
    await house.write(ANN, POISON)
    await house.write(BOB, "fine")
    await house.projector().catch_up()
    assert [row["text"] for row in await house.look(ALL)] == ["fine"]
    assert await house.parking().parked_keys("letters") == {ANN}
    assert await house.parking().retry_parked("letters", ANN) == 0


async def test_an_event_whose_key_is_lost_parks_and_the_rest_goes_on(house: House) -> None:
    await house.write(ANN, "one")
    await house.write(BOB, "two")
    await house.key_pool.execute("DELETE FROM subject_keys WHERE subject_id = $1", ANN)
    house.keys._cache.clear()
    await house.projector().catch_up()
    assert [row["text"] for row in await house.look(ALL)] == ["two"]
    assert [(one.position, one.key) for one in await house.parking().parked()] == [(1, ANN)]
    assert await house.advance().last("letters", 0) == 2


async def test_what_a_parked_record_has_done_is_not_done_again(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, bad=True))
    await house.pool.execute("UPDATE parked SET done = $1", ["rain", EFFECTS])
    assert await house.parking().retry_parked("weather", ANN) == 1
    assert await house.look("SELECT * FROM rain") == []
    assert await house.pool.fetchval("SELECT count(*) FROM effects") == 0


async def test_a_lost_connection_holds_the_partition_and_parks_nothing(house: House) -> None:
    async def lost(*_: object) -> None:
        raise ConnectionResetError

    house.read_models = (LETTERS, replace(RAIN, apply={Rained: lost}))
    house.sky.rain(ANN, 1)
    advance = house.advance()
    with pytest.raises(ConnectionResetError):
        await advance.advance("weather", 0, 0, house.sky.records, 1)
    assert await advance.last("weather", 0) == 0
    assert await house.parking().parked() == []


async def test_a_query_waits_for_its_own_write_but_not_for_ever(house: House) -> None:
    advance = house.advance()
    waiting = PositionWait("letters", advance)
    with pytest.raises(ReadModelBehind):
        await waiting.wait_for(Position("letters", 1), seconds=0.1)
    await waiting.wait_for(Position("weather", 10**9), seconds=0.1)

    running = asyncio.create_task(house.projector(advance).run())
    try:
        await house.write(ANN, "one")
        await waiting.wait_for(Position("letters", 1))
        assert len(await house.look(ALL)) == 1
    finally:
        running.cancel()


async def test_two_projectors_apply_each_event_once(house: House) -> None:
    running = [asyncio.create_task(house.projector().run()) for _ in range(2)]
    try:
        for number in range(20):
            await house.write(UUID(int=number + 1), f"letter {number}")

        async def read() -> bool:
            return await house.advance().last("letters", 0) == 20

        await until(read)
    finally:
        for task in running:
            task.cancel()
    assert (await house.look("SELECT letters FROM counts"))[0]["letters"] == 20
