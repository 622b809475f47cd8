"""Channels to the portal's own services: mTLS as a principal, deadlines, what is handed on, errors as raised there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any

import grpc
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from opentelemetry.trace import SpanKind

from shared import telemetry
from shared.clock import monotonic
from shared.errors import DeadlineExceeded
from shared.rpc.certificates import Certificates
from shared.rpc.errors import error_of
from shared.rpc.metadata import outgoing

CALL_SECONDS = 10.0
"""A call's limit where nothing shorter runs."""
STREAM_SECONDS = 3600.0
MARGIN_SECONDS = 0.05
"""What is kept of a deadline for the own answer."""
PAUSES_SECONDS = (0.05, 0.2)
"""Before the second and third try of a read that found nobody."""
MOST_BYTES = 64 * 1024 * 1024

OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_retries", 0),
)


def open_channel(target: str, server: str, certificates: Certificates) -> grpc.aio.Channel:
    """A channel to the service ``server`` at ``target``; only a certificate that names ``server`` is believed.

    What a call carries is set by ``shared.rpc.metadata.calling``. Every failure that the other side explained
    is raised as the PortalError it was there.
    """
    options = [*OPTIONS, ("grpc.ssl_target_name_override", server)]
    interceptors: Any = [OneAnswer(), ManyAnswers()]
    return grpc.aio.secure_channel(target, certificates.channel(), options=options, interceptors=interceptors)


class ApiChannel:
    """The channels of a client with a certificate of its own (web, operations), one a service, opened when used."""

    def __init__(self, certificates: Certificates, target_of: Callable[[str], str]) -> None:
        self._certificates, self._target_of = certificates, target_of
        self._channels: dict[str, grpc.aio.Channel] = {}

    def channel(self, service: str) -> grpc.aio.Channel:
        """The channel to that service, for its stub."""
        if service not in self._channels:
            self._channels[service] = open_channel(self._target_of(service), service, self._certificates)
        return self._channels[service]

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close(None)
        self._channels.clear()


class OneAnswer(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # not generic when run
    """Deadline, headers and trace out; the other side's error back; reads are tried again when nobody is there."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        method = _name(client_call_details)
        pauses = iter(PAUSES_SECONDS if is_read(method) else ())
        with telemetry.span(method, SpanKind.CLIENT):
            while True:
                details = _prepared(client_call_details, CALL_SECONDS)
                call = await continuation(details, request)
                try:
                    return await call
                except grpc.aio.AioRpcError as failure:
                    pause = next(pauses, None)
                    if pause is None or failure.code() is not grpc.StatusCode.UNAVAILABLE or _explained(failure):
                        raise error_of(failure) from None
                    await asyncio.sleep(pause)


class ManyAnswers(grpc.aio.UnaryStreamClientInterceptor):  # type: ignore[type-arg]  # not generic when run
    """The same for a stream of answers, which is never begun again."""

    async def intercept_unary_stream(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Any],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> AsyncIterator[Any]:
        call = await continuation(_prepared(client_call_details, STREAM_SECONDS), request)

        async def answers() -> AsyncIterator[Any]:
            try:
                async for answer in call:
                    yield answer
            except grpc.aio.AioRpcError as failure:
                raise error_of(failure) from None
            finally:
                call.cancel()

        return answers()


@cache
def is_read(method: str) -> bool:
    """Whether the contract says that calling it twice is calling it once: a GET, or NO_SIDE_EFFECTS."""
    try:
        options = descriptor_pool.Default().FindMethodByName(method.strip("/").replace("/", ".")).GetOptions()
    except KeyError:
        return False
    if options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS:
        return True
    return bool(options.Extensions[annotations_pb2.http].get)


def _prepared(given: grpc.aio.ClientCallDetails, most_seconds: float) -> grpc.aio.ClientCallDetails:
    """The call with headers, trace and a deadline: the shortest of the caller's, the running call's, and the limit."""
    handed_on = outgoing()
    seconds = most_seconds if given.timeout is None else given.timeout
    if handed_on.deadline is not None:
        seconds = min(seconds, handed_on.deadline - MARGIN_SECONDS - monotonic())
    if seconds <= 0:
        raise DeadlineExceeded
    trace: dict[str, str] = {}
    telemetry.inject(trace)
    metadata = grpc.aio.Metadata(*(given.metadata or ()), *handed_on.headers(), *trace.items())
    return grpc.aio.ClientCallDetails(given.method, seconds, metadata, given.credentials, given.wait_for_ready)


def _explained(failure: grpc.aio.AioRpcError) -> bool:
    """Whether a service of the portal said so itself: then asking again at once helps nobody."""
    trailing: Any = failure.trailing_metadata() or ()
    return any(name == "grpc-status-details-bin" for name, _ in trailing)


def _name(details: grpc.aio.ClientCallDetails) -> str:
    method: str | bytes = details.method
    return method.decode() if isinstance(method, bytes) else method
