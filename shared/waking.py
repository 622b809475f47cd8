"""Waiting for news, for a while at most, so that a cancellation is never lost."""

import asyncio
from contextlib import suppress


async def woken(news: asyncio.Event, seconds: float) -> None:
    """Returns when ``news`` is set or after ``seconds``.

    Not ``asyncio.wait_for``: in Python 3.11 it swallows a cancellation that comes together with the event.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()
