"""Lamps, and the changes and command records that put them into a store."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from shared.aggregate import Aggregate
from shared.envelope import Recorded
from shared.eventstore.store import Appended, CommandRecord, EventStore, StreamChange
from shared.ids import uuid7
from shared.money import Money
from tests.unit.shared.eventstore.lamps import Lamp, LampId, Shop

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
OWNER, NEIGHBOUR = UUID(int=0xA), UUID(int=0xB)


def command(
    command_id: UUID | None = None, fingerprint: bytes = b"f", metadata: Mapping[str, str] | None = None
) -> CommandRecord:
    return CommandRecord(command_id, fingerprint, AT, metadata or {"origin": "portal"})


def lamp(lamp_id: UUID | None = None, owner_id: UUID = OWNER, turns: int = 0) -> Lamp:
    made = Lamp(
        lamp_id=LampId(lamp_id or uuid7()), owner_id=owner_id, bought_at=AT, price=Money(1999), shade=None,
        fitting="screw",
    )  # fmt: skip
    for turn in range(turns):
        made.turn(f"turn {turn}")
    return made


def shop(shop_id: UUID | None = None) -> Shop:
    return Shop(shop_id=shop_id or uuid7())


def change(aggregate: Aggregate) -> StreamChange:
    """What a decision made pending, as the command loop hands it to the store."""
    events = cast("list[Aggregate.Event]", aggregate.collect_events())
    return StreamChange(aggregate.id, aggregate.version - len(events), aggregate.subject_id, events)


async def put(store: EventStore, *aggregates: Aggregate, command_id: UUID | None = None) -> Appended:
    return await store.append(command(command_id or uuid7()), [change(aggregate) for aggregate in aggregates])


async def everything(store: EventStore, after: int = 0) -> list[Recorded[Aggregate.Event]]:
    return [recorded async for page in store.read(after) for recorded in page]
