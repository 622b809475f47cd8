"""A lease without shared clocks: an answer holds one second from the moment of asking, on the local clock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import grpc

from shared.clock import monotonic
from shared.errors import AccessUndecided, PortalError

log = logging.getLogger(__name__)

T = TypeVar("T")

LEASE_SECONDS = 1.0
EVERY_SECONDS = 0.25
ASK_SECONDS = 0.75


class Lease(Generic[T]):
    """What another service said last, for as long as it may be relied on."""

    def __init__(self, name: str, ask: Callable[[], Awaitable[T]], clock: Callable[[], float] = monotonic) -> None:
        self._name, self._ask, self._clock = name, ask, clock
        self._answer: T | None = None
        self._until = float("-inf")
        self._turn = asyncio.Lock()
        self._failing = False

    def held(self) -> T | None:
        """The answer while it holds, else None."""
        return self._answer if self._clock() < self._until else None

    @property
    def age_seconds(self) -> float:
        """How long ago the present answer was asked for; above LEASE_SECONDS it does not hold. 0 before the first."""
        return 0.0 if self._answer is None else self._clock() - (self._until - LEASE_SECONDS)

    async def fresh(self) -> T:
        """The answer that holds, asked for now where none does; AccessUndecided where nobody answers."""
        held = self.held()
        if held is not None:
            return held
        async with self._turn:
            held = self.held()
            return held if held is not None else await self._renew()

    async def keep(self) -> None:
        """Asks every 250 ms, for ever. Silence is logged once, and once when it ends."""
        while True:
            began = self._clock()
            try:
                async with self._turn:
                    await self._renew()
            except AccessUndecided:
                if not self._failing:
                    log.warning("lease %s: no answer", self._name)
                self._failing = True
            else:
                if self._failing:
                    log.warning("lease %s: answered again", self._name)
                self._failing = False
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (self._clock() - began)))

    async def _renew(self) -> T:
        asked_at = self._clock()
        try:
            async with asyncio.timeout(ASK_SECONDS):
                answer = await self._ask()
        except (PortalError, grpc.aio.AioRpcError, OSError, TimeoutError):
            raise AccessUndecided from None
        self._answer, self._until = answer, asked_at + LEASE_SECONDS
        if self._clock() >= self._until:
            raise AccessUndecided
        return answer
