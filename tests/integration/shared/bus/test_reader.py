"""The reader against a real PostgreSQL and a real Kafka: each event once and in order, whatever the log looks like."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import pytest

from deploy.kafka.republish import republish
from shared.bus.codec import Record, decode_raw
from shared.bus.kafka import Kafka
from shared.bus.source import TopicSource
from tests.integration.shared.bus.conftest import Bus
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Zombie(Kafka):
    """Reads the same partitions in another group: a member that does not know it was replaced."""

    def group(self, service: str) -> str:
        return f"{self.prefix}portal.{service}.zombie"


async def taken(bus: Bus, public: list[int]) -> bool:
    return set(public) <= set(await bus.ledger.positions())


async def filled(bus: Bus, lamps: int) -> tuple[list[int], list[list[Any]]]:
    """A topic with events and no relay any more: the positions and what lies in the log."""
    relay = bus.relay()
    task = bus.start(relay.run())
    public = await bus.append(lamps=lamps)
    await until(lambda: relay.position == public[-1])
    task.cancel()
    await until(task.done)
    return public, await bus.log()


def position(record: Any) -> int:
    return int(dict(record.headers)["position"])


async def remake(bus: Bus) -> None:
    await republish("documents", bus.documents.servers, bus.documents.certificates, bus.documents.prefix)


async def test_each_event_is_taken_once_and_in_the_order_of_its_partition(bus: Bus) -> None:
    bus.start(bus.relay().run())
    reader = bus.reader()
    bus.start(reader.run())
    public: list[int] = []
    for _ in range(10):
        public += await bus.append(lamps=20, turns=2)
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()
    await until(lambda: reader.lag and not any(reader.lag.values()))


async def test_a_reader_waits_for_a_missing_topic(bus: Bus) -> None:
    await bus.delete_topic()
    task = bus.start(bus.reader().run())
    bus.start(bus.relay().run())
    public = await bus.append(lamps=5)
    await remake(bus)
    await until(lambda: taken(bus, public))
    assert not task.done()


async def test_a_reader_that_starts_again_goes_on_where_postgresql_says(bus: Bus) -> None:
    bus.start(bus.relay().run())
    first = bus.start(bus.reader().run())
    public = await bus.append(lamps=30)
    await until(lambda: taken(bus, public))
    first.cancel()
    public += await bus.append(lamps=30)
    bus.start(bus.reader().run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public


async def test_a_database_set_back_behind_the_groups_offset_reads_what_it_lacks(bus: Bus) -> None:
    bus.start(bus.relay().run())
    reader = bus.reader()
    first = bus.start(reader.run())
    public = await bus.append(lamps=40)
    await until(lambda: taken(bus, public))
    await until(lambda: reader.lag and not any(reader.lag.values()))
    first.cancel()
    await until(first.done)
    # As a backup would bring it back: each partition some events earlier.
    half = public[len(public) // 2]
    await bus.ledger.pool.execute("DELETE FROM taken WHERE position > $1", half)
    await bus.ledger.pool.execute(
        "UPDATE positions SET position = coalesce((SELECT max(position) FROM taken"
        " WHERE taken.partition = positions.partition), 0)"
    )
    second = bus.reader()
    bus.start(second.run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public


async def test_a_broker_wiped_under_a_lagging_reader_loses_nothing(bus: Bus) -> None:
    bus.start(bus.relay().run())
    first = bus.start(bus.reader().run())
    public = await bus.append(lamps=30)
    await until(lambda: taken(bus, public))
    first.cancel()
    await until(first.done)
    public += await bus.append(lamps=30)
    await remake(bus)
    public += await bus.append(lamps=30)
    bus.start(bus.reader().run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()


async def test_a_broker_wiped_under_a_running_reader_and_relay_loses_nothing(bus: Bus) -> None:
    bus.start(bus.relay().run())
    reader = bus.reader()
    bus.start(reader.run())
    public: list[int] = []
    for _ in range(3):
        public += await bus.append(lamps=25)
        await until(partial(taken, bus, public))
        await remake(bus)
        public += await bus.append(lamps=5)
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()


async def test_a_new_log_as_long_as_the_old_one_is_noticed_by_its_birth(bus: Bus) -> None:
    """The old log had doubles, the new one has more events instead: no offset tells them apart."""
    _, old = await filled(bus, lamps=40)
    await remake(bus)
    halves = [records[: len(records) // 2] for records in old]
    await bus.resend([one for half in halves for one in half + half])
    reader = bus.reader()
    bus.start(reader.run())
    await until(partial(taken, bus, [position(one) for half in halves for one in half]))
    await until(lambda: reader.lag and not any(reader.lag.values()))
    # In one go, while the reader cannot look: when it does, the topic is there and as long as it was.
    whole = [one for records, half in zip(old, halves, strict=True) for one in records[: 2 * len(half)]]
    bus.replace_at_once(whole)
    await until(partial(taken, bus, [position(one) for one in whole]))
    assert await bus.ledger.positions() == sorted(position(one) for one in whole)


async def test_doubled_and_reordered_records_are_applied_once_and_in_order(bus: Bus) -> None:
    public, old = await filled(bus, lamps=60)
    await remake(bus)
    for records in old:
        await bus.resend([*reversed(records), *records[1:], *records, *records])
    reader = bus.reader()
    bus.start(reader.run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()
    assert reader.counts["gaps"] > 0
    assert reader.counts["duplicates"] > 0


async def test_a_hole_that_is_filled_in_front_makes_the_partition_be_read_again(bus: Bus) -> None:
    """The reader begins behind the hole, as a group's offset of another log would have it."""
    public, old = await filled(bus, lamps=60)
    await remake(bus)
    for records in old:
        await bus.resend([*records[2:], *records[:2]])
    reader = bus.reader()
    bus.start(reader.run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert reader.counts["read_again"] > 0


async def test_a_poisoned_record_is_parked_and_the_others_go_on(bus: Bus) -> None:
    public, old = await filled(bus, lamps=30)
    await remake(bus)
    sent = [Record.of("documents", one) for records in old for one in records]
    bad = replace(sent[0], value=b'{"patient_id": "Zwetschge"}')
    await bus.send_raw([bad, *sent[1:]])
    bus.start(bus.reader().run())
    good = [position for position in public if position != int(bad.headers["position"])]
    await until(lambda: taken(bus, good))
    (parked,) = await bus.ledger.parked()
    assert str(parked["key"]).encode() == bad.key
    assert "Zwetschge" not in parked["error"]
    assert decode_raw(parked["raw"]).error == parked["error"]
    assert await bus.ledger.positions() == good


@pytest.mark.parametrize("header", ["position", "previous"])
async def test_a_stranger_without_a_place_in_the_chain_is_passed_over_and_counted(bus: Bus, header: str) -> None:
    public, old = await filled(bus, lamps=10)
    sent = [Record.of("documents", one) for records in old for one in records]
    await remake(bus)
    strangers = [replace(one, headers={**one.headers, header: b"\xff"}) for one in sent]
    await bus.send_raw([one for pair in zip(strangers, sent, strict=True) for one in pair])
    reader = bus.reader()
    bus.start(reader.run())
    await until(lambda: taken(bus, public))
    assert reader.counts["strangers"] >= len(public)
    assert await bus.ledger.positions() == public


async def test_a_zombie_reader_doubles_nothing(bus: Bus) -> None:
    bus.start(bus.relay().run())
    zombie = Zombie(bus.messaging.servers, bus.messaging.certificates, "messaging", bus.messaging.prefix)
    readers = [bus.reader(), bus.reader(zombie)]
    for reader in readers:
        bus.start(reader.run())
    await until(lambda: all(reader.lag for reader in readers))
    public: list[int] = []
    for _ in range(40):
        public += await bus.append(lamps=5)
    await until(lambda: taken(bus, public))
    await until(lambda: not any(any(reader.lag.values()) for reader in readers))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()
    assert sum(reader.counts["overtaken"] for reader in readers) > 0


async def test_a_partition_is_held_while_its_database_is_away_and_then_goes_on(bus: Bus) -> None:
    public, _ = await filled(bus, lamps=30)
    bus.ledger.failures = [ConnectionError("away"), OSError("away"), TimeoutError("away")]
    reader = bus.reader()
    bus.start(reader.run())
    await until(lambda: taken(bus, public))
    assert reader.counts["held"] == 3
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()


async def test_the_groups_offset_is_never_ahead_of_what_was_applied(bus: Bus) -> None:
    """The process dies between the transaction and the hint, or before the transaction: nothing is skipped."""
    public, _ = await filled(bus, lamps=30)
    bus.ledger.failures = [ConnectionError("away")] * 1000
    reader = bus.reader()
    task = bus.start(reader.run())
    await until(lambda: reader.counts["held"] > 12)
    await until(lambda: bool(reader.lag))
    task.cancel()
    await until(task.done)
    bus.ledger.failures = []
    bus.start(bus.reader().run())
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public


async def test_a_topic_source_gives_everything_after_the_given_positions_and_goes_on_live(bus: Bus) -> None:
    bus.start(bus.relay().run())
    public = await bus.append(lamps=40)
    found: dict[int, list[int]] = {}

    async def collect(after: dict[int, int]) -> None:
        async for partition, incoming, to in TopicSource(bus.messaging, "documents").pages(after):
            found.setdefault(partition, []).extend(one.position for one in incoming)
            assert to == found[partition][-1]

    bus.start(collect({}))
    await until(lambda: sorted(chain(*found.values())) == public)
    await remake(bus)
    public += await bus.append(lamps=20)
    await until(lambda: sorted(chain(*found.values())) == public)
    assert all(positions == sorted(positions) for positions in found.values())

    whole, after = {**found}, {partition: positions[0] for partition, positions in found.items()}
    found.clear()
    bus.start(collect(after))
    rest = sorted(chain(*(positions[1:] for positions in whole.values())))
    await until(lambda: sorted(chain(*found.values())) == rest)
