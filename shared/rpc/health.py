"""``python -m shared.rpc.health consent``: ends with 0 while that service serves; a probe for containers."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.rpc.certificates import Certificates
from shared.settings import SettingsRefused, SharedSettings

SECONDS = 2.0


async def serves(target: str, service: str, certificates: Path, principal: str) -> bool:
    """Whether the service at ``target`` says that it serves, asked over mTLS as ``principal``."""
    credentials = Certificates(certificates, principal).channel()
    options = [("grpc.ssl_target_name_override", service)]
    request = health_pb2.HealthCheckRequest(service=f"portal.{service}.v1.{service.capitalize()}Api")
    async with grpc.aio.secure_channel(target, credentials, options=options) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # the stubs leave its one method out
        try:
            answer = await health.Check(request, timeout=SECONDS)
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def main(service: str) -> int:
    """Asks the process beside this one, at its own API port and with its own certificate."""
    try:
        settings = SharedSettings()  # type: ignore[call-arg]  # the values come from the environment
        port = settings.addresses(service).api.rpartition(":")[2]
    except SettingsRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0 if asyncio.run(serves(f"127.0.0.1:{port}", service, settings.certificates, service)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
