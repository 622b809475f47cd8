"""Two gRPC servers in one loop: the API port for gateway and web, the peer port for named services. mTLS on both."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer  # ``health.aio``, which the stubs do not know by that name
from grpc_reflection.v1alpha import reflection

from shared.rpc.admission import Admission
from shared.rpc.answering import MOST_BODY_BYTES, Answering
from shared.rpc.certificates import Certificates
from shared.rpc.contract import check_tables, rpcs_of
from shared.rpc.invocation import Parts
from shared.rpc.policy import Policy
from shared.service import Endpoint

log = logging.getLogger(__name__)

MOST_CALLS = 2_000
"""At once and port; more are refused at once, which is kinder than a queue that outlives its callers."""
GRACE_SECONDS = 5.0
OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BODY_BYTES + 1024 * 1024),
    ("grpc.max_send_message_length", 64 * 1024 * 1024),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class AddressTaken(OSError):
    """A port cannot be listened on."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the two ports listen, as ``host:port``; port 0 takes a free one."""

    api: str
    peers: str


class RpcServer:
    """The servers of one service. An RPC without a row of policy, or a row without RPC, stops the start."""

    def __init__(
        self,
        parts: Parts,
        admission: Admission,
        policies: Mapping[str, Policy],
        api: Endpoint,
        peers: Endpoint | None = None,
    ) -> None:
        check_tables(api, peers, policies)
        self._parts, self._admission, self._policies = parts, admission, policies
        self._api, self._peers = api, peers
        self._servers: list[grpc.aio.Server] = []
        self._health: list[HealthServicer] = []
        self.api_port = self.peers_port = 0

    async def start(self, listening: Listening, certificates: Certificates, *, reflecting: bool = False) -> None:
        """Begins to serve; AddressTaken where an address cannot be had. ``reflecting`` is for demo only."""
        credentials = certificates.server()
        self.api_port = await self._serve(self._api, listening.api, credentials, reflecting=reflecting)
        if self._peers is not None:
            self.peers_port = await self._serve(self._peers, listening.peers, credentials, reflecting=reflecting)

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Says NOT_SERVING, lets running calls end within the grace, then ends."""
        for servicer in self._health:
            await servicer.enter_graceful_shutdown()
        for server in self._servers:
            await server.stop(grace_seconds)
        self._servers.clear()

    async def _serve(
        self, endpoint: Endpoint, address: str, credentials: grpc.ServerCredentials, *, reflecting: bool
    ) -> int:
        server = grpc.aio.server(
            handlers=[self._handlers(endpoint)], options=OPTIONS, maximum_concurrent_rpcs=MOST_CALLS
        )
        servicer = HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        await servicer.set(endpoint.service, health_pb2.HealthCheckResponse.SERVING)
        if reflecting:
            names: Iterable[str] = (endpoint.service, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, server)
        try:
            port = server.add_secure_port(address, credentials)
        except RuntimeError:
            port = 0
        if port == 0:
            raise AddressTaken(f"expected to listen on {address} for {endpoint.service}, which is taken or not ours")
        self._servers.append(server)
        self._health.append(servicer)
        await server.start()
        log.info("%s listens on port %d", endpoint.service, port)
        return port

    def _handlers(self, endpoint: Endpoint) -> "grpc.GenericRpcHandler[Any, Any]":
        handlers = {}
        for rpc in rpcs_of(endpoint):
            method = getattr(endpoint.servicer, rpc.name)
            policy = self._policies[rpc.name]
            handlers[rpc.name] = Answering(self._parts, self._admission, rpc, policy, method).handler()
        return grpc.method_handlers_generic_handler(endpoint.service, handlers)
