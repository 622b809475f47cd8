"""Keeps the own store's read models and effects up to the head, and lets queries wait for a position."""

import asyncio
import logging

from shared.clock import monotonic
from shared.envelope import Position
from shared.errors import ReadModelBehind
from shared.eventstore.store import EventStore
from shared.reading import Overtaken
from shared.reading.advancing import PostgresAdvance
from shared.reading.failures import named
from shared.reading.sources import OWN_PARTITION, OwnStore
from shared.trouble import Trouble
from shared.waking import woken

POLL_SECONDS = 0.25
LOOK_SECONDS = 0.05
"""How often a waiting query looks, where another process than this one projects."""
LONGEST_PAUSE_SECONDS = 5.0

log = logging.getLogger(__name__)


class OwnProjector:
    """The role ``projector``: any number may run, compare-and-set keeps all but one of them idle."""

    def __init__(self, store: EventStore, records: OwnStore, advance: PostgresAdvance) -> None:
        self._store, self._records, self._advance = store, records, advance

    async def run(self) -> None:
        """Until cancelled. An error that does not park holds the position, and is tried again more and more slowly."""
        news, pause = self._store.subscribe(), POLL_SECONDS
        trouble = Trouble(log, f"the projection of {self._store.service} waits")
        while True:
            news.clear()
            try:
                await self.catch_up()
                pause = POLL_SECONDS
                trouble.ends()
            except Overtaken:
                continue
            except Exception as error:
                trouble.goes_on(named(error))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            await woken(news, pause)

    async def catch_up(self) -> None:
        """Applies what is in the store now. Overtaken where another projector is ahead."""
        last = await self._advance.last(self._store.service, OWN_PARTITION)
        async for partition, incoming, to in self._records.pages({OWN_PARTITION: last}):
            await self._advance.advance(self._store.service, partition, last, incoming, to)
            last = to


class PositionWait:
    """Read-your-writes: a query waits until the own read models are past the position it was given."""

    def __init__(self, service: str, advance: PostgresAdvance) -> None:
        self._service, self._advance = service, advance
        self._reached = 0

    async def wait_for(self, position: Position, seconds: float = 2.0) -> None:
        """ReadModelBehind after ``seconds``. A position of another service promises nothing and is not waited for."""
        if position.service != self._service or position.number <= self._reached:
            return
        moved = asyncio.Event()
        self._advance.subscribe(moved)
        deadline = monotonic() + seconds
        try:
            while True:
                moved.clear()
                self._reached = max(self._reached, await self._advance.last(self._service, OWN_PARTITION))
                if position.number <= self._reached:
                    return
                left = deadline - monotonic()
                if left <= 0:
                    raise ReadModelBehind
                await woken(moved, min(left, LOOK_SECONDS))
        finally:
            self._advance.unsubscribe(moved)
