"""One process of the machinery, to be killed: a writer (commands on stdin), a relay, a peer's reader or its effects."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from shared.bus.reader import Reader
from shared.bus.relay import Relay
from shared.bus.source import TopicSource
from shared.clock import RulesClock
from shared.databases import StoreFailure
from shared.effects.carrying import Means
from shared.effects.worker import EffectsWorker, Pace
from shared.errors import PortalError, Unavailable
from shared.eventstore.memory import MemoryEventStore
from shared.eventstore.postgres import PostgresEventStore
from shared.handling import StreamQueues
from shared.privacy import Sealer
from shared.process.topics import PeerTopic
from shared.reading.applying import sources_of
from shared.reading.database import PostgresDatabase
from shared.reading.generations import Generations
from shared.reading.parking import Parking
from shared.reading.replays import Replays
from tests.faults import acting, jumping, newer, planted
from tests.faults.commands import carry_out, work_of
from tests.faults.places import CONSUMERS, PEER, PUBLISHED, SEEN, SENDER, Place, peer, store
from tests.unit.shared.eventstore.lamps import TABLE

PACE = Pace(claim_seconds=5.0, first_pause_seconds=0.1, longest_pause_seconds=2.0)
"""A claim that a dead worker leaves behind holds a key for five seconds, not for thirty."""


async def write(place: Place, name: str, lines: asyncio.StreamReader) -> None:
    """Carries out each line as a command of its token, many at once; answers in any order."""
    queues, running = StreamQueues(), set[asyncio.Task[None]]()
    async with store(place) as (opened, _):
        answer({"ready": True})
        while line := await lines.readline():
            task = asyncio.create_task(carried(opened, queues, json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


async def carried(opened: PostgresEventStore, queues: StreamQueues, asked: Mapping[str, str]) -> None:
    token = asked["token"]
    try:
        position = await carry_out(work_of(opened, queues, token), asked)
    except Unavailable:
        answer({"token": token, "unknown": True})
    except PortalError as refusal:
        answer({"token": token, "refused": refusal.slug})
    except StoreFailure as failure:
        answer({"token": token, "failed": failure.sqlstate})
    else:
        answer({"token": token, "position": position})


async def relay(place: Place, name: str) -> None:
    async with store(place) as (opened, found):
        answer({"ready": True})
        await Relay(opened, PUBLISHED, place.kafka(SENDER), found.dsn).run()


async def read(place: Place, name: str) -> None:
    """The reader, and beside it whoever rebuilds read models and retries what was parked."""
    async with peer(place) as found:
        sources = {SENDER: PeerTopic(TopicSource(place.kafka(PEER), SENDER))}
        replays = Replays(Generations(found.pool, PEER, [SEEN]), sources, Sealer(found.keys))
        parking = Parking(found.pool, Sealer(found.keys), sources_of(PEER, [SEEN], {}, CONSUMERS), sources)
        answer({"ready": True})
        reader = Reader(PEER, [SENDER], place.kafka(PEER), found.advance, name)
        await asyncio.gather(reader.run(), replays.run(), parking.run())


async def act(place: Place, name: str) -> None:
    async with peer(place) as found:
        database = PostgresDatabase(found.pool, Sealer(found.keys))
        means = Means(MemoryEventStore(PEER, TABLE), StreamQueues(), RulesClock(), database)
        answer({"ready": True})
        await EffectsWorker(found.pool, acting.runs(place), means, PACE).run()


def answer(said: Mapping[str, Any]) -> None:
    """One line, whole: a kill leaves half of none."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


ROLES: Mapping[str, Callable[[Place, str], Awaitable[None]]] = {"relay": relay, "reader": read, "effects": act}


async def run(role: str, place: Place, name: str) -> None:
    """Until it is killed, or whoever started it is gone: then standard input ends."""
    jumping.listen()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    if role == "writer":
        await write(place, name, lines)
        return
    working = asyncio.ensure_future(ROLES[role](place, name))
    left = asyncio.create_task(lines.read())
    await asyncio.wait({working, left}, return_when=asyncio.FIRST_COMPLETED)
    if left.done():
        os._exit(0)
    await working


if __name__ == "__main__":
    _, chosen, called, path, bug = sys.argv
    logging.basicConfig(level=logging.ERROR)
    stands = Place.read(Path(path))
    planted.plant(bug, stands)
    if stands.newer:
        newer.become()
    uvloop.run(run(chosen, stands, called))
