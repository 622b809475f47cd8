"""Who may see what now: replicas while their lease holds, else consent and identity themselves. No rules here."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Protocol
from uuid import UUID

import grpc

from shared.access import replicas
from shared.access.lease import Lease
from shared.access.windows import HeldWindow, StaffMembership
from shared.clock import RulesClock, monotonic
from shared.contracts.consent.v1 import peers_pb2 as consent_pb2
from shared.contracts.consent.v1 import peers_pb2_grpc as consent_grpc
from shared.contracts.identity.v1 import peers_pb2 as identity_pb2
from shared.contracts.identity.v1 import peers_pb2_grpc as identity_grpc
from shared.errors import AccessUndecided, PortalError
from shared.reading import Database
from shared.rpc.metadata import Outgoing, handing_on, outgoing

DECIDE_SECONDS = 2.0


class AccessSource(Protocol):
    """Who answers what enforcement asks: replicas and leases, or (in consent and identity) the own stores."""

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        """The windows that hold or will hold, on one patient or on all; AccessUndecided without an answer."""

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        """The account's memberships; AccessUndecided without an answer."""

    async def session_ended(self, session_id: UUID) -> bool:
        """Whether the session has ended; AccessUndecided without an answer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a replica is: applied position a partition, the keys that are parked, and whether any was dropped.

    A dropped record stays missing, so that from then on the source is asked about everyone.
    """

    applied: Mapping[int, int]
    parked: frozenset[UUID] = frozenset()
    dropped: bool = False


StandingOf = Callable[[str], Awaitable[Standing]]
"""Source → how far the live read models are with it; both from one statement."""


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """For whom the replica of windows must not be trusted."""

    patients: frozenset[UUID]
    everyone: bool


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """Sessions ended in the last 6 minutes, and for whom the replica of staff must not be trusted."""

    ended: frozenset[UUID]
    accounts: frozenset[UUID]
    everyone: bool


class ConsentAnswers:
    """Windows, from the replica while consent's lease holds and does not name the patient."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        database: Database,
        standing_of: StandingOf,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stub = consent_grpc.ConsentPeersStub(channel)
        self._database, self._standing_of = database, standing_of
        self.lease: Lease[AccessAnswer] = Lease("access", self._ask, clock)

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        answer = self.lease.held()
        if answer is None or answer.everyone or self._is_named(answer, patient_id):
            return await self._decide(account_id, patient_id)
        async with self._database.live_rows() as rows:
            return await replicas.windows_of(rows, account_id, patient_id)

    @staticmethod
    def _is_named(answer: AccessAnswer, patient_id: UUID | None) -> bool:
        """For a list over all patients any named one counts: it may have become visible."""
        return bool(answer.patients) if patient_id is None else patient_id in answer.patients

    async def _ask(self) -> AccessAnswer:
        standing = await self._standing_of("consent")
        answer = await self._stub.AccessHead(consent_pb2.AccessHeadRequest(applied=dict(standing.applied)))
        named = frozenset(UUID(patient_id) for patient_id in answer.patient_ids)
        return AccessAnswer(named | standing.parked, answer.ask_for_all or standing.dropped)

    async def _decide(self, account_id: UUID, patient_id: UUID | None) -> list[HeldWindow]:
        patient = "" if patient_id is None else str(patient_id)
        request = consent_pb2.DecideRequest(account_id=str(account_id), patient_id=patient)
        try:
            with as_the_system():
                response = await self._stub.Decide(request, timeout=DECIDE_SECONDS)
        except (PortalError, grpc.aio.AioRpcError):
            raise AccessUndecided from None
        return [held_window(window) for window in response.windows]


class IdentityAnswers:
    """Sessions and staff, by identity's lease; its answers also bring the offset of the rules' clock."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        database: Database,
        standing_of: StandingOf,
        rules_clock: RulesClock,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stub = identity_grpc.IdentityPeersStub(channel)
        self._database, self._standing_of, self._rules_clock = database, standing_of, rules_clock
        self.lease: Lease[SessionAnswer] = Lease("sessions", self._ask, clock)

    async def session_ended(self, session_id: UUID) -> bool:
        with as_the_system():
            return session_id in (await self.lease.fresh()).ended

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        answer = self.lease.held()
        if answer is None or answer.everyone or account_id in answer.accounts:
            return await self._staff_now(account_id)
        async with self._database.live_rows() as rows:
            return await replicas.memberships_of(rows, account_id)

    async def _ask(self) -> SessionAnswer:
        standing = await self._standing_of("identity")
        request = identity_pb2.SessionHeadRequest(applied=dict(standing.applied))
        request.clock_offset.FromTimedelta(self._rules_clock.offset)
        answer = await self._stub.SessionHead(request)
        self._rules_clock.advance_to(timedelta(microseconds=answer.clock_offset.ToMicroseconds()))
        return SessionAnswer(
            ended=frozenset(UUID(session_id) for session_id in answer.ended_session_ids),
            accounts=frozenset(UUID(account_id) for account_id in answer.changed_account_ids),
            # A parked record does not say whose roles it changes: then identity is asked about everyone.
            everyone=answer.ask_for_all or standing.dropped or bool(standing.parked),
        )

    async def _staff_now(self, account_id: UUID) -> list[StaffMembership]:
        request = identity_pb2.StaffOfRequest(account_id=str(account_id))
        try:
            with as_the_system():
                response = await self._stub.StaffOf(request, timeout=DECIDE_SECONDS)
        except (PortalError, grpc.aio.AioRpcError):
            raise AccessUndecided from None
        return [membership(row) for row in response.rows]


def as_the_system() -> AbstractContextManager[None]:
    """Calls made in the body carry no user's token: enforcement asks for itself, within the running deadline."""
    return handing_on(Outgoing(deadline=outgoing().deadline))


def held_window(window: consent_pb2.AccessWindow) -> HeldWindow:
    """A window of ``DecideResponse``."""
    return HeldWindow(
        patient_id=UUID(window.patient_id),
        practice_id=UUID(window.practice_id),
        person_id=UUID(window.person_id),
        acting_as=window.acting_as,
        scopes=frozenset(window.scopes),
        since=window.since.ToDatetime(UTC),
        until=window.until.ToDatetime(UTC) if window.HasField("until") else None,
        rule=window.rule,
        because=tuple(window.because),
    )


def membership(row: identity_pb2.StaffRow) -> StaffMembership:
    """A row of ``StaffOfResponse``."""
    provider = UUID(row.provider_id) if row.provider_id else None
    return StaffMembership(UUID(row.practice_id), UUID(row.staff_id), frozenset(row.roles), provider)
