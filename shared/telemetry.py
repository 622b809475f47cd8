"""JSON logs and traces: ids, words and route templates only; never paths, queries, values or exception texts."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"
EXTRA = "portal"
"""``log.info("…", extra=fields(rpc=…))``: what a line says besides its words."""

_PROPAGATOR = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("portal")


def fields(**values: str | int | float) -> dict[str, Any]:
    """Ids, words and numbers for one log line, as ``extra``."""
    return {EXTRA: values}


class JsonLines(logging.Formatter):
    """One JSON object a line. An exception is told by its type and frames: its text may hold a person's data."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        trace_id = current_trace_id()
        if trace_id:
            line[TRACE_FIELD] = trace_id
        line |= getattr(record, EXTRA, {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__qualname__
            line["frames"] = frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


TRACE_FIELD = "trace_id"
FLOODING = frozenset({"aiokafka"})
"""While a broker is dead it speaks many times a second; ``Trouble`` tells it once, and once that it is over."""


def frames(where: TracebackType | None) -> list[str]:
    """Where an exception came from, innermost last: file, line and function, no source line and no values."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(where)[-12:]]


def json_lines(service: str, stream: TextIO) -> logging.Handler:
    """Writes records as JSON lines, without those of loggers that flood."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(service))
    handler.addFilter(lambda record: record.name.partition(".")[0] not in FLOODING)
    return handler


def log_as_json(service: str, level: int = logging.INFO) -> None:
    """Makes the root logger write JSON lines to stderr; libraries speak from WARNING on."""
    root = logging.getLogger()
    root.handlers[:] = [json_lines(service, sys.stderr)]
    root.setLevel(logging.WARNING)
    for name in ("shared", "services", "web", "operations", "deploy"):
        logging.getLogger(name).setLevel(level)


def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    carrier: Mapping[str, str] | None = None,
    **attributes: str | int,
) -> AbstractContextManager[trace.Span]:
    """A span; with ``carrier`` the continuation of its ``traceparent``. Its name is an RPC or route template.

    A failure is told by its type only: exception texts stay out of traces. Inside of what is not sampled there is
    nothing to make: a span of its own would cost as much as the sealing and encoding of an event together.
    """
    if carrier is None and _is_unsampled(present := trace.get_current_span()):
        return nullcontext(present)
    return _started(name, kind, carrier, attributes)


@contextmanager
def _started(
    name: str, kind: SpanKind, carrier: Mapping[str, str] | None, attributes: Mapping[str, str | int]
) -> Iterator[trace.Span]:
    parent = None if carrier is None else _PROPAGATOR.extract({TRACEPARENT: carrier.get(TRACEPARENT, "")})
    with _TRACER.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as started:
        try:
            yield started
        except Exception as error:
            started.set_status(Status(StatusCode.ERROR, type(error).__qualname__))
            raise


def _is_unsampled(present: trace.Span) -> bool:
    context = present.get_span_context()
    return context.is_valid and not context.trace_flags.sampled and not present.is_recording()


@contextmanager
def continued(traceparent: str) -> Iterator[None]:
    """Runs the body as part of the trace that an event or effect carries; '' leaves the present one."""
    if not traceparent:
        yield
        return
    token = contexts.attach(_PROPAGATOR.extract({TRACEPARENT: traceparent}))
    try:
        yield
    finally:
        contexts.detach(token)


def inject(carrier: MutableMapping[str, str]) -> None:
    """Writes the present ``traceparent`` into headers or an event's metadata; nothing without a trace."""
    _PROPAGATOR.inject(carrier)
    carrier.pop("tracestate", None)


def current_traceparent() -> str:
    """The present ``traceparent``, '' without a trace: an event's metadata keep it for the relay."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get(TRACEPARENT, "")


def current_trace_id() -> str:
    """32 hexadecimal digits, '' without a trace."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else ""
