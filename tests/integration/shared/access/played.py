"""Identity and consent as a test plays them: real gRPC servers with mTLS that say what the test wants."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import grpc
from google.protobuf.duration_pb2 import Duration

from shared.access.windows import HeldWindow, StaffMembership
from shared.contracts.consent.v1 import peers_pb2 as consent_pb2
from shared.contracts.consent.v1 import peers_pb2_grpc as consent_grpc
from shared.contracts.identity.v1 import peers_pb2 as identity_pb2
from shared.contracts.identity.v1 import peers_pb2_grpc as identity_grpc
from shared.rpc.certificates import Certificates
from shared.rpc.fields import instant_message


@dataclass
class Played:
    """``silent``: connected, and never answers."""

    silent: bool = False
    asked: list[dict[int, int]] = field(default_factory=list)
    """The applied positions of each head that was asked for."""
    decided: int = 0

    async def heard(self, applied: Any = None) -> None:
        if applied is not None:
            self.asked.append(dict(applied))
        if self.silent:
            await asyncio.Event().wait()


@dataclass
class PlayedIdentity(Played, identity_grpc.IdentityPeersServicer):
    offset_seconds: int = 0
    ended: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    staff: dict[UUID, Sequence[StaffMembership]] = field(default_factory=dict)

    async def SessionHead(self, request: Any, context: Any) -> identity_pb2.SessionHeadResponse:
        await self.heard(request.applied)
        return identity_pb2.SessionHeadResponse(
            ended_session_ids=self.ended,
            changed_account_ids=self.changed,
            clock_offset=Duration(seconds=self.offset_seconds),
        )

    async def StaffOf(self, request: Any, context: Any) -> identity_pb2.StaffOfResponse:
        await self.heard()
        self.decided += 1
        rows = [
            identity_pb2.StaffRow(practice_id=str(row.practice_id), staff_id=str(row.staff_id), roles=sorted(row.roles))
            for row in self.staff.get(UUID(request.account_id), ())
        ]
        return identity_pb2.StaffOfResponse(rows=rows)


@dataclass
class PlayedConsent(Played, consent_grpc.ConsentPeersServicer):
    named: list[str] = field(default_factory=list)
    everyone: bool = False
    windows: dict[UUID, Sequence[HeldWindow]] = field(default_factory=dict)

    async def AccessHead(self, request: Any, context: Any) -> consent_pb2.AccessHeadResponse:
        await self.heard(request.applied)
        return consent_pb2.AccessHeadResponse(patient_ids=self.named, ask_for_all=self.everyone)

    async def Decide(self, request: Any, context: Any) -> consent_pb2.DecideResponse:
        await self.heard()
        self.decided += 1
        held = self.windows.get(UUID(request.account_id), ())
        asked = [window for window in held if request.patient_id in {"", str(window.patient_id)}]
        return consent_pb2.DecideResponse(windows=[message(window) for window in asked])


def message(window: HeldWindow) -> consent_pb2.AccessWindow:
    return consent_pb2.AccessWindow(
        patient_id=str(window.patient_id),
        practice_id=str(window.practice_id),
        person_id=str(window.person_id),
        acting_as=window.acting_as,
        scopes=sorted(window.scopes),
        since=instant_message(window.since),
        until=None if window.until is None else instant_message(window.until),
    )


def played_identity() -> PlayedIdentity:
    """What a test does not play answers UNIMPLEMENTED."""
    return cast("PlayedIdentity", _concrete(PlayedIdentity)())


def played_consent() -> PlayedConsent:
    return cast("PlayedConsent", _concrete(PlayedConsent)())


def _concrete(played: type[Played]) -> Any:
    class Concrete(played):  # type: ignore[valid-type,misc]  # made where it is needed
        __abstractmethods__: frozenset[str] = frozenset()

    return Concrete


@asynccontextmanager
async def stage(
    certificates: Path, identity: PlayedIdentity, consent: PlayedConsent, addresses: Sequence[str] = ("", "")
) -> AsyncIterator[tuple[str, str]]:
    """Serves both on loopback; their addresses."""
    parts: Sequence[tuple[str, Any, object]] = (
        ("identity", identity_grpc.add_IdentityPeersServicer_to_server, identity),
        ("consent", consent_grpc.add_ConsentPeersServicer_to_server, consent),
    )
    found = []
    async with AsyncExitStack() as stack:
        for (principal, add, servicer), address in zip(parts, addresses, strict=True):
            server = grpc.aio.server()
            add(servicer, server)
            port = server.add_secure_port(address or "127.0.0.1:0", Certificates(certificates, principal).server())
            await server.start()
            stack.push_async_callback(server.stop, 0)
            found.append(f"127.0.0.1:{port}")
        yield found[0], found[1]
