"""Whom a patient usually sees, and when the patient is told that this provider joined the portal (R29)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.identity.commands.patients import RecordDeath, record_death
from services.identity.commands.practices import (
    ActivateProvider,
    DeactivateProvider,
    RegisterProvider,
    activate_provider,
    deactivate_provider,
    register_provider,
)
from services.identity.commands.usual_providers import (
    NameUsualProvider,
    TellOfProvider,
    name_usual_provider,
    tell_of_provider,
)
from services.identity.domain.patient import Patient
from services.identity.domain.usual_provider import UsualProvider
from services.identity.domain.values import PatientId, PersonName, PracticeId, ProviderId
from services.identity.processes import PATIENTS_AT_ONCE, TELL_OF_PROVIDER, Following, after_activation
from shared.effects import Effect
from shared.errors import NotFound
from tests.unit.services.identity.people import AT, Town

SECOND = timedelta(seconds=1)


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def practice(town: Town) -> PracticeId:
    return (await town.open_practice()).practice_id


async def provider_of(town: Town, practice: PracticeId, npi: str = "1234567890") -> ProviderId:
    command = RegisterProvider(practice, npi, PersonName("Ada", "Quist"), "MD")
    return ProviderId((await town.perform(register_provider, command)).id)


async def joins(town: Town, practice: PracticeId, provider: ProviderId) -> None:
    """Takes part from now on; then everyone concerned is told, as the effect does."""
    await town.perform(activate_provider, ActivateProvider(practice, provider))


async def tell(town: Town, patient: PatientId, provider: ProviderId, key: UUID | None = None) -> int:
    """One effect of an activation at the town's time; how often the patient was told by now."""
    await town.perform(tell_of_provider, TellOfProvider(patient, provider, town.at), key)
    return await told(town, patient)


async def told(town: Town, patient: PatientId) -> int:
    found = [one async for page in town.store.read(0) for one in page]
    return sum(isinstance(one.event, UsualProvider.Joined) and one.event.patient_id == patient for one in found)


async def test_r29_a_patient_of_a_provider_who_is_not_on_the_portal_may_enrol(town: Town, practice: PracticeId) -> None:
    provider = await provider_of(town, practice)
    patient = await town.register(practice)
    await town.perform(name_usual_provider, NameUsualProvider(patient, provider))
    assert await town.enrolled(patient)
    assert await told(town, patient) == 0


@pytest.mark.parametrize(("seconds", "times"), [(-1, 1), (0, 1), (1, 0)])
async def test_r29_who_named_the_provider_up_to_the_activation_is_told_and_nobody_after(
    town: Town, practice: PracticeId, seconds: int, times: int
) -> None:
    provider = await provider_of(town, practice)
    patient = await town.register(practice)
    town.at = AT + timedelta(seconds=seconds)
    await town.perform(name_usual_provider, NameUsualProvider(patient, provider))
    town.at = AT
    await joins(town, practice, provider)
    assert await tell(town, patient, provider) == times


async def test_r29_the_same_activation_tells_once_and_a_new_one_again(town: Town, practice: PracticeId) -> None:
    provider = await provider_of(town, practice)
    patient = await town.register(practice)
    await town.perform(name_usual_provider, NameUsualProvider(patient, provider))
    await joins(town, practice, provider)
    key = uuid4()
    assert await tell(town, patient, provider, key) == 1
    assert await tell(town, patient, provider, key) == 1
    first = town.at
    town.at += SECOND
    await town.perform(deactivate_provider, DeactivateProvider(practice, provider))
    await joins(town, practice, provider)
    assert await tell(town, patient, provider) == 2
    await town.perform(tell_of_provider, TellOfProvider(patient, provider, first))  # an effect that was long under way
    assert await told(town, patient) == 2


async def test_r29_nobody_is_told_of_who_left_before_the_telling(town: Town, practice: PracticeId) -> None:
    provider = await provider_of(town, practice)
    patient = await town.register(practice)
    await town.perform(name_usual_provider, NameUsualProvider(patient, provider))
    await joins(town, practice, provider)
    await town.perform(deactivate_provider, DeactivateProvider(practice, provider))
    assert await tell(town, patient, provider) == 0


async def test_r29_another_provider_named_since_or_a_death_ends_it(town: Town, practice: PracticeId) -> None:
    former, later = await provider_of(town, practice), await provider_of(town, practice, "2234567890")
    patient, dead = await town.register(practice), await town.register(practice)
    for one in (patient, dead):
        await town.perform(name_usual_provider, NameUsualProvider(one, former))
    await town.perform(name_usual_provider, NameUsualProvider(patient, later))
    await town.perform(record_death, RecordDeath(dead))
    await joins(town, practice, former)
    assert (await tell(town, patient, former), await tell(town, dead, former)) == (0, 0)


async def test_another_practices_provider_is_not_there(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    elsewhere = await provider_of(town, (await town.open_practice()).practice_id)
    with pytest.raises(NotFound):
        await town.perform(name_usual_provider, NameUsualProvider(patient, elsewhere))
    assert await town.store.find(Patient, patient) is not None


class Paged:
    """As much of the carrying as the telling needs: rows that list so many patients, and what follows."""

    def __init__(self, effect: Effect, patients: list[UUID]) -> None:
        self.effect, self.patients = effect, patients
        self.following: list[Effect] = []

    @asynccontextmanager
    async def rows(self) -> "AsyncIterator[Paged]":
        yield self

    async def fetch(self, _: str, provider_id: UUID, after: UUID, size: int) -> list[dict[str, UUID]]:
        assert provider_id == self.effect.key
        return [{"patient_id": one} for one in self.patients if one > after][:size]

    def follow(self, *effects: Effect) -> None:
        self.following += effects


@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_r29_everyone_is_told_once_however_many_there_are(town: Town, practice: PracticeId, more: int) -> None:
    provider = await provider_of(town, practice)
    await joins(town, practice, provider)
    activation = [one async for page in town.store.read(0) for one in page][-1]
    patients = [UUID(int=number) for number in range(1, 2 * PATIENTS_AT_ONCE + more + 1)]
    following = Following(town.store, cast("Any", None), cast("Any", None), cast("Any", None))
    open_effects, reached = after_activation(cast("Any", activation)), []
    while open_effects:
        effect = open_effects.pop()
        if effect.kind == TELL_OF_PROVIDER:
            carrying = Paged(effect, patients)
            await following.tell_of_provider(cast("Any", carrying))
            assert len({(one.kind, one.recipient) for one in carrying.following}) == len(carrying.following)
            open_effects += carrying.following
        else:
            reached.append(effect.key)
    assert sorted(reached) == patients
