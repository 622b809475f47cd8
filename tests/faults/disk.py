"""Promise 11: a disk that is full is said to be, and once there is room everything goes on by itself."""

from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from subprocess import CalledProcessError

from shared.clock import monotonic
from tests.faults.asking import Desk, bought, seeded
from tests.faults.looking import in_store
from tests.faults.promises import Kept
from tests.faults.recorder import Findings, check_store
from tests.faults.world import World, world
from tests.unit.shared.eventstore.lamps import Lamp

DISK_MEGABYTES = 320
MOST_COMMANDS = 2_000
"""Until then what was allotted before the disk was full must be used up."""
RECOVERY_SECONDS = 5.0
FULL = "53100"
CHUNK = bytes(1 << 20)


async def full_and_free_again(seed: int) -> Kept | None:
    """None where this user may not mount a disk, and so nothing was tried."""
    try:
        async with world(DISK_MEGABYTES, kafka=False) as made:
            desk = Desk(made, seeded(seed))
            await made.start("writer")
            complaints = await _filled(made, desk)
            stored: dict[str, list[int]] = defaultdict(list)
            for one in await in_store(made):
                if isinstance(one.event, Lamp.Turned):
                    stored[one.event.note].append(one.position)
    except CalledProcessError:
        return None
    found = check_store(desk.recorder, stored) + Findings(complaints=complaints)
    return Kept.of(11, found, trials=len(desk.recorder.commands), kills=0, seed=seed)


async def _filled(made: World, desk: Desk) -> list[str]:
    await desk.until_known(bought())
    filler = made.folder / "disk" / "filler"
    fill(filler)
    for _ in range(MOST_COMMANDS):
        asked = bought()
        answer = await desk.ask(asked, ["writer"])
        if "position" not in answer:
            break
        desk.recorder.acknowledged(asked["token"], answer["position"])
    else:
        return ["the disk is full and nobody noticed"]
    filler.unlink()
    began = monotonic()
    await desk.until_known(asked)
    took = monotonic() - began
    clear = answer.get("failed") == FULL or "unknown" in answer
    complaints = [] if clear else [f"expected a clear refusal, found {dict(answer)}"]
    return complaints + ([f"recovery took {took:.1f} s"] if took > RECOVERY_SECONDS else [])


def fill(path: Path) -> None:
    """Until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for chunk in (CHUNK, CHUNK[:4096]):
            with suppress(OSError):
                while file.write(chunk) == len(chunk):
                    pass
