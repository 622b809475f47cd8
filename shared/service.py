"""What makes one service, as plain tables: ``main.py`` fills them in, ``shared/process.py`` runs them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from uuid import UUID

from grpc.aio import Channel

from shared.access.windows import HeldWindow, StaffMembership
from shared.clock import RulesClock
from shared.contracts.event import PublicEvent
from shared.effects import Decide, Run
from shared.envelope import Recorded
from shared.eventstore.store import EventStore
from shared.eventstore.stored import Stored
from shared.reading import Database, ReadModel
from shared.rpc.policy import Policy

SERVICES = ("identity", "consent", "messaging", "documents", "billing")

Publish = Callable[[Recorded[Any]], PublicEvent | None]
"""A row of ``published.py``: an own event told in the published language, or nothing."""

DecidesAccess = Callable[[UUID, UUID | None], Awaitable[Sequence[HeldWindow]]]
"""Account, patient (None: all patients) → the windows that hold or will hold."""

StaffOf = Callable[[UUID], Awaitable[Sequence[StaffMembership]]]
"""Account → its memberships in practices' staff."""

SessionEnded = Callable[[UUID], Awaitable[bool]]
"""Session id → whether it has ended."""


class Foundation(Protocol):
    """What the process gives a service to build its own parts on; ready before ``compose`` is called."""

    @property
    def store(self) -> EventStore:
        """The service's event store: to be kept by adapters; it answers once ``compose`` has returned."""

    @property
    def database(self) -> Database:
        """The service's own database: pool, sealed rows, tables of its own migrations."""

    @property
    def clock(self) -> RulesClock:
        """The rules' clock; only identity moves it."""

    def channel(self, service: str) -> Channel:
        """A peer's peer port, over mTLS as this service: ``IdentityPeersStub(foundation.channel("identity"))``.

        Each call has a deadline, carries the trace, and forwards the user's token or the causing event by itself.
        """


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One proto service: its name in the contract, the generated module, and the object that answers its RPCs."""

    service: str
    """Full name, e.g. ``portal.consent.v1.ConsentApi``."""
    contract: ModuleType
    """The generated ``api_pb2`` or ``peers_pb2``."""
    servicer: object
    """Its methods are named as the RPCs and take ``(request, call)``."""


@dataclass(frozen=True, slots=True)
class Service:
    """The tables of one service. Everything is visible here; nothing registers itself."""

    name: str
    stored: Sequence[Stored]
    published: Mapping[type, Publish]
    read_models: Sequence[ReadModel]
    policies: Mapping[str, Policy]
    api: Endpoint
    peers: Endpoint | None = None
    processes: Mapping[type, Decide] = field(default_factory=dict)
    """Own event class → its effects."""
    consumers: Mapping[str, Mapping[type, Decide]] = field(default_factory=dict)
    """Peer service → public event class → its effects."""
    effects: Mapping[str, Run] = field(default_factory=dict)
    """Effect kind → what carries it out."""
    migrations: Path | None = None
    """Folder of the service's own numbered SQL: tables that are neither events nor read models."""
    background: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """What else runs as long as the process, by name: consent's lease on identity, identity's watch of its clock.

    Each runs until it is cancelled; one that ends or fails ends the process.
    """
    decides_access: DecidesAccess | None = None
    """Consent only: its own decision from its store, so that it never asks itself."""
    staff_of: StaffOf | None = None
    """Identity only: an account's memberships from its own store."""
    session_ended: SessionEnded | None = None
    """Identity only: whether a session is no longer open, from its own tables."""


Compose = Callable[[Foundation], Service]
"""``main.py``'s one function: adapters, then the tables."""
