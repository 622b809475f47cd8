"""Aggregates of no meaning that have every kind of field: what the event store's tests store."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal, NewType
from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.errors import Refused
from shared.eventstore.stored import Stored, StoredTable
from shared.money import Money

LampId = NewType("LampId", UUID)


class Colour(Enum):
    WARM = "warm"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class Shade:
    colour: Colour
    sold_on: date
    sizes: tuple[int, ...] = ()


class Lamp(Aggregate):
    """Belongs to an owner, whose data its events are."""

    class Bought(Aggregate.Created):
        lamp_id: LampId
        owner_id: UUID
        bought_at: datetime
        price: Money
        shade: Shade | None
        fitting: Literal["screw", "pin"]

    class Turned(Aggregate.Event):
        on: bool
        note: str

    @staticmethod
    def create_id(lamp_id: LampId) -> UUID:
        return lamp_id

    @event(Bought)
    def __init__(
        self, lamp_id: LampId, owner_id: UUID, bought_at: datetime, price: Money, shade: Shade | None, fitting: str
    ) -> None:
        self.owner_id = owner_id
        self.bought_at = bought_at
        self.price = price
        self.shade = shade
        self.fitting = fitting
        self.notes: list[str] = []
        self.seen: dict[UUID, set[bool]] = {lamp_id: set()}
        self.on = False

    @property
    def subject_id(self) -> UUID:
        return self.owner_id

    def turn(self, note: str) -> None:
        if len(note) > 50:
            raise Refused
        self._turned(on=not self.on, note=note)

    @event(Turned)
    def _turned(self, on: bool, note: str) -> None:
        self.on = on
        self.notes.append(note)
        self.seen[self.id].add(on)


class Shop(Aggregate):
    """Concerns the service itself: stored in clear."""

    class Opened(Aggregate.Created):
        shop_id: UUID

    @staticmethod
    def create_id(shop_id: UUID) -> UUID:
        return shop_id

    @event(Opened)
    def __init__(self, shop_id: UUID) -> None:
        self.count = 0

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT


@dataclass
class Basket:
    """A value that no annotation of an event may hold."""

    things: list[object] = field(default_factory=list)


ROWS = [
    Stored("LampBought", Lamp.Bought),
    Stored("LampTurned", Lamp.Turned, version=2, upcasts={1: lambda data: {**data, "note": "-"}}),
    Stored("ShopOpened", Shop.Opened),
]
TABLE = StoredTable(ROWS)
