"""Billing's process over real PostgreSQL and gRPC, and the local processor; identity, consent, gateway are played."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import grpc
import httpx
import pytest
import pytest_asyncio
import uvicorn
from google.api.httpbody_pb2 import HttpBody
from google.type.date_pb2 import Date
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from deploy.local.processor import Settings, application
from services.billing.main import compose
from shared.access.replicas import REPLICAS
from shared.access.windows import HeldWindow, StaffMembership
from shared.bus.partitions import key_bytes, partition_of
from shared.contracts.billing.v1 import api_pb2
from shared.contracts.billing.v1.api_pb2_grpc import BillingApiStub
from shared.contracts.event import PatientEvent, PublicEvent
from shared.contracts.identity.v1 import events as told
from shared.contracts.identity.v1 import peers_pb2 as identity_pb2
from shared.envelope import Recorded
from shared.errors import NotFound, PortalError
from shared.process.foundation import Ground
from shared.process.running import serve
from shared.reading import Incoming
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.errors import grpc_status
from shared.rpc.fields import date_message
from shared.service import Foundation, Service
from shared.settings import ServiceSettings
from tests.integration.conftest import Postgres
from tests.integration.services.billing import people
from tests.integration.services.billing.people import OTHER_PATIENT, OTHER_PRACTICE, PRACTICE
from tests.integration.shared.access.played import PlayedConsent, PlayedIdentity, played_consent, stage
from tests.integration.shared.rpc.conftest import Identity
from tests.waiting import until

SECRET, WEBHOOK_SECRET = "sk_local", "whsec_local"


@dataclass
class PlayedFacts(PlayedIdentity):
    """Identity with the practice's name, and with the birth dates of those who are registered."""

    registered: set[str] = field(default_factory=set)

    async def NamesOf(self, request: Any, context: Any) -> identity_pb2.NamesOfResponse:
        return identity_pb2.NamesOfResponse(names=dict.fromkeys(request.ids, people.PRACTICE_NAME))

    async def FactsOf(self, request: Any, context: Any) -> identity_pb2.FactsOfResponse:
        if request.patient_id not in self.registered:
            await context.abort_with_status(grpc_status(NotFound(), ""))
        return identity_pb2.FactsOfResponse(practice_id=str(PRACTICE), birth_date=date_message(people.BORN))


@dataclass
class House:
    """The running process, its peers as they are played, the processor, and the ways in."""

    settings: ServiceSettings
    certificates: Path
    signer: Identity
    identity: PlayedFacts
    consent: PlayedConsent
    processor: str
    foundation: Foundation | None = None
    service: Service | None = None
    channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)
    webhooks: list[tuple[bytes, str]] = field(default_factory=list)
    """What the processor told, as it came."""

    def compose(self, foundation: Foundation) -> Service:
        self.foundation, self.service = foundation, compose(foundation)
        return self.service

    @property
    def ground(self) -> Ground:
        return cast("Ground", self.foundation)

    @property
    def api(self) -> Any:
        if "gateway" not in self.channels:
            target = self.settings.addresses("billing").api
            self.channels["gateway"] = open_channel(target, "billing", Certificates(self.certificates, "gateway"))
        return BillingApiStub(self.channels["gateway"])

    async def ask(
        self, name: str, request: Any, account: UUID | None = people.BILLER, *, key: str = "", source: str = ""
    ) -> Any:
        """One call as the gateway brings it; without an account from ``source``, as nobody in particular."""
        given = {"idempotency-key": key or str(uuid4()), "x-forwarded-for": source}
        if account is not None:
            given["authorization"] = f"Bearer {self.signer.token(account)}"
        metadata = tuple((name, value) for name, value in given.items() if value)
        answer = await getattr(self.api, name)(request, metadata=metadata, timeout=30)
        if position := getattr(answer, "position", ""):
            await self.settled(position)
        return answer

    async def settled(self, position: str) -> None:
        """Until this service's read models have it."""
        number = int(position.partition(":")[2])

        async def reached() -> bool:
            found = await self.ground.live.fetchval("SELECT max(position) FROM positions WHERE source = 'billing'")
            return bool(found and found >= number)

        await until(reached)

    async def tell_webhook(self, raw: bytes, signature: str) -> None:
        body = HttpBody(content_type="application/json", data=raw)
        await self.api.ReceiveProcessorEvent(body, metadata=(("stripe-signature", signature),), timeout=30)

    async def charged(self, patient: UUID, cents: int, *, confidential: bool = False) -> str:
        request = api_pb2.PostChargeRequest(
            patient_id=str(patient),
            serviced_on=Date(year=2026, month=3, day=2),
            category="visit",
            description="Office visit",
            amount_cents=cents,
            confidential=confidential,
        )
        return cast("str", (await self.ask("PostCharge", request)).charge_id)

    async def stated(self, patient: UUID, *charge_ids: str) -> str:
        request = api_pb2.PostStatementRequest(patient_id=str(patient), charge_ids=charge_ids)
        return cast("str", (await self.ask("PostStatement", request)).statement_id)

    async def billed(self, patient: UUID, cents: int) -> str:
        return await self.stated(patient, await self.charged(patient, cents))

    async def get(self, patient: UUID, statement_id: str, account: UUID = people.BILLER) -> Any:
        request = api_pb2.GetStatementRequest(patient_id=str(patient), statement_id=statement_id)
        return await self.ask("GetStatement", request, account)

    async def balance(self, patient: UUID, account: UUID) -> Any:
        return await self.ask("GetBalance", api_pb2.GetBalanceRequest(patient_id=str(patient)), account)

    async def started(self, patient: UUID, statement_id: str, cents: int, account: UUID) -> Any:
        request = api_pb2.StartPaymentRequest(patient_id=str(patient), statement_id=statement_id, amount_cents=cents)
        return await self.ask("StartPayment", request, account)

    async def settle(self, checkout_url: str, *outcomes: str) -> None:
        """What the payer and the payer's bank do on the processor's pages."""
        async with httpx.AsyncClient(trust_env=False) as browser:
            for outcome in outcomes:
                await browser.post(checkout_url, data={"outcome": outcome})

    async def paid(self, patient: UUID, statement_id: str, cents: int, account: UUID) -> Any:
        started = await self.started(patient, statement_id, cents, account)
        await self.settle(started.checkout_url, "pay")
        await self.shown(patient, statement_id, started.payment_id, "received")
        return started

    async def shown(self, patient: UUID, statement_id: str, payment_id: str, state: str) -> None:
        """Until a payment of the statement is shown in that state."""

        async def is_shown() -> bool:
            payments = (await self.get(patient, statement_id)).payments
            return any(one.payment_id == payment_id and one.state == state for one in payments)

        await until(is_shown)

    async def enrolled(self) -> "Person":
        """A patient of the practice with an account, and a representative who sees bills."""
        patient, own, representative = uuid4(), uuid4(), uuid4()
        await self.tell(
            told.PatientRegistered(practice_id=PRACTICE, patient_id=patient, birth_date=people.BORN),
        )
        self.identity.registered.add(str(patient))
        self.let_in(patient, own, "self")
        self.let_in(patient, representative, "representative")
        return Person(patient, own, representative)

    def let_in(self, patient: UUID, account: UUID, acting_as: str, practice: UUID = PRACTICE) -> None:
        since = self.ground.clock.now() - timedelta(hours=1)
        window = HeldWindow(patient, practice, patient, acting_as, frozenset({"billing"}), since, None)
        self.consent.windows[account] = [*self.consent.windows.get(account, ()), window]

    async def tell(self, *events: PublicEvent) -> None:
        """The reader of identity's topic brings events."""
        assert self.service is not None
        models = [*self.service.read_models, *REPLICAS]
        sources = sources_of("billing", models, {}, self.service.consumers)
        advance = PostgresAdvance(self.ground.live, self.ground.database.sealer, sources)
        for event in events:
            key = event.patient_id if isinstance(event, PatientEvent) else event.practice_id
            partition = partition_of(key_bytes(key))
            last = await advance.last("identity", partition)
            position, now = last + 1, self.ground.clock.now()
            recorded = Recorded(event, "identity", partition, position, key, 1, key, key, now, now)
            await advance.advance("identity", partition, last, [Incoming(position, key, b"", recorded)], position)

    async def answers(self) -> bool:
        request = api_pb2.ListRefundTasksRequest(practice_id=str(PRACTICE))
        with suppress(PortalError):
            await self.ask("ListRefundTasks", request)
            return True
        return False


@dataclass(frozen=True, slots=True)
class Person:
    """A patient, the own account, and a representative's."""

    id: UUID
    own: UUID
    representative: UUID


async def refused(call: Any, slug: str) -> None:
    with pytest.raises(PortalError) as caught:
        await call
    assert caught.value.slug == slug


async def not_found(call: Any) -> None:
    await refused(call, NotFound.slug)


@asynccontextmanager
async def web_of(parts: list[tuple[Starlette, int]]) -> AsyncIterator[None]:
    """Serves small web applications on loopback."""
    servers = [
        uvicorn.Server(uvicorn.Config(part, host="127.0.0.1", port=port, log_level="error")) for part, port in parts
    ]
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    await until(lambda: all(server.started for server in servers))
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


def gateway(house: House) -> Starlette:
    """Passes webhooks on to billing, byte for byte, as the gateway does."""

    async def webhook(request: Request) -> Response:
        raw, signature = await request.body(), request.headers["stripe-signature"]
        house.webhooks.append((raw, signature))
        try:
            await house.tell_webhook(raw, signature)
        except PortalError:
            return Response(status_code=503)
        return Response()

    return Starlette(routes=[Route("/v1/processor-events", webhook, methods=["POST"])])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("billing")
    certificates, secrets = folder / "certificates", folder / "secrets"
    make_certificates(certificates)
    secrets.mkdir()
    (secrets / "billing.key").write_bytes(b"k" * 32)
    (secrets / "analytics.key").write_bytes(b"a" * 32)
    signer = Identity(folder / "jwks.json")
    signer.publish()
    ports = free_ports(6)
    addresses = [f"127.0.0.1:{number}" for number in ports]
    processor_port, gateway_port = ports[4:]
    names = [await postgres.create(), await postgres.create()]
    environment = {
        "MODE": "demo", "BILLING_DATABASE_URL": postgres.dsn(names[0]),
        "BILLING_KEYS_DATABASE_URL": postgres.dsn(names[1]), "KAFKA_SERVERS": "127.0.0.1:1",
        "CERTIFICATES": str(certificates), "SECRETS": str(secrets), "JWKS": str(signer.jwks),
        "BILLING_API": addresses[0], "BILLING_PEERS": addresses[1], "IDENTITY_API": "none:1",
        "IDENTITY_PEERS": addresses[2], "CONSENT_API": "none:1", "CONSENT_PEERS": addresses[3],
        "PAYMENTS": "local", "PROCESSOR_URL": f"http://{addresses[4]}", "STRIPE_SECRET_KEY": SECRET,
        "STRIPE_WEBHOOK_SECRETS": f"whsec_of_tomorrow,{WEBHOOK_SECRET}",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(f"PORTAL_{name}", value)
        concrete: Any = type("Concrete", (PlayedFacts,), {"__abstractmethods__": frozenset()})
        identity, consent = cast("PlayedFacts", concrete()), played_consent()
        consent.everyone = True
        made = House(ServiceSettings("billing"), certificates, signer, identity, consent, environment["PROCESSOR_URL"])
        employ_everyone(made)
        processor = Settings(
            made.processor, f"http://127.0.0.1:{gateway_port}/v1/processor-events", SECRET, WEBHOOK_SECRET
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(stage(certificates, identity, consent, addresses[2:4]))
            await stack.enter_async_context(
                web_of([(application(folder / "processor", processor), processor_port), (gateway(made), gateway_port)])
            )
            await stack.enter_async_context(running(made))
            await made.tell(
                told.PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York"),
                told.PracticeOpened(practice_id=OTHER_PRACTICE, time_zone="America/New_York"),
                told.PatientRegistered(practice_id=OTHER_PRACTICE, patient_id=OTHER_PATIENT, birth_date=people.BORN),
            )
            yield made
    for name in names:
        await postgres.drop(name)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(serve(house.settings, house.compose, stop))

    async def is_up() -> bool:
        if task.done():
            task.result()
        return await house.answers()

    try:
        await until(is_up, seconds=30)
        yield
    finally:
        stop.set()
        with suppress(Exception):
            await asyncio.wait({task}, timeout=20)
        for channel in house.channels.values():
            await channel.close(None)


def employ_everyone(house: House) -> None:
    """The staff of two practices; identity says of each that it must be asked."""
    rows = {
        people.BILLER: (PRACTICE, "billing"),
        people.DESK: (PRACTICE, "front_desk"),
        people.STRANGER: (OTHER_PRACTICE, "billing"),
    }
    for account, (practice, role) in rows.items():
        membership = StaffMembership(practice, people.staff_of(account), frozenset({role}), None)
        house.identity.staff[account] = [membership]
    house.identity.changed = [str(account) for account in rows]
