"""The one wrapper around every RPC: identify, admit, hand over, record, answer; every failure in one shape."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from shared import metrics, telemetry
from shared.clock import monotonic
from shared.errors import AccessChanged, DeadlineExceeded, InvalidField, NotFound, PortalError, TooLarge, Unavailable
from shared.privacy import ErasedSubject
from shared.rpc.admission import Admission
from shared.rpc.certificates import principal_of
from shared.rpc.contract import Rpc
from shared.rpc.errors import INTERNAL, grpc_status
from shared.rpc.invocation import Invocation, Parts
from shared.rpc.metadata import Headers, Outgoing, handing_on
from shared.rpc.policy import Policy

log = logging.getLogger(__name__)

MOST_SECONDS = 30.0
"""A unary call's limit, whatever deadline the caller set."""
DECIDE_AGAIN_SECONDS = 0.8
"""An open stream is decided again that often: at least every second, with room for the decision itself."""
MOST_BYTES = 1024 * 1024
MOST_BODY_BYTES = 32 * 1024 * 1024
"""For requests that hold a file."""

FILE_HEADERS = (
    ("content-disposition", "attachment"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "sandbox; default-src 'none'"),
    ("cache-control", "no-store"),
)
"""What the gateway hands on with a file: no browser shows, guesses, runs or keeps it (R30)."""

GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError)
"""The database does not answer: nothing was done, or the same key will tell."""

Context = Any
"""grpc's ServicerContext, which is generic in the stubs only."""

_END = object()


@dataclass(slots=True)
class Outcome:
    """How a call turned out, as gRPC says it."""

    code: str = grpc.StatusCode.OK.name


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers one RPC. ``method`` is the servicer's: ``(request, call)``."""

    parts: Parts
    admission: Admission
    rpc: Rpc
    policy: Policy
    method: Callable[..., Any]

    def handler(self) -> "grpc.RpcMethodHandler[Any, Any]":
        """What grpc calls, with the request's bytes: they are parsed here, so that bad ones get our answer."""
        if self.rpc.streams:
            return grpc.unary_stream_rpc_method_handler(self.many)
        return grpc.unary_unary_rpc_method_handler(self.one)

    async def one(self, data: bytes, context: Context) -> bytes:
        """One answer, or an error; a recorded read answers only after its record is kept."""
        headers = Headers(context.invocation_metadata() or ())
        deadline = _deadline(context, MOST_SECONDS)
        with self._span(headers) as span, self._measured() as outcome:
            try:
                async with asyncio.timeout(deadline - monotonic()):
                    call = await self._begin(data, headers, context)
                    with handing_on(Outgoing(call.token, call.cause, deadline=deadline)):
                        answer: Message = await self.method(call.request, call)
                    await call.record()
                if isinstance(answer, HttpBody):
                    await context.send_initial_metadata(FILE_HEADERS)
                return answer.SerializeToString()
            except Exception as error:
                status = self._failed(error, span)
                outcome.code = status.code.name
        return await context.abort_with_status(status)  # type: ignore[no-any-return]  # it raises

    async def many(self, data: bytes, context: Context) -> None:
        """A stream of answers, which ends with an error at most a second after access does."""
        headers = Headers(context.invocation_metadata() or ())
        with self._span(headers) as span, self._measured() as outcome:
            try:
                async with asyncio.timeout(_seconds_left(context)):
                    call = await self._begin(data, headers, context)
                    with handing_on(Outgoing(call.token, call.cause)):
                        await self._stream(self.method(call.request, call), call, context)
                return
            except Exception as error:
                status = self._failed(error, span)
                outcome.code = status.code.name
        await context.abort_with_status(status)

    async def _begin(self, data: bytes, headers: Headers, context: Context) -> Invocation:
        """Everything that comes before the service's own code; the order is that of the policy's promises."""
        principal = principal_of(context.auth_context())
        caller = await self.admission.identify(self.policy, principal, headers.token)
        request = self._parsed(data)
        unlocated = Invocation(self.parts, self.rpc, self.policy, request, caller, headers)
        await unlocated.wait()
        unlocated.admitted = await self.admission.admit(self.policy, request, caller)
        unlocated.check_key()
        return unlocated

    def _parsed(self, data: bytes) -> Message:
        if len(data) > (MOST_BODY_BYTES if self.rpc.takes_body else MOST_BYTES):
            raise TooLarge
        try:
            return self.rpc.request.FromString(data)
        except DecodeError:
            raise InvalidField("request", "expected a message of this RPC") from None

    async def _stream(self, answers: AsyncGenerator[Message, None], call: Invocation, context: Context) -> None:
        decided_at = monotonic()
        first = True
        try:
            while True:
                following = asyncio.ensure_future(anext(answers, _END))
                try:
                    decided_at = await self._decided_until(following, call, decided_at)
                finally:
                    following.cancel()
                    await asyncio.wait({following})
                answer = following.result()
                if first or call.has_viewings():
                    await call.record()
                first = False
                if not isinstance(answer, Message):
                    return
                await context.write(answer.SerializeToString())
        finally:
            await answers.aclose()

    async def _decided_until(self, following: "asyncio.Future[Any]", call: Invocation, decided_at: float) -> float:
        """Waits for the next answer and decides again meanwhile; what comes back was decided a moment ago.

        A decision that differs ends the stream, too: whoever listens has to learn that they see less, or more, now.
        """
        while True:
            left = decided_at + DECIDE_AGAIN_SECONDS - monotonic()
            await asyncio.wait({following}, timeout=max(0.0, left))
            if monotonic() >= decided_at + DECIDE_AGAIN_SECONDS:
                decided_at = monotonic()
                again = await self.admission.decide_again(self.policy, call.request, call.caller)
                if again != call.admitted:
                    raise AccessChanged
            if following.done():
                return decided_at

    @contextmanager
    def _measured(self) -> Iterator["Outcome"]:
        """Counts the time until the answer, however it turns out; a caller who went away is CANCELLED."""
        outcome, began = Outcome(), monotonic()
        try:
            yield outcome
        except BaseException:
            outcome.code = grpc.StatusCode.CANCELLED.name
            raise
        finally:
            metrics.RPC_SECONDS.record(monotonic() - began, {"method": self.rpc.path, "code": outcome.code})

    def _span(self, headers: Headers) -> Any:
        carrier = {telemetry.TRACEPARENT: headers.get(telemetry.TRACEPARENT)}
        route = {"http.route": self.rpc.route} if self.rpc.route else {}
        return telemetry.span(self.rpc.path, SpanKind.SERVER, carrier, **route)

    def _failed(self, error: Exception, span: Span) -> grpc.Status:
        """The answer to a failure; one that is not ours is logged with its frames and answers ``internal``."""
        told = _told(error)
        slug = told.slug if isinstance(told, PortalError) else INTERNAL
        span.set_attribute("portal.reason", slug)
        span.set_status(Status(StatusCode.ERROR, slug))
        extra = telemetry.fields(rpc=self.rpc.path, reason=slug)
        if slug == INTERNAL or told is not error:
            log.error("a call failed", extra=extra, exc_info=error)
        else:
            log.info("a call was refused", extra=extra)
        return grpc_status(told, telemetry.current_trace_id())


def _told(error: Exception) -> Exception:
    """The error as the caller is told it."""
    match error:
        case PortalError():
            return error
        case TimeoutError():
            return DeadlineExceeded()
        case ErasedSubject():
            return NotFound()
        case _ if isinstance(error, GONE):
            return Unavailable()
        case _:
            return error


def _seconds_left(context: Context) -> float | None:
    left: float | None = context.time_remaining()
    return left


def _deadline(context: Context, most_seconds: float) -> float:
    """The instant (monotonic) until which this call may take."""
    left = _seconds_left(context)
    return monotonic() + (most_seconds if left is None else min(left, most_seconds))
