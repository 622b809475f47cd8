"""Every public event stands in the table of the published language: one that does not would stop its relay."""

import importlib

import pytest

from shared.bus.language import PUBLISHED
from shared.contracts.event import PatientEvent, PublicEvent
from shared.service import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_every_public_event_is_in_the_table(service: str) -> None:
    module = importlib.import_module(f"shared.contracts.{service}.v1.events")
    declared = {
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, PublicEvent) and one not in {PublicEvent, PatientEvent}
    }
    assert declared - set(PUBLISHED[service]) == set()
