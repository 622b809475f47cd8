"""The decision: from the own store and identity's facts, with its reasons, now and for a past instant."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.decision_index import MOST_PATIENTS, DecisionIndex
from services.consent.domain.access import Access
from services.consent.domain.dossier import HeardEnrolment, HeardFacts
from services.consent.domain.facts import ALL_SCOPES
from services.consent.domain.identifiers import access_stream
from shared.bus.partitions import key_bytes, partition_of
from shared.errors import AccessUndecided
from tests.unit.services.consent.practice import (
    BORN_ADULT,
    BORN_CHILD,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
PARTITION = partition_of(key_bytes(PATIENT))
AS_KNOWN = HeardFacts(PRACTICE, PATIENT, BORN_ADULT, None, (HeardEnrolment(PATIENTS_ACCOUNT, PATIENT, "identity:9"),))


@pytest.fixture
async def here() -> ConsentPractice:
    practice = ConsentPractice()
    await practice.an_adult_with_access()
    return practice


async def test_the_head_names_patients_decided_beyond_what_the_peer_has_applied(here: ConsentPractice) -> None:
    assert await here.decisions.head({}) == {PATIENT}
    applied = await here.store.head()
    assert await here.decisions.head({PARTITION: applied}) == set()
    assert await here.decisions.head({PARTITION: applied - 1}) == {PATIENT}
    await here.withdrawn()
    assert await here.decisions.head({PARTITION: applied}) == {PATIENT}


async def test_the_head_names_patients_whose_facts_are_newer_at_identity(here: ConsentPractice) -> None:
    newer = UUID(int=500)
    here.identity.newer = {newer}
    assert await here.decisions.head({PARTITION: await here.store.head()}) == {newer}
    here.identity.everyone = True
    assert await here.decisions.head({}) is None


async def test_an_instance_sees_what_another_one_appended(here: ConsentPractice) -> None:
    index = DecisionIndex(here.store)
    await index.catch_up()
    applied = await here.store.head()
    await here.withdrawn()
    await index.catch_up()
    assert index.beyond({PARTITION: applied}) == {PATIENT}
    assert index.patients_of(PATIENTS_ACCOUNT) == (PATIENT,)


async def test_more_than_a_thousand_patients_are_all(here: ConsentPractice) -> None:
    index = DecisionIndex(here.store)
    for number in range(MOST_PATIENTS):
        index._decided(PATIENTS_ACCOUNT, UUID(int=10_000 + number), 10_000 + number)
    beyond = index.beyond({})
    assert beyond is not None
    assert len(beyond) == MOST_PATIENTS
    index._decided(PATIENTS_ACCOUNT, UUID(int=1), 20_000)
    assert index.beyond({}) is None


async def test_identity_silent_beyond_its_lease_nothing_is_decided(here: ConsentPractice) -> None:
    here.identity.silent = True
    with pytest.raises(AccessUndecided):
        await here.sees()
    with pytest.raises(AccessUndecided):
        await here.decisions.head({})
    with pytest.raises(AccessUndecided):
        await here.decisions.decide(PATIENTS_ACCOUNT, None)


async def test_a_patient_who_is_not_named_is_decided_without_asking(here: ConsentPractice) -> None:
    assert await here.sees() == ALL
    assert here.identity.asked == []


async def test_r20_a_death_at_identity_counts_before_its_event_has_come(here: ConsentPractice) -> None:
    here.identity.newer = {PATIENT}
    here.identity.says[PATIENT] = replace(AS_KNOWN, death="identity:50")
    assert await here.sees() == set()
    head = await here.store.head()
    here.identity.says[PATIENT] = AS_KNOWN
    assert await here.sees() == ALL
    assert await here.store.head() == head


async def test_r27_an_unenrolment_at_identity_counts_before_its_event_has_come(here: ConsentPractice) -> None:
    await here.granted("adult_authorization", date(2030, 1, 1), ("patient", "representative"))
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == ALL
    here.identity.newer = {PATIENT}
    left = HeardEnrolment(PARENTS_ACCOUNT, PARENT, "identity:10")
    here.identity.says[PATIENT] = replace(AS_KNOWN, enrolments=(left,))
    assert (await here.sees(), await here.sees(PARENTS_ACCOUNT)) == (set(), set())


async def test_an_enrolment_at_identity_counts_before_its_event_has_come() -> None:
    here = ConsentPractice()
    await here.opened()
    await here.registered()
    await here.signed()
    here.identity.newer = {PATIENT}
    here.identity.says[PATIENT] = AS_KNOWN
    assert await here.sees() == ALL
    assert {w.patient_id for w in await here.decisions.decide(PATIENTS_ACCOUNT, None)} == {PATIENT}


async def test_r18_a_birth_date_corrected_at_identity_counts_before_its_event_has_come() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    here.identity.newer = {PATIENT}
    parents = HeardEnrolment(PARENTS_ACCOUNT, PARENT, "identity:9")
    here.identity.says[PATIENT] = HeardFacts(PRACTICE, PATIENT, date(2012, 1, 1), None, (parents,))
    assert await here.sees(PARENTS_ACCOUNT) == {"appointments", "billing"}


async def test_a_patient_whom_identity_does_not_know_is_seen_by_nobody(here: ConsentPractice) -> None:
    here.identity.newer = {PATIENT}
    assert await here.sees() == set()


async def test_for_all_patients_an_account_gets_every_windows_patient(here: ConsentPractice) -> None:
    found = await here.decisions.decide(PATIENTS_ACCOUNT, None)
    assert {(w.patient_id, w.practice_id, w.acting_as) for w in found} == {(PATIENT, PRACTICE, "self")}
    assert await here.decisions.decide(UUID(int=99), None) == []


async def test_r37_who_could_on_date_x_by_what_was_known_then(here: ConsentPractice) -> None:
    here.later(days=10)
    before = here.at
    here.later(seconds=1)
    await here.withdrawn()
    here.later(days=1)
    assert await here.decisions.viewers(PATIENT, None) == []
    assert [viewer.account_id for viewer in await here.decisions.viewers(PATIENT, before)] == [PATIENTS_ACCOUNT]
    known_now = here.decisions.viewers_known_now
    assert [viewer.account_id for viewer in await known_now(PATIENT, before)] == [PATIENTS_ACCOUNT]
    assert await known_now(PATIENT, before + timedelta(seconds=1)) == []
    explained = await here.decisions.explain(PATIENTS_ACCOUNT, PATIENT, before)
    assert [w.rule for w in explained.known_then] == ["R12"]
    assert [w.rule for w in explained.known_now] == ["R12"]
    now = await here.decisions.explain(PATIENTS_ACCOUNT, PATIENT, here.at)
    assert (now.known_then, now.known_now, now.missing) == ((), (), ("consent",))


async def test_r37_the_answer_names_the_events_by_their_positions() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    (window,) = (await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, here.at)).known_now
    names = await here.decisions.event_ids(window.because)
    assert [name.partition(":")[0] for name in names] == ["identity", "consent", "consent", "consent", "identity"]
    assert all(name.partition(":")[2].isdigit() for name in names)
    assert window.rule == "R17"


async def test_r37_what_is_missing_is_said_in_one_word_each() -> None:
    here = ConsentPractice()
    await here.opened()
    await here.registered(BORN_CHILD)
    assert (await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, here.at)).missing == ("enrolment",)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert (await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, here.at)).missing == ("authorization", "consent")
    authorization_id = await here.granted()
    missing = (await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, here.at)).missing
    assert missing == ("consent", "documents")
    await here.documented(authorization_id)
    assert (await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, here.at)).missing == ("consent",)


async def test_an_erased_patient_is_seen_by_nobody(here: ConsentPractice) -> None:
    here.store.erase(PATIENT)
    assert await here.sees() == set()
    assert await here.store.find(Access, access_stream(PATIENTS_ACCOUNT, PATIENT)) is None
