"""Plays scenes: on sound code, where each must end well, and with its bug planted, where it must not."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from shared.clock import monotonic
from tests.faults.planted import BUGS
from tests.faults.promises import Kept, quiet
from tests.faults.recorder import Findings
from tests.faults.scenes import SCENES
from tests.faults.scenes.stage import staged
from tests.faults.world import World, world

NOT_CAUGHT = ""


@asynccontextmanager
async def theatre() -> AsyncIterator[World]:
    """One world for all scenes, with a mail catcher and a payment processor."""
    quiet()
    async with world() as made:
        await made.start_outside()
        yield made


async def played(made: World, seed: int, name: str, bug: str = "") -> Kept:
    """One scene; a fire that did not come to its end counts as a complaint."""
    scene = SCENES[name]
    async with staged(made, seed, bug) as stage:
        try:
            found = await scene.play(stage)
        except TimeoutError:
            found = Findings(complaints=["the scene did not come to its end"])
    told = Findings(found.lost, found.doubled, [f"{name}: {complaint}" for complaint in found.complaints])
    return Kept.of(scene.promise, told, trials=stage.trials, kills=stage.kills, seed=seed)


async def on_sound_code(made: World, seed: int, names: Sequence[str], say: Callable[[str], None]) -> list[Kept]:
    kept = []
    for name in names:
        began = monotonic()
        one = await played(made, seed, name)
        say(f"   {name}: {'held' if one.held else f'BROKEN: {one.complaints[0]}'}, {monotonic() - began:.1f} s")
        kept.append(one)
    return kept


async def caught_by(made: World, seed: int, bug: str) -> str:
    """The scene that breaks under the bug, with its first complaint; '' where it ended well."""
    one = await played(made, seed, BUGS[bug].scene, bug)
    return f"promise {one.promise}: {one.complaints[0]}" if one.complaints else NOT_CAUGHT
