"""What a round counts for, and what the report says of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from benchmarks import main, rounds
from benchmarks.limits import LIMITS
from benchmarks.rounds import Figure, Measured, alternate

RATE = Figure(1, "ours ÷ theirs", "ours", "theirs", 2.0)
TIME = Figure(3, "ours ÷ theirs", "ours", "theirs", 1.4, at_most=True)


class Sides:
    """Two sides that write down when they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(self, name: str, value: float) -> Callable[[], Awaitable[float]]:
        async def measured() -> float:
            self.asked.append(name)
            return value

        return measured


async def test_every_second_round_takes_the_sides_in_the_other_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "disk_seconds", lambda folder: 1.0)
    sides = Sides()
    asked = {"ours": sides.of("ours", 3.0), "theirs": sides.of("theirs", 1.0)}
    counted = await alternate(3, tmp_path, asked, lambda line: None)
    assert sides.asked == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [round_.values["ours"] for round_ in counted] == [3.0] * 3


async def test_a_round_in_which_the_disk_was_slow_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = iter([1.0, 1.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    monkeypatch.setattr(rounds, "disk_seconds", lambda folder: next(probes))
    values = iter([1.0, 2.0, 3.0, 4.0])

    async def ours() -> float:
        return next(values)

    counted = await alternate(3, tmp_path, {"ours": ours}, lambda line: None)
    assert [round_.values["ours"] for round_ in counted] == [1.0, 3.0, 4.0]


@pytest.mark.parametrize(("figure", "ratios", "held"), [
    (RATE, [2.0, 2.0, 1.0], True), (RATE, [1.9, 1.9, 9.0], False),
    (TIME, [1.4, 1.4, 9.0], True), (TIME, [1.5, 1.5, 1.0], False),
])  # fmt: skip
def test_a_goal_is_held_by_the_median(figure: Figure, ratios: list[float], held: bool) -> None:
    assert Measured(figure, ratios, 0).line() == {
        "row": figure.row, "name": figure.name, "median": sorted(ratios)[1], "low": min(ratios), "high": max(ratios),
        "goal": figure.goal, "rounds": 3, "held": held,
    }  # fmt: skip


def test_rows_that_were_not_measured_this_time_stay_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "REPORT", tmp_path / "reports/bench.json")
    main.write([Measured(TIME, [1.0], 0)])
    main.write([Measured(RATE, [1.0], 0)])
    main.write([Measured(RATE, [5.0], 0)])
    assert [(line["row"], line["median"]) for line in main.report()] == [(1, 5.0), (3, 1.0)]


def test_of_a_missed_goal_the_table_says_once_what_was_tried(capsys: pytest.CaptureFixture[str]) -> None:
    main.show([Measured(RATE, [1.0], 0), Measured(RATE, [1.9], 0), Measured(TIME, [1.0], 0)])
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count(" ".join(LIMITS[1].split())) == 1
    assert "row 3:" not in printed


def test_a_group_that_is_not_there_is_refused() -> None:
    with pytest.raises(SystemExit):
        main.chosen(["--only", "apend"])
