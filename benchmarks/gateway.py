"""Row 6: JSON over TLS through Envoy beside the same RPC asked for directly, in a whole portal."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from statistics import median
from urllib.parse import urlsplit

from benchmarks.ground import Broken, Ground, say
from benchmarks.rounds import Figure, Measured, measure
from operations.stack import Ports, Stack
from shared.clock import monotonic
from shared.contracts.identity.v1 import api_pb2
from shared.contracts.identity.v1.api_pb2_grpc import IdentityApiStub
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel

CONNECTIONS, TRIES = 32, 300
PATH = "/v1/practices"
THROUGH, DIRECT = "through Envoy, p50 s", "direct, p50 s"
MANY_THROUGH, MANY_DIRECT = "through Envoy, 32 connections", "direct, 32 callers"
FIGURES = [
    Figure(6, "JSON over TLS through Envoy, p50 ÷ direct", THROUGH, DIRECT, 1.6, at_most=True),
    Figure(6, "the same, throughput at 32 connections ÷ direct", MANY_THROUGH, MANY_DIRECT, 0.95),
]
Ask = Callable[[], Awaitable[None]]


async def run(ground: Ground) -> list[Measured]:
    stack = Stack(ground.folder / "portal", Ports.free())
    await stack.start()
    try:
        seconds = ground.effort.seconds
        sides = {
            THROUGH: lambda: typical(json_client(stack)),
            DIRECT: lambda: typical(grpc_client(stack)),
            MANY_THROUGH: lambda: rate(lambda: json_client(stack), seconds),
            MANY_DIRECT: lambda: rate(lambda: grpc_client(stack), seconds),
        }
        return await measure(FIGURES, sides, ground.effort.rounds, ground.folder, say)
    finally:
        await stack.stop()


@asynccontextmanager
async def json_client(stack: Stack) -> AsyncIterator[Ask]:
    """One connection over which the list of practices is asked for, and its answer read whole."""
    address = urlsplit(stack.public_url)
    context = ssl.create_default_context(cafile=str(stack.state.authority))
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=context)
    request = f"GET {PATH} HTTP/1.1\r\nhost: {address.netloc}\r\naccept: application/json\r\n\r\n".encode()

    async def ask() -> None:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status, *headers = head.decode().lower().split("\r\n")
        if " 200" not in status:
            raise Broken(f"the gateway answered {status}")
        lengths = [line.split(":")[1] for line in headers if line.startswith("content-length:")]
        await reader.readexactly(int(lengths[0]))

    try:
        yield ask
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def grpc_client(stack: Stack) -> AsyncIterator[Ask]:
    """One channel to identity's API port, as the gateway has it."""
    address = stack.environment()["PORTAL_IDENTITY_API"]
    channel = open_channel(address, "identity", Certificates(stack.state.certificates, "gateway"))
    stub = IdentityApiStub(channel)

    async def ask() -> None:
        await stub.ListPractices(api_pb2.ListPracticesRequest(), timeout=20)

    try:
        await ask()
        yield ask
    finally:
        await channel.close(None)


async def typical(client: AbstractAsyncContextManager[Ask]) -> float:
    """The median time of one request when there is no other."""
    times = []
    async with client as ask:
        for _ in range(TRIES):
            began = monotonic()
            await ask()
            times.append(monotonic() - began)
    return median(times)


async def rate(client: Callable[[], AbstractAsyncContextManager[Ask]], seconds: float) -> float:
    """Requests a second over so many connections."""
    count = 0

    async def caller(until: float) -> None:
        nonlocal count
        async with client() as ask:
            while monotonic() < until:
                await ask()
                count += 1

    began = monotonic()
    await asyncio.gather(*(caller(began + seconds) for _ in range(CONNECTIONS)))
    return count / (monotonic() - began)
