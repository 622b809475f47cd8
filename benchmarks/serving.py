"""The process that row 5 calls: echo and command on a bare server, and both again behind all that a service has."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import uvloop

from benchmarks.contract import ANSWERED, ASKED, SERVICE, endpoint
from benchmarks.ground import MASTER
from benchmarks.visits import FINGERPRINT, METADATA, PRACTICE, REASON, TABLE, Visit
from shared.access.windows import HeldWindow, StaffMembership
from shared.clock import RulesClock
from shared.databases import without_session_state
from shared.envelope import Position
from shared.eventstore.postgres import PostgresEventStore
from shared.exporting import export
from shared.handling import Created, StreamQueues, Work
from shared.ids import uuid7
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.process.collecting import collect_seldom
from shared.reading.database import PostgresDatabase, open_pool
from shared.rpc.admission import Admission
from shared.rpc.call import Call
from shared.rpc.certificates import Certificates
from shared.rpc.invocation import Parts
from shared.rpc.policy import ACCOUNT, Policy
from shared.rpc.server import MOST_CALLS, OPTIONS, Listening, RpcServer
from shared.rpc.tokens import Tokens

ISSUER = "https://localhost:8443"
POLICIES = {
    "Echo": Policy(frozenset({ACCOUNT}), "treatment"),
    "Open": Policy(frozenset({ACCOUNT}), "treatment", writes=True),
}


async def open_visit(owner_id: UUID, work: Work) -> Created:
    """A command like a service's: decided, made, appended."""

    def build() -> Visit:
        return Visit(
            visit_id=work.new_id("visit"), owner_id=owner_id, practice_id=PRACTICE, opened_at=work.now, reason=REASON
        )

    position = await work.create(build)
    return Created(work.new_id("visit"), position)


class BenchApi:
    """Both RPCs as a service's ``api.py`` has them."""

    async def Echo(self, request: Any, call: Call) -> Any:
        return ANSWERED(text=request.text)

    async def Open(self, request: Any, call: Call) -> Any:
        made = await call.perform(open_visit, UUID(request.owner_id))
        return ANSWERED(id=str(made.id), position=str(made.position))


class Everyone:
    """Access decided from memory, as replicas under a lease are: everybody is who they are, and no session ended."""

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        return ()

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        return ()

    async def session_ended(self, session_id: UUID) -> bool:
        return False


def bare(store: PostgresEventStore, queues: StreamQueues, clock: RulesClock) -> "grpc.GenericRpcHandler[Any, Any]":
    """The same two without anything around them."""

    async def echo(request: Any, context: Any) -> Any:
        return ANSWERED(text=request.text)

    async def opened(request: Any, context: Any) -> Any:
        work = Work(store, queues, clock.now(), uuid7(), FINGERPRINT, METADATA)
        made = await open_visit(UUID(request.owner_id), work)
        return ANSWERED(id=str(made.id), position=str(made.position))

    def handler(method: Callable[[Any, Any], Awaitable[Any]]) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.unary_unary_rpc_method_handler(
            method, request_deserializer=ASKED.FromString, response_serializer=ANSWERED.SerializeToString
        )

    return grpc.method_handlers_generic_handler(SERVICE, {"Echo": handler(echo), "Open": handler(opened)})


async def serve(dsn: str, keys_dsn: str, certificates: Path, jwks: Path) -> None:
    """Until stdin ends; the ports are printed first."""
    async with AsyncExitStack() as stack:
        events = await stack.enter_async_context(
            asyncpg.create_pool(dsn, min_size=1, max_size=8, reset=without_session_state)
        )
        keys_pool = await stack.enter_async_context(
            asyncpg.create_pool(keys_dsn, min_size=1, max_size=4, reset=without_session_state)
        )
        live = await stack.enter_async_context(await open_pool(dsn, reset=without_session_state))
        key = ServiceKey("documents", MASTER)
        keys = SubjectKeys(key, events, keys_pool)
        store = PostgresEventStore(TABLE, keys, dsn, events)
        await store.open()
        stack.push_async_callback(store.close)
        clock, queues, access = RulesClock(), StreamQueues(), Everyone()
        database = PostgresDatabase(live, Sealer(keys))

        async def wait_for(position: Position) -> None:
            return None

        parts = Parts(store, queues, database, clock, key, access, wait_for)
        full = RpcServer(
            parts, Admission(Tokens(jwks, ISSUER), access, database, clock), POLICIES, endpoint(BenchApi())
        )
        shown = Certificates(certificates, "documents")
        await full.start(Listening("127.0.0.1:0", "127.0.0.1:0"), shown)
        stack.push_async_callback(full.stop, 0.0)
        plain = grpc.aio.server(
            handlers=[bare(store, queues, clock)], options=OPTIONS, maximum_concurrent_rpcs=MOST_CALLS
        )
        port = plain.add_secure_port("127.0.0.1:0", shown.server())
        await plain.start()
        stack.push_async_callback(plain.stop, 0.0)
        sys.stdout.write(json.dumps({"full": full.api_port, "bare": port}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    _, events_dsn, keys_database, folder, key_set = sys.argv
    export("documents", "")
    collect_seldom()
    uvloop.run(serve(events_dsn, keys_database, Path(folder), Path(key_set)))
