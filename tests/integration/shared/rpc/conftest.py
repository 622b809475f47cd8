"""The doors' service on two loopback ports with certificates of one authority, and clients for every principal."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import grpc
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.local.certificates import make_certificates
from shared.access.windows import HeldWindow, StaffMembership
from shared.clock import RulesClock, machine_now
from shared.envelope import Position
from shared.errors import ReadModelBehind
from shared.eventstore.memory import MemoryEventStore
from shared.handling import StreamQueues
from shared.ids import uuid7
from shared.privacy import ServiceKey
from shared.reading import Database
from shared.rpc.admission import Admission
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.invocation import Parts
from shared.rpc.server import Listening, RpcServer
from shared.rpc.tokens import Tokens
from tests.integration.shared.rpc import doors

ISSUER = "https://localhost:8443"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates") / "parts"
    make_certificates(folder)
    return folder


@dataclass
class Identity:
    """Signs tokens as identity does, and wrongly where a test wants that."""

    jwks: Path
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1"}))

    def publish(self) -> None:
        public = {"keys": [self.key.as_dict(private=False)]}
        self.jwks.write_text(json.dumps(public), encoding="utf-8")

    def token(self, account: UUID, key: ECKey | None = None, algorithm: str = "ES256", **claims: object) -> str:
        now = int(machine_now().timestamp())
        given = {
            "iss": ISSUER, "aud": "portal", "sub": str(account), "sid": str(uuid7()),
            "iat": now, "exp": now + 300, "factor_at": now, **claims,
        }  # fmt: skip
        kept = {name: value for name, value in given.items() if value is not None}
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, kept, key or self.key, algorithms=[algorithm])


@dataclass
class Portal:
    """The running service and what a test may turn on it."""

    server: RpcServer
    store: MemoryEventStore
    access: doors.Answers
    clock: RulesClock
    identity: Identity
    certificates: Path
    reached: int = 0
    channels: list[grpc.aio.Channel] = field(default_factory=list)

    def channel(self, principal: str, *, peers: bool = False, server: str = "identity") -> grpc.aio.Channel:
        port = self.server.peers_port if peers else self.server.api_port
        channel = open_channel(f"127.0.0.1:{port}", server, Certificates(self.certificates, principal))
        self.channels.append(channel)
        return channel

    def method(self, name: str, principal: str = "gateway") -> Callable[..., Any]:
        """The RPC as that principal calls it: ``await portal.method("GetDoor")(request, metadata=…)``."""
        rpc = doors.RPCS[name]
        channel = self.channel(principal, peers=rpc.service.endswith("Peers"))
        make = channel.unary_stream if rpc.streams else channel.unary_unary
        serialize: Any = rpc.request.SerializeToString
        deserialize: Any = rpc.response.FromString
        return cast("Callable[..., Any]", make(rpc.path, serialize, deserialize))

    async def ask(self, name: str, account: UUID | str | None = None, **given: Any) -> Any:
        """One call. ``account``: a token of that account, or the token itself; the rest: fields and headers."""
        token = self.identity.token(account) if isinstance(account, UUID) else account
        headers = {"authorization": f"Bearer {token}" if token is not None else "", **given.pop("headers", {})}
        principal = given.pop("principal", "gateway")
        request = doors.RPCS[name].request(**given)
        metadata = tuple((header, value) for header, value in headers.items() if value)
        return await self.method(name, principal)(request, metadata=metadata, timeout=30)

    async def raw(self, path: str, data: bytes, *, principal: str = "gateway", **given: Any) -> bytes:
        """One call of bytes as they are."""
        make: Any = self.channel(principal, **given).unary_unary
        return cast("bytes", await make(path)(data, timeout=30))

    def window(self, patient: UUID, practice: UUID) -> HeldWindow:
        since = self.clock.now() - timedelta(hours=1)
        return HeldWindow(patient, practice, patient, "self", frozenset({"results"}), since, None)

    def let_in(
        self, account: UUID, patient: UUID = doors.PATIENT, practice: UUID = doors.PRACTICE, **given: Any
    ) -> None:
        """Gives the account a window on the patient that holds now."""
        self.access.held.setdefault((account, patient), []).append(replace(self.window(patient, practice), **given))

    def employ(self, account: UUID, *roles: str, practice: UUID = doors.PRACTICE) -> None:
        self.access.staff.setdefault(account, []).append(StaffMembership(practice, uuid7(), frozenset(roles)))

    async def wait_for(self, position: Position) -> None:
        if position.service == "identity" and position.number > self.reached:
            raise ReadModelBehind


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    signer = Identity(tmp_path / "jwks.json")
    signer.publish()
    return signer


@pytest.fixture
async def portal(certificates: Path, identity: Identity) -> AsyncIterator[Portal]:
    clock, access, store = RulesClock(), doors.Answers(), MemoryEventStore("identity", doors.TABLE)
    database = cast("Database", doors.NoRows())
    running: Portal

    async def wait_for(position: Position) -> None:
        await running.wait_for(position)

    parts = Parts(store, StreamQueues(), database, clock, ServiceKey("identity", b"k" * 32), access, wait_for)
    admission = Admission(Tokens(identity.jwks, ISSUER), access, database, clock)
    server = RpcServer(parts, admission, doors.POLICIES | doors.PEER_POLICIES, doors.API, doors.PEERS)
    running = Portal(server, store, access, clock, identity, certificates)
    await server.start(Listening("127.0.0.1:0", "127.0.0.1:0"), Certificates(certificates, "identity"))
    yield running
    for channel in running.channels:
        await channel.close(None)
    await server.stop(0)
