"""Waiting in tests: a condition is asked again and again until it holds or the deadline passes."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress

PAUSE_SECONDS = 0.01


async def until(condition: Callable[[], object] | Callable[[], Awaitable[object]], seconds: float = 60.0) -> None:
    """Returns once ``condition()`` is true (it may be async); TimeoutError after ``seconds``."""
    never = asyncio.Event()
    async with asyncio.timeout(seconds):
        while not await _holds(condition):
            with suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), PAUSE_SECONDS)


async def _holds(condition: Callable[[], object]) -> bool:
    answer = condition()
    return bool(await answer if inspect.isawaitable(answer) else answer)
