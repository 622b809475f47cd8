"""Keys of subjects: made once, destroyed for ever, bound to a place; over the two real databases."""

import asyncio
from datetime import date
from uuid import UUID

import pytest

from shared.aggregate import SERVICE_SUBJECT
from shared.ids import uuid7
from shared.privacy import CACHE_SECONDS, BrokenSeal, Envelope, ErasedSubject, MissingKey, ServiceKey, SubjectKeys
from tests.integration.shared.conftest import MASTER, Instance, Start

PERSON, OTHER = UUID(int=0xA), UUID(int=0xB)


class Seconds:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def count(instance: Instance) -> int:
    return int(await instance.key_pool.fetchval("SELECT count(*) FROM subject_keys"))


async def test_sealed_values_come_back_with_their_types(instance: Instance) -> None:
    values = {"name": "Ada", "born_on": date(2017, 2, 28), "address": None, "id": PERSON}
    sealed = await instance.sealer.seal(PERSON, values, "people/1")
    assert b"Ada" not in sealed
    assert await instance.sealer.open(PERSON, sealed, "people/1") == values


async def test_equal_values_never_look_equal(instance: Instance) -> None:
    first, second = [await instance.sealer.seal(PERSON, {"name": "Ada"}, "people/1") for _ in range(2)]
    assert first != second


@pytest.mark.parametrize("moved_to", [(PERSON, "people/2"), (OTHER, "people/1")])
async def test_a_sealed_column_does_not_open_in_another_row_or_for_another(
    instance: Instance, moved_to: tuple[UUID, str]
) -> None:
    sealed = await instance.sealer.seal(PERSON, {"name": "Ada"}, "people/1")
    await instance.sealer.seal(OTHER, {"name": "Bob"}, "people/2")
    with pytest.raises((BrokenSeal, MissingKey)):
        await instance.sealer.open(moved_to[0], sealed, moved_to[1])


async def test_changed_bytes_do_not_open(instance: Instance) -> None:
    sealed = await instance.sealer.seal_bytes(PERSON, b"scan", "blob")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises((BrokenSeal, MissingKey)):
            await instance.sealer.open_bytes(PERSON, changed, "blob")
    for length in range(len(sealed)):
        with pytest.raises((BrokenSeal, MissingKey)):
            await instance.sealer.open_bytes(PERSON, sealed[:length], "blob")


async def test_many_at_once_make_one_key_of_a_subject(start: Start) -> None:
    one, two = await start(), await start()
    seals = [(each, asyncio.create_task(each.sealer.seal_bytes(PERSON, b"x", "c"))) for each in (one, two) * 8]
    for _, task in seals:
        assert await one.sealer.open_bytes(PERSON, await task, "c") == b"x"
    assert await count(one) == 1


async def test_a_page_of_many_subjects_is_one_query(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = [uuid7() for _ in range(50)]
    page = [Envelope(each, await instance.sealer.seal(each, {"n": 1}, "c"), "c") for each in subjects]
    await instance.forget_cached_keys()
    asked: list[int] = []
    fetch = instance.keys._fetch

    async def counted(subject_ids: list[UUID]) -> object:
        asked.append(len(subject_ids))
        return await fetch(subject_ids)

    monkeypatch.setattr(instance.keys, "_fetch", counted)
    assert await instance.sealer.open_many(page) == [{"n": 1}] * 50
    assert asked == [50]


async def test_an_erased_subject_opens_as_nothing_and_gets_no_new_key(start: Start) -> None:
    one, two = await start(), await start()
    sealed = await one.sealer.seal(PERSON, {"name": "Ada"}, "c")
    kept = await one.sealer.seal(OTHER, {"name": "Bob"}, "c")
    await one.keys.erase(PERSON)
    for instance in (one, two):
        found = await instance.sealer.open_many([Envelope(PERSON, sealed, "c"), Envelope(OTHER, kept, "c")])
        assert found == [None, {"name": "Bob"}]
        with pytest.raises(ErasedSubject):
            await instance.sealer.seal(PERSON, {"name": "Ada"}, "c")
        with pytest.raises(ErasedSubject):
            await instance.sealer.open_bytes(PERSON, sealed, "c")
    assert await count(one) == 1


async def test_a_key_that_is_gone_without_a_tombstone_is_an_error(instance: Instance) -> None:
    sealed = await instance.sealer.seal(PERSON, {"name": "Ada"}, "c")
    await instance.lose_key(PERSON)
    with pytest.raises(MissingKey, match=str(PERSON)):
        await instance.sealer.open(PERSON, sealed, "c")


async def test_a_key_made_anew_does_not_pass_for_the_lost_one(instance: Instance) -> None:
    sealed = await instance.sealer.seal(PERSON, {"name": "Ada"}, "c")
    await instance.lose_key(PERSON)
    await instance.sealer.seal(PERSON, {"name": "Ada"}, "c")
    with pytest.raises(MissingKey):
        await instance.sealer.open(PERSON, sealed, "c")


async def test_unwrapped_keys_are_forgotten_after_a_minute(instance: Instance) -> None:
    clock = Seconds()
    keys = SubjectKeys(instance.keys.service_key, instance.events, instance.key_pool, clock)
    await keys.for_writing([PERSON])
    await instance.keys.erase(PERSON)
    clock.now += CACHE_SECONDS - 0.1
    assert set(await keys.for_reading([PERSON])) == {PERSON}
    clock.now += 0.1
    assert await keys.for_reading([PERSON]) == {}
    assert keys._cache == {}


async def test_an_erasure_that_meets_the_making_of_a_key_leaves_no_key(instance: Instance) -> None:
    for _ in range(20):
        person = uuid7()
        await asyncio.gather(
            instance.sealer.seal_bytes(person, b"x", "c"), instance.keys.erase(person), return_exceptions=True
        )
        await instance.forget_cached_keys()
        assert await instance.keys.for_reading([person]) == {}
    assert await count(instance) == 0


async def test_a_restored_key_is_destroyed_again_before_serving(start: Start) -> None:
    instance = await start()
    await instance.sealer.seal_bytes(PERSON, b"x", "c")
    backup = await instance.key_pool.fetchrow("SELECT * FROM subject_keys")
    assert backup is not None
    await instance.keys.erase(PERSON)
    await instance.key_pool.execute("INSERT INTO subject_keys VALUES ($1, $2, $3, $4)", *backup)
    await start()
    assert await count(instance) == 0


async def test_a_wrapped_key_belongs_to_its_subject_and_service(instance: Instance) -> None:
    await instance.sealer.seal_bytes(PERSON, b"x", "c")
    await instance.key_pool.execute("UPDATE subject_keys SET subject_id = $1", OTHER)
    await instance.forget_cached_keys()
    with pytest.raises(BrokenSeal):
        await instance.keys.for_reading([OTHER])
    elsewhere = SubjectKeys(ServiceKey("billing", MASTER), instance.events, instance.key_pool)
    await instance.key_pool.execute("UPDATE subject_keys SET subject_id = $1", PERSON)
    with pytest.raises(BrokenSeal):
        await elsewhere.for_reading([PERSON])


async def test_the_service_s_own_data_are_in_clear_and_cannot_be_erased(instance: Instance) -> None:
    assert await instance.sealer.seal_bytes(SERVICE_SUBJECT, b"plain", "c") == b"\x00plain"
    assert await count(instance) == 0
    with pytest.raises(ValueError, match="service's own"):
        await instance.keys.erase(SERVICE_SUBJECT)


async def test_sealed_data_do_not_pass_as_clear_nor_clear_as_sealed(instance: Instance) -> None:
    sealed = await instance.sealer.seal_bytes(PERSON, b"x", "c")
    clear = await instance.sealer.seal_bytes(SERVICE_SUBJECT, b"x", "c")
    with pytest.raises(BrokenSeal):
        await instance.sealer.open_bytes(PERSON, clear, "c")
    with pytest.raises(BrokenSeal):
        await instance.sealer.open_bytes(SERVICE_SUBJECT, sealed, "c")
