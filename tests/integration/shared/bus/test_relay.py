"""The relay against a real PostgreSQL and a real Kafka: everything is sent, in order, chained, whoever dies."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest

from deploy.kafka.republish import republish
from shared.bus import relay as relays
from shared.bus.partitions import partition_of
from tests.integration.shared.bus.conftest import Bus
from tests.waiting import until


def place(record: Any) -> tuple[int, int]:
    headers = dict(record.headers)
    return int(headers["previous"]), int(headers["position"])


def positions(log: list[list[Any]]) -> list[int]:
    return sorted(place(record)[1] for records in log for record in records)


async def sent(bus: Bus, public: list[int]) -> bool:
    return set(public) <= set(positions(await bus.log()))


async def test_each_partition_holds_its_events_in_order_each_naming_the_one_before(bus: Bus) -> None:
    public = await bus.append(lamps=60, turns=3)
    bus.start(bus.relay().run())
    await until(lambda: sent(bus, public))
    log = await bus.log()
    assert positions(log) == public
    assert sum(1 for records in log if records) > 6
    for partition, records in enumerate(log):
        assert {partition_of(record.key) for record in records} <= {partition}
        places = [place(record) for record in records]
        assert [previous for previous, _ in places] == [0, *(position for _, position in places)][: len(places)]
        assert [position for _, position in places] == sorted(position for _, position in places)


async def test_an_append_wakes_the_relay(bus: Bus) -> None:
    relay = bus.relay()
    bus.start(relay.run())
    await until(lambda: relay.leading)
    for _ in range(5):
        public = await bus.append(lamps=1)
        await until(lambda: relay.position >= public[-1])  # noqa: B023


async def test_events_without_a_public_face_only_move_the_position(bus: Bus) -> None:
    relay = bus.relay()
    public = await bus.append(lamps=1, turns=2)
    bus.start(relay.run())
    await until(lambda: relay.position == public[-1] + 1)
    assert positions(await bus.log()) == public


async def test_a_relay_that_starts_again_goes_on_where_the_last_one_stopped(bus: Bus) -> None:
    first = bus.relay()
    task = bus.start(first.run())
    public = await bus.append(lamps=20)
    await until(lambda: first.position == public[-1])
    task.cancel()
    public += await bus.append(lamps=20)
    second = bus.relay()
    bus.start(second.run())
    await until(lambda: second.position == public[-1])
    assert positions(await bus.log()) == public


async def test_what_was_sent_and_not_saved_before_a_crash_is_sent_again(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = await bus.append(lamps=20)
    crashed = asyncio.Event()

    async def crash(*_: object) -> None:
        crashed.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as broken:
        broken.setattr(relays.Relay, "_save", crash)
        task = bus.start(bus.relay().run())
        await asyncio.wait_for(crashed.wait(), 10)
        task.cancel()
        await until(task.done)
    bus.start(bus.relay().run())
    reader = bus.reader()
    bus.start(reader.run())
    await until(lambda: taken(bus, public))
    await until(lambda: reader.counts["duplicates"] >= len(public))
    assert Counter(positions(await bus.log())) == Counter(public * 2)
    assert await bus.ledger.positions() == public


async def test_of_two_relays_one_leads_and_the_other_takes_over(bus: Bus) -> None:
    relays_ = [bus.relay(), bus.relay()]
    tasks = [bus.start(relay.run()) for relay in relays_]
    await until(lambda: any(relay.leading for relay in relays_))
    public = await bus.append(lamps=10)
    await until(lambda: sent(bus, public))
    assert [relay.leading for relay in relays_].count(True) == 1
    leader = relays_[0] if relays_[0].leading else relays_[1]
    tasks[relays_.index(leader)].cancel()
    public += await bus.append(lamps=10)
    await until(lambda: sent(bus, public))
    assert positions(await bus.log()) == public


async def test_relays_whose_locks_are_torn_from_them_lose_and_double_nothing(bus: Bus) -> None:
    tasks = [bus.start(bus.relay().run()) for _ in range(2)]
    bus.start(bus.reader().run())
    public: list[int] = []
    for _ in range(8):
        public += await bus.append(lamps=25, turns=1)
        await tear_leadership(bus)
    await until(lambda: taken(bus, public))
    assert not any(task.done() for task in tasks)
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()


async def test_a_topic_made_anew_is_filled_from_the_first_event(bus: Bus) -> None:
    relay = bus.relay()
    bus.start(relay.run())
    public = await bus.append(lamps=30)
    await until(lambda: relay.position == public[-1])
    await republish("documents", bus.documents.servers, bus.documents.certificates, bus.documents.prefix)
    await until(lambda: sent(bus, public))
    public += await bus.append(lamps=5)
    await until(lambda: sent(bus, public))
    assert set(positions(await bus.log())) == set(public)


async def test_a_log_made_anew_while_no_relay_ran_is_recognised_however_long_it_is(bus: Bus) -> None:
    relay = bus.relay()
    task = bus.start(relay.run())
    public = await bus.append(lamps=30)
    await until(lambda: relay.position == public[-1])
    task.cancel()
    await until(task.done)
    old = await bus.log()
    await republish("documents", bus.documents.servers, bus.documents.certificates, bus.documents.prefix)
    # Another leader wrote to the new log, the later half first, and died before it could save anything.
    await bus.resend([record for records in old for record in (records[1:] or records) * 3])
    bus.start(bus.relay().run())
    await until(lambda: sent(bus, public))


async def test_a_missing_topic_is_waited_for(bus: Bus) -> None:
    await bus.delete_topic()
    relay = bus.relay()
    bus.start(relay.run())
    public = await bus.append(lamps=5)
    await until(lambda: relay.leading)
    assert relay.position == 0
    await republish("documents", bus.documents.servers, bus.documents.certificates, bus.documents.prefix)
    await until(lambda: relay.position == public[-1])
    assert positions(await bus.log()) == public


async def test_what_a_tombstone_covers_is_not_sent(bus: Bus) -> None:
    public = await bus.append(lamps=3)
    erased = await bus.append(lamps=1, turns=4)
    subject = await bus.events.fetchval("SELECT subject_id FROM events WHERE position = $1", erased[0])
    await bus.keys.erase(subject)
    public += await bus.append(lamps=3)
    relay = bus.relay()
    bus.start(relay.run())
    await until(lambda: relay.position == public[-1])
    assert positions(await bus.log()) == public


async def test_an_event_outside_the_published_language_holds_the_relay_and_is_not_left_out(bus: Bus) -> None:
    relay = bus.relay()
    relay._published = {kind: lambda recorded: object() for kind in relay._published}  # type: ignore[misc,return-value]
    task = bus.start(relay.run())
    await bus.append(lamps=1)
    await until(lambda: relay.leading)
    await until(lambda: not relay.leading)
    assert (relay.position, task.done()) == (0, False)


async def taken(bus: Bus, public: list[int]) -> bool:
    return set(public) <= set(await bus.ledger.positions())


async def tear_leadership(bus: Bus) -> None:
    """The leader's session ends, as when its network fails; its process does not know yet."""
    connection = await asyncpg.connect(bus.dsn)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            relays.LOCK,
        )
    finally:
        await connection.close()
