"""A failure that goes on is told once, and once that it is over."""

import logging

import pytest

from shared.trouble import Trouble

log = logging.getLogger("shared.test")


def test_a_thousand_failures_of_one_kind_are_one_line_and_their_end_another(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(log, "the relay of consent holds")
    trouble.ends()
    for _ in range(1000):
        trouble.goes_on("KafkaConnectionError")
    trouble.ends()
    trouble.ends()
    assert [record.getMessage() for record in caplog.records] == [
        "the relay of consent holds: KafkaConnectionError",
        "the relay of consent holds: works again",
    ]


def test_kinds_that_take_turns_are_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(log, "effects wait")
    for _ in range(100):
        trouble.goes_on("A")
        trouble.goes_on("B")
    assert len(caplog.records) == 2
    trouble.ends()
    trouble.goes_on("A")
    assert len(caplog.records) == 4
