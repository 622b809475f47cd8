"""A process that does not end when it is told to: run by a test, with a short patience."""

import asyncio
import sys
from contextlib import suppress

from shared import telemetry
from shared.process import running


async def stubborn() -> None:
    stop = running.stopped_by_signals()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stop.wait()
    asyncio.current_task().set_name("stubborn role")  # type: ignore[union-attr]
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


if __name__ == "__main__":
    telemetry.log_as_json("stubborn")
    running.STOP_SECONDS = 1
    asyncio.run(stubborn())
