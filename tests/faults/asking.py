"""Whoever asks writers for commands, over and over until there is an answer, and keeps the history."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.clock import monotonic
from shared.ids import uuid7
from shared.waking import woken
from tests.faults.recorder import Outcome, Recorder
from tests.faults.world import WRITERS, World

PATIENCE_SECONDS, PLANTED_SECONDS = 120.0, 20.0
"""How long is waited for what must come; with a planted bug it may never."""
ANSWER_SECONDS = 20.0


def seeded(seed: float) -> random.Random:
    """Choices that come again with the seed."""
    return random.Random(seed)  # noqa: S311 - nothing is kept secret by it


def bought(lamp: str = "", owner: str = "") -> dict[str, str]:
    """A command that buys a lamp, a new one of a new owner where none is named."""
    return {"token": uuid7().hex, "kind": "buy", "lamp": lamp or str(uuid7()), "owner": owner or str(uuid7())}


def acted(owner: str) -> dict[str, str]:
    """The same, a lamp whose turnings have effects."""
    return bought(str(UUID(int=uuid7().int & ~0xF)), owner)


def turned(lamp: str) -> dict[str, str]:
    return {"token": uuid7().hex, "kind": "turn", "lamp": lamp}


@dataclass(slots=True)
class Desk:
    """Its choices come from ``rng`` alone; the moments at which they meet do not."""

    world: World
    rng: random.Random
    recorder: Recorder = field(default_factory=Recorder)
    _waiting: dict[str, "asyncio.Future[Mapping[str, Any]]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.heard = self._heard

    @property
    def patience_seconds(self) -> float:
        return PLANTED_SECONDS if self.world.bug else PATIENCE_SECONDS

    async def until_known(self, asked: Mapping[str, str], writers: Sequence[str] = WRITERS) -> Outcome:
        """Asks again with the same token until there is an answer, as clients do; one of ``writers`` that is alive."""
        token, deadline = asked["token"], monotonic() + self.patience_seconds
        while monotonic() < deadline:
            answer = await self.ask(asked, writers)
            if "position" in answer:
                self.recorder.acknowledged(token, answer["position"])
                break
            if answer.get("refused", "conflict") != "conflict":
                self.recorder.refused(token)
                break
            self.recorder.unknown(token)
            await woken(asyncio.Event(), 0.05)
        return self.recorder.commands[token].outcome

    async def ask(self, asked: Mapping[str, str], writers: Sequence[str] = WRITERS) -> Mapping[str, Any]:
        """One answer, {} where there was none."""
        token = asked["token"]
        self.recorder.invoked(token)
        there = [name for name in writers if name in self.world.parts]
        name = self.rng.choice([name for name in there if self.world.parts[name].alive] or there)
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

    async def calm(self, commands: int) -> None:
        """So many commands of one owner, one after the other; each has effects."""
        owner = str(uuid7())
        for _ in range(commands):
            await self.until_known(acted(owner))
