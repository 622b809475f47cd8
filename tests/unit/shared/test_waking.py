"""Waiting for news: woken at once, never longer than asked, and a cancellation is never lost."""

import ast
import asyncio
from pathlib import Path

import pytest

from shared.waking import woken

SHARED = Path(__file__).parents[3] / "shared"


async def turn() -> None:
    """Lets everything run that is ready now."""
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turned.set_result, None)
    await turned


async def test_news_end_the_wait_at_once_and_time_ends_it_without_news() -> None:
    news = asyncio.Event()
    await woken(news, 0.01)
    assert not news.is_set()
    news.set()
    async with asyncio.timeout(5):
        await woken(news, 60)


async def test_a_cancellation_that_comes_together_with_the_news_still_cancels() -> None:
    """The case that ``asyncio.wait_for`` of Python 3.11 swallows: a loop so told to stop would go on for ever."""
    news = asyncio.Event()

    async def loop_for_ever() -> None:
        while True:
            news.clear()
            await woken(news, 60)

    task = asyncio.create_task(loop_for_ever())
    await turn()
    await turn()
    news.set()
    await turn()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done
    with pytest.raises(asyncio.CancelledError):
        await task


def test_no_loop_of_the_machinery_waits_in_a_way_that_swallows_cancellations() -> None:
    found = [
        f"{path.relative_to(SHARED)}:{node.lineno}"
        for path in SHARED.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for" and getattr(node.value, "id", "") == "asyncio"
    ]
    assert found == [], "expected shared.waking.woken or asyncio.timeout"
