"""The promises, each kept or broken in a run of its own or at the end of a storm; every number is counted there."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from shared.ids import uuid7
from shared.reading.erasing import erase_subject
from shared.reading.replays import Replay, find_replay, request_replay
from tests.faults.acting import Ledgers
from tests.faults.asking import seeded
from tests.faults.looking import last_records, look_outside, send
from tests.faults.places import Peer, peer
from tests.faults.recorder import Findings
from tests.faults.storm import Storm
from tests.faults.world import World, world
from tests.waiting import until

VICTIMS = ("writer", "other-writer", "relay", "other-relay", "reader", "frozen other-reader", "postgres", "kafka")
REPLAY_SECONDS = 120.0
IN_HAND = 8
"""So many effects a worker carries out at a time."""
LATE_COMMANDS = 40
"""Written while Kafka is dead, or just before it is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One line of the report."""

    promise: int
    held: bool
    trials: int
    kills: int
    lost: int
    doubled: int
    seed: int
    complaints: Sequence[str] = field(default=(), repr=False)

    @classmethod
    def of(cls, promise: int, found: Findings, *, trials: int, kills: int, seed: int) -> "Kept":
        return cls(promise, found.held, trials, kills, found.lost, found.doubled, seed, list(found.complaints))

    def line(self) -> dict[str, Any]:
        """As ``faults.json`` has it."""
        said = asdict(self)
        del said["complaints"]
        return said


@dataclass(slots=True)
class Raged:
    """A world after a storm, and what held in it."""

    world: World
    storm: Storm
    seed: int
    kept: list[Kept]


def quiet() -> None:
    """What aiokafka says of brokers and connections that are killed on purpose."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@asynccontextmanager
async def raged(
    seed: int, seconds: float, victims: Sequence[str] = VICTIMS, *, outside: bool = False
) -> AsyncIterator[Raged]:
    """1: nothing acknowledged is lost, a retry has one outcome. 2: every event takes effect once, in order.

    ``outside``: and 4, no mail and no payment is doubled, whoever dies.
    """
    quiet()
    async with world() as made:
        if outside:
            await made.start_outside()
            victims = [*victims, "effects"]
        storm = Storm(made, seeded(seed))
        await storm.run(seconds, victims)
        kills = made.kills
        found = await storm.findings()
        acts = [await acted_once(made, storm, seed)] if outside else []
        commands = len(storm.desk.recorder.commands)
        yield Raged(
            made, storm, seed,
            [
                Kept.of(1, found.stored, trials=commands, kills=kills, seed=seed),
                Kept.of(2, found.read, trials=commands + storm.copies, kills=kills, seed=seed),
                *acts,
            ],
        )  # fmt: skip


async def acted_once(made: World, storm: Storm, seed: int) -> Kept:
    """4: a mail is handed over again only under its Message-ID, and only where its worker, or its mark, died."""
    died = made.killed["effects"] + made.killed["postgres"]
    found = await look_outside(storm.desk, Ledgers.empty(), twice=IN_HAND * died)
    mails = (await Ledgers.read(made.mail_pages, made.place.processor)).mails.total()
    return Kept.of(4, found, trials=mails, kills=died, seed=seed)


async def replay_equals_live(after: Raged) -> Kept:
    """3: the read model from zero is the live one, row for row; also when a patient was erased."""
    complaints: list[str] = []
    async with peer(after.world.place) as found:
        complaints += differences(await replayed(found))
        rows = await found.pool.fetch("SELECT DISTINCT patient_id FROM live.seen ORDER BY 1")
        erased: UUID = after.storm.rng.choice([row["patient_id"] for row in rows])
        await found.keys.erase(erased)
        await erase_subject(found.pool, erased)
        complaints += differences(await replayed(found))
    return Kept.of(3, Findings(complaints=complaints), trials=2, kills=0, seed=after.seed)


async def replayed(found: Peer) -> Replay:
    """The outcome of a rebuild that is compared and swapped in."""
    replay_id = await request_replay(found.pool, verify=True)
    outcome: list[Replay] = []

    async def ended() -> bool:
        replay = await find_replay(found.pool, replay_id)
        if replay is not None and replay.ended:
            outcome.append(replay)
        return bool(outcome)

    await until(ended, REPLAY_SECONDS)
    return outcome[0]


def differences(replay: Replay) -> list[str]:
    return [] if replay.state == "done" else [f"a replay ended as {replay.state}: {dict(replay.report)}"]


async def a_wiped_broker_is_filled_again(after: Raged) -> Kept:
    """8: Kafka dies under readers that lag, and comes back empty; what is late lies in it before what is early."""
    kills, made = after.world.kills, after.world
    for name in ("reader", "other-reader"):
        await made.kill(name)
    await after.storm.desk.calm(LATE_COMMANDS)
    late = await last_records(made)
    for name in ("relay", "other-relay"):
        await made.kill(name)
    await made.wipe_kafka()
    await send(made, late)
    for name in ("reader", "other-reader", "relay", "other-relay"):
        await made.start(name)
    await after.storm.desk.calm(LATE_COMMANDS)
    found = await after.storm.findings()
    return Kept.of(8, found.all, trials=2 * LATE_COMMANDS, kills=made.kills - kills, seed=after.seed)


def new_seed() -> int:
    return uuid7().int & 0xFFFFFFFF
