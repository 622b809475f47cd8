"""What every event store answers; the in-memory twin and PostgreSQL pass the same suite."""

import asyncio
from typing import cast
from uuid import UUID

import pytest

from shared.aggregate import SERVICE_SUBJECT
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.store import CommandExists, EventStore, StreamChange, VersionConflict
from shared.ids import uuid7
from shared.privacy import ErasedSubject
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
from tests.unit.shared.eventstore.lamps import TABLE, Lamp, Shop
from tests.waiting import until


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> EventStore:
    if request.param == "memory":
        return MemoryEventStore("lamps", TABLE)
    return cast("Instance", request.getfixturevalue("instance")).store


async def erase(store: EventStore, request: pytest.FixtureRequest, subject_id: UUID) -> None:
    if isinstance(store, MemoryEventStore):
        store.erase(subject_id)
    else:
        await cast("Instance", request.getfixturevalue("instance")).keys.erase(subject_id)


async def test_an_empty_store_has_nothing(store: EventStore) -> None:
    assert await store.head() == 0
    assert await everything(store) == []
    assert await store.find(Lamp, OWNER) is None
    assert list(await store.stream(OWNER)) == []
    assert await store.command(OWNER) is None


async def test_what_was_appended_folds_back_to_the_same_aggregate(store: EventStore) -> None:
    made = lamp(turns=3)
    appended = await put(store, made)
    assert (appended.first, appended.last, appended.at) == (1, 4, AT)
    assert await store.find(Lamp, made.id) == made
    assert await store.head() == 4


async def test_a_later_change_goes_on_from_the_found_version(store: EventStore) -> None:
    made = lamp()
    await put(store, made)
    found = await store.find(Lamp, made.id)
    assert found is not None
    found.turn("on")
    await put(store, found)
    assert [recorded.version for recorded in await store.stream(made.id)] == [1, 2]


async def test_several_streams_of_one_command_have_consecutive_positions(store: EventStore) -> None:
    await put(store, shop())
    first, second = lamp(turns=1), lamp(owner_id=NEIGHBOUR)
    appended = await put(store, first, second)
    assert (appended.first, appended.last) == (2, 4)
    assert [recorded.position for recorded in await everything(store, after=1)] == [2, 3, 4]


async def test_a_recorded_event_says_where_when_and_by_whom(store: EventStore) -> None:
    made, patient = lamp(), uuid7()
    metadata = {"actor": str(OWNER), "patient": str(patient)}
    await store.append(command(uuid7(), metadata=metadata), [change(made)])
    await put(store, shop(OWNER))
    of_patient, of_shop = await everything(store)
    assert (of_patient.source, of_patient.partition, of_patient.stream_id) == ("lamps", 0, made.id)
    assert (of_patient.subject_id, of_patient.key, of_patient.at) == (OWNER, patient, AT)
    assert of_patient.metadata == metadata
    assert of_patient.recorded_at.tzinfo is not None
    assert (of_shop.subject_id, of_shop.key) == (SERVICE_SUBJECT, OWNER)


async def test_a_stale_version_is_a_conflict_that_names_both(store: EventStore) -> None:
    made = lamp()
    await put(store, made)
    with pytest.raises(VersionConflict) as caught:
        await put(store, lamp(made.id))
    assert (caught.value.stream_id, caught.value.expected, caught.value.actual) == (made.id, 0, 1)


async def test_a_command_with_one_stale_stream_of_two_writes_neither(store: EventStore) -> None:
    stale, fresh = lamp(), lamp()
    await put(store, stale)
    with pytest.raises(VersionConflict):
        await put(store, fresh, lamp(stale.id))
    assert await store.find(Lamp, fresh.id) is None
    assert await store.head() == 1


async def test_a_stream_that_was_only_read_is_guarded(store: EventStore) -> None:
    guarded, written = lamp(), lamp()
    await put(store, guarded)
    guard = StreamChange(guarded.id, 0, SERVICE_SUBJECT, [])
    with pytest.raises(VersionConflict):
        await store.append(command(uuid7()), [guard, change(written)])
    await store.append(command(uuid7()), [StreamChange(guarded.id, 1, SERVICE_SUBJECT, []), change(lamp())])
    assert await store.head() == 2


async def test_a_repeated_command_id_tells_what_it_wrote_then(store: EventStore) -> None:
    command_id = uuid7()
    first = await store.append(command(command_id, b"one"), [change(lamp(turns=2))])
    with pytest.raises(CommandExists) as caught:
        await store.append(command(command_id, b"two"), [change(lamp())])
    assert caught.value.appended == first == await store.command(command_id)
    assert (first.last, first.fingerprint) == (3, b"one")
    assert await store.head() == 3


async def test_what_did_not_append_is_not_remembered(store: EventStore) -> None:
    made, command_id = lamp(), uuid7()
    await put(store, made)
    with pytest.raises(VersionConflict):
        await put(store, lamp(made.id), command_id=command_id)
    assert await store.command(command_id) is None
    await put(store, lamp(), command_id=command_id)


async def test_appends_without_a_command_id_are_told_apart_by_their_streams(store: EventStore) -> None:
    await store.append(command(), [change(lamp())])
    await store.append(command(), [change(lamp())])
    assert await store.head() == 2


async def test_reading_stops_at_until_and_keeps_to_the_types(store: EventStore) -> None:
    await put(store, lamp(turns=2), shop(), lamp())
    positions = [recorded.position async for page in store.read(1, until=4) for recorded in page]
    assert positions == [2, 3, 4]
    bought = [recorded.event async for page in store.read(0, types={Lamp.Bought}) for recorded in page]
    assert [type(event) for event in bought] == [Lamp.Bought, Lamp.Bought]


async def test_pages_join_without_gap_or_repeat(store: EventStore) -> None:
    for _ in range(3):
        await put(store, lamp(turns=399))
    pages = [page async for page in store.read(0)]
    assert max(len(page) for page in pages) == 1_000
    assert [recorded.position for page in pages for recorded in page] == list(range(1, 1201))


async def test_a_stream_of_another_class_is_not_found(store: EventStore) -> None:
    opened = shop()
    await put(store, opened)
    assert await store.find(Lamp, opened.id) is None
    assert await store.find(Shop, opened.id) == opened


async def test_concurrent_changes_of_one_stream_append_once(store: EventStore) -> None:
    made = lamp()
    await put(store, made)
    found = [await store.find(Lamp, made.id) for _ in range(8)]
    for each in found:
        assert each is not None
        each.turn("mine")
    answers = await asyncio.gather(*(put(store, each) for each in found if each), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Appended"] + ["VersionConflict"] * 7
    assert await store.head() == 2


async def test_an_erased_subject_is_passed_over_and_writes_nothing_new(
    store: EventStore, request: pytest.FixtureRequest
) -> None:
    gone, kept = lamp(turns=1), lamp(owner_id=NEIGHBOUR)
    await put(store, gone)
    await put(store, kept, shop())
    await erase(store, request, OWNER)
    assert [recorded.position for recorded in await everything(store)] == [3, 4]
    assert await store.find(Lamp, gone.id) is None
    assert list(await store.stream(gone.id)) == []
    with pytest.raises(ErasedSubject):
        await put(store, lamp())
    assert await store.head() == 4


async def test_an_erased_stream_may_be_guarded_as_the_absent_one_that_it_seems(
    store: EventStore, request: pytest.FixtureRequest
) -> None:
    gone = lamp()
    await put(store, gone)
    await erase(store, request, OWNER)
    guard = StreamChange(gone.id, 0, SERVICE_SUBJECT, [])
    await store.append(command(uuid7()), [guard, change(lamp(owner_id=NEIGHBOUR))])


async def test_an_append_wakes_who_waits(store: EventStore) -> None:
    woken = store.subscribe()
    woken.clear()
    await put(store, lamp())
    await until(woken.is_set)


async def test_blind_indexes_meet_by_purpose_and_value(store: EventStore) -> None:
    assert store.blind("user name", "ada") == store.blind("user name", "ada")
    assert len({store.blind("user name", "ada"), store.blind("address", "ada"), store.blind("user name", "bob")}) == 3
    assert store.blind("user name", "ada").version == 8
