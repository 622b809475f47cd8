"""What lies in the database: sealed, bound to its place, readable again, and what happens when it is not."""

import asyncio
from uuid import UUID

import pytest

from shared.eventstore import snapshots
from shared.eventstore.store import UnreadableEvent
from shared.ids import uuid7
from tests.integration.shared.conftest import Instance
from tests.integration.shared.eventstore.making import (
    AT,
    NEIGHBOUR,
    OWNER,
    change,
    command,
    everything,
    lamp,
    put,
    shop,
)  # fmt: skip
from tests.unit.shared.eventstore.lamps import Lamp
from tests.waiting import until

SNAPSHOTS = "SELECT count(*) FROM snapshots"


async def test_a_person_s_event_is_sealed_and_the_service_s_is_in_clear(instance: Instance) -> None:
    made = lamp()
    made.turn("CANARY")
    await put(instance.store, made, shop())
    rows = await instance.events.fetch("SELECT type, subject_id, data FROM events ORDER BY position")
    assert [row["type"] for row in rows] == ["LampBought", "LampTurned", "ShopOpened"]
    assert all(b"CANARY" not in row["data"] and b"note" not in row["data"] for row in rows)
    assert [row["data"][:1] for row in rows] == [b"\x01", b"\x01", b"\x00"]


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE events SET stream_id = gen_random_uuid() WHERE position = 2",
        "UPDATE events SET version = 9 WHERE position = 2",
        "UPDATE events SET type = 'LampBought' WHERE position = 2",
        "UPDATE events SET schema_version = 1 WHERE position = 2",
        "UPDATE events SET data = (SELECT data FROM events WHERE position = 3) WHERE position = 2",
        "UPDATE events SET subject_id = (SELECT subject_id FROM events WHERE position = 4) WHERE position = 2",
        "UPDATE events SET subject_id = '00000000-0000-0000-0000-000000000000' WHERE position = 2",
        r"""UPDATE events SET data = '\x00' || '{"on":true,"note":"forged"}'::bytea WHERE position = 2""",
    ],
)
async def test_data_moved_to_another_place_do_not_open(instance: Instance, move: str) -> None:
    await put(instance.store, lamp(turns=2))
    await put(instance.store, lamp(owner_id=NEIGHBOUR))
    await instance.events.execute(move)
    with pytest.raises(UnreadableEvent, match="event 2"):
        await everything(instance.store)


async def test_reading_gives_what_is_before_the_unreadable_and_goes_on_after_it(instance: Instance) -> None:
    patient = uuid7()
    await put(instance.store, shop())
    await instance.store.append(command(uuid7(), metadata={"patient": str(patient)}), [change(lamp())])
    await put(instance.store, lamp(owner_id=NEIGHBOUR))
    await instance.lose_key(OWNER)
    pages = instance.store.read(0)
    assert [recorded.position for recorded in await anext(pages)] == [1]
    with pytest.raises(UnreadableEvent) as caught:
        await anext(pages)
    assert (caught.value.position, caught.value.key) == (2, patient)
    assert [recorded.position for recorded in await everything(instance.store, after=2)] == [3]


async def test_a_missing_key_stops_a_fold(instance: Instance) -> None:
    made = lamp()
    await put(instance.store, made)
    await instance.lose_key(OWNER)
    with pytest.raises(UnreadableEvent, match="expected a key or a tombstone"):
        await instance.store.find(Lamp, made.id)


async def test_an_event_of_newer_code_is_an_error_that_names_its_word(instance: Instance) -> None:
    await put(instance.store, shop())
    await instance.events.execute("UPDATE events SET type = 'ShopSold'")
    with pytest.raises(UnreadableEvent, match="ShopSold"):
        await everything(instance.store)


async def test_what_older_code_wrote_is_lifted_when_it_is_read(instance: Instance) -> None:
    made = lamp()
    await put(instance.store, made)
    keys = await instance.keys.for_writing([OWNER])
    sealed = keys[OWNER].seal(b'{"on":true}', instance.store._place(made.id, 2, "LampTurned", 1))
    await instance.events.execute(
        "INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, at, data, metadata)"
        " VALUES (2, $1, 2, 'LampTurned', 1, $2, $3, $4, '{}')",
        made.id, OWNER, AT, sealed,
    )  # fmt: skip
    found = await instance.store.find(Lamp, made.id)
    assert found is not None
    assert (found.on, found.notes) == (True, ["-"])


async def snapshot_of(instance: Instance, turns: int) -> UUID:
    made = lamp(turns=turns)
    await put(instance.store, made)
    await instance.store.find(Lamp, made.id)

    async def kept() -> bool:
        return bool(await instance.events.fetchval(SNAPSHOTS))

    await until(kept)
    return made.id


async def test_snapshot_and_tail_equal_the_full_fold(instance: Instance) -> None:
    stream_id = await snapshot_of(instance, turns=snapshots.SNAPSHOT_EVENTS + 3)
    found = await instance.store.find(Lamp, stream_id)
    assert found is not None
    found.turn("after the snapshot")
    await put(instance.store, found)
    by_snapshot = await instance.store.find(Lamp, stream_id)
    await instance.events.execute("DELETE FROM snapshots")
    assert by_snapshot == await instance.store.find(Lamp, stream_id) == found
    assert by_snapshot is not None
    assert by_snapshot.seen == {stream_id: {True, False}}


async def test_a_snapshot_spares_the_reading_of_what_lies_before_it(instance: Instance) -> None:
    stream_id = await snapshot_of(instance, turns=snapshots.SNAPSHOT_EVENTS)
    await instance.events.execute("DELETE FROM events WHERE version < 50")
    found = await instance.store.find(Lamp, stream_id)
    assert found is not None
    assert found.version == snapshots.SNAPSHOT_EVENTS + 1


async def test_short_streams_get_no_snapshot(instance: Instance) -> None:
    made = lamp(turns=snapshots.SNAPSHOT_EVENTS - 2)
    await put(instance.store, made)
    await instance.store.find(Lamp, made.id)
    await asyncio.gather(*instance.store._background)
    assert await instance.events.fetchval(SNAPSHOTS) == 0


async def test_a_snapshot_of_other_code_or_a_broken_one_is_not_read(instance: Instance) -> None:
    stream_id = await snapshot_of(instance, turns=snapshots.SNAPSHOT_EVENTS)
    expected = await instance.store.find(Lamp, stream_id)
    for damage in ("data = 'broken'", "version = 50", "state_version = 'other code'"):
        await instance.events.execute(f"UPDATE snapshots SET {damage}")  # noqa: S608
        assert await instance.store.find(Lamp, stream_id) == expected
        await asyncio.gather(*instance.store._background)


async def test_a_snapshot_is_sealed_and_goes_with_its_subject(instance: Instance) -> None:
    stream_id = await snapshot_of(instance, turns=snapshots.SNAPSHOT_EVENTS)
    assert b"turn 1" not in await instance.events.fetchval("SELECT data FROM snapshots")
    await instance.keys.erase(OWNER)
    assert await instance.events.fetchval(SNAPSHOTS) == 0
    assert await instance.store.find(Lamp, stream_id) is None


async def test_the_caller_s_changes_do_not_reach_the_snapshot(instance: Instance) -> None:
    made = lamp(turns=snapshots.SNAPSHOT_EVENTS)
    await put(instance.store, made)
    found = await instance.store.find(Lamp, made.id)
    assert found is not None
    found.turn("never appended")
    await asyncio.gather(*instance.store._background)
    again = await instance.store.find(Lamp, made.id)
    assert again is not None
    assert "never appended" not in again.notes
