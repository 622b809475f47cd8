"""What leaves for an OTLP endpoint: sampled spans without exception texts, and counts; nothing where none is set."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, Status

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider

_WORD = re.compile(r"[A-Za-z0-9_.]{1,64}")

METRICS_MILLISECONDS = 10_000


class Exports:
    """What a process sends while it runs; ``end`` sends the rest."""

    def __init__(self, tracers: TracerProvider, meters: "MeterProvider | None" = None) -> None:
        self.tracers, self.meters = tracers, meters

    def end(self) -> None:
        self.tracers.shutdown()
        if self.meters is not None:
            self.meters.shutdown()


def export(service: str, endpoint: str) -> Exports:
    """Installs tracer and meter. Trace ids are always there; spans and counts only where an endpoint is set."""
    resource = Resource.create({SERVICE_NAME: service})
    if not endpoint:
        tracers = TracerProvider(sampler=ALWAYS_OFF, resource=resource)
        trace.set_tracer_provider(tracers)
        return Exports(tracers)
    # Loaded only where it is asked for: together they are a tenth of a service's start.
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    tracers = TracerProvider(sampler=ParentBased(root=Asked()), resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter(endpoint=endpoint))))
    trace.set_tracer_provider(tracers)
    AsyncPGInstrumentor(capture_parameters=False).instrument()  # type: ignore[no-untyped-call]
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint), METRICS_MILLISECONDS)
    meters = MeterProvider([reader], resource)
    metrics.set_meter_provider(meters)
    return Exports(tracers, meters)


class Asked(Sampler):
    """A trace begins where somebody asks for something. Polls, leases and loops ask of others by themselves: no trace.

    What they ask comes with the mark that it is not sampled, so the other side makes no trace of it either.
    """

    def should_sample(self, *given: Any, **named: Any) -> SamplingResult:
        """As ``ParentBased`` asks it: everything by name."""
        decision = Decision.DROP if named.get("kind") is SpanKind.CLIENT else Decision.RECORD_AND_SAMPLE
        return SamplingResult(decision, named.get("attributes"), named.get("trace_state"))

    def get_description(self) -> str:
        return "Asked"


class Discreet(SpanExporter):
    """Takes out what libraries add to a span that failed: exception texts, which may hold a person's data.

    PostgreSQL's error of a duplicate key says which key.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_without_texts(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _without_texts(span: ReadableSpan) -> ReadableSpan:
    described = span.status.description or ""
    if not span.events and (not described or _WORD.fullmatch(described)):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, described if _WORD.fullmatch(described) else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
