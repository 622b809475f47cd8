"""One effect in hand: the commands it runs as the system, the rows it reads, the effects that follow it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from shared.clock import Clock
from shared.effects import Effect, PendingEffect
from shared.effects.table import effect_id
from shared.eventstore.store import EventStore
from shared.handling import StreamQueues, Work
from shared.ids import natural_id
from shared.reading import Database, Rows
from shared.telemetry import TRACEPARENT, current_traceparent

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Means:
    """What carrying out stands on; the same store and queues that calls use. ``clock`` is the rules' clock."""

    store: EventStore
    queues: StreamQueues
    clock: Clock
    database: Database


class CarriedEffect:
    """Carrying, for one attempt."""

    def __init__(self, effect: PendingEffect, means: Means) -> None:
        self.effect: PendingEffect = effect
        self.now: datetime = means.clock.now()
        self.following: list[Effect] = []
        self._means = means
        self._performed: set[str] = set()

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C) -> R:
        """See Carrying. ValueError for a handler that this effect ran before: its command id is taken."""
        name = handler.__name__
        if name in self._performed:
            raise ValueError(f"expected {name} once an effect, found it twice: add an effect a recipient by follow")
        self._performed.add(name)
        work = Work(
            self._means.store,
            self._means.queues,
            self.now,
            natural_id(self.effect.id, name),
            metadata=self._metadata(),
        )
        return await handler(command, work)

    def rows(self) -> AbstractAsyncContextManager[Rows]:
        return self._means.database.live_rows()

    def follow(self, *effects: Effect) -> None:
        """See Carrying. ValueError for one that would have this effect's own id, and so never come to be."""
        for effect in effects:
            if effect_id(self.effect.cause, effect.kind, effect.recipient) == self.effect.id:
                raise ValueError(f"expected another kind or recipient than the effect's own, found {effect.kind}")
        self.following += effects

    def _metadata(self) -> Mapping[str, str]:
        details = self.effect.details
        found = {
            "actor": self._means.store.service,
            "origin": "system",
            "cause": self.effect.cause,
            "practice": details.get("practice_id", ""),
            "patient": details.get("patient_id", ""),
            TRACEPARENT: current_traceparent() or self.effect.traceparent,
        }
        return {name: value for name, value in found.items() if value}
