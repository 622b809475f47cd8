"""Emergency access, told as rules: who declares what, how long it holds, who reviews it, and what it does not open."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.consent.commands.emergencies import (
    DeclareEmergency,
    ReviewEmergency,
    declare_emergency,
    review_emergency,
)
from services.consent.commands.facts import RecordDeath, record_death
from services.consent.domain.access import Access
from services.consent.domain.emergency import EmergencyAccess, Finding
from services.consent.domain.errors import EmergencyOpen, EmergencyReviewed, SecondPersonNeeded
from services.consent.domain.facts import ALL_SCOPES, EMERGENCY_SCOPES
from shared.errors import NotAllowed, NotFound
from tests.unit.services.consent.practice import (
    DESK,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

STAFF, ADMIN, RECORD = UUID(int=41), UUID(int=42), set(EMERGENCY_SCOPES)
ALL: set[str] = set(ALL_SCOPES)
SECOND, HOUR = timedelta(seconds=1), timedelta(minutes=60)


@pytest.fixture
async def here() -> ConsentPractice:
    practice = ConsentPractice()
    await practice.an_adult_with_access()
    return practice


async def declared(here: ConsentPractice, account_id: UUID = DESK) -> UUID:
    command = DeclareEmergency(PATIENT, account_id, STAFF, "unconscious, brought in by ambulance")
    return (await here.do(declare_emergency, command)).id


async def reviewed(
    here: ConsentPractice, emergency_id: UUID, finding: Finding = "justified", by: UUID = ADMIN, at: UUID = PRACTICE
) -> None:
    await here.do(review_emergency, ReviewEmergency(at, emergency_id, finding, "", by))


async def test_r43_emergency_access_holds_60_minutes_to_the_second(here: ConsentPractice) -> None:
    assert await here.sees(DESK) == set()
    began = here.at
    await declared(here)
    for after, seen in ((timedelta(0), RECORD), (HOUR - SECOND, RECORD), (HOUR, set())):
        here.at = began + after
        assert await here.sees(DESK) == seen
    assert await here.sees() == ALL


async def test_r43_it_is_one_window_for_one_account_and_one_record_and_it_is_nobodys_own(here: ConsentPractice) -> None:
    emergency_id = await declared(here)
    (window,) = await here.decisions.decide(DESK, None)
    assert (window.acting_as, window.rule, window.person_id, window.is_own) == ("emergency", "R43", STAFF, False)
    assert window.because == (f"consent:{emergency_id}/1",)
    assert await here.sees(ADMIN) == set()
    assert await here.sees(DESK, UUID(int=99)) == set()
    assert await here.decisions.to_sign(DESK) == []


async def test_r43_it_is_declared_and_decided_in_one_append(here: ConsentPractice) -> None:
    before = await here.store.head()
    await declared(here)
    pages = [page async for page in here.store.read(before)]
    written = [type(recorded.event) for page in pages for recorded in page]
    assert {EmergencyAccess.Declared, Access.AccessDecided} < set(written)


async def test_r43_while_it_holds_it_is_not_lengthened_and_after_that_it_is_declared_anew(
    here: ConsentPractice,
) -> None:
    await declared(here)
    here.at += HOUR - SECOND
    with pytest.raises(EmergencyOpen):
        await declared(here)
    await declared(here, UUID(int=50))
    here.at += SECOND
    await declared(here)
    assert await here.sees(DESK) == RECORD


async def test_r43_no_admin_reviews_a_look_into_a_record_that_they_own_or_represent(here: ConsentPractice) -> None:
    emergency_id = await declared(here)
    with pytest.raises(NotAllowed):
        await here.do(review_emergency, ReviewEmergency(PRACTICE, emergency_id, "justified", "", ADMIN, (PATIENT,)))
    await reviewed(here, emergency_id)


async def test_r43_another_person_reviews_it_once(here: ConsentPractice) -> None:
    emergency_id = await declared(here)
    with pytest.raises(SecondPersonNeeded):
        await reviewed(here, emergency_id, by=DESK)
    with pytest.raises(NotFound):
        await reviewed(here, emergency_id, at=UUID(int=66))
    with pytest.raises(NotFound):
        await reviewed(here, UUID(int=67))
    await reviewed(here, emergency_id)
    assert await here.sees(DESK) == RECORD
    with pytest.raises(EmergencyReviewed):
        await reviewed(here, emergency_id, "unjustified")


async def test_r43_what_was_not_justified_ends_at_the_review(here: ConsentPractice) -> None:
    emergency_id = await declared(here)
    here.later(minutes=10)
    await reviewed(here, emergency_id, "unjustified")
    assert await here.sees(DESK) == set()
    explained = await here.decisions.explain(DESK, PATIENT, here.at - SECOND)
    assert [window.rule for window in explained.known_then] == ["R43"]
    here.later(seconds=1)
    await declared(here)
    assert await here.sees(DESK) == RECORD


async def test_r43_r37_the_patient_is_told_who_sees_the_record_and_who_did(here: ConsentPractice) -> None:
    await declared(here)
    seen = {v.account_id: v.windows[0].acting_as for v in await here.decisions.viewers(PATIENT, None)}
    assert seen == {PATIENTS_ACCOUNT: "self", DESK: "emergency"}
    then = here.at
    here.later(hours=2)
    assert [v.account_id for v in await here.decisions.viewers(PATIENT, None)] == [PATIENTS_ACCOUNT]
    assert {v.account_id for v in await here.decisions.viewers(PATIENT, then)} == {PATIENTS_ACCOUNT, DESK}


async def test_r43_it_opens_without_any_consent_and_after_a_death() -> None:
    here = ConsentPractice()
    await here.opened()
    await here.registered()
    await declared(here)
    assert await here.sees(DESK) == RECORD
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    assert await here.sees(DESK) == RECORD


async def test_r43_it_changes_no_window_of_patient_or_representative() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    before = await here.decisions.decide(PARENTS_ACCOUNT, PATIENT)
    await declared(here)
    assert await here.decisions.decide(PARENTS_ACCOUNT, PATIENT) == before
