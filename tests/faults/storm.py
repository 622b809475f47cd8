"""Commands without pause while parts are killed at random: what was asked, what was answered, what is there."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.aggregate import Aggregate
from shared.bus.codec import Record
from shared.bus.partitions import PARTITIONS
from shared.clock import monotonic
from shared.envelope import Recorded
from shared.ids import uuid7
from shared.waking import woken
from tests.faults.places import PEER, SENDER, peer, store
from tests.faults.recorder import Findings, Outcome, Recorder, check_chain, check_read, check_store
from tests.faults.world import PARTS, WRITERS, World
from tests.unit.shared.eventstore.lamps import Lamp
from tests.waiting import until

CLIENTS = 12
OWNERS = 8
SETTLE_SECONDS, PLANTED_SECONDS = 120.0, 20.0
"""How long is waited for what must come; with a planted bug it may never."""
ANSWER_SECONDS = 20.0
REPEATED = 0.1
"""Of the acknowledged commands as many are asked once more."""
COPIED = 0.1
"""Of the records in the topic as many are sent again."""
LEAST_PAUSE, MOST_PAUSE = 0.2, 1.2
FROZEN, FROZEN_SECONDS = "frozen ", 4.5
"""Before a victim's name: it is not killed, but stands still for longer than its session lasts."""


def seeded(seed: float) -> random.Random:
    """Choices that come again with the seed."""
    return random.Random(seed)  # noqa: S311 - nothing is kept secret by it


@dataclass(slots=True)
class Storm:
    """One run. Its choices come from ``rng`` alone; the moments at which they meet do not."""

    world: World
    rng: random.Random
    recorder: Recorder = field(default_factory=Recorder)
    copies: int = 0
    freezes: int = 0
    _waiting: dict[str, "asyncio.Future[Mapping[str, Any]]"] = field(default_factory=dict)
    _lamps: list[tuple[str, str]] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def patience_seconds(self) -> float:
        return PLANTED_SECONDS if self.world.bug else SETTLE_SECONDS

    async def run(self, seconds: float, victims: Sequence[str]) -> None:
        """Rages for that long, then lets everything come up and settles what is unknown."""
        self.world.heard = self._heard
        await asyncio.gather(*(self.world.start(name) for name in PARTS))
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
            lamp, owner = (str(uuid7()), rng.choice(owners)) if buying else rng.choice(self._lamps)
            asked = {"token": uuid7().hex, "kind": "buy" if buying else "turn", "lamp": lamp, "owner": owner}
            await self._until_known(asked)
            if buying and self.recorder.commands[asked["token"]].outcome is Outcome.ACKNOWLEDGED:
                self._lamps.append((lamp, owner))
            if rng.random() < REPEATED:
                await self._until_known(asked)

    async def _until_known(self, asked: Mapping[str, str]) -> None:
        """Asks again with the same token until there is an answer, as clients do."""
        token, deadline = asked["token"], monotonic() + self.patience_seconds
        while monotonic() < deadline:
            answer = await self._ask(asked)
            if "position" in answer:
                return self.recorder.acknowledged(token, answer["position"])
            if answer.get("refused", "conflict") != "conflict":
                return self.recorder.refused(token)
            self.recorder.unknown(token)
            await woken(asyncio.Event(), 0.05)
        return None

    async def _ask(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        token = asked["token"]
        self.recorder.invoked(token)
        name = self.rng.choice([name for name in WRITERS if self.world.parts[name].alive] or WRITERS)
        part = self.world.parts[name]
        answer = self._waiting[token] = asyncio.get_running_loop().create_future()
        try:
            if not await self.world.tell(name, asked):
                return {}
            await asyncio.wait({answer, part.listening}, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else {}
        finally:
            del self._waiting[token]

    def _heard(self, said: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(said["token"])
        if waiting is not None and not waiting.done():
            waiting.set_result(said)

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

    async def calm(self, commands: int) -> None:
        """So many more commands, without anything being killed by this."""
        owner = str(uuid7())
        for _ in range(commands):
            await self._until_known({"token": uuid7().hex, "kind": "buy", "lamp": str(uuid7()), "owner": owner})

    async def findings(self) -> tuple[Findings, Findings]:
        """What is wrong with the store, and with what the peer made of it; asked once everything is up."""
        await self._start_the_dead()
        stored: dict[str, list[int]] = defaultdict(list)
        public: list[int] = []
        async with store(self.world.place) as (opened, _):
            async for page in opened.read(0):
                for recorded in page:
                    public.append(recorded.position)
                    for token in _tokens(recorded):
                        stored[token].append(recorded.position)
        async with peer(self.world.place) as found:

            async def arrived() -> bool:
                return set(await found.seen()) >= set(public)

            with suppress(TimeoutError):  # what is missing then is told by the checker
                await until(arrived, self.patience_seconds)
            read = check_read(public, await found.seen(), await found.late())
        chain = check_chain(await self.log())
        return check_store(self.recorder, stored), read + chain

    async def log(self) -> list[list[tuple[int, int]]]:
        """(previous, position) of each record in the topic, by partition."""
        return [[one.place() or (0, 0) for one in records] for records in await self.records()]

    async def last_records(self) -> list[Record]:
        """The last record of each partition."""
        return [records[-1] for records in await self.records() if records]

    async def resend(self, records: Sequence[Record]) -> None:
        """As somebody who has the sender's certificate and is not its relay."""
        producer = AIOKafkaProducer(**self.world.place.kafka(SENDER).connection("copier"))
        await producer.start()
        try:
            topic = self.world.place.kafka(SENDER).topic(SENDER)
            for one in records:
                headers = list(one.headers.items())
                await producer.send_and_wait(topic, one.value, key=one.key, partition=one.partition, headers=headers)
        finally:
            await producer.stop()

    async def records(self) -> list[list[Record]]:
        """Each partition's records as they lie in the topic."""
        kafka = self.world.place.kafka(PEER)
        places = [TopicPartition(kafka.topic(SENDER), partition) for partition in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(**kafka.connection("checker"), enable_auto_commit=False)
        consumer.assign(places)
        await consumer.start()
        try:
            ends = await consumer.end_offsets(places)
            for one in places:
                consumer.seek(one, 0)
            found: dict[TopicPartition, list[Record]] = {one: [] for one in places}
            reached = dict.fromkeys(places, 0)
            async with asyncio.timeout(60):
                while any(reached[one] < ends[one] for one in places):
                    for one, records in (await consumer.getmany(timeout_ms=200)).items():
                        reached[one] = records[-1].offset + 1
                        found[one] += [Record.of(SENDER, record) for record in records]
            return [found[one] for one in places]
        finally:
            await consumer.stop()


def _tokens(recorded: Recorded[Aggregate.Event]) -> list[str]:
    return [recorded.event.note] if isinstance(recorded.event, Lamp.Turned) else []
