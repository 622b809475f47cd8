"""A measured value's course as a small drawing; the same numbers stand in a table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.documents.v1.api_pb2 import ResultSummary, ResultValue, TrendPoint
from web.showing import measured

WIDTH, HEIGHT, MARGIN = 240, 60, 6
MOST = 1e12
"""What is not below it (no number at all, too) is not drawn."""


@dataclass(frozen=True, slots=True)
class Trend:
    """``points``: earlier values and the present one, oldest first. ``line``: an SVG polyline, '' without numbers."""

    points: Sequence[TrendPoint]
    line: str
    last: tuple[float, float] | None


def trend_of(value: ResultValue, summary: ResultSummary) -> Trend | None:
    """None without an earlier value to compare with."""
    if not value.trend:
        return None
    points = [*value.trend, TrendPoint(at=summary.effective_at, value=value.value)]
    try:
        numbers = [float(measured(point.value)) for point in points]
    except ValueError:
        return Trend(points, "", None)
    if any(not abs(number) <= MOST for number in numbers):
        return Trend(points, "", None)
    places = _places(numbers)
    return Trend(points, " ".join(f"{x:.1f},{y:.1f}" for x, y in places), places[-1])


def _places(numbers: Sequence[float]) -> list[tuple[float, float]]:
    lowest, highest = min(numbers), max(numbers)
    span = highest - lowest or 1.0
    step = (WIDTH - 2 * MARGIN) / (len(numbers) - 1)
    return [
        (MARGIN + place * step, HEIGHT - MARGIN - (number - lowest) / span * (HEIGHT - 2 * MARGIN))
        for place, number in enumerate(numbers)
    ]
