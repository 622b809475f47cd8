"""The client towards a server that answers as a test wants: tries, deadlines, and what goes out with a call."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from shared import telemetry
from shared.clock import monotonic
from shared.contracts.documents.v1 import api_pb2, api_pb2_grpc
from shared.errors import DeadlineExceeded, ReadModelBehind, Unavailable
from shared.rpc.certificates import Certificates
from shared.rpc.client import CALL_SECONDS, ApiChannel
from shared.rpc.errors import grpc_status
from shared.rpc.metadata import calling, within

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
READ, WRITE = api_pb2.GetResultRequest(), api_pb2.ReleaseResultRequest()


@dataclass
class Seen:
    """What reached the server; ``failures`` are answered first, in order."""

    stub: Any = None
    failures: list[Callable[[Any], Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: bytes, context: Any) -> bytes:
        self.seconds.append(context.time_remaining())
        self.headers.append(dict(context.invocation_metadata()))
        if self.failures:
            await self.failures.pop(0)(context)
        return b""


async def gone(context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAVAILABLE, "nobody is here")


async def behind(context: Any) -> None:
    await context.abort_with_status(grpc_status(ReadModelBehind(), ""))


@pytest.fixture
async def seen(certificates: Path) -> AsyncIterator[Seen]:
    made = Seen()
    handler = grpc.unary_unary_rpc_method_handler(made.answer)
    handlers = grpc.method_handlers_generic_handler(
        "portal.documents.v1.DocumentsApi", {"GetResult": handler, "ReleaseResult": handler}
    )
    async with AsyncExitStack() as stack:
        server = grpc.aio.server(handlers=[handlers])
        port = server.add_secure_port("127.0.0.1:0", Certificates(certificates, "documents").server())
        await server.start()
        stack.push_async_callback(server.stop, 0)
        channels = ApiChannel(Certificates(certificates, "web"), lambda service: f"127.0.0.1:{port}")
        stack.push_async_callback(channels.close)
        made.stub = api_pb2_grpc.DocumentsApiStub(channels.channel("documents"))
        yield made


async def test_a_read_that_found_nobody_is_tried_again_and_a_command_is_not(seen: Seen) -> None:
    seen.failures = [gone, gone]
    await seen.stub.GetResult(READ)
    assert len(seen.seconds) == 3
    seen.failures = [gone]
    with pytest.raises(Unavailable):
        await seen.stub.ReleaseResult(WRITE)
    assert len(seen.seconds) == 4


async def test_a_read_is_given_up_after_the_third_try(seen: Seen) -> None:
    seen.failures = [gone] * 4
    with pytest.raises(Unavailable):
        await seen.stub.GetResult(READ)
    assert len(seen.seconds) == 3


async def test_what_a_service_says_itself_is_not_asked_again(seen: Seen) -> None:
    seen.failures = [behind]
    with pytest.raises(ReadModelBehind):
        await seen.stub.GetResult(READ)
    assert len(seen.seconds) == 1


async def test_every_call_has_a_deadline_and_the_running_one_is_handed_on_with_a_margin(seen: Seen) -> None:
    await seen.stub.GetResult(READ)
    with within(monotonic() + 2.0):
        await seen.stub.GetResult(READ)
        await seen.stub.GetResult(READ, timeout=0.5)
    first, second, third = seen.seconds
    assert first <= CALL_SECONDS
    assert second < 2.0
    assert third < 0.51


async def test_after_the_deadline_nothing_is_sent(seen: Seen) -> None:
    with within(monotonic() + 0.01), pytest.raises(DeadlineExceeded):
        await seen.stub.GetResult(READ)
    assert seen.seconds == []


async def test_a_call_carries_what_the_page_gave_it_and_the_trace(seen: Seen) -> None:
    with (
        telemetry.span("GET /results", carrier={"traceparent": PARENT}),
        calling(token="t", idempotency_key="k", after="documents:1", client_address="203.0.113.9"),  # noqa: S106
    ):
        await seen.stub.ReleaseResult(WRITE)
    headers = seen.headers[0]
    assert headers["authorization"] == "Bearer t"
    assert headers["idempotency-key"] == "k"
    assert headers["portal-after"] == "documents:1"
    assert headers["portal-client-address"] == "203.0.113.9"
    assert headers["traceparent"].split("-")[1] == PARENT.split("-")[1]
    await seen.stub.GetResult(READ)
    assert "authorization" not in seen.headers[1]
