"""A whole process over real PostgreSQL and real gRPC, with peers that a test plays and a Kafka that is away."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from deploy.local.certificates import make_certificates
from deploy.local.ports import free_ports
from shared.access.windows import HeldWindow
from shared.errors import NotFound
from shared.eventstore.stored import Stored
from shared.process.foundation import ServiceRefused
from shared.process.running import causes, serve
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.contract import TablesRefused
from shared.service import Foundation, Service
from shared.settings import ServiceSettings
from tests.integration.shared.access.played import PlayedConsent, PlayedIdentity, played_consent, played_identity, stage
from tests.integration.shared.rpc import doors
from tests.integration.shared.rpc.conftest import Identity
from tests.waiting import until

ACCOUNT = UUID(int=0xC1)
MINE = {"patient_id": str(doors.PATIENT), "door_id": str(doors.DOOR)}


@dataclass
class House:
    """A documents' process with the doors' tables, its peers, and the way in."""

    settings: ServiceSettings
    certificates: Path
    signer: Identity
    identity: PlayedIdentity
    consent: PlayedConsent
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def compose(self, foundation: Foundation) -> Service:
        assert foundation.store.service == "documents"
        return Service(
            name="documents",
            stored=[Stored("DoorHung", doors.Door.Hung)],
            published={},
            read_models=[],
            policies=doors.POLICIES | doors.PEER_POLICIES,
            api=doors.API,
            peers=doors.PEERS,
        )

    @asynccontextmanager
    async def running(self, compose: Callable[[Foundation], Service]) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(serve(self.settings, compose, self.stop))
        try:
            yield task
        finally:
            self.stop.set()
            await asyncio.wait({task}, timeout=20)

    async def ask(self, name: str, *, headers: Any = None, **given: str) -> Any:
        rpc = doors.RPCS[name]
        target = self.settings.addresses("documents").api
        channel = open_channel(target, "documents", Certificates(self.certificates, "gateway"))
        serialize: Any = rpc.request.SerializeToString
        deserialize: Any = rpc.response.FromString
        metadata = {"authorization": f"Bearer {self.signer.token(ACCOUNT)}", **(headers or {})}
        async with channel:
            call: Any = channel.unary_unary(rpc.path, serialize, deserialize)
            return await call(rpc.request(**given), metadata=tuple(metadata.items()), timeout=30)

    async def is_up(self) -> bool:
        try:
            await self.ask("BreakDoor")
        except grpc.aio.AioRpcError:
            return True
        except Exception:
            return False
        return False


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
        "IDENTITY_API": "none:1", "IDENTITY_PEERS": addresses[2],
        "CONSENT_API": "none:1", "CONSENT_PEERS": addresses[3],
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    identity, consent = played_identity(), played_consent()
    consent.everyone = True
    async with stage(certificates, identity, consent, addresses[2:]):
        yield House(ServiceSettings("documents"), certificates, signer, identity, consent)


async def test_a_process_serves_asks_consent_and_ends_cleanly(house: House) -> None:
    async with house.running(house.compose) as task:
        await until(house.is_up)
        with pytest.raises(NotFound):
            await house.ask("GetDoor", **MINE)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        scopes = frozenset({"results"})
        window = HeldWindow(doors.PATIENT, doors.PRACTICE, doors.PATIENT, "self", scopes, epoch, None)
        house.consent.windows[ACCOUNT] = [window]
        assert (await house.ask("GetDoor", **MINE)).acting_as == "self"
        made = await house.ask("ShutDoor", headers={"idempotency-key": "1"}, **MINE)
        assert made.position == "documents:1"
        await house.ask("ViewDoor", headers={"portal-after": made.position}, **MINE)
        assert not task.done()
    assert task.done()
    assert task.exception() is None


async def test_a_role_that_dies_ends_the_process(house: House) -> None:
    async def die() -> None:
        raise ValueError("a dead role")

    async with house.running(lambda foundation: replace(house.compose(foundation), background={"clock": die})) as task:
        await asyncio.wait({task}, timeout=30)
        assert [str(cause) for cause in causes(task.exception() or KeyError())] == ["a dead role"]
        assert not await house.is_up()


async def test_a_role_that_ends_by_itself_ends_the_process_too(house: House) -> None:
    async def end() -> None:
        return

    async with house.running(lambda foundation: replace(house.compose(foundation), background={"clock": end})) as task:
        await asyncio.wait({task}, timeout=30)
        assert [type(cause) for cause in causes(task.exception() or KeyError())] == [RuntimeError]


async def test_tables_that_do_not_go_together_do_not_start(house: House) -> None:
    async with house.running(lambda foundation: replace(house.compose(foundation), policies={})) as task:
        await asyncio.wait({task}, timeout=30)
        assert isinstance(task.exception(), TablesRefused)


async def test_production_refuses_the_local_key_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_MODE", "production")
    monkeypatch.setenv("PORTAL_PUBLIC_URL", "https://portal.example")
    with pytest.raises(ServiceRefused, match="PORTAL_MOUNTED_KEYS"):
        await serve(ServiceSettings("documents"), house.compose, asyncio.Event())


@pytest.mark.parametrize(("mode", "reflects"), [("production", False), ("demo", True)])
async def test_services_describe_themselves_in_a_demonstration_only(
    house: House, monkeypatch: pytest.MonkeyPatch, mode: str, reflects: bool
) -> None:
    for name, value in {"MODE": mode, "MOUNTED_KEYS": "true", "PUBLIC_URL": "https://portal.example"}.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    house.settings = ServiceSettings("documents")
    credentials = Certificates(house.certificates, "gateway").channel()
    options = [("grpc.ssl_target_name_override", "documents")]
    async with house.running(house.compose):
        await until(house.is_up)
        target = house.settings.addresses("documents").api
        async with grpc.aio.secure_channel(target, credentials, options=options) as channel:
            untyped: Any = channel  # the stubs know no aio
            stub: Any = reflection_pb2_grpc.ServerReflectionStub(untyped)
            call = stub.ServerReflectionInfo(
                iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=5
            )
            answers = aiter(call)
            if reflects:
                assert doors.API.service in str(await anext(answers))
            else:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await anext(answers)
                assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_the_offset_of_the_rules_clock_comes_with_the_session_lease(house: House) -> None:
    house.identity.offset_seconds = 86_400
    seen: list[Foundation] = []

    def compose(foundation: Foundation) -> Service:
        seen.append(foundation)
        return house.compose(foundation)

    async with house.running(compose):
        await until(lambda: seen and seen[0].clock.offset == timedelta(days=1))


async def test_a_process_that_does_not_end_is_ended_and_says_what_held_it() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.shared.process.stubborn", stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"stubborn role" in told
