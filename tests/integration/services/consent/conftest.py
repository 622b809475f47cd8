"""Consent's process over real PostgreSQL and gRPC; identity is played, its events are told, Kafka is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.type.date_pb2 import Date

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from services.consent.consumers import CONSUMERS
from services.consent.main import READ_MODELS, compose
from shared.access.replicas import REPLICAS
from shared.access.windows import StaffMembership
from shared.bus.partitions import key_bytes, partition_of
from shared.clock import machine_now
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.contracts.consent.v1.api_pb2_grpc import ConsentApiStub
from shared.contracts.consent.v1.peers_pb2_grpc import ConsentPeersStub
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1 import events as told
from shared.contracts.identity.v1 import peers_pb2 as identity_pb2
from shared.envelope import Recorded
from shared.errors import NotFound
from shared.privacy import LocalKeyFile, Sealer, ServiceKey, SubjectKeys
from shared.process.foundation import Ground
from shared.process.running import serve
from shared.reading import Incoming
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import open_pool
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.errors import grpc_status
from shared.rpc.viewing import View
from shared.service import Foundation, Service
from shared.settings import ServiceSettings
from tests.integration.shared.access.played import PlayedIdentity, played_consent, stage
from tests.integration.shared.rpc.conftest import Identity
from tests.unit.shared.uploads.files import an_image
from tests.waiting import until

PRACTICE, OTHER_PRACTICE = UUID(int=0xA1), UUID(int=0xA2)
PATIENT, PATIENTS_ACCOUNT = UUID(int=0xB1), UUID(int=0xC1)
PARENT, PARENTS_ACCOUNT = UUID(int=0xB2), UUID(int=0xC2)
DESK, STRANGER = UUID(int=0xC3), UUID(int=0xC4)
BORN = date(1980, 5, 17)


@dataclass
class PlayedFacts(PlayedIdentity):
    """Identity with patients: ``newer`` are named by ``FactsHead``, ``known`` are answered by ``FactsOf``."""

    newer: set[UUID] = field(default_factory=set)
    known: dict[UUID, identity_pb2.FactsOfResponse] = field(default_factory=dict)

    async def FactsHead(self, request: Any, context: Any) -> identity_pb2.FactsHeadResponse:
        await self.heard(request.applied)
        return identity_pb2.FactsHeadResponse(patient_ids=[str(patient_id) for patient_id in self.newer])

    async def FactsOf(self, request: Any, context: Any) -> identity_pb2.FactsOfResponse:
        await self.heard()
        found = self.known.get(UUID(request.patient_id))
        if found is None:
            await context.abort_with_status(grpc_status(NotFound(), ""))
            raise NotFound
        return found

    def knows(self, born: date = BORN) -> identity_pb2.FactsOfResponse:
        """What it says of the patient, to be changed as a test likes."""
        return self.known.setdefault(
            PATIENT,
            identity_pb2.FactsOfResponse(
                practice_id=str(PRACTICE), birth_date=Date(year=born.year, month=born.month, day=born.day)
            ),
        )


def played_facts() -> PlayedFacts:
    """What a test does not play answers UNIMPLEMENTED."""
    concrete: Any = type("Concrete", (PlayedFacts,), {"__abstractmethods__": frozenset()})
    return cast("PlayedFacts", concrete())


@dataclass
class House:
    """The running process, identity as it is played, and the ways in."""

    settings: ServiceSettings
    certificates: Path
    signer: Identity
    identity: PlayedFacts
    advance: PostgresAdvance
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    channels: list[grpc.aio.Channel] = field(default_factory=list)
    foundation: Foundation | None = None

    def compose(self, foundation: Foundation) -> Service:
        """As the process composes itself; its ground is kept for what a test looks at directly."""
        self.foundation = foundation
        return compose(foundation)

    @property
    def ground(self) -> Ground:
        return cast("Ground", self.foundation)

    async def looks(self, rpc: str) -> list[tuple[UUID, tuple[UUID, ...]]]:
        """Who looked by that RPC, and at what, in order."""
        events = [recorded.event async for page in self.ground.store.read(0) for recorded in page]
        views = [event for event in events if isinstance(event, View.Viewed) and event.viewer.rpc == rpc]
        return [(view.viewer.account_id, view.viewing.object_ids) for view in views]

    @property
    def api(self) -> Any:
        return ConsentApiStub(self._channel(self.settings.addresses("consent").api, "gateway"))

    def peers(self, principal: str = "documents") -> Any:
        return ConsentPeersStub(self._channel(self.settings.addresses("consent").peers, principal))

    def _channel(self, target: str, principal: str) -> grpc.aio.Channel:
        channel = open_channel(target, "consent", Certificates(self.certificates, principal))
        self.channels.append(channel)
        return channel

    def headers(self, account: UUID, *, key: str = "", after: str = "") -> tuple[tuple[str, str], ...]:
        given = {"authorization": f"Bearer {self.signer.token(account)}", "idempotency-key": key, "portal-after": after}
        return tuple((name, value) for name, value in given.items() if value)

    async def command(self, name: str, request: Any, account: UUID = DESK, key: str = "") -> Any:
        """One command over gRPC as the gateway brings it."""
        return await getattr(self.api, name)(
            request, metadata=self.headers(account, key=key or str(uuid4())), timeout=5
        )

    async def ask(self, name: str, request: Any, account: UUID = DESK, after: str = "") -> Any:
        return await getattr(self.api, name)(request, metadata=self.headers(account, after=after), timeout=30)

    async def decide(self, account: UUID, patient: UUID | None = PATIENT) -> list[peers_pb2.AccessWindow]:
        request = peers_pb2.DecideRequest(account_id=str(account), patient_id=str(patient or ""))
        return list((await self.peers().Decide(request, timeout=30)).windows)

    async def named(self, applied: dict[int, int]) -> set[str]:
        answer = await self.peers().AccessHead(peers_pb2.AccessHeadRequest(applied=applied), timeout=30)
        return set(answer.patient_ids)

    async def tell(self, *events: PublicEvent) -> None:
        """The reader of identity's topic brings events; the process carries out what follows from them."""
        for event in events:
            key = event.patient_id if isinstance(event, PatientEvent) else event.practice_id
            partition = partition_of(key_bytes(key))
            last = await self.advance.last("identity", partition)
            position, now = last + 1, machine_now()
            recorded = Recorded(event, "identity", partition, position, key, 1, key, key, now, now)
            await self.advance.advance("identity", partition, last, [Incoming(position, key, b"", recorded)], position)

    async def open_practice(self) -> None:
        """The practice is open and its first form is there."""
        await self.tell(told.PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York"))
        await until(self.has_form)

    async def has_form(self) -> bool:
        with suppress(NotFound):
            await self.api.GetForm(api_pb2.GetFormRequest(practice_id=str(PRACTICE)), timeout=30)
            return True
        return False

    async def register(self, born: date = BORN) -> None:
        self.identity.knows(born)
        await self.tell(told.PatientRegistered(practice_id=PRACTICE, patient_id=PATIENT, birth_date=born))

    async def enrol(self, account: UUID = PATIENTS_ACCOUNT, person: UUID = PATIENT) -> None:
        self.identity.knows().enrolments.add(account_id=str(account), person_id=str(person), event_id="identity:98")
        await self.tell(
            told.PatientEnrolled(practice_id=PRACTICE, patient_id=PATIENT, account_id=account, person_id=person)
        )

    async def sign(self, *, key: str = "", signer: str = "") -> api_pb2.SignConsentResponse:
        request = api_pb2.SignConsentRequest(patient_id=str(PATIENT), signer_id=signer, form_version=1, method="screen")
        return cast("api_pb2.SignConsentResponse", await self.command("SignConsent", request, key=key))

    async def scan(self, patient: UUID = PATIENT, content: bytes = b"", **changes: Any) -> str:
        """The id of an uploaded scan."""
        file = HttpBody(data=content or an_image(), content_type=changes.pop("content_type", ""))
        request = api_pb2.UploadScanRequest(patient_id=str(patient), file=file)
        return str((await self.command("UploadScan", request, **changes)).scan_id)

    async def answers(self) -> bool:
        with suppress(Exception):
            await self.peers().AccessHead(peers_pb2.AccessHeadRequest(), timeout=2)
            return True
        return False


@pytest.fixture
async def house(
    database: str, keys_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    certificates, secrets = tmp_path / "certificates", tmp_path / "secrets"
    make_certificates(certificates)
    secrets.mkdir()
    (secrets / "consent.key").write_bytes(b"k" * 32)
    (secrets / "analytics.key").write_bytes(b"a" * 32)
    signer = Identity(tmp_path / "jwks.json")
    signer.publish()
    addresses = [f"127.0.0.1:{number}" for number in free_ports(4)]
    environment = {
        "MODE": "demo", "CONSENT_DATABASE_URL": database, "CONSENT_KEYS_DATABASE_URL": keys_database,
        "KAFKA_SERVERS": "127.0.0.1:1", "CERTIFICATES": str(certificates), "SECRETS": str(secrets),
        "JWKS": str(signer.jwks), "CONSENT_API": addresses[0], "CONSENT_PEERS": addresses[1],
        "IDENTITY_API": "none:1", "IDENTITY_PEERS": addresses[2], "BLOBS_URL": (tmp_path / "blobs").as_uri(),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    settings, identity = ServiceSettings("consent"), played_facts()
    identity.staff[DESK] = [StaffMembership(PRACTICE, UUID(int=0xE1), frozenset({"front_desk"}))]
    identity.staff[STRANGER] = [StaffMembership(OTHER_PRACTICE, UUID(int=0xE2), frozenset({"front_desk"}))]
    identity.changed = [str(DESK), str(STRANGER)]
    master = await LocalKeyFile(secrets).master_key("consent")
    async with stage(certificates, identity, played_consent(), addresses[2:]), await open_pool(database) as pool:
        stop = asyncio.Event()
        key_pool = await open_pool(keys_database)
        keys = SubjectKeys(ServiceKey("consent", master), pool, key_pool)
        replicas = [model for model in REPLICAS if model.source == "identity"]
        sources = sources_of("consent", [*READ_MODELS, *replicas], {}, CONSUMERS)
        made = House(settings, certificates, signer, identity, PostgresAdvance(pool, Sealer(keys), sources), stop)
        task = asyncio.create_task(serve(settings, made.compose, stop))
        await until(lambda: task.done() or made.answers(), seconds=30)
        try:
            if task.done():
                await task
            yield made
        finally:
            stop.set()
            await asyncio.wait({task}, timeout=20)
            for channel in made.channels:
                await channel.close(None)
            await key_pool.close()
