"""Death at exactly the nth system call of a part: strace is attached to it and kills it there."""

import asyncio
import shutil
from collections.abc import Sequence

from tests.faults.promises import Kept, Raged, acted_once
from tests.waiting import until

CALLS = "write,writev,sendto,sendmsg,read,recvfrom,recvmsg,epoll_pwait,epoll_wait"
"""What a part does with the world outside of it."""
PARTS = ("writer", "relay", "reader", "effects")
ATTACH_SECONDS, DEATH_SECONDS = 20.0, 10.0
STRACE = shutil.which("strace")


class NotTraced(Exception):
    """strace did not attach."""


async def killed_at_each_call(after: Raged, most: int, parts: Sequence[str] = PARTS) -> list[Kept]:
    """1 and 4: each part killed at its first, second, … call under commands, then started and asked once more."""
    kills, began = 0, len(after.storm.desk.recorder.commands)
    for name in parts:
        if f"other-{name}" in after.world.parts:
            await after.world.kill(f"other-{name}")
        for number in range(1, most + 1):
            kills += await _killed_at(after, name, number)
    found = (await after.storm.findings()).all
    commands = len(after.storm.desk.recorder.commands) - began
    return [
        Kept.of(1, found, trials=commands, kills=kills, seed=after.seed),
        await acted_once(after.world, after.storm, after.seed),
    ]


async def _killed_at(after: Raged, name: str, number: int) -> bool:
    """Whether it died of it: a part that makes fewer calls lives on."""
    part = after.world.parts[name]
    process = await asyncio.create_subprocess_exec(
        STRACE or "strace", "-f", "-qq", "-o", "/dev/null", "-p", str(part.process.pid),
        "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=KILL:when={number}",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        status = f"/proc/{part.process.pid}/status"
        await until(lambda: not part.alive or _is_traced(status), ATTACH_SECONDS)
        working = asyncio.create_task(after.storm.desk.calm(2))
        await asyncio.wait({part.listening}, timeout=DEATH_SECONDS)
        died = not part.alive
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    if died:
        after.world.killed[name] += 1
        await after.world.start(name)
    await working
    return died


def _is_traced(status: str) -> bool:
    try:
        with open(status, encoding="ascii") as lines:
            return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in lines)
    except FileNotFoundError:
        return False
