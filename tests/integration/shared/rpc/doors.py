"""A service of no meaning behind real gRPC servers with mTLS: its contract, servicers, policies and test doubles."""

import asyncio
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, cast
from uuid import UUID

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from shared.access.locating import practice_of_request
from shared.access.windows import HeldWindow, StaffMembership
from shared.aggregate import Aggregate, event
from shared.errors import AccessUndecided, NotFound
from shared.eventstore.stored import Stored, StoredTable
from shared.handling import Created, Work
from shared.reading import Rows
from shared.rpc import viewing
from shared.rpc.call import Call
from shared.rpc.contract import Rpc, rpcs_of
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Located, Policy
from shared.service import Endpoint

PRACTICE, OTHER_PRACTICE = UUID(int=0xA1), UUID(int=0xA2)
PATIENT, OTHER_PATIENT, FOREIGN_PATIENT = UUID(int=0xB1), UUID(int=0xB2), UUID(int=0xB3)
DOORS = {
    UUID(int=0xD1): Located(PRACTICE, PATIENT),
    UUID(int=0xD2): Located(PRACTICE, OTHER_PATIENT),
    UUID(int=0xD3): Located(OTHER_PRACTICE, FOREIGN_PATIENT),
}
DOOR, OTHER_DOOR, FOREIGN_DOOR = DOORS


class Door(Aggregate):
    """What commands make here."""

    class Hung(Aggregate.Created):
        door_id: UUID
        note: str

    @staticmethod
    def create_id(door_id: UUID, note: str) -> UUID:
        return door_id

    @event(Hung)
    def __init__(self, door_id: UUID, note: str) -> None:
        self.note = note

    @property
    def subject_id(self) -> UUID:
        return self.id


TABLE = StoredTable([Stored("DoorHung", Door.Hung), *viewing.STORED])


async def hang_door(note: str, work: Work) -> Created:
    position = await work.create(lambda: Door(door_id=work.new_id("door"), note=note))
    return Created(work.new_id("door"), position)


async def locate_door(request: Any, rows: Rows) -> Located:
    located = DOORS.get(uuid_field(request.door_id, "door_id"))
    if located is None:
        raise NotFound
    return located


def contract() -> ModuleType:
    """The generated module of ``doors.proto``, as far as the server needs one."""
    here = Path(__file__).parent
    with TemporaryDirectory() as folder:
        out = Path(folder) / "doors.binpb"
        includes = [here, Path(sysconfig.get_path("purelib")), Path(str(protoc.__file__)).parent / "_proto"]
        options = [*(f"-I{path}" for path in includes), f"--descriptor_set_out={out}"]
        assert protoc.main(["protoc", *options, "doors.proto"]) == 0
        file = FileDescriptorSet.FromString(out.read_bytes()).file[0]
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    module = ModuleType("doors_pb2")
    vars(module)["DESCRIPTOR"] = pool.FindFileByName("doors.proto")
    return module


CONTRACT = contract()


class DoorsApi:
    """Answers with how the call was admitted."""

    def __init__(self) -> None:
        self.watched = self.shut = 0

    async def _told(self, call: Call, **values: str) -> Any:
        return ANSWER(
            acting_as=call.actor.acting_as, kind=call.actor.kind, client_address=call.client_address, **values
        )

    async def GetDoor(self, request: Any, call: Call) -> Any:
        return await self._told(call)

    async def ViewDoor(self, request: Any, call: Call) -> Any:
        call.viewed(UUID(request.door_id))
        return await self._told(call)

    async def ShutDoor(self, request: Any, call: Call) -> Any:
        self.shut += 1
        made = await call.perform(hang_door, request.note)
        return await self._told(call, id=str(made.id), position=str(made.position))

    LockDoor = KnockDoor = EnterDoor = ShutDoor

    async def ListDoors(self, request: Any, call: Call) -> Any:
        keyset, size = call.page(request.page_token, request.page_size)
        return PAGE(began_after=keyset, size=size, next_page_token=call.next_page("somewhere"))

    async def ListMyDoors(self, request: Any, call: Call) -> Any:
        return PAGE(patient_ids=[str(window.patient_id) for window in await call.windows()])

    async def WatchDoor(self, request: Any, call: Call) -> AsyncIterator[Any]:
        self.watched += 1
        yield await self._told(call)
        await asyncio.Event().wait()

    async def BreakDoor(self, request: Any, call: Call) -> Any:
        raise ValueError(f"a secret of Maria Canary: {request.note}")


class DoorsPeers:
    async def CountDoors(self, request: Any, call: Call) -> Any:
        return ANSWER(kind=call.actor.kind)

    async def PeekDoor(self, request: Any, call: Call) -> Any:
        return ANSWER(kind=call.actor.kind, acting_as=call.actor.acting_as)


CLINIC = frozenset({"provider", "clinical"})
BOTH = frozenset({ACCOUNT, STAFF})
POLICIES = {
    "GetDoor": Policy(BOTH, "treatment", CLINIC, "results", locate_door),
    "ViewDoor": Policy(BOTH, "treatment", CLINIC, "results", locate_door, recorded=True),
    "ShutDoor": Policy(BOTH, "treatment", CLINIC, "results", locate_door, writes=True, secrets=frozenset({"word"})),
    "LockDoor": Policy(
        frozenset({ACCOUNT}), "operations", writes=True, step_up=True, scope="results", locate=locate_door
    ),
    "KnockDoor": Policy(frozenset({ANYONE}), "operations", writes=True),
    "EnterDoor": Policy(frozenset({ANYONE}), "operations", writes=True, link="word", secrets=frozenset({"word"})),
    "ListDoors": Policy(frozenset({STAFF}), "treatment", CLINIC, locate=practice_of_request),
    "ListMyDoors": Policy(frozenset({ACCOUNT}), "treatment", scope="results", locate=None),
    "WatchDoor": Policy(frozenset({ACCOUNT}), "treatment", scope="results", locate=locate_door),
    "BreakDoor": Policy(frozenset({ANYONE}), "operations"),
}
PEER_POLICIES = {
    "CountDoors": Policy(frozenset({PEER}), "operations", peers=frozenset({"consent"})),
    "PeekDoor": Policy(
        frozenset({PEER, ACCOUNT}), "treatment", scope="results", locate=locate_door, peers=frozenset({"messaging"})
    ),
}

SERVICER = DoorsApi()
API = Endpoint("tests.doors.v1.DoorsApi", CONTRACT, SERVICER)
PEERS = Endpoint("tests.doors.v1.DoorsPeers", CONTRACT, DoorsPeers())
RPCS: dict[str, Rpc] = {rpc.name: rpc for endpoint in (API, PEERS) for rpc in rpcs_of(endpoint)}
REQUEST: Any = RPCS["GetDoor"].request
ANSWER: Any = RPCS["GetDoor"].response
PAGE_REQUEST: Any = RPCS["ListDoors"].request
PAGE: Any = RPCS["ListDoors"].response


class Answers:
    """An AccessSource that says what the test wants."""

    def __init__(self) -> None:
        self.held: dict[tuple[UUID, UUID], list[HeldWindow]] = {}
        self.staff: dict[UUID, list[StaffMembership]] = {}
        self.ended: set[UUID] = set()
        self.silent = False

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        self._speak()
        return [
            window
            for (account, patient), windows in self.held.items()
            for window in windows
            if account == account_id and patient_id in {None, patient}
        ]

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        self._speak()
        return self.staff.get(account_id, [])

    async def session_ended(self, session_id: UUID) -> bool:
        self._speak()
        return session_id in self.ended

    def _speak(self) -> None:
        if self.silent:
            raise AccessUndecided


class Unjoined:
    """Rows of a service in which no records of patients were joined."""

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        return []

    async def fetch_one(self, sql: str, *arguments: object) -> None:
        return None


class NoRows:
    """A Database of which only the live rows are asked for, and these are empty."""

    @asynccontextmanager
    async def live_rows(self) -> AsyncIterator[Rows]:
        yield cast("Rows", Unjoined())
