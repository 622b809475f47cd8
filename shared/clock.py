"""Two clocks: the rules' clock, which demo and tests may move forward, and the machine's."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a command's ``now`` comes from; aware, UTC."""

    def now(self) -> datetime: ...


class RulesClock:
    """The machine's clock plus an offset that only grows. Identity keeps the offset, its lease brings it."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    @property
    def offset(self) -> timedelta:
        return self._offset

    def now(self) -> datetime:
        return machine_now() + self._offset

    def advance_to(self, offset: timedelta) -> None:
        """Takes an offset heard from identity; a smaller one is old news and changes nothing."""
        self._offset = max(self._offset, offset)


class FixedClock:
    """A clock that stands still until it is told otherwise: for tests of rules at their boundary."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def machine_now() -> datetime:
    """The machine's wall clock: for tokens, sessions, limits and ``recorded_at``."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds of the local monotonic clock: for leases and deadlines."""
    return time.monotonic()
