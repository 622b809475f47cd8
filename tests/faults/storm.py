"""Commands without pause while parts are killed at random: what was asked, what was answered, what is there."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.bus.partitions import PARTITIONS
from shared.clock import monotonic
from shared.ids import uuid7
from shared.waking import woken
from tests.faults.asking import Desk, bought, seeded, turned
from tests.faults.looking import Found, look
from tests.faults.places import PEER, SENDER
from tests.faults.recorder import Outcome
from tests.faults.world import PARTS, World

CLIENTS = 12
OWNERS = 8
REPEATED = 0.1
"""Of the acknowledged commands as many are asked once more."""
COPIED = 0.1
"""Of the records in the topic as many are sent again."""
LEAST_PAUSE, MOST_PAUSE = 0.2, 1.2
FROZEN, FROZEN_SECONDS = "frozen ", 4.5
"""Before a victim's name: it is not killed, but stands still for longer than its session lasts."""


@dataclass(slots=True)
class Storm:
    """One run. Its choices come from ``rng`` alone; the moments at which they meet do not."""

    world: World
    rng: random.Random
    copies: int = 0
    freezes: int = 0
    desk: Desk = field(init=False)
    _lamps: list[str] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.desk = Desk(self.world, self.rng)

    async def run(self, seconds: float, victims: Sequence[str]) -> None:
        """Rages for that long, then lets everything come up and settles what is unknown."""
        await asyncio.gather(*(self.world.start(name) for name in self._parts()))
        clients = [asyncio.create_task(self._client(seeded(self.rng.random()))) for _ in range(CLIENTS)]
        copying = asyncio.create_task(self._copy(seeded(self.rng.random())))
        try:
            await self._rage(seconds, victims)
        finally:
            self._over.set()
        await asyncio.gather(*clients)
        copying.cancel()
        with suppress(asyncio.CancelledError):
            await copying

    def _parts(self) -> list[str]:
        """All but who acts outside, where nobody is outside."""
        return [name for name, role in PARTS.items() if role != "effects" or self.world.mail_pages]

    async def _rage(self, seconds: float, victims: Sequence[str]) -> None:
        until_then = monotonic() + seconds
        while monotonic() < until_then:
            await woken(self._over, self.rng.uniform(LEAST_PAUSE, MOST_PAUSE))
            victim = self.rng.choice(victims)
            if victim.startswith(FROZEN):
                await self._freeze(victim.removeprefix(FROZEN))
                continue
            await self.world.kill(victim)
            await woken(self._over, self.rng.uniform(0.0, LEAST_PAUSE))
            await self.world.restart(victim)
            await self._start_the_dead()

    async def _freeze(self, name: str) -> None:
        """Long enough for its group to give its partitions to the other one; then it goes on where it stood."""
        self.world.freeze(name)
        await woken(self._over, FROZEN_SECONDS)
        self.world.thaw(name)
        self.freezes += 1

    async def _start_the_dead(self) -> None:
        """Parts that a dead server took with it, as a supervisor would."""
        for name, part in list(self.world.parts.items()):
            if not part.alive:
                await self.world.start(name)

    async def _client(self, rng: random.Random) -> None:
        owners = [str(uuid7()) for _ in range(OWNERS)]
        while not self._over.is_set():
            buying = rng.random() < 0.3 or not self._lamps
            asked = bought(owner=rng.choice(owners)) if buying else turned(rng.choice(self._lamps))
            if await self.desk.until_known(asked) is Outcome.ACKNOWLEDGED and buying:
                self._lamps.append(asked["lamp"])
            if rng.random() < REPEATED:
                await self.desk.until_known(asked)

    async def _copy(self, rng: random.Random) -> None:
        """Sends some of what lies in the topic again, for ever: out of order, and while the relay sends."""
        while True:
            try:
                await self._copy_some(rng)
            except (KafkaError, OSError, TimeoutError):
                await woken(asyncio.Event(), 0.5)

    async def _copy_some(self, rng: random.Random) -> None:
        place = self.world.place
        consumer = AIOKafkaConsumer(
            **place.kafka(PEER).connection("copier"), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        producer = AIOKafkaProducer(**place.kafka(SENDER).connection("copier"))
        topic = place.kafka(SENDER).topic(SENDER)
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        try:
            await consumer.start()
            await producer.start()
            while True:
                async with asyncio.timeout(30):
                    found = await consumer.getmany(timeout_ms=500)
                    for records in found.values():
                        for one in records:
                            if rng.random() < COPIED:
                                headers = list(one.headers)
                                await producer.send_and_wait(
                                    topic, one.value, key=one.key, partition=one.partition, headers=headers
                                )
                                self.copies += 1
        finally:
            await producer.stop()
            await consumer.stop()

    async def findings(self) -> Found:
        """Asked once everything is up."""
        await self._start_the_dead()
        return await look(self.desk)
