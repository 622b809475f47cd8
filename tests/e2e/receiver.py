"""An OTLP receiver in the test's own process: keeps the spans and counts that a portal sends."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True, slots=True)
class Span:
    """One span as it arrived. ``service`` is who sent it, ``parent`` '' for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    text: str
    """Everything there is in it, as text."""


@dataclass
class Receiver:
    """What arrived so far."""

    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    metrics: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(service, metric) → the names of its attributes."""
    metric_texts: list[str] = field(default_factory=list)

    async def Export(
        self,
        request: trace_service_pb2.ExportTraceServiceRequest | metrics_service_pb2.ExportMetricsServiceRequest,
        context: object,
    ) -> trace_service_pb2.ExportTraceServiceResponse | metrics_service_pb2.ExportMetricsServiceResponse:
        if isinstance(request, metrics_service_pb2.ExportMetricsServiceRequest):
            self._keep_metrics(request)
            return metrics_service_pb2.ExportMetricsServiceResponse()
        for resource in request.resource_spans:
            service = values(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        service=service,
                        name=span.name,
                        trace=span.trace_id.hex(),
                        id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        attributes=values(span.attributes),
                        text=str(span),
                    )
                    for span in scope.spans
                ]
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    def _keep_metrics(self, request: metrics_service_pb2.ExportMetricsServiceRequest) -> None:
        for resource in request.resource_metrics:
            service = values(resource.resource.attributes)["service.name"]
            for scope in resource.scope_metrics:
                self.metric_texts.append(str(scope))
                for metric in scope.metrics:
                    kind = getattr(metric, metric.WhichOneof("data") or "gauge")
                    names = {one.key for point in kind.data_points for one in point.attributes}
                    self.metrics.setdefault((service, metric.name), set()).update(names)


def values(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """Attributes by name, each as text."""
    return {one.key: str(getattr(one.value, one.value.WhichOneof("value") or "string_value")) for one in attributes}


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    receiver, server = Receiver(), grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
    receiver.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield receiver
    finally:
        await server.stop(None)
