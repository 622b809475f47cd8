"""Rounds in alternation: every side once a round, ratios within a round, disturbed rounds measured again."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from shared.clock import monotonic

Side = Callable[[], Awaitable[float]]
"""Measures once: a rate (more is better) or seconds (less is better)."""

PROBE_WRITES, PROBE_BYTES = 40, 8192
DISTURBED = 2.5
"""A round is disturbed when writing to disk takes that many times as long as in the calmest one."""
MOST_EXTRA = 2
"""At most that many times the asked rounds are tried; then the calmest of them count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a ratio of two sides, and what it should reach."""

    row: int
    name: str
    over: str
    under: str
    goal: float
    at_most: bool = False

    def holds(self, value: float) -> bool:
        return value <= self.goal if self.at_most else value >= self.goal


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its ratios, one a round."""

    figure: Figure
    ratios: Sequence[float]
    discarded: int

    @property
    def median(self) -> float:
        return median(self.ratios)

    @property
    def held(self) -> bool:
        return self.figure.holds(self.median)

    def line(self) -> dict[str, Any]:
        """The row of ``bench.json``."""
        return {
            "row": self.figure.row,
            "name": self.figure.name,
            "median": round(self.median, 3),
            "low": round(min(self.ratios), 3),
            "high": round(max(self.ratios), 3),
            "goal": self.figure.goal,
            "rounds": len(self.ratios),
            "held": self.held,
        }


@dataclass(frozen=True, slots=True)
class _Round:
    values: Mapping[str, float]
    disk_seconds: float


def disk_seconds(folder: Path) -> float:
    """The median time of one small durable write: what disturbs it disturbs everything durable."""
    path = folder / "probe"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(PROBE_WRITES):
            began = monotonic()
            file.write(b"\0" * PROBE_BYTES)
            os.fdatasync(file.fileno())
            times.append(monotonic() - began)
    path.unlink()
    return median(times)


async def alternate(rounds: int, folder: Path, sides: Mapping[str, Side], say: Callable[[str], None]) -> list[_Round]:
    """Undisturbed rounds, in the order measured; every second one takes the sides in the other order."""
    taken: list[_Round] = []
    calm: list[_Round] = []
    while len(calm) < rounds and len(taken) < rounds * MOST_EXTRA:
        names = list(sides)[:: 1 if len(taken) % 2 == 0 else -1]
        before = await asyncio.to_thread(disk_seconds, folder)
        values = {name: await sides[name]() for name in names}
        after = await asyncio.to_thread(disk_seconds, folder)
        taken.append(_Round(values, max(before, after)))
        say("   " + ", ".join(f"{name} {values[name]:,.4g}" for name in sides))
        calmest = min(one.disk_seconds for one in taken)
        calm = [one for one in taken if one.disk_seconds <= calmest * DISTURBED]
    if len(calm) < rounds:
        calm = sorted(taken, key=lambda one: one.disk_seconds)[:rounds]
    return calm[:rounds]


def ratios(figures: Sequence[Figure], rounds: Sequence[_Round], taken: int) -> list[Measured]:
    """Each figure over the rounds that count."""
    return [
        Measured(one, [each.values[one.over] / each.values[one.under] for each in rounds], taken - len(rounds))
        for one in figures
    ]


async def measure(
    figures: Sequence[Figure], sides: Mapping[str, Side], rounds: int, folder: Path, say: Callable[[str], None]
) -> list[Measured]:
    """The figures, after one round whose values do not count: it warms what is cold."""
    for name, side in sides.items():
        say(f"   warm: {name} {await side():,.4g}")
    counted = await alternate(rounds, folder, sides, say)
    return ratios(figures, counted, len(counted))
