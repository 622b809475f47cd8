"""``make demo``: the main job from end to end, through the gateway, on a portal of its own that it makes and ends."""

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.commands import CommandFailed
from operations.demo.joining import (
    a_consent_becomes_an_invitation,
    a_patient_gets_in,
    a_practice_opens,
    both_write,
    records_come_in,
)
from operations.demo.lasting import a_read_model_is_rebuilt, consent_is_withdrawn, kafka_is_lost
from operations.demo.using import a_parent_acts_for_a_child, a_result_is_released, a_statement_is_paid
from operations.demo.world import StepFailed, World
from operations.outside import Answer, NotInTime, Portal
from operations.replaying import ReplayFailed
from operations.settings import ROOT
from operations.stack import Obstacle, Ports, Stack
from shared.clock import monotonic
from shared.errors import PortalError
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel

FOLDER = ROOT / ".portal/demo"
REPORT = ROOT / ".portal/reports/demo.json"
EXPECTED = (StepFailed, Answer, NotInTime, PortalError, ReplayFailed, Obstacle, CommandFailed)
"""What ends a step with one line; anything else is a mistake of the demo and shown whole."""

Step = Callable[[World], Awaitable[None]]

STEPS: Sequence[tuple[str, Step]] = (
    ("A practice opens, staff sign in with a second factor", a_practice_opens),
    ("Records are imported: nothing visible, nobody mailed", records_come_in),
    ("A signed consent becomes a mailed invitation", a_consent_becomes_an_invitation),
    ("The patient opens the link and gets in", a_patient_gets_in),
    ("Patient and provider write to each other", both_write),
    ("A provider releases a result; the patient reads it", a_result_is_released),
    ("A statement is paid, and the balance is exact", a_statement_is_paid),
    ("A parent acts for a child until the 12th birthday", a_parent_acts_for_a_child),
    ("Consent is withdrawn: every service refuses within 1 s", consent_is_withdrawn),
    ("A read model is rebuilt while it is read", a_read_model_is_rebuilt),
    ("Kafka is killed, wiped and comes back empty", kafka_is_lost),
)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the report."""

    step: int
    name: str
    ok: bool
    seconds: float


async def demonstrate(folder: Path = FOLDER, steps: Sequence[tuple[str, Step]] = STEPS) -> list[Told]:
    """Walks the steps on a fresh portal; stops at the first that does not hold."""
    console = Console(highlight=False, soft_wrap=True)
    shutil.rmtree(folder, ignore_errors=True)
    stack = Stack(folder, Ports.free(), say=lambda text: console.print(f"  {text}", markup=False))
    told: list[Told] = []
    try:
        await stack.start()
        portal = Portal(stack.public_url, stack.state.authority, stack.mail_url)
        channels = ApiChannel(
            Certificates(stack.state.certificates, "operations"),
            lambda service: stack.environment()[f"PORTAL_{service.upper()}_PEERS"],
        )
        world = World(stack, portal, channels)
        for number, (name, step) in enumerate(steps, start=1):
            began = monotonic()
            failure = await _failure(step, world)
            told.append(Told(number, name, not failure, round(monotonic() - began, 3)))
            mark = "held" if not failure else f"FAILED: {failure}"
            console.print(f"{number:2}. {name:58} {told[-1].seconds:7.2f} s  {mark}", markup=False)
            if failure:
                break
        await portal.close()
        await channels.close()
    finally:
        await stack.stop()
    return told


async def _failure(step: Step, world: World) -> str:
    """What did not hold, '' where all did."""
    try:
        await step(world)
    except EXPECTED as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""


def report(told: Sequence[Told], path: Path = REPORT) -> None:
    """``{"steps": [{"step", "name", "ok", "seconds"}]}``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"steps": [asdict(one) for one in told]}, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """0 only when every step held."""
    try:
        told = asyncio.run(demonstrate())
    except (Obstacle, CommandFailed) as obstacle:
        sys.stderr.write(f"{obstacle}\n")
        return 1
    report(told)
    return 0 if len(told) == len(STEPS) and all(one.ok for one in told) else 1


if __name__ == "__main__":
    sys.exit(main())
