"""Promise 4 in scenes: what is sent outside is sent once, or again under the same id where its worker died."""

import asyncio

from shared.waking import woken
from tests.faults.asking import acted
from tests.faults.recorder import Findings
from tests.faults.scenes.stage import ANSWERED, ASKED, Stage, snare_sprung
from tests.faults.scenes.travelling import COMMIT, POSITION

DONE = "SET state = 'done'"
HELD_SECONDS = 2.0


async def cut_before_the_commit(stage: Stage) -> Findings:
    """The batch that decides effects is rolled back, and comes again: they are sent once."""
    await stage.start("writer", "relay", "reader", "effects")
    stage.follow("reader", POSITION, COMMIT, ASKED)
    await stage.desk.until_known(acted(stage.owner))
    return await stage.outside()


async def worker_killed_before_its_mark(stage: Stage) -> Findings:
    """It has sent the mail, opened the payment, and dies before it can say so: the next one does the same again."""
    await stage.start("writer", "relay", "reader", "effects")
    first = stage.killing("effects", DONE, ASKED)
    await stage.desk.until_known(acted(stage.owner))
    await stage.killed("effects", first)
    second = stage.killing("effects", DONE, ASKED)
    await stage.killed("effects", second)
    return await stage.outside(twice=stage.kills)


async def worker_killed_after_its_mark(stage: Stage) -> Findings:
    """What counts as done was done."""
    await stage.start("writer", "relay", "reader", "effects")
    first = stage.follow("effects", DONE, COMMIT, ANSWERED, kill=True)
    await stage.desk.until_known(acted(stage.owner))
    await stage.killed("effects", first)
    second = stage.follow("effects", DONE, COMMIT, ANSWERED, kill=True)
    await stage.killed("effects", second)
    return await stage.outside()


async def two_workers(stage: Stage) -> Findings:
    """One has a mail in hand for two seconds while another looks for work."""
    await stage.start("writer", "relay", "reader", "effects")

    async def hold() -> bool:
        await woken(asyncio.Event(), HELD_SECONDS)
        return True

    held = stage.snare("effects", DONE, ASKED, hold)
    await stage.desk.until_known(acted(stage.owner))
    await snare_sprung(held, stage.seconds)
    await stage.start("other-effects")
    return await stage.outside()
