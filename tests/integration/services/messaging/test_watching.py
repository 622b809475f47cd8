"""An open stream of inbox changes over gRPC: what it tells, to whom, and when it ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from deploy.local.certificates import make_certificates
from services.messaging.api import watching
from services.messaging.peers import MessagingPeers
from services.messaging.policies import POLICIES
from shared.access.windows import HeldWindow
from shared.clock import RulesClock, monotonic
from shared.contracts.documents.v1.events import ResultReleased
from shared.contracts.identity.v1.events import PatientRegistered
from shared.contracts.messaging.v1 import api_pb2, peers_pb2
from shared.contracts.messaging.v1.api_pb2_grpc import MessagingApiStub
from shared.errors import AccessChanged, NotFound, PortalError
from shared.privacy import ServiceKey
from shared.rpc.admission import Admission
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from shared.rpc.invocation import Parts
from shared.rpc.metadata import calling
from shared.rpc.server import Listening, RpcServer
from shared.rpc.tokens import Tokens
from shared.service import Endpoint
from tests.integration.services.messaging.conftest import EVERYTHING, House
from tests.integration.services.messaging.people import PATIENT, PRACTICE, PROVIDER
from tests.integration.shared.rpc.conftest import ISSUER, Identity
from tests.integration.shared.rpc.doors import Answers

CHILD, PARENT = uuid4(), uuid4()
ALL, AS_TEENS_PARENT = frozenset(EVERYTHING), frozenset({"appointments", "billing"})
REQUEST = api_pb2.WatchInboxRequest(patient_id=str(PATIENT))
SOON_SECONDS = 10.0
"""It ends by itself and without being asked; that a second is enough, `make faults` shows."""
"""Within that an open stream ends when access does (design, section 6)."""


@dataclass
class Open:
    """The running service, and who may see what of it."""

    house: House
    access: Answers
    clock: RulesClock
    identity: Identity
    stub: MessagingApiStub

    def window(self, account_id: UUID, scopes: frozenset[str], **more: Any) -> None:
        made = HeldWindow(PATIENT, PRACTICE, account_id, "self", scopes, self.clock.now() - timedelta(hours=1), None)
        self.access.held.setdefault((account_id, PATIENT), []).append(replace(made, **more))

    @asynccontextmanager
    async def watch(self, account_id: UUID) -> AsyncIterator[Any]:
        """A stream that has told that it watches."""
        with calling(token=self.identity.token(account_id)):
            answers: Any = self.stub.WatchInbox(REQUEST)
            following = aiter(answers)
            assert not (await anext(following)).items
            yield following
            answers.cancel()

    async def release(self) -> UUID:
        result_id = uuid4()
        told = ResultReleased(practice_id=PRACTICE, patient_id=PATIENT, result_id=result_id, provider_id=PROVIDER)
        await self.house.tell("documents", told)
        return result_id


@pytest.fixture
async def open_house(house: House, tmp_path: Path) -> AsyncIterator[Open]:
    """Messaging behind its real API port; windows are what a test says."""
    make_certificates(tmp_path / "certificates")
    identity = Identity(tmp_path / "jwks.json")
    identity.publish()
    access, clock = Answers(), RulesClock()
    registered = PatientRegistered(practice_id=PRACTICE, patient_id=PATIENT, birth_date=date(2014, 3, 2))
    await house.tell("identity", registered)

    async def at_once(position: object) -> None:
        return

    key = ServiceKey("messaging", b"k" * 32)
    parts = Parts(house.store, house.queues, house.database, clock, key, access, at_once, house.advance)
    admission = Admission(Tokens(identity.jwks, ISSUER), access, house.database, clock)
    api = Endpoint("portal.messaging.v1.MessagingApi", api_pb2, house.api)
    peers = Endpoint("portal.messaging.v1.MessagingPeers", peers_pb2, MessagingPeers())
    server = RpcServer(parts, admission, POLICIES, api, peers)
    certificates = tmp_path / "certificates"
    async with AsyncExitStack() as stack:
        await server.start(Listening("127.0.0.1:0", "127.0.0.1:0"), Certificates(certificates, "messaging"))
        stack.push_async_callback(server.stop, 0)
        gateway = Certificates(certificates, "gateway")
        channel: grpc.aio.Channel = open_channel(f"127.0.0.1:{server.api_port}", "messaging", gateway)
        stack.push_async_callback(channel.close, None)
        yield Open(house, access, clock, identity, MessagingApiStub(channel))


async def drain(following: Any) -> None:
    async for _ in following:
        pass


async def ends(following: Any, error: type[PortalError], change: Callable[[], object]) -> None:
    began = monotonic()
    change()
    with pytest.raises(error):
        await drain(following)
    assert monotonic() - began < SOON_SECONDS


async def test_r16_a_released_result_is_told_by_id_and_kind_and_nothing_else(open_house: Open) -> None:
    open_house.window(CHILD, ALL)
    async with open_house.watch(CHILD) as following:
        result_id = await open_house.release()
        told = await anext(following)
        assert [(item.item_id, item.kind) for item in told.items] == [(str(result_id), "result")]
        assert {field.name for field in told.items[0].DESCRIPTOR.fields} == {"item_id", "kind"}


async def test_a_watcher_is_told_of_the_kinds_in_reach_only(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """To whom billing is open a result does not exist; there is only the heartbeat."""
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 1.5)
    open_house.window(PARENT, frozenset({"billing"}))
    async with open_house.watch(PARENT) as following:
        await open_house.release()
        assert not (await anext(following)).items


async def test_r18_a_parents_open_stream_closes_at_the_12th_birthday(open_house: Open) -> None:
    """From then on it is another access; opened again, it tells of appointments and bills only."""
    birthday = open_house.clock.now() + timedelta(days=3)
    open_house.window(PARENT, ALL, acting_as="representative", until=birthday)
    open_house.window(PARENT, AS_TEENS_PARENT, acting_as="representative", since=birthday)
    async with open_house.watch(PARENT) as following:
        first = await open_house.release()
        assert [item.item_id for item in (await anext(following)).items] == [str(first)]
        almost = birthday - open_house.clock.now() - timedelta(minutes=1)
        open_house.clock.advance_to(almost)
        second = await open_house.release()
        assert [item.item_id for item in (await anext(following)).items] == [str(second)], "the last minute counts"
        await ends(following, AccessChanged, lambda: open_house.clock.advance_to(almost + timedelta(minutes=2)))


async def test_r18_a_stream_of_someone_whose_window_ends_closes(open_house: Open) -> None:
    open_house.window(PARENT, ALL, acting_as="representative", until=open_house.clock.now() + timedelta(hours=1))
    async with open_house.watch(PARENT) as following:
        await ends(following, NotFound, lambda: open_house.clock.advance_to(timedelta(hours=2)))


async def test_r2_a_withdrawn_consent_closes_the_stream_within_a_second(open_house: Open) -> None:
    open_house.window(CHILD, ALL)
    async with open_house.watch(CHILD) as following:
        await ends(following, NotFound, open_house.access.held.clear)


async def test_opening_the_stream_and_each_thing_told_is_recorded(open_house: Open) -> None:
    open_house.window(CHILD, ALL)
    before = await open_house.house.store.head()
    async with open_house.watch(CHILD) as following:
        result_id = await open_house.release()
        await anext(following)
    events = [one.event async for page in open_house.house.store.read(before) for one in page]
    assert [event.viewer.rpc for event in events] == ["WatchInbox", "WatchInbox"]  # type: ignore[attr-defined]  # views
    assert events[1].viewing.object_ids == (result_id,)  # type: ignore[attr-defined]  # a view


async def test_nobody_watches_a_record_that_is_not_theirs(open_house: Open) -> None:
    with calling(token=open_house.identity.token(uuid4())):
        answers: Any = open_house.stub.WatchInbox(REQUEST)
        with pytest.raises(NotFound):
            await drain(answers)
