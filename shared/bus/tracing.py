"""One trace from the request that caused an event to the peers that took it in: spans under the event's own trace."""

from collections.abc import Iterable
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.envelope import Recorded

_tracer = trace.get_tracer("portal.bus")
_propagator = TraceContextTextMapPropagator()


def now_nanoseconds() -> int:
    """The wall clock as spans want it."""
    return time_ns()


def trace_events(verb: str, recorded: Iterable[Recorded[Any]], since: int) -> None:
    """One span each, from ``since`` until now, for the events whose trace is sampled; ids and class names only."""
    for event in recorded:
        traceparent = event.metadata.get("traceparent", "")
        if traceparent.endswith("-01"):
            span = _tracer.start_span(
                f"{verb} {type(event.event).__qualname__}",
                context=_propagator.extract({"traceparent": traceparent}),
                start_time=since,
                attributes={"portal.event": event.event_id},
            )
            span.end()
