"""The machine's clock jumps while a process runs: SIGUSR1 an hour back, SIGUSR2 an hour on."""

import asyncio
import signal
from datetime import datetime, timedelta, tzinfo

from shared import clock

HOUR = timedelta(hours=1)
BACK, ON = signal.SIGUSR1, signal.SIGUSR2


class Jumping(datetime):
    """What ``shared.clock`` reads the machine's time from."""

    offset = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.offset


def jump(by: timedelta) -> None:
    Jumping.offset += by


def listen() -> None:
    """From now on this process jumps when it is told to."""
    vars(clock)["datetime"] = Jumping
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(BACK, jump, -HOUR)
    loop.add_signal_handler(ON, jump, HOUR)
