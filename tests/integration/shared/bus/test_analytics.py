"""The relay tells analytics what it told its peers, pseudonymously, and again after a crash, under the same ids."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from deploy.kafka.republish import republish
from shared.bus.relay import Relay
from shared.privacy import ServiceKey
from tests.integration.shared.bus.conftest import PRACTICE, PUBLISHED, Bus
from tests.waiting import until

KEY = ServiceKey("analytics", b"a" * 32)


def relay(bus: Bus) -> Relay:
    return Relay(bus.store, PUBLISHED, bus.documents, bus.dsn, KEY)


async def told(bus: Bus) -> list[dict[str, Any]]:
    """What lies in analytics' topic."""
    return [json.loads(record.value) for records in await bus.log_of_analytics() for record in records]


async def ids(bus: Bus) -> Counter[str]:
    return Counter(one["event_id"] for one in await told(bus))


def named(public: list[int]) -> list[str]:
    return [f"documents:{position}" for position in public]


async def crash_at(bus: Bus, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that dies where it would go into that method."""
    reached = asyncio.Event()

    async def crash(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as broken:
        broken.setattr(Relay, name, crash)
        task = bus.start(relay(bus).run())
        await asyncio.wait_for(reached.wait(), 30)
        task.cancel()
        await until(task.done, 30)


async def test_r3_what_a_service_tells_its_peers_it_tells_analytics_by_pseudonyms(bus: Bus) -> None:
    public = await bus.append(lamps=20, turns=3)
    running = relay(bus)
    bus.start(running.run())
    await until(lambda: running.position >= public[-1], 30)
    found = await told(bus)
    assert {one["event_id"] for one in found} == set(named(public))
    log = await bus.log()
    patients = {json.loads(record.value)["patient_id"] for records in log for record in records}
    assert {one["patient"] for one in found} == {str(KEY.blind("patient", patient)) for patient in patients}
    assert {one["practice_id"] for one in found} == {str(PRACTICE)}
    raw = b"".join(bytes(record.value) + record.key for part in await bus.log_of_analytics() for record in part)
    assert not [patient for patient in patients if patient.encode() in raw]


async def test_r3_a_relay_killed_before_or_after_it_told_analytics_tells_it_again_under_the_same_ids(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = await bus.append(lamps=20)
    await crash_at(bus, "_tell_analytics", monkeypatch)
    assert not await told(bus), "the own topic comes first"
    await crash_at(bus, "_save", monkeypatch)
    assert set(await ids(bus)) == set(named(public))
    running = relay(bus)
    bus.start(running.run())
    await until(lambda: running.position >= public[-1], 30)
    found = await ids(bus)
    assert set(found) == set(named(public))
    assert min(found.values()) >= 2


async def test_r3_while_analytics_cannot_be_told_the_own_topic_is_told_once_and_nothing_is_lost(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = await bus.append(lamps=20)
    failed = asyncio.Semaphore(0)

    async def fail(*_: object) -> list[BaseException]:
        failed.release()
        return [ConnectionError("away")]

    running = relay(bus)
    with monkeypatch.context() as broken:
        broken.setattr(Relay, "_tell_analytics", fail)
        bus.start(running.run())
        for _ in range(3):
            await asyncio.wait_for(failed.acquire(), 30)
        assert running.position == 0
    await until(lambda: running.position >= public[-1], 30)
    assert sum(len(records) for records in await bus.log()) == len(public)
    assert set(await ids(bus)) == set(named(public))


async def test_r3_analytics_made_anew_is_filled_again_without_the_erased(bus: Bus) -> None:
    public = await bus.append(lamps=5)
    erased = await bus.append(lamps=1)
    running = relay(bus)
    bus.start(running.run())
    await until(lambda: running.position >= erased[-1], 30)
    subject = await bus.events.fetchval("SELECT subject_id FROM events WHERE position = $1", erased[0])
    await bus.keys.erase(subject)
    await republish("analytics", bus.documents.servers, bus.documents.certificates, bus.documents.prefix)

    async def filled() -> bool:
        return set(named(public)) <= set(await ids(bus))

    await until(filled, 30)
    assert set(await ids(bus)) == set(named(public))
