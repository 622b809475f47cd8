"""Row 11: the memory of a process while it replays many events, beside the same process idle."""

import asyncio
import sys

import psutil

from benchmarks.ground import Broken, Ground, say
from benchmarks.peers import FOLDERS
from benchmarks.replay import OWNERS, fill
from benchmarks.rounds import Figure, Measured
from shared.ids import uuid7
from shared.migrations import migrate

SAMPLE_SECONDS = 0.2
START_SECONDS = 60.0


async def run(ground: Ground) -> list[Measured]:
    replayed = ground.effort.replayed
    figure = Figure(11, f"memory while replaying {replayed:,} events ÷ idle", "replaying", "idle", 1.5, at_most=True)
    async with ground.opened() as opened:
        async with opened.events.acquire() as connection:
            for scope, folder in FOLDERS.items():
                await migrate(connection, folder, scope)
        await fill(opened, replayed, [uuid7() for _ in range(OWNERS)])
        ratios = []
        for _ in range(ground.effort.rounds):
            idle, most = await watched([opened.dsn, opened.keys_dsn])
            say(f"   idle {idle / 1e6:.1f} MB, replaying {most / 1e6:.1f} MB")
            ratios.append(most / idle)
        return [Measured(figure, ratios, 0)]


async def watched(arguments: list[str]) -> tuple[int, int]:
    """Resident bytes of the process: idle, and the most while it replays."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.replaying", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise Broken("expected a process with pipes")
    try:
        if await asyncio.wait_for(process.stdout.readline(), START_SECONDS) != b"idle\n":
            raise Broken("the replaying process did not start")
        observed = psutil.Process(process.pid)
        idle = most = observed.memory_info().rss
        process.stdin.write(b"begin\n")
        await process.stdin.drain()
        done = asyncio.create_task(process.stdout.readline())
        while not done.done():
            most = max(most, observed.memory_info().rss)
            await asyncio.wait({done}, timeout=SAMPLE_SECONDS)
        if done.result() != b"done\n":
            raise Broken("the replaying process ended early")
        return idle, most
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
