"""Promise 2 in scenes: every event takes effect at a peer once and in order, whoever dies or stands still where."""

import asyncio
from collections.abc import Sequence

from shared.bus.codec import Record
from shared.bus.relay import Progress, Relay
from shared.envelope import Recorded
from tests.faults.asking import bought, turned
from tests.faults.looking import in_store, send
from tests.faults.places import PUBLISHED, SENDER, store
from tests.faults.recorder import Findings
from tests.faults.scenes.stage import ANSWERED, ASKED, Stage

MARK = "relay_progress SET position = $1"
POSITION, COMMIT = "SET position = $", "COMMIT"
PAGES = 12


async def relay_killed_at_its_mark(stage: Stage) -> Findings:
    """Before it saves what the broker confirmed, and after."""
    await stage.start("writer", "relay", "reader")
    asked = bought(owner=stage.owner)
    for moment in (ANSWERED, ASKED):
        snare = stage.killing("relay", MARK, moment)
        await stage.desk.until_known(turned(asked["lamp"]) if moment is ASKED else asked)
        await stage.killed("relay", snare)
        await stage.arrived()
    return await stage.findings()


async def page_by_page(stage: Stage) -> Findings:
    """Command after command, each of which has arrived before the next one."""
    await stage.start("writer", "relay", "reader")
    for _ in range(PAGES):
        stage.trials += 1
        await stage.desk.until_known(bought(owner=stage.owner))
        if not await stage.arrived():
            break
    return await stage.findings()


async def out_of_order(stage: Stage) -> Findings:
    """A record lies in the log before the one that it follows."""
    await stage.start("writer", "reader")
    records = await written(stage)
    await send(stage.world, [records[0], records[2], records[1]])
    stage.trials += 1
    await stage.arrived()
    await send(stage.world, records[2:])
    return await stage.findings()


async def sent_twice(stage: Stage) -> Findings:
    """Records lie in the log again and again, of one batch and of an earlier one."""
    await stage.start("writer", "reader")
    records = await written(stage)
    await send(stage.world, [records[0], records[0], records[1], records[0]])
    await send(stage.world, [*records[:2], *records[1:], *records])
    stage.trials += 1
    return await stage.findings()


async def a_zombie_reads_on(stage: Stage) -> Findings:
    """A reader stands still with a batch in hand until another took over and applied it; then it goes on."""
    await stage.start("writer", "relay", "reader", "other-reader")
    await stage.desk.until_known(bought(owner=stage.owner))
    await stage.arrived()
    standing = asyncio.Event()
    held: list[str] = []

    async def stand_still(name: str) -> bool:
        if held:
            return True  # the other one, which takes over
        held.append(name)
        stage.world.freeze(name)
        return await standing.wait()

    for name in ("reader", "other-reader"):
        stage.snare(name, POSITION, ASKED, lambda name=name: stand_still(name))  # type: ignore[misc]
    await stage.desk.until_known(bought(owner=stage.owner))
    await stage.arrived()
    standing.set()
    for name in held:
        stage.world.thaw(name)
    await stage.desk.until_known(bought(owner=stage.owner))
    return await stage.findings()


async def reader_killed_at_its_position(stage: Stage) -> Findings:
    """Before the position moves, and after."""
    return await _reader_killed(stage, POSITION, after="")


async def reader_killed_at_its_commit(stage: Stage) -> Findings:
    """Before the transaction that moves the position commits, and after."""
    return await _reader_killed(stage, COMMIT, after=POSITION)


async def _reader_killed(stage: Stage, words: str, after: str) -> Findings:
    await stage.start("writer", "relay", "reader")
    for moment in (ANSWERED, ASKED):
        await stage.killed_at("reader", words, moment, after)
    return await stage.findings()


async def written(stage: Stage) -> Sequence[Record]:
    """Three events of one patient, as the relay would send them."""
    asked = bought(owner=stage.owner)
    await stage.desk.until_known(asked)
    await stage.desk.until_known(turned(asked["lamp"]))
    page: list[Recorded[object]] = list(await in_store(stage.world))
    async with store(stage.world.place) as (opened, found):
        relay = Relay(opened, PUBLISHED, stage.world.place.kafka(SENDER), found.dsn)
        parts = relay._parts(relay._told(page), Progress())  # type: ignore[arg-type]
    return [record for records in parts.values() for _, record in records]
