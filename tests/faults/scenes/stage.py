"""Where one scene is played: an empty world, the parts that it needs, each behind a wire that can be held or cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from deploy.local.ports import free_ports
from shared.ids import uuid7
from shared.waking import woken
from tests.faults.acting import Ledgers
from tests.faults.asking import Desk, bought, seeded
from tests.faults.looking import in_store, look, look_outside
from tests.faults.places import peer
from tests.faults.recorder import Findings
from tests.faults.wire import Moment, Snare, Wire
from tests.faults.world import World
from tests.waiting import until

ASKED, ANSWERED = Moment.ASKED, Moment.ANSWERED
SPRUNG_SECONDS, PLANTED_SECONDS = 60.0, 8.0
"""How long is waited for what must happen; with a planted bug it may never."""


@dataclass(slots=True)
class Stage:
    """One scene's world. ``kills`` counts those of this scene."""

    world: World
    desk: Desk
    before: Ledgers
    kills: int = 0
    trials: int = 0
    owner: str = field(default_factory=lambda: str(uuid7()))
    """The patient that scenes are about."""

    @property
    def seconds(self) -> float:
        return PLANTED_SECONDS if self.world.bug else SPRUNG_SECONDS

    async def start(self, *names: str) -> None:
        """Starts these parts, each behind a wire of its own."""
        for name in names:
            if name not in self.world.wires:
                [port] = free_ports(1)
                self.world.wires[name] = Wire(port, self.world.place.port)
                await self.world.wires[name].open()
        await asyncio.gather(*(self.world.start(name) for name in names))

    def snare(self, name: str, words: str, moment: Moment, spring: Callable[[], Awaitable[bool]]) -> Snare:
        self.trials += 1
        return self.world.wires[name].set(words, moment, spring)

    def killing(self, name: str, words: str, moment: Moment) -> Snare:
        """The part dies there, and the message with it."""

        async def spring() -> bool:
            self.kills += 1
            self.world.parts[name].process.kill()
            return False

        return self.snare(name, words, moment, spring)

    def cutting(self, name: str, words: str, moment: Moment) -> Snare:
        """The connection ends there, and the message with it."""

        async def spring() -> bool:
            return False

        return self.snare(name, words, moment, spring)

    def follow(self, name: str, after: str, words: str, moment: Moment, *, kill: bool = False) -> Snare:
        """A snare at the first ``words`` after ``after``, in whatever connection of the part that is."""
        inner: list[Snare] = []
        sprung = asyncio.Event()

        async def spring() -> bool:
            sprung.set()
            if kill:
                self.kills += 1
                self.world.parts[name].process.kill()
            return False

        async def arm() -> bool:
            inner.append(self.world.wires[name].set(words, moment, spring))
            return True

        armed = self.snare(name, after, Moment.ASKED, arm)
        return Snare(armed.words, moment, spring, sprung)

    async def killed_at(self, name: str, words: str, moment: Moment, after: str) -> None:
        """A command more, in the course of which the part dies there; it is up again afterwards."""
        snare = self.follow(name, after, words, moment, kill=True) if after else self.killing(name, words, moment)
        await self.desk.until_known(bought(owner=self.owner))
        await self.killed(name, snare)
        await self.arrived()

    async def killed(self, name: str, snare: Snare) -> None:
        """Once it is dead it is started again."""
        await snare_sprung(snare, self.seconds)
        if snare.sprung.is_set():
            await self.world.parts[name].listening
            await self.world.start(name)

    async def arrived(self) -> bool:
        """Waits until the peer has everything; whether it has, or patience ended."""
        last = len(await in_store(self.world))
        async with peer(self.world.place) as found:

            async def there() -> bool:
                return len(await found.seen()) >= last

            with suppress(TimeoutError):
                await until(there, self.seconds)
            return await there()

    async def findings(self) -> Findings:
        """What is wrong with the store and the peer."""
        return (await look(self.desk)).all

    async def outside(self, twice: int = 0) -> Findings:
        """The same, with the ledgers outside."""
        return await self.findings() + await look_outside(self.desk, self.before, twice)


async def snare_sprung(snare: Snare, seconds: float) -> None:
    """Once it has sprung, or patience ends."""
    await woken(snare.sprung, seconds)


@asynccontextmanager
async def staged(world: World, seed: int, bug: str = "") -> AsyncIterator[Stage]:
    """An empty world for one scene, with ``bug`` in each of its parts."""
    world.bug = bug
    await world.renew()
    before = await Ledgers.read(world.mail_pages, world.place.processor)
    try:
        yield Stage(world, Desk(world, seeded(seed)), before)
    finally:
        await world.end_parts()
        for wire in world.wires.values():
            await wire.close()
        world.wires.clear()
