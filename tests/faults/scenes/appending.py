"""Promise 1 in scenes: what a writer acknowledged is stored once, whatever happens around its commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from shared.ids import uuid7
from shared.waking import woken
from tests.faults.asking import bought, turned
from tests.faults.looking import on
from tests.faults.places import SENDER
from tests.faults.recorder import Findings
from tests.faults.scenes.stage import ANSWERED, ASKED, Stage, snare_sprung
from tests.waiting import until

APPEND = "append_"
BARRIER = 77
HELD_SECONDS, TOLD_SECONDS = 1.0, 3.0


async def two_decide_at_once(stage: Stage) -> Findings:
    """Two lamps are on, one must stay on: each writer turns another one off, having read both."""
    await stage.start("writer", "other-writer")
    first, second = bought(owner=stage.owner), bought(owner=stage.owner)
    for asked in (first, second):
        await stage.desk.until_known(asked)
    go = asyncio.Event()

    async def hold() -> bool:
        return await go.wait()

    held = stage.snare("writer", APPEND, ASKED, hold)
    here = {"token": uuid7().hex, "kind": "alone", "lamp": first["lamp"], "other": second["lamp"]}
    there = {"token": uuid7().hex, "kind": "alone", "lamp": second["lamp"], "other": first["lamp"]}
    waiting = asyncio.create_task(stage.desk.until_known(here, ["writer"]))
    await snare_sprung(held, stage.seconds)
    await stage.desk.until_known(there, ["other-writer"])
    go.set()
    await waiting
    dark = not any([await on(stage.world, UUID(asked["lamp"])) for asked in (first, second)])
    broken = ["both lamps are off, and each was turned off while the other was on"] if dark else []
    await stage.start("relay", "reader")
    return await stage.findings() + Findings(complaints=broken)


async def cut_around_the_commit(stage: Stage) -> Findings:
    """The connection ends after the commit and before its answer, then before the commit."""
    await stage.start("writer")
    asked = bought(owner=stage.owner)
    stage.cutting("writer", APPEND, ANSWERED)
    await stage.desk.until_known(asked)
    stage.cutting("writer", APPEND, ASKED)
    await stage.desk.until_known(turned(asked["lamp"]))
    await stage.start("relay", "reader")
    return await stage.findings()


async def killed_between_commit_and_answer(stage: Stage) -> Findings:
    """Whoever asked asks another writer, with the same token."""
    await stage.start("writer", "other-writer")
    asked = bought(owner=stage.owner)
    await stage.desk.until_known(asked, ["other-writer"])
    again = turned(asked["lamp"])
    stage.killing("writer", APPEND, ANSWERED)
    if not await stage.desk.ask(again, ["writer"]):
        await stage.desk.until_known(again, ["other-writer"])
    await stage.start("relay", "reader")
    return await stage.findings()


async def killed_before_the_commit(stage: Stage) -> Findings:
    """The batch stands on the wire for a while, in which nobody may be told anything; then its writer dies."""
    await stage.start("writer", "other-writer")
    asked = bought(owner=stage.owner)
    await stage.desk.until_known(asked, ["other-writer"])

    go = asyncio.Event()

    async def hold() -> bool:
        await go.wait()
        return False

    held = stage.snare("writer", APPEND, ASKED, hold)
    again = turned(asked["lamp"])
    asking = asyncio.create_task(stage.desk.ask(again, ["writer"]))
    await snare_sprung(held, stage.seconds)
    await asyncio.wait({asking}, timeout=TOLD_SECONDS)
    stage.kills += 1
    await stage.world.kill("writer")
    go.set()
    first = await asking
    if "position" in first:
        stage.desk.recorder.acknowledged(again["token"], first["position"])
    else:
        await stage.desk.until_known(again, ["other-writer"])
    await stage.start("relay", "reader")
    return await stage.findings()


async def a_commit_stands_still(stage: Stage) -> Findings:
    """One writer stands between its insert and its commit while another commits, and a relay reads on."""
    await stage.start("writer", "other-writer", "relay", "reader")
    await stage.desk.until_known(bought())
    slow = bought(owner=stage.owner)
    stage.trials += 1
    async with held_back(stage) as connection:
        first = asyncio.create_task(stage.desk.until_known(slow, ["writer"]))

        async def stands() -> bool:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
            return bool(await connection.fetchval(waiting, BARRIER))

        await until(stands, stage.seconds)
        second = asyncio.create_task(stage.desk.until_known(bought(), ["other-writer"]))
        await asyncio.wait({second}, timeout=HELD_SECONDS)
        if second.done():
            await woken(asyncio.Event(), HELD_SECONDS)  # so that the relay passes it
    await asyncio.gather(first, second)
    return await stage.findings()


@asynccontextmanager
async def held_back(stage: Stage) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """While it lasts, a transaction that inserts an event of the scene's patient does not commit."""
    connection = await asyncpg.connect(stage.world.place.dsn(SENDER))
    try:
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"PERFORM pg_advisory_xact_lock({BARRIER}); RETURN NULL; END $$; "
            f"CREATE TRIGGER stand_still AFTER INSERT ON events FOR EACH ROW "
            f"WHEN (NEW.subject_id = '{UUID(stage.owner)}') EXECUTE FUNCTION stand_still()"
        )
        await connection.execute("SELECT pg_advisory_lock($1)", BARRIER)
        yield connection
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", BARRIER)
        await connection.execute("DROP TRIGGER IF EXISTS stand_still ON events")
        await connection.close()
