"""Identity's events, each to the command that takes its fact into the record; the birth date is read from its row."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from services.consent.consumers import CONSUMERS, EFFECTS
from services.consent.domain.identifiers import record_stream
from services.consent.domain.practice import Practice
from services.consent.domain.record import PatientRecord
from shared.contracts.event import PublicEvent
from shared.contracts.identity.v1 import events as told
from shared.effects import Carrying, Effect, PendingEffect
from shared.envelope import Recorded
from shared.handling import Work
from shared.ids import natural_id
from shared.reading import Rows
from tests.unit.services.consent.practice import (
    BORN_ADULT,
    NOW,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

C = TypeVar("C")
R = TypeVar("R")
NAMED: dict[str, Any] = {"practice_id": PRACTICE, "patient_id": PATIENT}


@dataclass
class BirthDates:
    """The rows of the replica: (patient, position) → birth date."""

    rows: Mapping[tuple[object, ...], date]

    async def fetch_one(self, sql: str, *arguments: object) -> dict[str, Any] | None:
        found = self.rows.get(arguments)
        return None if found is None else {"birth_date": found}


@dataclass
class Carried:
    """One effect in hand, over the practice's store."""

    here: ConsentPractice
    effect: PendingEffect
    now: datetime
    birth_dates: BirthDates

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C) -> R:
        return await self.here.do(handler, command, key=natural_id(self.effect.id, handler.__name__))

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[Rows]:
        yield cast("Rows", self.birth_dates)

    def follow(self, *effects: Effect) -> None:
        raise AssertionError("nothing follows")


async def tell(here: ConsentPractice, event: PublicEvent, position: int, times: int = 1) -> None:
    """The event comes in at that position of identity; what follows is carried out, perhaps more than once."""
    key = getattr(event, "patient_id", PRACTICE)
    recorded: Recorded[Any] = Recorded(event, "identity", 0, position, key, 1, key, key, here.at, here.at)
    known: dict[tuple[object, ...], date] = (
        {} if not hasattr(event, "birth_date") else {(key, position): event.birth_date}
    )
    for effect in CONSUMERS["identity"][type(event)](recorded):
        pending = PendingEffect(
            natural_id(UUID(int=0), position), f"identity:{position}", effect.kind, effect.key, effect.recipient,
            here.at, effect.details, "", 1,
        )  # fmt: skip
        for _ in range(times):
            await EFFECTS[effect.kind](cast("Carrying", Carried(here, pending, here.at, BirthDates(known))))


async def record_of(here: ConsentPractice) -> PatientRecord:
    record = await here.store.find(PatientRecord, record_stream(PATIENT))
    assert record is not None
    return record


async def a_registered_patient() -> ConsentPractice:
    here = ConsentPractice()
    await tell(here, told.PracticeOpened(practice_id=PRACTICE, time_zone="America/New_York"), 1, times=2)
    await tell(here, told.PatientRegistered(**NAMED, birth_date=BORN_ADULT), 2, times=2)
    return here


async def test_a_practice_opens_with_a_first_form_in_both_languages() -> None:
    here = await a_registered_patient()
    practice = await here.store.find(Practice, Practice.create_id(PRACTICE))
    assert practice is not None
    assert [text.language for text in practice.form().texts] == ["en", "es"]
    assert (practice.time_zone, practice.adolescent_age, practice.adult_age) == ("America/New_York", 12, 18)


async def test_every_fact_names_identitys_event_and_acts_from_its_recording() -> None:
    here = await a_registered_patient()
    (born,) = (await record_of(here)).birth_dates
    assert (born.day, born.since, born.because) == (BORN_ADULT, NOW, "identity:2")
    here.later(days=1)
    await tell(here, told.BirthDateCorrected(**NAMED, birth_date=date(1981, 5, 17)), 3)
    corrected = (await record_of(here)).birth_dates[-1]
    assert (corrected.day, corrected.since, corrected.because) == (date(1981, 5, 17), here.at, "identity:3")


async def test_enrolments_and_deaths_begin_and_end_with_their_events() -> None:
    here = await a_registered_patient()
    joined = {"account_id": PATIENTS_ACCOUNT, "person_id": PATIENT}
    await tell(here, told.PatientEnrolled(**NAMED, **joined), 3, times=2)
    assert (await record_of(here)).is_enrolled(PATIENTS_ACCOUNT, PATIENT)
    await tell(here, told.PatientDeceased(**NAMED), 4)
    assert (await record_of(here)).is_dead
    await tell(here, told.DeathCorrected(**NAMED), 5)
    assert not (await record_of(here)).is_dead
    await tell(here, told.PatientUnenrolled(**NAMED, **joined, by="staff"), 6)
    record = await record_of(here)
    assert not record.is_enrolled(None, PATIENT)
    assert [(e.span.because, e.span.until is None) for e in record.enrolments] == [("identity:3", False)]


async def test_the_birth_date_of_an_erased_patient_begins_no_record() -> None:
    here = ConsentPractice()
    registered = told.PatientRegistered(**NAMED, birth_date=BORN_ADULT)
    recorded: Recorded[Any] = Recorded(registered, "identity", 0, 2, PATIENT, 1, PATIENT, PATIENT, NOW, NOW)
    (effect,) = CONSUMERS["identity"][told.PatientRegistered](recorded)
    pending = PendingEffect(UUID(int=1), "identity:2", effect.kind, PATIENT, "", NOW, effect.details, "", 1)
    await EFFECTS[effect.kind](cast("Carrying", Carried(here, pending, NOW, BirthDates({}))))
    assert await here.store.head() == 0


async def test_no_effect_holds_a_birth_date() -> None:
    registered = told.PatientRegistered(**NAMED, birth_date=BORN_ADULT)
    recorded: Recorded[Any] = Recorded(registered, "identity", 0, 2, PATIENT, 1, PATIENT, PATIENT, NOW, NOW)
    (effect,) = CONSUMERS["identity"][told.PatientRegistered](recorded)
    assert str(BORN_ADULT) not in str(dict(effect.details))
