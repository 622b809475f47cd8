"""Documents' process over real PostgreSQL and gRPC; identity and consent are played, their events told, Kafka away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import grpc
import pytest

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from services.documents.main import compose
from shared.access.windows import HeldWindow, StaffMembership
from shared.bus.partitions import key_bytes, partition_of
from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.contracts.documents.v1.api_pb2_grpc import DocumentsApiStub
from shared.contracts.documents.v1.peers_pb2_grpc import DocumentsPeersStub
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1 import events as told
from shared.contracts.identity.v1 import peers_pb2 as identity_pb2
from shared.envelope import Recorded
from shared.process.foundation import Ground
from shared.process.running import serve
from shared.reading import Incoming
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import Pool
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.service import Foundation, Service
from shared.settings import ServiceSettings
from tests.integration.services.documents import people
from tests.integration.services.documents.people import (
    OTHER_PATIENT,
    OTHER_PRACTICE,
    PATIENT,
    PRACTICE,
    PROVIDER,
    PROVIDER_OUTSIDE,
    SCOPES,
    SECOND_PATIENT,
    SECOND_PROVIDER,
)
from tests.integration.shared.access.played import PlayedConsent, PlayedIdentity, played_consent, stage
from tests.integration.shared.rpc.conftest import Identity
from tests.waiting import until


@dataclass
class PlayedNames(PlayedIdentity):
    """Identity with names, and with the providers among its staff."""

    async def StaffOf(self, request: Any, context: Any) -> identity_pb2.StaffOfResponse:
        await self.heard()
        rows = [
            identity_pb2.StaffRow(
                practice_id=str(row.practice_id),
                staff_id=str(row.staff_id),
                roles=sorted(row.roles),
                provider_id=str(row.provider_id or ""),
            )
            for row in self.staff.get(UUID(request.account_id), ())
        ]
        return identity_pb2.StaffOfResponse(rows=rows)

    async def NamesOf(self, request: Any, context: Any) -> identity_pb2.NamesOfResponse:
        await self.heard()
        known = {one: people.NAMES[UUID(one)] for one in request.ids if UUID(one) in people.NAMES}
        return identity_pb2.NamesOfResponse(names=known)


def played_names() -> PlayedNames:
    """What a test does not play answers UNIMPLEMENTED."""
    concrete: Any = type("Concrete", (PlayedNames,), {"__abstractmethods__": frozenset()})
    return cast("PlayedNames", concrete())


@dataclass
class House:
    """The running process, its peers as they are played, and the ways in."""

    settings: ServiceSettings
    certificates: Path
    signer: Identity
    identity: PlayedNames
    consent: PlayedConsent
    foundation: Foundation | None = None
    service: Service | None = None
    channels: dict[tuple[str, str], grpc.aio.Channel] = field(default_factory=dict)

    def compose(self, foundation: Foundation) -> Service:
        self.foundation, self.service = foundation, compose(foundation)
        return self.service

    @property
    def ground(self) -> Ground:
        return cast("Ground", self.foundation)

    @property
    def pool(self) -> Pool:
        return self.ground.live

    @property
    def api(self) -> Any:
        return DocumentsApiStub(self._channel(self.settings.addresses("documents").api, "gateway"))

    def peers(self, principal: str = "operations") -> Any:
        return DocumentsPeersStub(self._channel(self.settings.addresses("documents").peers, principal))

    def _channel(self, target: str, principal: str) -> grpc.aio.Channel:
        if (target, principal) not in self.channels:
            certificates = Certificates(self.certificates, principal)
            self.channels[target, principal] = open_channel(target, "documents", certificates)
        return self.channels[target, principal]

    def credentials(self, principal: str = "gateway") -> grpc.ChannelCredentials:
        """For a channel of a test's own."""
        return Certificates(self.certificates, principal).channel()

    def now(self) -> datetime:
        """The rules' clock."""
        return self.ground.clock.now()

    async def advance(self, span: timedelta) -> None:
        """Moves the rules' clock forward, as identity's lease brings it."""
        before = self.ground.clock.offset
        self.identity.offset_seconds = int((before + span).total_seconds())
        await until(lambda: self.ground.clock.offset >= before + span)

    def headers(self, account: UUID, key: str = "", after: str = "") -> tuple[tuple[str, str], ...]:
        given = {"authorization": f"Bearer {self.signer.token(account)}", "idempotency-key": key, "portal-after": after}
        return tuple((name, value) for name, value in given.items() if value)

    async def command(self, name: str, request: Any, account: UUID = people.DOCTOR, key: str = "") -> Any:
        """One command over gRPC as the gateway brings it; returns once this service's read models have it."""
        given = self.headers(account, key=key or str(uuid4()))
        answer = await getattr(self.api, name)(request, metadata=given, timeout=30)
        await self.settled(answer.position)
        return answer

    async def ask(self, name: str, request: Any, account: UUID = people.DOCTOR) -> Any:
        return await getattr(self.api, name)(request, metadata=self.headers(account), timeout=30)

    async def settled(self, position: str) -> None:
        number = int(position.partition(":")[2])

        async def reached() -> bool:
            found = await self.pool.fetchval("SELECT max(position) FROM positions WHERE source = 'documents'")
            return bool(found and found >= number)

        await until(reached)

    async def file(self, title: str = "Lipid panel", **changes: Any) -> str:
        """A result at the desk; its id."""
        answer = await self.command("FileResult", people.filing(self.now(), title, **changes), people.NURSE)
        return cast("str", answer.result_id)

    async def release(self, result_id: str, account: UUID = people.DOCTOR, patient: UUID = PATIENT) -> Any:
        request = api_pb2.ReleaseResultRequest(patient_id=str(patient), result_id=result_id)
        return await self.command("ReleaseResult", request, account)

    async def retract(self, result_id: str, reason: str, account: UUID = people.DOCTOR) -> Any:
        request = api_pb2.RetractResultRequest(patient_id=str(PATIENT), result_id=result_id, reason=reason)
        return await self.command("RetractResult", request, account)

    async def get(self, result_id: str, account: UUID = people.PATIENTS_ACCOUNT, patient: UUID = PATIENT) -> Any:
        return await self.ask(
            "GetResult", api_pb2.GetResultRequest(patient_id=str(patient), result_id=result_id), account
        )

    async def listed(self, account: UUID = people.PATIENTS_ACCOUNT, patient: UUID = PATIENT) -> list[Any]:
        answer = await self.ask("ListResults", api_pb2.ListResultsRequest(patient_id=str(patient)), account)
        return list(answer.results)

    async def pending(self, account: UUID = people.DOCTOR) -> list[Any]:
        request = api_pb2.ListPendingResultsRequest(practice_id=str(PRACTICE))
        return list((await self.ask("ListPendingResults", request, account)).results)

    async def history(self, account: UUID = people.PATIENTS_ACCOUNT, patient: UUID = PATIENT) -> list[Any]:
        request = api_pb2.ListAccessHistoryRequest(patient_id=str(patient), page_size=200)
        return list((await self.ask("ListAccessHistory", request, account)).entries)

    async def import_result(self, resource_id: str, key: str = "", **changes: Any) -> peers_pb2.ImportResponse:
        request = people.importing(self.now(), resource_id, **changes)
        given = (("idempotency-key", key or str(uuid4())),)
        return cast("peers_pb2.ImportResponse", await self.peers().ImportResult(request, metadata=given, timeout=30))

    async def tell(self, source: str, *events: PublicEvent) -> None:
        """The reader of a peer's topic brings events; what follows from them is the process's business."""
        assert self.service is not None
        models = [*self.service.read_models, *people.replicas()]
        sources = sources_of("documents", models, {}, self.service.consumers)
        advance = PostgresAdvance(self.pool, self.ground.database.sealer, sources)
        for event in events:
            key = event.patient_id if isinstance(event, PatientEvent) else event.practice_id
            partition = partition_of(key_bytes(key))
            last = await advance.last(source, partition)
            position, now = last + 1, self.now()
            recorded = Recorded(event, source, partition, position, key, 1, key, key, now, now)
            await advance.advance(source, partition, last, [Incoming(position, key, b"", recorded)], position)

    def employ(self, account: UUID, *roles: str, provider: UUID | None = None, practice: UUID = PRACTICE) -> None:
        staff = StaffMembership(practice, people.staff_of(account), frozenset(roles), provider)
        self.identity.staff[account] = [staff]

    def let_in(
        self, account: UUID, patient: UUID = PATIENT, acting_as: str = "self", scopes: Sequence[str] = SCOPES
    ) -> None:
        since = self.now() - timedelta(hours=1)
        window = HeldWindow(patient, people.practice_of(patient), patient, acting_as, frozenset(scopes), since, None)
        self.consent.windows[account] = [*self.consent.windows.get(account, ()), window]

    async def answers(self) -> bool:
        request = peers_pb2.DocumentMetadataRequest(document_id=str(uuid4()))
        try:
            await self.peers("messaging").DocumentMetadata(request, timeout=2)
        except Exception as error:
            return "not_found" in str(error) or type(error).__name__ == "NotFound"
        return False


def employ_everyone(house: House) -> None:
    """The staff of two practices; identity says of each that it must be asked."""
    everyone = {
        people.DOCTOR: (("provider",), PROVIDER, PRACTICE),
        people.SECOND_DOCTOR: (("provider",), SECOND_PROVIDER, PRACTICE),
        people.DOCTOR_OUTSIDE: (("provider",), PROVIDER_OUTSIDE, PRACTICE),
        people.NURSE: (("clinical",), None, PRACTICE),
        people.DESK: (("front_desk",), None, PRACTICE),
        people.BILLER: (("billing",), None, PRACTICE),
        people.SUPPORT: (("support",), None, PRACTICE),
        people.ADMIN: (("admin",), None, PRACTICE),
        people.STRANGER: (("provider", "clinical", "admin"), people.STRANGE_PROVIDER, OTHER_PRACTICE),
    }
    for account, (roles, provider, practice) in everyone.items():
        house.employ(account, *roles, provider=provider, practice=practice)
    house.identity.changed = [str(account) for account in everyone]


async def furnish(house: House) -> None:
    """Two practices, their providers and patients, and who may see them."""
    born = date(1980, 5, 17)
    zone = "America/New_York"
    events: list[PublicEvent] = [
        told.PracticeOpened(practice_id=PRACTICE, time_zone=zone),
        told.PracticeOpened(practice_id=OTHER_PRACTICE, time_zone=zone),
        told.ProviderActivated(practice_id=PRACTICE, provider_id=PROVIDER),
        told.ProviderActivated(practice_id=PRACTICE, provider_id=SECOND_PROVIDER),
        told.ProviderRegistered(practice_id=PRACTICE, provider_id=PROVIDER_OUTSIDE),
        told.ProviderActivated(practice_id=OTHER_PRACTICE, provider_id=people.STRANGE_PROVIDER),
        told.PatientRegistered(practice_id=PRACTICE, patient_id=PATIENT, birth_date=born),
        told.PatientRegistered(practice_id=PRACTICE, patient_id=SECOND_PATIENT, birth_date=born),
        told.PatientRegistered(practice_id=OTHER_PRACTICE, patient_id=OTHER_PATIENT, birth_date=born),
    ]
    await house.tell("identity", *events)
    house.let_in(people.PATIENTS_ACCOUNT)
    house.let_in(people.SECOND_ACCOUNT, SECOND_PATIENT)
    house.let_in(people.OTHER_ACCOUNT, OTHER_PATIENT)
    house.let_in(people.REPRESENTATIVE, acting_as="representative", scopes=("results", "documents"))
    house.let_in(people.TEENS_PARENT, acting_as="representative", scopes=("appointments", "billing"))


@pytest.fixture
async def house(
    database: str, keys_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    certificates, secrets = tmp_path / "certificates", tmp_path / "secrets"
    make_certificates(certificates)
    secrets.mkdir()
    (secrets / "documents.key").write_bytes(b"k" * 32)
    (secrets / "analytics.key").write_bytes(b"a" * 32)
    signer = Identity(tmp_path / "jwks.json")
    signer.publish()
    addresses = [f"127.0.0.1:{number}" for number in free_ports(4)]
    environment = {
        "MODE": "demo", "DOCUMENTS_DATABASE_URL": database, "DOCUMENTS_KEYS_DATABASE_URL": keys_database,
        "KAFKA_SERVERS": "127.0.0.1:1", "CERTIFICATES": str(certificates), "SECRETS": str(secrets),
        "JWKS": str(signer.jwks), "DOCUMENTS_API": addresses[0], "DOCUMENTS_PEERS": addresses[1],
        "IDENTITY_API": "none:1", "IDENTITY_PEERS": addresses[2], "CONSENT_API": "none:1",
        "MESSAGING_API": "none:1", "MESSAGING_PEERS": "none:1",
        "CONSENT_PEERS": addresses[3], "BLOBS_URL": (tmp_path / "blobs").as_uri(),
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    identity, consent = played_names(), played_consent()
    consent.everyone = True
    made = House(ServiceSettings("documents"), certificates, signer, identity, consent)
    employ_everyone(made)
    stop = asyncio.Event()
    async with stage(certificates, identity, consent, addresses[2:]):
        task = asyncio.create_task(serve(made.settings, made.compose, stop))

        async def is_up() -> bool:
            if task.done():
                task.result()
            return await made.answers()

        try:
            await until(is_up, seconds=30)
            await furnish(made)
            yield made
        finally:
            stop.set()
            with suppress(Exception):
                await asyncio.wait({task}, timeout=20)
            for channel in made.channels.values():
                await channel.close(None)
