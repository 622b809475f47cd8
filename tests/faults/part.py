"""One process of the machinery, to be killed: a writer (commands on stdin), a relay, or a peer's reader."""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop

from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.bus.source import TopicSource
from shared.clock import machine_now
from shared.errors import PortalError, Unavailable
from shared.eventstore.postgres import PostgresEventStore
from shared.handling import StreamQueues, Work
from shared.ids import natural_id
from shared.money import Money
from shared.privacy import Sealer
from shared.process.topics import PeerTopic
from shared.reading.generations import Generations
from shared.reading.replays import Replays
from tests.faults import planted
from tests.faults.places import PEER, PUBLISHED, SEEN, SENDER, Place, peer, store
from tests.unit.shared.eventstore.lamps import Lamp, LampId

COMMANDS = UUID("0d0c8a0e-6d5f-5a51-8f5e-3f0f6b1d9a55")


async def write(place: Place, name: str) -> None:
    """Carries out each line as a command of its token, many at once; answers in any order."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    queues, running = StreamQueues(), set[asyncio.Task[None]]()
    async with store(place) as (opened, _):
        answer({"ready": True})
        while line := await reader.readline():
            task = asyncio.create_task(carried(opened, queues, json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


async def carried(opened: PostgresEventStore, queues: StreamQueues, asked: Mapping[str, str]) -> None:
    token, lamp_id, owner = asked["token"], UUID(asked["lamp"]), UUID(asked["owner"])
    work = Work(opened, queues, machine_now(), natural_id(COMMANDS, token), token.encode(), {"origin": "portal"})
    try:
        position = await (buy(work, lamp_id, owner, token) if asked["kind"] == "buy" else turn(work, lamp_id, token))
    except Unavailable:
        answer({"token": token, "unknown": True})
    except PortalError as refusal:
        answer({"token": token, "refused": refusal.slug})
    else:
        answer({"token": token, "position": position})


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


async def relay(place: Place, name: str) -> None:
    async with store(place) as (opened, found):
        answer({"ready": True})
        await Relay(opened, PUBLISHED, place.kafka(SENDER), found.dsn).run()


async def read(place: Place, name: str) -> None:
    """The reader, and beside it whoever rebuilds read models."""
    async with peer(place) as found:
        sources = {SENDER: PeerTopic(TopicSource(place.kafka(PEER), SENDER))}
        replays = Replays(Generations(found.pool, PEER, [SEEN]), sources, Sealer(found.keys))
        answer({"ready": True})
        await asyncio.gather(Reader(PEER, [SENDER], place.kafka(PEER), found.advance, name).run(), replays.run())


def answer(said: Mapping[str, Any]) -> None:
    """One line, whole: a kill leaves half of none."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


ROLES: Mapping[str, Callable[[Place, str], Awaitable[None]]] = {"writer": write, "relay": relay, "reader": read}


async def run(role: str, place: Place, name: str) -> None:
    await ROLES[role](place, name)


if __name__ == "__main__":
    _, chosen, called, path, bug = sys.argv
    logging.basicConfig(level=logging.ERROR)
    planted.plant(bug)
    uvloop.run(run(chosen, Place.read(Path(path)), called))
