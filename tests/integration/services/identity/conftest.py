"""Identity's whole process over real PostgreSQL and gRPC; consent is played."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID, uuid4

import grpc
import pyotp
import pytest
from google.type.date_pb2 import Date
from joserfc.jwk import ECKey, KeySet

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from services.identity.api import IdentityApi
from services.identity.domain.invitation import Invitation
from services.identity.main import compose
from services.identity.parts import Parts
from shared.contracts.identity.v1 import api_pb2, peers_pb2
from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiStub
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.effects import Effect, PendingEffect
from shared.handling import StreamQueues, Work
from shared.process.running import serve
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.metadata import calling
from shared.service import Foundation, Service
from shared.settings import ServiceSettings
from tests.integration.shared.access.played import PlayedConsent, played_consent, played_identity, stage
from tests.waiting import until

if TYPE_CHECKING:
    from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiAsyncStub
    from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersAsyncStub

C = TypeVar("C")
R = TypeVar("R")

PASSWORD = "plover-quartz-melon-7"  # noqa: S105
BORN = Date(year=1980, month=5, day=17)


def new_key() -> str:
    return str(uuid4())


@dataclass
class Someone:
    """A signed-in account."""

    account_id: str
    token: str
    refresh_token: str = ""
    device: str = ""
    totp: str = ""
    recovery_codes: tuple[str, ...] = ()
    """The first one is used already."""


@dataclass
class House:
    """Running identity, and the ways in: as the gateway, as web, as operations, as messaging."""

    settings: ServiceSettings
    certificates: Path
    consent: PlayedConsent
    foundation: Foundation | None = None
    service: Service | None = None
    channels: list[grpc.aio.Channel] = field(default_factory=list)
    stubs: "dict[str, IdentityApiAsyncStub]" = field(default_factory=dict)
    consents: int = 0

    def compose(self, foundation: Foundation) -> Service:
        self.foundation, self.service = foundation, compose(foundation)
        return self.service

    @property
    def parts(self) -> Parts:
        """What the running servicers stand on."""
        assert self.service is not None
        servicer = self.service.api.servicer
        assert isinstance(servicer, IdentityApi)
        return servicer.parts

    @property
    def ground(self) -> Foundation:
        assert self.foundation is not None
        return self.foundation

    @property
    def api(self) -> "IdentityApiAsyncStub":
        return IdentityApiStub(self._channel(self.settings.addresses("identity").api, "gateway"))

    def api_as(self, principal: str) -> "IdentityApiAsyncStub":
        """``web`` is believed where it says who asks it."""
        if principal not in self.stubs:
            self.stubs[principal] = IdentityApiStub(self._channel(self.settings.addresses("identity").api, principal))
        return self.stubs[principal]

    def peers(self, principal: str) -> "IdentityPeersAsyncStub":
        return IdentityPeersStub(self._channel(self.settings.addresses("identity").peers, principal))

    def _channel(self, target: str, principal: str) -> grpc.aio.Channel:
        channel = open_channel(target, "identity", Certificates(self.certificates, principal))
        self.channels.append(channel)
        return channel

    async def is_up(self) -> bool:
        try:
            await self.api.ListPractices(api_pb2.ListPracticesRequest())
        except Exception:
            return False
        return True

    async def run_effect(self, kind: str, patient_id: str, **details: str) -> None:
        """An effect of consent's event, carried out as the worker does."""
        assert self.service is not None
        carrying: Any = Carried(self.ground, Effect(kind, UUID(patient_id), details=details))
        await self.service.effects[kind](carrying)

    async def sign_consent(self, patient_id: str, person_id: str = "") -> str:
        self.consents += 1
        consent = str(UUID(int=self.consents))
        await self.run_effect("take-consent", patient_id, person=person_id or patient_id, consent=consent)
        return consent

    async def withdraw_consent(self, patient_id: str, consent: str) -> None:
        await self.run_effect("end-consent", patient_id, person=patient_id, consent=consent)

    async def open_practice(self) -> tuple[str, Someone]:
        """A practice and its admin, signed in."""
        request = peers_pb2.OpenPracticeRequest(
            name="Elm Street Practice", time_zone="America/New_York", support_phone="555-0100",
            admin_given="Ada", admin_family="Quist", admin_email="ada@practice.example",
        )  # fmt: skip
        with calling(idempotency_key=new_key()):
            opened = await self.peers("operations").OpenPractice(request)
        return opened.practice_id, await self.join_staff(opened.link, f"ada-{opened.practice_id[-12:]}")

    async def join_staff(self, link: str, user_name: str) -> Someone:
        *_, staff_id, secret = link.split("/")
        begun = await self.api.BeginAcceptance(api_pb2.BeginAcceptanceRequest(staff_id=staff_id, secret=secret))
        request = api_pb2.AcceptStaffInvitationRequest(
            staff_id=staff_id, secret=secret, user_name=user_name, password=PASSWORD,
            code=pyotp.TOTP(begun.totp_secret).now(),
        )  # fmt: skip
        with calling(idempotency_key=new_key()):
            joined = await self.api.AcceptStaffInvitation(request)
        signed_in = await self.sign_in(user_name, code=joined.recovery_codes[0])
        signed_in.totp, signed_in.recovery_codes = begun.totp_secret, tuple(joined.recovery_codes)
        return signed_in

    async def sign_in(self, user_name: str, password: str = PASSWORD, code: str = "", device: str = "") -> Someone:
        answer = await self.api.SignIn(
            api_pb2.SignInRequest(user_name=user_name, password=password, code=code, device=device)
        )
        return Someone(answer.account_id, answer.access_token, answer.refresh_token, answer.device)

    async def employ(self, practice_id: str, admin: Someone, *roles: str, name: str = "nia") -> Someone:
        """Invites somebody by mail; the link comes as messaging fetches it."""
        request = api_pb2.InviteStaffRequest(
            practice_id=practice_id, name=api_pb2.PersonName(given="Nia", family="Roe"),
            email=f"{name}@practice.example", roles=roles,
        )  # fmt: skip
        with calling(token=admin.token, idempotency_key=new_key()):
            invited = await self.api.InviteStaff(request)
        link = await self.peers("messaging").LinkOf(
            peers_pb2.LinkOfRequest(cause=invited.position, issue_id=invited.staff_id, purpose="staff-invitation")
        )
        return await self.join_staff(link.url, f"{name}-{practice_id[-12:]}")

    async def register(
        self, practice_id: str, desk: Someone, *, family: str = "Doe", email: str = "pat@example.org"
    ) -> str:
        request = api_pb2.RegisterPatientRequest(
            practice_id=practice_id, name=api_pb2.PersonName(given="Pat", family=family), birth_date=BORN,
            contact=api_pb2.Contact(email=email, phone="(555) 010-2345"), confirmed=True,
        )  # fmt: skip
        with calling(token=desk.token, idempotency_key=new_key()):
            answer = await self.api.RegisterPatient(request)
        await self.settled(answer.position)
        return answer.patient_id

    async def settled(self, position: str) -> None:
        """Until the read models have that position."""
        number = int(position.partition(":")[2])

        async def reached() -> bool:
            rows = await self.ground.database.fetch("SELECT position FROM positions WHERE source = 'identity'")
            return bool(rows) and rows[0]["position"] >= number

        await until(reached)

    async def invitation_link(self, patient_id: str) -> tuple[str, str]:
        """Id and secret of the last invitation, as messaging fetches it for the event that issued it."""
        events = [
            recorded
            async for page in self.ground.store.read(0)
            for recorded in page
            if isinstance(recorded.event, Invitation.Issued) and str(recorded.event.relation.patient_id) == patient_id
        ]
        link = await self.peers("messaging").LinkOf(
            peers_pb2.LinkOfRequest(cause=events[-1].event_id, issue_id=str(events[-1].stream_id), purpose="invitation")
        )
        *_, invitation_id, secret = link.url.split("/")
        return invitation_id, secret

    def acceptance(self, link: tuple[str, str], user_name: str, born: Date = BORN) -> api_pb2.AcceptInvitationRequest:
        return api_pb2.AcceptInvitationRequest(
            invitation_id=link[0], secret=link[1], birth_date=born, user_name=user_name, password=PASSWORD
        )

    async def enrol(self, patient_id: str, user_name: str) -> Someone:
        await self.sign_consent(patient_id)
        link = await self.invitation_link(patient_id)
        with calling(idempotency_key=new_key()):
            joined = await self.api.AcceptInvitation(self.acceptance(link, user_name))
        await self.settled(joined.position)
        return await self.sign_in(user_name)


class Carried:
    """As much of an effect being carried out as identity's need."""

    def __init__(self, ground: Foundation, effect: Effect) -> None:
        self._ground, self.now = ground, ground.clock.now()
        self.effect = PendingEffect(
            uuid4(), "consent:1", effect.kind, effect.key, effect.recipient, self.now, effect.details, "", 1
        )

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C) -> R:
        metadata = {"patient": str(self.effect.key)}
        work = Work(self._ground.store, StreamQueues(), self.now, self.effect.id, b"", metadata)
        return await handler(command, work)


@dataclass(frozen=True)
class Place:
    """Where a house stands: its databases, its folder, and the broker it is told of."""

    database: str
    keys_database: str
    folder: Path
    certificates: Path
    kafka_servers: str = "127.0.0.1:1"
    topic_prefix: str = ""


@asynccontextmanager
async def running(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    secrets = place.folder / "secrets"
    secrets.mkdir()
    (secrets / "identity.key").write_bytes(b"k" * 32)
    (secrets / "analytics.key").write_bytes(b"a" * 32)
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
    key.ensure_kid()
    (secrets / "identity-signing.jwk").write_text(json.dumps(key.as_dict(private=True)), encoding="utf-8")
    (secrets / "jwks.json").write_text(json.dumps(KeySet([key]).as_dict(private=False)), encoding="utf-8")
    addresses = [f"127.0.0.1:{number}" for number in free_ports(3)]
    environment = {
        "MODE": "demo", "IDENTITY_DATABASE_URL": place.database, "IDENTITY_KEYS_DATABASE_URL": place.keys_database,
        "KAFKA_SERVERS": place.kafka_servers, "TOPIC_PREFIX": place.topic_prefix,
        "CERTIFICATES": str(place.certificates), "SECRETS": str(secrets), "JWKS": str(secrets / "jwks.json"),
        "PUBLIC_URL": "https://localhost:8443", "IDENTITY_API": addresses[0], "IDENTITY_PEERS": addresses[1],
        "CONSENT_API": "none:1", "CONSENT_PEERS": addresses[2],
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    consent = played_consent()
    consent.everyone = True
    house = House(ServiceSettings("identity"), place.certificates, consent)
    stop = asyncio.Event()
    async with stage(place.certificates, played_identity(), consent, ["", addresses[2]]):
        task = asyncio.create_task(serve(house.settings, house.compose, stop))

        async def is_up() -> bool:
            if task.done():
                task.result()
            return await house.is_up()

        await until(is_up, seconds=60)
        yield house
        for channel in house.channels:
            await channel.close(None)
        stop.set()
        await asyncio.wait({task}, timeout=20)


@pytest.fixture
async def house(
    database: str, keys_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    """Kafka is away: nothing here depends on it."""
    make_certificates(tmp_path / "certificates")
    async with running(Place(database, keys_database, tmp_path, tmp_path / "certificates"), monkeypatch) as found:
        yield found
