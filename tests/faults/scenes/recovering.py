"""Promise 11 in scenes: what is refused is refused clearly, and all goes on by itself once the trouble is over."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from shared.clock import monotonic
from tests.faults.asking import acted, bought
from tests.faults.jumping import BACK, ON
from tests.faults.recorder import Findings
from tests.faults.scenes.stage import Stage

RECOVERY_SECONDS, POSTGRES_SECONDS = 5.0, 10.0
ALL = ("writer", "relay", "reader", "effects")


async def postgres_restarted(stage: Stage) -> Findings:
    """Killed under everything; asked meanwhile, a writer says that it is unavailable."""
    await stage.start(*ALL)
    await stage.desk.until_known(bought())
    await stage.arrived()
    stage.kills += 1
    await stage.world.kill("postgres")
    asked = bought(owner=stage.owner)
    refused = unclear(await stage.desk.ask(asked))
    await stage.world.restart("postgres")
    late = await recovered(stage, asked, POSTGRES_SECONDS)
    return await stage.outside(twice=stage.kills) + Findings(complaints=refused + late)


async def connections_cut(stage: Stage) -> Findings:
    """Every connection of every part is ended by the server."""
    await stage.start(*ALL)
    await stage.desk.until_known(bought())
    await stage.arrived()
    administrator = await asyncpg.connect(stage.world.place.dsn("postgres"))
    try:
        ended = await administrator.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    finally:
        await administrator.close()
    stage.trials += len(ended)
    late = await recovered(stage, acted(stage.owner), RECOVERY_SECONDS)
    return await stage.outside(twice=1) + Findings(complaints=late)


async def clock_jumps(stage: Stage) -> Findings:
    """An hour back, then two hours on, in every part, under commands."""
    await stage.start(*ALL)
    complaints: list[str] = []
    for signals in ((BACK,), (ON, ON), (BACK,)):
        for name in ALL:
            for one in signals:
                stage.world.parts[name].process.send_signal(one)
        stage.trials += 1
        complaints += await recovered(stage, acted(stage.owner), RECOVERY_SECONDS)
    return await stage.outside() + Findings(complaints=complaints)


async def recovered(stage: Stage, asked: Mapping[str, str], seconds: float) -> list[str]:
    """What is wrong where a command is not carried out, and at the peer, in that time."""
    stage.trials += 1
    began = monotonic()
    await stage.desk.until_known(asked)
    if not await stage.arrived():
        return ["the command never reached the peer"]
    took = monotonic() - began
    return [f"recovery took {took:.1f} s, expected at most {seconds:.0f}"] if took > seconds else []


def unclear(answer: Mapping[str, Any]) -> list[str]:
    """An answer while nothing can be written says so."""
    return [] if "unknown" in answer else [f"expected a clear refusal, found {dict(answer)}"]
