"""What is counted: each instrument is documented, and its attributes are words out of a short list."""

import ast
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import grpc
from opentelemetry import metrics as api
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from shared import metrics
from shared.errors import SLUGS
from shared.eventstore.committer import _count
from shared.eventstore.store import Appended, CommandExists, VersionConflict
from shared.ids import uuid7

ROOT = Path(__file__).parents[3]
ATTRIBUTES = {"outcome", "method", "code", "source", "state", "lease"}
"""Each has a few values for ever: services, RPCs, gRPC's codes, words of the code."""
INSTRUMENTS = {name: value for name, value in vars(metrics).items() if name.isupper() and not name.startswith("_")}


@cache
def reader() -> InMemoryMetricReader:
    """The process's one meter, read in memory."""
    made = InMemoryMetricReader()
    api.set_meter_provider(MeterProvider([made]))
    return made


def points(name: str) -> list[tuple[dict[str, Any], Any]]:
    data = reader().get_metrics_data()
    found = data.resource_metrics if data is not None else []
    return [
        (dict(point.attributes or {}), point)
        for resource in found
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


def appends() -> "Counter[str]":
    """Appends by outcome, batches and their sizes, as counted since the process began."""
    found = Counter({str(attributes["outcome"]): point.value for attributes, point in points("portal.commands")})
    for _, batch in points("portal.batch.commands"):
        found |= Counter(batches=batch.count, commands=int(batch.sum))
    return found


def measured() -> Iterator[tuple[str, ast.Call]]:
    """Every place in shared that adds to, sets or records an instrument."""
    for path in (ROOT / "shared").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="metrics"), attr=name))):
                    yield name, node


def test_every_instrument_is_measured_somewhere_and_stands_in_the_operators_table() -> None:
    documented = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert {name for name, _ in measured()} == set(INSTRUMENTS)
    source = (ROOT / "shared/metrics.py").read_text(encoding="utf-8")
    names = [
        str(node.args[0].value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ][1:]
    assert len(names) == len(INSTRUMENTS)
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_attributes_are_words_of_few_values() -> None:
    for name, call in measured():
        for argument in call.args[1:]:
            assert isinstance(argument, ast.Dict), name
            keys = {key.value for key in argument.keys if isinstance(key, ast.Constant)}
            assert len(keys) == len(argument.keys), name
            assert keys <= ATTRIBUTES, name


def test_appends_are_counted_by_outcome_and_batches_by_size() -> None:
    before = appends()
    first = Appended(1, 1, datetime(2026, 1, 1, tzinfo=UTC), b"")
    _count([first, first, VersionConflict(uuid7(), 1, 2), CommandExists(first), RuntimeError("Canary")])
    assert appends() - before == Counter(appended=2, conflict=1, repeated=1, failed=1, batches=1, commands=5)


def test_codes_are_grpcs() -> None:
    assert {status.name for status, _ in SLUGS.values()} <= {code.name for code in grpc.StatusCode}
