"""Waking readers: those of this process at once, those of others by one NOTIFY a commit on an own connection."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from shared.databases import LOST
from shared.eventstore.committer import Connection
from shared.waking import woken

CHANNEL = "events"
LOOK_SECONDS = 1.0
PAUSE_SECONDS = 0.25
BREATH_SECONDS = 0.01


class Signals:
    """Readers must not rely on it: a signal may be lost with its connection, and a poll is the fallback."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._sleepers: WeakSet[asyncio.Event] = WeakSet()
        self._news = asyncio.Event()
        self._head = 0
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="event-signals")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self) -> asyncio.Event:
        """An event that is set at each append, as long as somebody holds it."""
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        return sleeper

    def announce(self, head: int) -> None:
        """Something was committed here, up to position ``head``."""
        self._head = max(self._head, head)
        self._wake()
        self._news.set()

    def _wake(self) -> None:
        for sleeper in self._sleepers:
            sleeper.set()

    def _heard(self, *_: Any) -> None:
        self._wake()

    async def _run(self) -> None:
        while True:
            connection: Connection | None = None
            try:
                connection = await self._connect()
                await connection.add_listener(CHANNEL, self._heard)
                self._wake()
                await self._tell(connection)
            except LOST:
                await asyncio.sleep(PAUSE_SECONDS)
            finally:
                if connection is not None:
                    connection.terminate()

    async def _tell(self, connection: Connection) -> None:
        while not connection.is_closed():
            await woken(self._news, LOOK_SECONDS)
            if self._news.is_set():
                self._news.clear()
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(self._head))
                # The first is told at once; of many that follow at once one word is enough.
                await asyncio.sleep(BREATH_SECONDS)
