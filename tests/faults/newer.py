"""Newer code of the published language: one public event has one field more than today's."""

from typing import Any, cast

from shared.bus import language
from shared.contracts.documents.v1 import events
from shared.envelope import Recorded
from tests.faults.places import CONSUMERS, PUBLISHED, SEEN, SENDER
from tests.unit.shared.eventstore.lamps import Lamp


class ResultReleased(events.ResultReleased):
    """The same on the wire, with a field that has a default."""

    added: int = 0


def become() -> None:
    """This process runs the newer code from now on: its tables change where they lie."""
    plain = PUBLISHED[Lamp.Turned]

    def turned(recorded: Recorded[Any]) -> ResultReleased:
        event = plain(recorded)
        return ResultReleased(**(event.model_dump() if event else {}), added=1)

    cast("dict[type, Any]", PUBLISHED)[Lamp.Turned] = turned
    for table in (SEEN.apply, CONSUMERS[SENDER]):
        cast("dict[type, Any]", table)[ResultReleased] = table[events.ResultReleased]
    sent = cast("dict[str, Any]", language.PUBLISHED)
    sent[SENDER] = (*sent[SENDER], ResultReleased)
    cast("dict[str, type]", language.WIRE_TYPES[SENDER])[language.wire_type(ResultReleased)] = ResultReleased
