"""``make bench``: measures the chosen groups one after the other, prints the table and writes bench.json."""

import argparse
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import append, bus, edge, gateway, growth, memory, replay, together
from benchmarks.ground import Effort, Ground, laid, say
from benchmarks.limits import LIMITS
from benchmarks.rounds import Measured
from shared.exporting import export
from shared.process.collecting import collect_seldom

REPORT = Path(__file__).parents[1] / ".portal/reports/bench.json"
GROUPS: Mapping[str, Callable[[Ground], Awaitable[list[Measured]]]] = {
    "append": append.run,
    "replay": replay.run,
    "edge": edge.run,
    "gateway": gateway.run,
    "bus": bus.run,
    "together": together.run,
    "growth": growth.run,
    "memory": memory.run,
}
"""Name → what measures a row or several that belong together; the rows' order is theirs."""


def chosen(arguments: Sequence[str]) -> tuple[list[str], Effort]:
    """Groups and effort, as asked on the command line."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", default="", help=f"groups, separated by commas: {', '.join(GROUPS)}")
    parser.add_argument("--rounds", type=int, default=7, help="rounds that count")
    parser.add_argument("--seconds", type=float, default=2.0, help="of load a side and round")
    parser.add_argument("--size", type=int, default=200_000, help="stored events where it is about many")
    parser.add_argument("--stored", type=int, default=24_000_000, help="events in the full store of row 10")
    parser.add_argument("--replayed", type=int, default=10_000_000, help="events of row 11")
    given = parser.parse_args(arguments)
    only = [name for name in given.only.split(",") if name]
    unknown = [name for name in only if name not in GROUPS]
    if unknown:
        parser.error(f"expected groups out of {', '.join(GROUPS)}, found {', '.join(unknown)}")
    return only or list(GROUPS), Effort(given.rounds, given.seconds, given.size, given.stored, given.replayed)


def main(arguments: Sequence[str]) -> int:
    """0 where everything could be measured, whatever it came to; 1 where a group failed technically."""
    groups, effort = chosen(arguments)
    export("documents", "")  # as a service's process without an endpoint
    collect_seldom()
    measured: list[Measured] = []
    failed: list[str] = []
    for name in groups:
        say(f"{name}: {effort.rounds} rounds")
        try:
            with laid(effort) as ground:
                measured += uvloop.run(_group(name, ground))
        except Exception:
            traceback.print_exc()
            failed.append(name)
    show(measured)
    write(measured)
    for name in failed:
        say(f"{name} failed: see above")
    return 1 if failed else 0


async def _group(name: str, ground: Ground) -> list[Measured]:
    return await GROUPS[name](ground)


def show(measured: Sequence[Measured]) -> None:
    table = Table("row", "figure", "median", "low", "high", "goal", "rounds", "")
    for one in measured:
        line = one.line()
        goal = f"{'≤' if one.figure.at_most else '≥'} {one.figure.goal:g}"
        table.add_row(
            str(line["row"]), one.figure.name, *(f"{line[name]:.2f}" for name in ("median", "low", "high")), goal,
            str(line["rounds"]), "held" if one.held else "missed",
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    for row, limit in missed(measured):
        console.print(f"row {row}: {limit}\n", markup=False, highlight=False)


def missed(measured: Sequence[Measured]) -> list[tuple[int, str]]:
    """Each row with a goal out of reach, and what was tried for it; a row that is held needs no word."""
    rows = sorted({one.figure.row for one in measured if not one.held})
    return [(row, LIMITS[row]) for row in rows if row in LIMITS]


def report() -> list[dict[str, Any]]:
    """The rows of the last report; none before the first."""
    found: list[dict[str, Any]] = json.loads(REPORT.read_text())["rows"] if REPORT.exists() else []
    return found


def write(measured: Sequence[Measured]) -> None:
    """The report: rows that were not measured this time stay as they were."""
    lines = [one.line() for one in measured]
    new = {line["row"] for line in lines}
    rows = sorted([line for line in report() if line["row"] not in new] + lines, key=lambda line: line["row"])
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
