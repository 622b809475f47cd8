"""Logs and traces: one line a record, no exception's words, one trace from header to event and back."""

import json
import logging
import sys

import pytest

from shared import telemetry

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def logged(message: str, *arguments: object, **extra: str) -> dict[str, object]:
    record = logging.LogRecord("shared.test", logging.INFO, "test.py", 1, message, arguments, None)
    vars(record).update(telemetry.fields(**extra))
    line: dict[str, object] = json.loads(telemetry.JsonLines("consent").format(record))
    return line


def test_a_line_is_json_with_what_was_given() -> None:
    line = logged("%s listens", "consent", rpc="/a.B/C")
    assert (line["service"], line["message"], line["rpc"]) == ("consent", "consent listens", "/a.B/C")


def test_an_exception_is_told_by_its_kind_and_place_and_not_by_its_words() -> None:
    try:
        raise ValueError("Maria Canary, born 1990")
    except ValueError:
        record = logging.LogRecord("shared", logging.ERROR, "x", 1, "failed", (), sys.exc_info())
    text = telemetry.JsonLines("consent").format(record)
    assert "Canary" not in text
    line = json.loads(text)
    assert line["error"] == "ValueError"
    assert "test_telemetry.py" in line["frames"][-1]


def test_a_trace_goes_from_the_header_into_the_event_and_on() -> None:
    with telemetry.span("/a.B/C", carrier={"traceparent": PARENT}):
        stored = telemetry.current_traceparent()
        assert stored.split("-")[1] == PARENT.split("-")[1]
        assert logged("x")["trace_id"] == PARENT.split("-")[1]
    assert telemetry.current_traceparent() == ""
    with telemetry.continued(stored):
        assert telemetry.current_trace_id() == PARENT.split("-")[1]
    with telemetry.continued(""):
        assert telemetry.current_trace_id() == ""


@pytest.mark.parametrize("forged", ["", "x", "00-zz-b7ad6b7169203331-01", PARENT * 3])
def test_a_forged_traceparent_begins_a_trace_of_its_own(forged: str) -> None:
    with telemetry.span("/a.B/C", carrier={"traceparent": forged}):
        assert PARENT.split("-")[1] != telemetry.current_trace_id()


def test_inside_of_a_trace_that_is_not_sampled_no_span_is_made() -> None:
    """It goes on under the same ids, so that events and peers still find each other."""
    unsampled = PARENT.removesuffix("01") + "00"
    with telemetry.continued(unsampled), telemetry.span("append") as inner:
        assert not inner.is_recording()
        assert telemetry.current_traceparent() == unsampled
