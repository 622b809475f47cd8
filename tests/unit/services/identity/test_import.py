"""Importing: once a practice and resource, changes reported, the dead registered first."""

from dataclasses import replace
from datetime import date

import pytest

from services.identity.commands.patients import ImportPatient, import_patient
from services.identity.commands.practices import RegisterProvider, import_provider
from services.identity.domain.patient import Patient
from services.identity.domain.provider import Provider
from services.identity.domain.values import Contact, PersonIdentity, PersonName, PracticeId
from tests.unit.services.identity.people import Town


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def practice(town: Town) -> PracticeId:
    return (await town.open_practice()).practice_id


def resource(practice: PracticeId, *, source_digest: str = "digest", deceased: bool = False) -> ImportPatient:
    identity = PersonIdentity(PersonName("Abe", "Frami"), date(1950, 1, 2))
    return ImportPatient(practice, "r-1", identity, Contact(), deceased, source_digest)


async def test_a_resource_is_imported_once_and_a_changed_one_is_not_overwritten(
    town: Town, practice: PracticeId
) -> None:
    first = await town.perform(import_patient, resource(practice))
    again = await town.perform(import_patient, resource(practice))
    changed = await town.perform(import_patient, resource(practice, source_digest="other"))
    assert [one.outcome for one in (first, again, changed)] == ["registered", "unchanged", "changed"]
    assert first.id == again.id == changed.id
    assert (await town.names()).count("Patient.Registered") == 1


async def test_another_practices_same_resource_is_another_patient(town: Town, practice: PracticeId) -> None:
    other = (await town.open_practice()).practice_id
    first = await town.perform(import_patient, resource(practice))
    assert (await town.perform(import_patient, resource(other))).id != first.id


async def test_a_deceased_patient_is_registered_then_recorded_dead(town: Town, practice: PracticeId) -> None:
    imported = await town.perform(import_patient, resource(practice, deceased=True))
    assert (await town.names())[-2:] == ["Patient.Registered", "Patient.DeathRecorded"]
    patient = await town.store.find(Patient, imported.id)
    assert patient is not None
    assert patient.is_deceased
    assert patient.origin.kind == "import"


async def test_an_imported_provider_does_not_take_part(town: Town, practice: PracticeId) -> None:
    command = RegisterProvider(practice, "1234567890", PersonName("Ada", "Quist"), "MD")
    first = await town.perform(import_provider, command)
    assert (await town.perform(import_provider, command)).outcome == "unchanged"
    assert (await town.perform(import_provider, replace(command, credentials="DO"))).outcome == "changed"
    provider = await town.store.find(Provider, first.id)
    assert provider is not None
    assert not provider.takes_part
