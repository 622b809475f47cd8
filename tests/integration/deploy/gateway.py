"""A real Envoy before a gRPC server that notes what reaches it and answers what the test says."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import grpc
import httpx
from google.protobuf.message import Message
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.envoy.configuration import Gateway, command
from deploy.local.certificates import SERVICES, make_certificates
from deploy.local.ports import free_ports
from deploy.local.secrets import make_secrets
from tests.waiting import until

Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
DESCRIPTORS = Path(__file__).parents[3] / "shared/contracts/portal.binpb"


@dataclass
class Reached:
    """One call as it came out of Envoy."""

    method: str
    request: bytes
    metadata: list[tuple[str, str | bytes]]

    def header(self, name: str) -> list[str | bytes]:
        return [value for key, value in self.metadata if key == name]


@dataclass
class Peers(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """All services behind one port: ``answers`` maps a method's last name to what it answers (or raises)."""

    answers: dict[str, Callable[["Context"], Message]] = field(default_factory=dict)
    reached: list[Reached] = field(default_factory=list)

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        method = details.method or ""

        async def answer(request: bytes, context: "Context") -> bytes:
            self.reached.append(Reached(method, request, list(context.invocation_metadata() or ())))
            answer = self.answers.get(method.rsplit("/", 1)[-1])
            if answer is None:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, "expected another method")
            made = answer(context)
            if asyncio.iscoroutine(made):
                made = await made
            return made.SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)


class Edge:
    """The running gateway: where it is, whom it trusts, what stands behind it."""

    def __init__(self, folder: Path, port: int, services: dict[str, str], web_port: int) -> None:
        self.folder = folder
        self.peers = Peers()
        self.servers: list[grpc.aio.Server] = []
        self.origin = f"https://localhost:{port}"
        self.port = port
        self.configuration = Gateway(
            listen=f"127.0.0.1:{port}",
            public_url=self.origin,
            certificates=folder / "certificates",
            public_certificates=folder / "certificates",
            jwks=folder / "secrets/jwks.json",
            descriptors=DESCRIPTORS,
            services=services,
            web=f"127.0.0.1:{web_port}",
            admin_socket=folder / "envoy.sock",
        )

    def client(self) -> httpx.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.folder / "certificates/public-authority.pem"))
        return httpx.AsyncClient(base_url=self.origin, verify=context, trust_env=False, http2=False)

    async def stop_services(self) -> None:
        for server in self.servers:
            await server.stop(None)

    def token(self, **changed: object) -> str:
        """An access token as identity signs it, with claims changed."""
        key = ECKey.import_key(json.loads((self.folder / "secrets/identity-signing.jwk").read_text()))
        claims = {"iss": self.origin, "aud": "portal", "sub": "a", "sid": "s", "exp": 4_000_000_000, **changed}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


@asynccontextmanager
async def edge(folder: Path) -> AsyncIterator[Edge]:
    """Envoy with mTLS to one server that stands for all five services, and to a web that only says which path."""
    make_certificates(folder / "certificates")
    make_secrets(folder / "secrets")
    peers_server = {service: grpc.aio.server() for service in SERVICES}
    services = {name: f"127.0.0.1:{listen(server, folder, name)}" for name, server in peers_server.items()}
    web = await asyncio.start_server(say_path, "127.0.0.1", 0)
    running = Edge(folder, free_ports(1)[0], services, web.sockets[0].getsockname()[1])
    running.servers += peers_server.values()
    for server in running.servers:
        server.add_generic_rpc_handlers([running.peers])
        await server.start()
    configuration = folder / "envoy.yaml"
    configuration.write_text(running.configuration.render())
    with (folder / "envoy.log").open("wb") as log:
        envoy = await asyncio.create_subprocess_exec(*command(configuration), stdout=log, stderr=log)
    try:
        async with running.client() as client:
            await until(lambda: answers(client))
        yield running
    finally:
        envoy.terminate()
        await envoy.wait()
        await running.stop_services()
        web.close()


def listen(server: "grpc.aio.Server", folder: Path, name: str) -> int:
    certificates = folder / "certificates"
    pair = ((certificates / f"{name}.key").read_bytes(), (certificates / f"{name}.pem").read_bytes())
    authority = (certificates / "authority.pem").read_bytes()
    credentials = grpc.ssl_server_credentials([pair], root_certificates=authority, require_client_auth=True)
    return server.add_secure_port("127.0.0.1:0", credentials)


async def say_path(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nweb: " + head)
    await writer.drain()
    writer.close()


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/")).status_code == 200
    except httpx.TransportError:
        return False
