"""The commands that a run is made of, each with a token that stands in its event."""

from collections.abc import Mapping
from uuid import UUID

from shared.clock import machine_now
from shared.errors import Refused
from shared.eventstore.store import EventStore
from shared.handling import StreamQueues, Streams, Work
from shared.ids import natural_id
from shared.money import Money
from tests.unit.shared.eventstore.lamps import Lamp, LampId

COMMANDS = UUID("0d0c8a0e-6d5f-5a51-8f5e-3f0f6b1d9a55")


def work_of(opened: EventStore, queues: StreamQueues, token: str) -> Work:
    return Work(opened, queues, machine_now(), natural_id(COMMANDS, token), token.encode(), {"origin": "portal"})


async def carry_out(work: Work, asked: Mapping[str, str]) -> int:
    """The position of the event that holds the token."""
    lamp_id, token = UUID(asked["lamp"]), asked["token"]
    match asked["kind"]:
        case "buy":
            return await buy(work, lamp_id, UUID(asked["owner"]), token)
        case "turn":
            return await turn(work, lamp_id, token)
    return await turn_alone(work, lamp_id, UUID(asked["other"]), token)


async def buy(work: Work, lamp_id: UUID, owner: UUID, token: str) -> int:
    """A new lamp, whose second event holds the token; the position of that one."""

    def build() -> Lamp:
        made = Lamp(
            lamp_id=LampId(lamp_id), owner_id=owner, bought_at=work.now, price=Money(1999), shade=None, fitting="pin"
        )
        made.turn(token)
        return made

    return (await work.create(build)).number


async def turn(work: Work, lamp_id: UUID, token: str) -> int:
    return (await work.change(Lamp, lamp_id, lambda lamp: lamp.turn(token))).number


async def turn_alone(work: Work, lamp_id: UUID, other_id: UUID, token: str) -> int:
    """Turns one lamp off while the other is on, so that one of the two stays on: what was read must still hold."""

    async def decide(streams: Streams) -> None:
        lamp, other = await streams.get(Lamp, lamp_id), await streams.get(Lamp, other_id)
        if not (lamp.on and other.on):
            raise Refused
        lamp.turn(token)

    return (await work.decide(decide)).number
