"""One call as ``api.py`` meets it: the command's identity, the rows, what was viewed, and pages."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from shared import telemetry
from shared.access.enforcement import AccessSource
from shared.access.replicas import records_of
from shared.access.windows import HeldWindow, holding
from shared.clock import RulesClock
from shared.envelope import Position
from shared.errors import IdempotencyKeyRequired, InvalidField, ReadModelBehind, Unauthenticated
from shared.eventstore.store import EventStore
from shared.handling import StreamQueues, Work
from shared.ids import natural_id, uuid7
from shared.privacy import BadToken, ServiceKey
from shared.reading import Database, Rows
from shared.rpc import viewing
from shared.rpc.admission import EDGES, Admitted, Caller
from shared.rpc.call import Actor
from shared.rpc.contract import Rpc
from shared.rpc.metadata import AFTER, CAUSE, IDEMPOTENCY_KEY, Headers
from shared.rpc.policy import Located, Policy

C = TypeVar("C")
R = TypeVar("R")

COMMANDS = UUID("6f1c1f43-2f0e-5d0c-9b1a-0d8d5d0a6f7e")
"""The namespace of command ids: UUIDv5 of caller, RPC and Idempotency-Key."""
MOST_KEY_CHARACTERS = 200
PAGE_SIZE, MOST_PAGE_SIZE = 50, 200
PAGE_FIELDS = ("page_token", "page_size")
ORIGINS = {"account": "portal", "anyone": "portal", "staff": "desk"}

Wait = Callable[[Position], Awaitable[None]]


class Moves(Protocol):
    """Who moves the live read models of this process."""

    def subscribe(self, sleeper: asyncio.Event) -> None:
        """Sets ``sleeper`` after each move, until ``unsubscribe``."""

    def unsubscribe(self, sleeper: asyncio.Event) -> None:
        """It is set no more."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service answers with; one for all its calls."""

    store: EventStore
    queues: StreamQueues
    database: Database
    clock: RulesClock
    keys: ServiceKey
    access: AccessSource
    wait_for: Wait
    """Returns once the live read models are past a position of this service; ReadModelBehind after 2 s."""
    moves: Moves | None = None
    """Where this process projects."""


@dataclass(slots=True)
class Invocation:
    """Implements Call."""

    parts: Parts
    rpc: Rpc
    policy: Policy
    request: Message
    caller: Caller
    headers: Headers
    admitted: Admitted = field(default_factory=lambda: Admitted(Actor(""), Located()))
    """Nobody on nothing, until the call is admitted."""
    _viewings: list[viewing.Viewing] = field(default_factory=list)
    _performed: int = 0

    @property
    def actor(self) -> Actor:
        return self.admitted.actor

    @property
    def now(self) -> datetime:
        return self.parts.clock.now()

    @property
    def practice_id(self) -> UUID | None:
        return self.admitted.located.practice_id

    @property
    def patient_id(self) -> UUID | None:
        return self.admitted.located.patient_id

    @property
    def record_id(self) -> UUID | None:
        return self.admitted.located.record_id

    @property
    def client_address(self) -> str:
        return self.headers.client_address(self.caller.principal)

    @property
    def token(self) -> str:
        return self.caller.token.text if self.caller.token is not None else ""

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C, *, key: str = "") -> R:
        return await handler(command, self._work(key))

    def header(self, name: str) -> str:
        return self.headers.get(name)

    def rows(self) -> AbstractAsyncContextManager[Rows]:
        return self.parts.database.live_rows()

    @contextmanager
    def moves(self) -> Iterator[asyncio.Event]:
        moved, source = asyncio.Event(), self.parts.moves
        if source is not None:
            source.subscribe(moved)
        try:
            yield moved
        finally:
            if source is not None:
                source.unsubscribe(moved)

    async def windows(self) -> Sequence[HeldWindow]:
        if self.caller.token is None:
            raise Unauthenticated
        found = await self.parts.access.windows(self.caller.token.account_id, None)
        scope = self.policy.scope
        own = [window for window in holding(found, self.now) if window.is_own]
        return [window for window in own if not scope or scope in window.scopes]

    def viewed(self, *object_ids: UUID, patient_id: UUID | None = None, practice_id: UUID | None = None) -> None:
        patient, practice = patient_id or self.record_id, practice_id or self.practice_id
        if patient is None or practice is None:
            raise ValueError("expected the patient and practice of what is shown")
        self._viewings.append(viewing.Viewing(practice, patient, object_ids))

    def page(self, token: str, size: int) -> tuple[str, int]:
        if not 0 <= size <= MOST_PAGE_SIZE:
            raise InvalidField("page_size", f"expected 1 to {MOST_PAGE_SIZE}, or 0 for {PAGE_SIZE}")
        if not token:
            return "", size or PAGE_SIZE
        try:
            return self.parts.keys.open_page_token(token, self._query()), size or PAGE_SIZE
        except BadToken as bad:
            raise InvalidField("page_token", str(bad)) from None

    def next_page(self, keyset: str) -> str:
        return self.parts.keys.page_token(keyset, self._query()) if keyset else ""

    def check_key(self) -> None:
        """A command must name itself, before anything is decided: else a retry could do it twice."""
        if self.policy.writes:
            self._command_id("")

    async def wait(self) -> None:
        """Read-your-writes: until the live rows are at least as new as ``portal-after`` asks."""
        after = self.headers.get(AFTER)
        if after:
            try:
                position = Position.parse(after)
            except ValueError as wrong:
                raise InvalidField(AFTER, str(wrong)) from None
            store = self.parts.store
            if position.service == store.service and position.number > await store.head():
                raise ReadModelBehind("expected a position that an answer gave")
            await self.parts.wait_for(position)

    async def record(self) -> None:
        """Appends what was viewed since it was last asked; the answer leaves only after that."""
        viewings, self._viewings = self._viewings, []
        if self.policy.recorded:
            if not viewings and self.record_id is not None and self.practice_id is not None:
                viewings = [viewing.Viewing(self.practice_id, self.record_id, ())]
            viewings = await self._of_each_record(_joined(viewings))
            await viewing.record_views(self.parts.store, self._viewer(), viewings, self.now, self.metadata())

    async def _of_each_record(self, viewings: list[viewing.Viewing]) -> list[viewing.Viewing]:
        """A look at the located patient, not at an object in one record, is a look into each record of theirs (R44)."""
        if self.patient_id is None or self.patient_id != self.record_id:
            return viewings
        async with self.rows() as rows:
            records = [one for one in await records_of(rows, self.patient_id) if one != self.patient_id]
        looks = [one for one in viewings if one.patient_id == self.patient_id]
        return [*viewings, *(replace(look, patient_id=record) for look in looks for record in records)]

    def has_viewings(self) -> bool:
        return bool(self._viewings)

    def metadata(self) -> Mapping[str, str]:
        """What an event says of its call: ids and words only."""
        actor = self.actor
        values = {
            "actor": str(actor.id) if actor.id is not None else actor.kind,
            "acting_as": actor.acting_as,
            "staff": str(actor.staff_id or ""),
            "practice": str(self.practice_id or ""),
            "patient": str(self.record_id or ""),
            "origin": ORIGINS.get(actor.kind, "system"),
            "purpose": self.policy.purpose,
            "cause": self.cause,
            telemetry.TRACEPARENT: telemetry.current_traceparent(),
        }
        return {name: value for name, value in values.items() if value}

    @property
    def cause(self) -> str:
        """The event that a peer names as the reason of its call; '' from the edges."""
        given = self.headers.get(CAUSE)
        if not given or self.caller.principal in EDGES:
            return ""
        try:
            return str(Position.parse(given))
        except ValueError as wrong:
            raise InvalidField(CAUSE, str(wrong)) from None

    def _work(self, key: str) -> Work:
        command_id = self._command_id(key)
        self._performed += 1
        if self._performed > 1:
            command_id = natural_id(command_id, self._performed)
        return Work(
            self.parts.store, self.parts.queues, self.now, command_id, self._fingerprint(), dict(self.metadata())
        )

    def _command_id(self, key: str) -> UUID:
        """UUIDv5(caller, RPC, key): whoever knows another caller's key has nothing in hand."""
        given = key or self.headers.get(IDEMPOTENCY_KEY)
        if not given:
            if self.policy.writes:
                raise IdempotencyKeyRequired
            return uuid7()
        if len(given) > MOST_KEY_CHARACTERS or not (given.isascii() and given.isprintable()):
            raise IdempotencyKeyRequired(f"expected 1 to {MOST_KEY_CHARACTERS} printable ASCII characters")
        name = self._caller_name()
        if name == "anyone" and not key and not _is_random(given):
            raise IdempotencyKeyRequired("expected a random UUID (version 4 or 7) where nobody is signed in")
        return natural_id(COMMANDS, name, self.rpc.path, given)

    def _caller_name(self) -> str:
        if self.caller.token is not None:
            return f"account:{self.caller.token.account_id}"
        link = str(getattr(self.request, self.policy.link)) if self.policy.link else ""
        if link:
            return f"link:{self.parts.keys.blind('one-time link', link)}"
        return "anyone" if self.caller.principal in EDGES else f"peer:{self.caller.principal}"

    def _fingerprint(self) -> bytes:
        secrets = self.policy.secrets
        return self.parts.keys.fingerprint(self.rpc.path.encode() + b"\0" + canonical(self.request, secrets))

    def _query(self) -> str:
        """To what a page token is sealed: caller, RPC and everything asked for except the page itself."""
        asked = canonical(self.request, frozenset(PAGE_FIELDS) | self.policy.secrets)
        return f"{self._caller_name()}\x1f{self.rpc.path}\x1f{asked.hex()}"

    def _viewer(self) -> viewing.Viewer:
        actor = self.actor
        return viewing.Viewer(
            account_id=actor.id or viewing.NOBODY,
            staff_id=actor.staff_id,
            acting_as=actor.acting_as or ("link" if actor.kind == "anyone" else actor.kind),
            rpc=self.rpc.name,
            purpose=self.policy.purpose,
        )


def canonical(request: Message, without: frozenset[str]) -> bytes:
    """The request as deterministic bytes, without the named fields (``a.b``: field b of field a) and unknown ones."""
    kept = type(request)()
    kept.CopyFrom(request)
    kept.DiscardUnknownFields()
    for path in without:
        *parents, last = path.split(".")
        holder: Message | None = kept
        for parent in parents:
            holder = getattr(holder, parent) if holder is not None and holder.HasField(parent) else None
        if holder is not None and last in holder.DESCRIPTOR.fields_by_name:
            holder.ClearField(last)
    return kept.SerializeToString(deterministic=True)


def _is_random(key: str) -> bool:
    try:
        found = UUID(key)
    except ValueError:
        return False
    return str(found) == key.lower() and found.version in {4, 7}


def _joined(viewings: Sequence[viewing.Viewing]) -> list[viewing.Viewing]:
    """One viewing a patient, its objects in the order in which they were named."""
    by_patient: dict[tuple[UUID, UUID], dict[UUID, None]] = {}
    for each in viewings:
        by_patient.setdefault((each.practice_id, each.patient_id), {}).update(dict.fromkeys(each.object_ids))
    return [viewing.Viewing(practice, patient, tuple(ids)) for (practice, patient), ids in by_patient.items()]
