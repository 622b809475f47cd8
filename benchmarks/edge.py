"""Row 5: a durable command over gRPC beside an echo on the same server settings, with and without interceptors."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
from joserfc import jwt
from joserfc.jwk import ECKey

from benchmarks.append import OWNERS
from benchmarks.contract import ANSWERED, ASKED, RPCS
from benchmarks.ground import Broken, Ground, say
from benchmarks.rounds import Figure, Measured, measure
from benchmarks.serving import ISSUER
from benchmarks.visits import REASON
from deploy.local.certificates import make_certificates
from shared.clock import machine_now, monotonic
from shared.ids import uuid7
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel

CALLERS = 64
COMMAND, ECHO, COMMAND_FULL, ECHO_FULL = "command", "echo", "command behind all", "echo behind all"
FIGURES = [
    Figure(5, "durable command over gRPC ÷ echo, interceptors off", COMMAND, ECHO, 0.9),
    Figure(5, "durable command over gRPC ÷ echo, interceptors on", COMMAND_FULL, ECHO_FULL, 0.9),
]


@dataclass(frozen=True, slots=True)
class Server:
    """The process under measurement, and what a caller needs."""

    ports: dict[str, int]
    certificates: Path
    token: str
    owners: list[UUID]

    def call(self, kind: str, name: str) -> Callable[..., Any]:
        channel = open_channel(f"127.0.0.1:{self.ports[kind]}", "documents", Certificates(self.certificates, "gateway"))
        method: Any = channel.unary_unary(
            RPCS[name].path, request_serializer=ASKED.SerializeToString, response_deserializer=ANSWERED.FromString
        )
        return method  # type: ignore[no-any-return]  # grpc's multicallable


async def run(ground: Ground) -> list[Measured]:
    seconds = ground.effort.seconds
    async with serving(ground) as server:
        sides = {
            COMMAND: lambda: rate(server, "bare", "Open", seconds),
            ECHO: lambda: rate(server, "bare", "Echo", seconds),
            COMMAND_FULL: lambda: rate(server, "full", "Open", seconds),
            ECHO_FULL: lambda: rate(server, "full", "Echo", seconds),
        }
        return await measure(FIGURES, sides, ground.effort.rounds, ground.folder, say)


@asynccontextmanager
async def serving(ground: Ground) -> AsyncIterator[Server]:
    """The server's life, in a process of its own."""
    certificates, jwks = ground.folder / "certificates", ground.folder / "jwks.json"
    make_certificates(certificates)
    key = ECKey.generate_key("P-256", {"kid": "1"})
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    owners = [uuid7() for _ in range(OWNERS)]
    async with ground.opened() as opened:
        await opened.keys.for_writing(owners)
        arguments = [opened.dsn, opened.keys_dsn, str(certificates), str(jwks)]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.serving", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            if process.stdin is None or process.stdout is None:
                raise Broken("expected a process with pipes")
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            if not line:
                raise Broken("the server did not start")
            yield Server(json.loads(line), certificates, token(key), owners)
        finally:
            process.terminate()
            await process.wait()


def token(key: ECKey) -> str:
    """An access token as identity signs them, for as long as one lasts."""
    now = int(machine_now().timestamp())
    claims = {
        "iss": ISSUER, "aud": "portal", "sub": str(uuid7()), "sid": str(uuid7()),
        "iat": now, "exp": now + 300, "factor_at": now,
    }  # fmt: skip
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])


async def rate(server: Server, kind: str, name: str, seconds: float) -> float:
    """Calls a second of so many callers on one channel."""
    method, owners = server.call(kind, name), cycle(map(str, server.owners))
    authorization = ("authorization", f"Bearer {server.token}")
    until, count = monotonic() + seconds, 0

    async def caller() -> None:
        nonlocal count
        while monotonic() < until:
            metadata = (authorization, ("idempotency-key", str(uuid7()))) if kind == "full" else ()
            try:
                await method(ASKED(owner_id=next(owners), text=REASON), metadata=metadata, timeout=20)
            except grpc.aio.AioRpcError as error:
                raise Broken(f"{name} answered {error.code().name}") from None
            count += 1

    began = monotonic()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return count / (monotonic() - began)
