"""``make faults``: every promise in its long form, planted bugs, the table and faults.json; 1 where one is broken."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.faults import directed, disk, exactly, money, planted, promises, refilling, revocation
from tests.faults.promises import Kept
from tests.faults.scenes import SCENES
from tests.faults.world import ROOT

REPORT = ROOT / ".portal/reports/faults.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """How long, how often, with which choices."""

    seed: int
    seconds: float
    calls: int
    trials: int
    payments: int
    records: int
    scenes: Sequence[str]
    bugs: Sequence[str]


def asked(arguments: Sequence[str]) -> Asked:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--seed", type=int, default=promises.new_seed(), help="of a run to be repeated")
    parser.add_argument("--seconds", type=float, default=300.0, help="of the storm")
    parser.add_argument("--calls", type=int, default=25, help="system calls at each of which each part dies once")
    parser.add_argument("--trials", type=int, default=1000, help="of revocation")
    parser.add_argument("--payments", type=int, default=30, help="of each patient, while the portal is killed")
    parser.add_argument("--records", type=int, default=1_000_000, help="to be refilled beside a bare producer")
    parser.add_argument("--scenes", default=",".join(SCENES), help="of directed fire, separated by commas")
    parser.add_argument("--bugs", default=",".join(planted.BUGS), help="to be planted, separated by commas")
    given = parser.parse_args(arguments)
    scenes, bugs = listed(given.scenes), listed(given.bugs)
    return Asked(given.seed, given.seconds, given.calls, given.trials, given.payments, given.records, scenes, bugs)


def listed(words: str) -> list[str]:
    return [word for word in words.split(",") if word]


async def run(what: Asked) -> tuple[list[Kept], list[dict[str, str]]]:
    """The promises kept or broken, and by which promise each planted bug was caught."""
    kept: list[Kept] = []
    if what.seconds > 0:
        say(f"a storm of {what.seconds:g} s, seed {what.seed}")
        async with promises.raged(what.seed, what.seconds, outside=True) as after:
            kept += after.kept
            say("a broker killed and wiped")
            kept.append(await promises.a_wiped_broker_is_filled_again(after))
            if what.calls and exactly.STRACE:
                say(f"each part killed at its first {what.calls} system calls")
                kept.extend(await exactly.killed_at_each_call(after, what.calls))
            say("read models rebuilt and compared")
            kept.append(await promises.replay_equals_live(after))
    if what.trials:
        say(f"{what.trials} revocations")
        kept.append(await revocation.binds_within_a_second(what.seed, what.trials))
    if what.payments:
        say(f"{what.payments} payments a patient")
        kept.append(await money.adds_up(what.seed, what.payments))
    if what.records:
        say(f"{what.records} records refilled")
        refilled, ratio = await refilling.is_as_fast(what.seed, what.records)
        say(f"   in {ratio:.2f} of the time of a bare producer")
        kept.append(refilled)
    found: list[dict[str, str]] = []
    if what.scenes or what.bugs:
        async with directed.theatre() as made:
            say(f"{len(what.scenes)} scenes on sound code")
            kept += await directed.on_sound_code(made, what.seed, what.scenes, say)
            if what.scenes:
                full = await disk.full_and_free_again(what.seed)
                say("NOT TRIED: a full disk, which this user may not mount" if full is None else "   a full disk")
                kept += [full] if full is not None else []
            for bug in what.bugs:
                caught = await directed.caught_by(made, what.seed, bug)
                say(f"planted: {bug}, caught by {caught or 'nobody'}")
                found.append({"bug": bug, "caught_by": caught})
    return merged(kept), found


async def ended_by_signal(what: Asked) -> tuple[list[Kept], list[dict[str, str]]]:
    """SIGTERM ends everything that was started, too."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(what)


def merged(kept: Sequence[Kept]) -> list[Kept]:
    """One line a promise, whatever it was tried with."""
    numbers = sorted({one.promise for one in kept})
    return [sum_of([one for one in kept if one.promise == number]) for number in numbers]


def sum_of(tried: Sequence[Kept]) -> Kept:
    return Kept(
        promise=tried[0].promise,
        held=all(one.held for one in tried),
        trials=sum(one.trials for one in tried),
        kills=sum(one.kills for one in tried),
        lost=sum(one.lost for one in tried),
        doubled=sum(one.doubled for one in tried),
        seed=tried[0].seed,
        complaints=[complaint for one in tried for complaint in one.complaints],
    )


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def show(kept: Sequence[Kept], bugs: Sequence[dict[str, str]]) -> None:
    console = Console(width=120)
    table = Table("promise", "held", "trials", "kills", "lost", "doubled", "seed")
    for one in kept:
        table.add_row(*(str(value) for value in one.line().values()))
    console.print(table)
    planted_table = Table("planted bug", "caught by")
    for bug in bugs:
        planted_table.add_row(bug["bug"], bug["caught_by"] or "NOBODY")
    if bugs:
        console.print(planted_table)
    for one in kept:
        for complaint in one.complaints[:10]:
            say(f"promise {one.promise}, seed {one.seed}: {complaint}")


def main(arguments: Sequence[str]) -> int:
    try:
        kept, bugs = asyncio.run(ended_by_signal(asked(arguments)))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    show(kept, bugs)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"promises": [one.line() for one in kept], "planted": bugs}, indent=1) + "\n")
    return 0 if all(one.held for one in kept) and all(bug["caught_by"] for bug in bugs) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
