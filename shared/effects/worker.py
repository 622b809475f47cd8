"""The role ``effects``: claims rows that are due, carries each out outside any transaction, marks it."""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from shared import telemetry
from shared.clock import monotonic
from shared.effects import PendingEffect, Run
from shared.effects.carrying import CarriedEffect, Means
from shared.effects.table import insert_following
from shared.reading.database import Pool
from shared.reading.failures import named, passes
from shared.rpc.metadata import Outgoing, handing_on
from shared.trouble import Trouble
from shared.waking import woken

POLL_SECONDS = 0.25

# One effect a key: the first that is due. It blocks the later ones while it is claimed and while it pauses.
# SKIP LOCKED keeps workers apart; whether a row is still free is looked at again once it is locked.
_CLAIM = """
UPDATE public.effects SET attempt = attempt + 1, free_at = clock_timestamp() + make_interval(secs => $2)
WHERE id IN (
    SELECT mine.id FROM public.effects AS mine
    WHERE mine.state = 'pending' AND mine.due_at <= $1 AND mine.free_at <= clock_timestamp()
      AND NOT EXISTS (SELECT FROM public.effects AS earlier
                      WHERE earlier.key = mine.key AND earlier.state = 'pending' AND earlier.due_at <= $1
                        AND earlier.number < mine.number)
    ORDER BY mine.number LIMIT $3
    FOR UPDATE SKIP LOCKED)
RETURNING id, cause, kind, key, recipient, at, details, traceparent, attempt
"""
_DONE = """
UPDATE public.effects SET state = 'done', error = '', ended_at = clock_timestamp() WHERE id = $1 AND state = 'pending'
"""
# Only by the claim that failed: a later one may be at work by now.
_AGAIN = """
UPDATE public.effects SET free_at = clock_timestamp() + make_interval(secs => $3), error = $4
WHERE id = $1 AND attempt = $2 AND state = 'pending'
"""
_PARK = """
UPDATE public.effects SET state = 'parked', error = $3, ended_at = clock_timestamp()
WHERE id = $1 AND attempt = $2 AND state = 'pending'
"""
_FREE = """
UPDATE public.effects SET free_at = '-infinity' WHERE id = $1 AND attempt = $2 AND state = 'pending'
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """``claim_seconds``: after that another worker may take the row, so an attempt is ended somewhat earlier."""

    slots: int = 8
    claim_seconds: float = 30.0
    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 60.0

    def pause(self, attempt: int) -> float:
        """Doubled with each attempt, spread by a fifth, capped."""
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return min(self.longest_pause_seconds, self.first_pause_seconds * 2.0 ** min(attempt - 1, 20)) * spread


class EffectsWorker:
    """Any number may run. A crash between act and mark leads to a second attempt with the same effect id."""

    def __init__(self, pool: Pool, runs: Mapping[str, Run], means: Means, pace: Pace = Pace()) -> None:
        self._pool, self._runs, self._means, self._pace = pool, runs, means, pace
        self._news = asyncio.Event()
        self._carried: dict[asyncio.Task[None], PendingEffect] = {}

    @property
    def news(self) -> asyncio.Event:
        """To be set when there may be new rows (``PostgresAdvance.subscribe``); else they are polled for."""
        return self._news

    async def run(self) -> None:
        """Until cancelled; what is being carried out is then broken off, and tried again by the next worker."""
        trouble = Trouble(log, "effects wait")
        try:
            while True:
                self._news.clear()
                try:
                    for effect in await self.claim(self._pace.slots - len(self._carried)):
                        self._begin(effect)
                    trouble.ends()
                except Exception as error:
                    if not passes(error):
                        raise
                    trouble.goes_on(named(error))
                await woken(self._news, POLL_SECONDS)
        finally:
            await self._let_go()

    async def claim(self, most: int) -> Sequence[PendingEffect]:
        """Effects that are due and free, at most one a key, in the order of their causes."""
        if most <= 0:
            return []
        rows = await self._pool.fetch(_CLAIM, self._means.clock.now(), self._pace.claim_seconds, most)
        return [PendingEffect(**row) for row in rows]

    async def carry_out(self, effect: PendingEffect) -> None:
        """One attempt: done with what follows, or to be tried again, or parked."""
        carried = CarriedEffect(effect, self._means)
        seconds = 0.8 * self._pace.claim_seconds
        try:
            run = self._runs.get(effect.kind)
            if run is None:
                raise LookupError(f"expected a row for effects of kind {effect.kind}")
            with (
                telemetry.span(f"effect {effect.kind}", carrier={telemetry.TRACEPARENT: effect.traceparent}),
                handing_on(Outgoing(cause=effect.cause, deadline=monotonic() + seconds)),
            ):
                async with asyncio.timeout(seconds):
                    await run(carried)
            await self._mark(effect, carried)
        except Exception as error:
            await self._failed(effect, error)

    async def _mark(self, effect: PendingEffect, carried: CarriedEffect) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_DONE, effect.id)
            if carried.following:
                await insert_following(connection, effect.cause, effect.at, effect.traceparent, carried.following)

    async def _failed(self, effect: PendingEffect, error: Exception) -> None:
        about = telemetry.fields(effect=str(effect.id), kind=effect.kind, attempt=effect.attempt)
        if passes(error):
            log.info("an effect waits: %s", named(error), extra=about)
            pause = self._pace.pause(effect.attempt)
            await self._pool.execute(_AGAIN, effect.id, effect.attempt, pause, named(error))
        else:
            log.warning("an effect was parked: %s", named(error), extra=about)
            await self._pool.execute(_PARK, effect.id, effect.attempt, named(error))

    def _begin(self, effect: PendingEffect) -> None:
        task = asyncio.create_task(self._carry_out(effect), name=f"effect-{effect.kind}")
        self._carried[task] = effect
        task.add_done_callback(self._ended)

    async def _carry_out(self, effect: PendingEffect) -> None:
        try:
            await self.carry_out(effect)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # It could not be marked: its claim runs out, and it is tried again with the same id.
            log.warning("an effect was not marked: %s", named(error))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._carried.pop(task, None)
        self._news.set()

    async def _let_go(self) -> None:
        """Breaks off what is being carried out, and frees the rows for the next worker at once."""
        broken = dict(self._carried)
        for task in broken:
            task.cancel()
        await asyncio.gather(*broken, return_exceptions=True)
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self._pool.executemany(_FREE, [(effect.id, effect.attempt) for effect in broken.values()])
