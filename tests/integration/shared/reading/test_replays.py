"""Generations: built beside the live one, compared with it row by row, put in its place while queries go on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.databases import StoreFailure
from shared.reading import Rows
from shared.reading.generations import BadReadModel
from shared.reading.rebuilding import Outdated
from shared.reading.replays import Replay, find_replay, request_replay
from shared.reading.sources import Page
from tests.integration.shared.reading.conftest import House
from tests.integration.shared.reading.letters import ANN, BOB, LETTERS, POISON, RAIN, Letter, Rained, Sky, add_rain
from tests.waiting import until


async def fill(house: House, letters: int = 12) -> None:
    for number in range(letters):
        await house.write((ANN, BOB)[number % 2], f"letter {number}", read_on=date(2026, 4, 1) if number % 3 else None)
    await house.projector().catch_up()
    sky = house.sky
    await house.rained(sky.rain(ANN, 1), sky.rain(BOB, 2), sky.rain(ANN, 3))
    await house.rained(sky.rain(UUID(int=5), 4, partition=7), sky.rain(UUID(int=5), 5, partition=7), partition=7)


async def generation(house: House, table: str = "letters") -> str:
    """The schema that the view shows."""
    definition: str = await house.pool.fetchval("SELECT pg_get_viewdef($1::regclass)", f"live.{table}")
    return definition.split("FROM ")[1].split(".", maxsplit=1)[0].strip()


async def replayed(house: House, *names: str, verify: bool = True) -> Replay:
    replay_id = await request_replay(house.pool, names, verify=verify)
    while True:
        assert await house.replays().take()
        found = await find_replay(house.pool, replay_id)
        assert found is not None
        if found.ended:
            return found


@asynccontextmanager
async def in_background(*coroutines: Any) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_replay_gives_the_same_rows_and_takes_the_live_place(house: House) -> None:
    await fill(house)
    before = await house.look("SELECT * FROM letters ORDER BY position")
    assert len(before) == 12
    first = await generation(house)
    replay = await replayed(house)
    assert replay.state == "done", replay.report
    assert {name: (row["rows"], row["equal"]) for name, row in replay.report.items()} == {
        "letters": (13, True), "rain": (3, True),
    }  # fmt: skip
    assert replay.report["letters"]["hash"] == replay.report["letters"]["rebuilt_hash"]
    assert replay.progress["done"] == replay.progress["of"] > 0
    assert await generation(house) != first
    assert await house.look("SELECT * FROM letters ORDER BY position") == before
    assert await house.pool.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^generation_'") == 1


async def test_one_read_model_alone_can_be_rebuilt(house: House) -> None:
    await fill(house)
    first = await generation(house)
    assert (await replayed(house, "rain")).state == "done"
    assert (await generation(house), await generation(house, "rain")) == (first, "generation_2")
    await house.rained(house.sky.rain(ANN, 9))
    assert (await house.look("SELECT days FROM rain WHERE town_id = $1", ANN))[0]["days"] == ["1", "3", "9"]


async def test_a_row_that_differs_is_found_and_the_live_one_stays(house: House) -> None:
    await fill(house)
    await house.pool.execute("UPDATE live.letters SET read_on = '2026-05-05' WHERE position = 1")
    first = await generation(house)
    replay = await replayed(house)
    assert (replay.state, replay.report["letters"]["equal"], replay.report["rain"]["equal"]) == ("differs", False, True)
    assert await generation(house) == first
    assert await house.pool.fetchval("SELECT count(*) FROM building_models") == 0
    assert (await replayed(house, verify=False)).state == "done"
    assert (await replayed(house)).state == "done"


async def test_an_unknown_read_model_is_an_answer(house: House) -> None:
    replay = await replayed(house, "sunshine")
    assert (replay.state, replay.report) == ("failed", {"error": "expected names of read models, found sunshine"})


async def test_a_rebuild_while_events_come_and_queries_are_answered(house: House) -> None:
    await fill(house)
    stop, seen = asyncio.Event(), 0

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await house.write(UUID(int=100 + number % 5), f"meanwhile {number}")
            if number % 20 == 0:
                await until(all_read)

    async def all_read() -> bool:
        return await house.advance().last("letters", 0) >= await house.store.head() - 20

    async def ask() -> None:
        nonlocal seen
        own = 0
        while not stop.is_set():
            async with house.database.live_rows() as rows:
                total = await rows.fetch_one("SELECT letters FROM counts")
                found = await rows.fetch("SELECT * FROM letters ORDER BY position LIMIT 5")
            assert total is not None
            assert total["letters"] >= own
            assert len(found) == 5
            seen = own = total["letters"]

    async with in_background(house.projector().run(), house.projector().run(), write(), *(ask() for _ in range(4))) as (
        *_, asking,
    ):  # fmt: skip
        for _ in range(2):
            before = seen
            replay = await replayed(house)
            assert (replay.state, replay.report["letters"]["equal"]) == ("done", True), replay.report
            await until(lambda low=before: seen > low)
        assert not asking.done()
        stop.set()
    await house.projector().catch_up()
    letters = await house.look("SELECT count(*) AS n FROM letters")
    assert letters[0]["n"] == (await house.look("SELECT letters FROM counts"))[0]["letters"]
    assert (await replayed(house)).state == "done"


async def test_a_reader_in_the_way_of_the_swap_is_waited_for(house: House) -> None:
    await fill(house)
    connection = await asyncpg.connect(house.dsn)
    reading = connection.transaction()
    await reading.start()
    await connection.fetch("SELECT * FROM live.letters")
    async with in_background(replayed(house)) as (task,):

        async def swapping() -> bool:
            return bool(await house.pool.fetchval("SELECT state = 'swapping' FROM rebuilds"))

        await until(swapping)
        # Others read and write while the swap waits its turn.
        await house.rained(house.sky.rain(ANN, 8))
        assert len(await house.look("SELECT * FROM letters")) == 12
        assert not task.done()
        await reading.commit()
        await task
    assert await house.pool.fetchval("SELECT state FROM rebuilds") == "done"
    await connection.close()


async def test_an_interrupted_rebuild_goes_on_where_it_ended(house: House) -> None:
    await fill(house)
    await request_replay(house.pool)

    class Broken(Sky):
        async def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
            async for page in Sky.pages(self, after):
                yield page
                raise ConnectionResetError

    whole, broken = house.sky, Broken()
    broken.records, broken.partitions = whole.records, whole.partitions
    house.sky = broken
    with pytest.raises(ConnectionResetError):
        await house.replays().take()
    letters = "SELECT position FROM building_positions WHERE source = 'letters'"
    assert await house.pool.fetchval(letters) == await house.store.head()
    assert await house.pool.fetchval("SELECT state FROM rebuilds") == "building"

    house.sky = whole
    assert await house.replays().take()
    row = await house.pool.fetchrow("SELECT state, generation, report FROM rebuilds")
    assert row is not None
    assert (row["state"], row["generation"]) == ("done", 2)
    assert all(one["equal"] for one in row["report"].values())


async def test_a_process_starts_while_another_one_rebuilds(house: House) -> None:
    async with house.generations().alone():
        await asyncio.wait_for(house.replays().start(), 5)


async def test_a_rebuild_that_other_code_left_behind_is_discarded(house: House) -> None:
    await fill(house)
    number = await house.generations().create(["letters"])
    house.read_models = (replace(LETTERS, version=2), RAIN)
    await house.replays().start()
    assert await house.pool.fetchval("SELECT to_regnamespace($1)", f"generation_{number}") is None


async def test_a_dropped_record_makes_a_generation_that_has_it_outdated(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, bad=True), house.sky.rain(ANN, 2))
    Sky.mended = True
    async with house.replays()._rebuild(["rain"]) as rebuild:
        await rebuild.catch_up()
        await house.parking().drop_parked("weather", 1, "sent by mistake")
        with pytest.raises(Outdated):
            await rebuild.swap()
    assert (await replayed(house, "rain")).state == "done"
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["2"]


async def test_parked_keys_are_left_out_of_the_comparison(house: House) -> None:
    await fill(house)
    await house.write(ANN, POISON)
    await house.write(ANN, "behind it")
    await house.projector().catch_up()
    replay = await replayed(house)
    assert (replay.state, replay.report["letters"]["rows"]) == ("done", 6 + 1)
    assert await house.parking().parked_keys("letters") == {ANN}


async def test_what_today_can_be_read_is_in_the_new_generation_and_its_effects_still_to_come(house: House) -> None:
    await house.rained(house.sky.rain(ANN, 1, bad=True), house.sky.rain(ANN, 2))
    Sky.mended = True
    assert (await replayed(house, "rain", verify=False)).state == "done"
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["1", "2"]
    assert await house.pool.fetchval("SELECT count(*) FROM effects") == 0
    assert await house.parking().retry_parked("weather", ANN) == 2
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["1", "2"]
    assert await house.pool.fetchval("SELECT count(*) FROM effects") == 2


async def test_what_the_new_code_cannot_apply_is_parked_without_its_effects_again(house: House) -> None:
    Sky.mended = True
    await house.rained(house.sky.rain(ANN, 1, bad=True), house.sky.rain(ANN, 2))
    Sky.mended = False
    assert (await replayed(house, "rain", verify=False)).state == "done"
    assert await house.look("SELECT days FROM rain") == []
    assert [one.position for one in await house.parking().parked()] == [1, 2]
    Sky.mended = True
    assert await house.parking().retry_parked("weather", ANN) == 2
    assert (await house.look("SELECT days FROM rain"))[0]["days"] == ["1", "2"]
    assert await house.pool.fetchval("SELECT count(*) FROM effects") == 2


async def test_changed_tables_are_rebuilt_at_the_next_start(house: House) -> None:
    await fill(house)

    async def add_more(recorded: Any, rows: Rows) -> None:
        await add_rain(recorded, rows)
        await rows.update("rain", {"town_id": recorded.key}, {"wettest": recorded.event.millimetres})

    tables = ["CREATE TABLE rain (wettest integer, days text[] NOT NULL, town_id uuid PRIMARY KEY)"]
    house.read_models = (LETTERS, replace(RAIN, tables=tables, apply={Rained: add_more}))
    first = await generation(house)
    await house.replays().start()
    assert (await house.look("SELECT wettest, days FROM rain WHERE town_id = $1", ANN)) == [
        {"wettest": 3, "days": ["1", "3"]}
    ]
    assert await generation(house) == first
    await house.replays().start()
    assert await generation(house, "rain") == "generation_2"


async def test_a_new_read_model_is_filled_and_a_gone_one_dropped(house: House) -> None:
    await fill(house)

    async def total(recorded: Any, rows: Rows) -> None:
        await rows.upsert("lengths", {"letter_id": recorded.stream_id}, {"length": len(recorded.event.text)})

    lengths = replace(
        LETTERS,
        name="lengths",
        tables=["CREATE TABLE lengths (letter_id uuid PRIMARY KEY, length integer)"],
        apply={Letter.Written: total},
    )
    house.read_models = (LETTERS, lengths)
    await house.replays().start()
    assert (await house.look("SELECT count(*) AS n FROM lengths"))[0]["n"] == 12
    with pytest.raises(StoreFailure, match="42P01"):
        await house.look("SELECT * FROM rain")


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (["CREATE TABLE effects (id uuid PRIMARY KEY)"], "no table of the service"),
        (["CREATE TABLE things (id uuid)"], "primary key of things"),
        (["SELECT 1"], "no new table"),
    ],
)
async def test_a_definition_that_cannot_work_is_refused_at_start(
    house: House, tables: list[str], expected: str
) -> None:
    house.read_models = (LETTERS, replace(RAIN, tables=tables))
    with pytest.raises(BadReadModel, match=expected):
        await house.replays().start()
