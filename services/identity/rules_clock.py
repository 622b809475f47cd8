"""The offset of the rules' clock: identity keeps it, it only grows, and its lease answers carry it."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from shared.clock import RulesClock
from shared.databases import LOST
from shared.errors import NotAllowed, Unavailable
from shared.reading import Database

EVERY_SECONDS = 0.25


class ClockOffset:
    """One row. Moved in demo mode only."""

    def __init__(self, database: Database, clock: RulesClock, *, is_settable: bool) -> None:
        self._database, self._clock, self._is_settable = database, clock, is_settable
        self._reported: dict[str, timedelta] = {}

    def note(self, service: str, ahead: timedelta) -> None:
        """What a service's own clock stood at when it asked for a lease."""
        self._reported[service] = ahead

    @property
    def reported(self) -> dict[str, timedelta]:
        """Service → the offset it last reported; identity's own beside it."""
        return {**self._reported, "identity": self._clock.offset}

    async def present(self) -> timedelta:
        """What is stored; this process's own clock takes it, too."""
        rows = await self._database.fetch("SELECT ahead FROM clock_offset")
        return self._taken(rows[0]["ahead"])

    async def keep(self) -> None:
        """Follows what another process of identity was told, for ever."""
        while True:
            with suppress(Unavailable, *LOST):
                await self.present()
            await asyncio.sleep(EVERY_SECONDS)

    async def advance(self, by: timedelta) -> timedelta:
        """The new offset; NotAllowed outside of demo mode."""
        if not self._is_settable:
            raise NotAllowed("expected demo mode: the rules' clock stands by the machine's in production")
        rows = await self._database.fetch("UPDATE clock_offset SET ahead = ahead + $1 RETURNING ahead", by)
        return self._taken(rows[0]["ahead"])

    def _taken(self, ahead: timedelta) -> timedelta:
        self._clock.advance_to(ahead)
        return ahead
