"""Effects: what follows from an event once, and never again in a replay: a command, a mail, a payment."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from shared.envelope import Recorded
from shared.handling import Work
from shared.reading import Rows

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Effect:
    """What ``processes.py`` or ``consumers.py`` decide: pure, from the event alone.

    One row is kept by (cause, ``kind``, ``recipient``). Effects of one ``key`` (the patient, else the stream)
    run in order. ``due_at`` None: at once; else on the rules' clock. ``details`` holds ids and words only;
    whatever personal is needed is asked for when it runs.
    """

    kind: str
    key: UUID
    recipient: str = ""
    due_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PendingEffect:
    """One claimed row. ``cause`` is the event id ``<service>:<position>``, ``at`` that event's time.

    ``id`` = UUIDv5(cause, kind, recipient): the idempotency key of payments and the Message-ID of mails.
    ``attempt`` counts from 1.
    """

    id: UUID
    cause: str
    kind: str
    key: UUID
    recipient: str
    at: datetime
    details: Mapping[str, str]
    traceparent: str
    attempt: int


class Carrying(Protocol):
    """One effect being carried out, outside any transaction; possibly for the second time after a crash."""

    effect: PendingEffect
    now: datetime
    """The rules' clock."""

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C) -> R:
        """Runs a command as the system, caused by this effect; its command id is UUIDv5(effect id, handler's name)."""

    def rows(self) -> AbstractAsyncContextManager[Rows]:
        """The live read models of this service."""

    def follow(self, *effects: Effect) -> None:
        """Adds rows of the same cause (one a recipient, say), written with the mark that this one is done."""


Decide = Callable[[Recorded[Any]], Iterable[Effect]]
"""An event's effects, e.g. ``lambda signed: [Effect("issue-invitation", key=signed.event.patient_id, …)]``."""

Run = Callable[[Carrying], Awaitable[None]]
"""Carries one effect out, idempotent by ``effect.id``.

Raising a PortalError that retrying cannot mend parks the effect; Unavailable and lost connections are retried.
"""
