"""Birthdays ahead and emancipation, told as rules: who is told when, what the desk has to do, and who is an adult."""

from datetime import UTC, date, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from services.consent.commands.birthdays import (
    AnnounceBirthday,
    CorrectEmancipation,
    OfferAccount,
    RecordEmancipation,
    announce_birthday,
    correct_emancipation,
    offer_account,
    record_emancipation,
)
from services.consent.commands.facts import CorrectBirthDate, RecordDeath, correct_birth_date, record_death
from services.consent.commands.tasks import (
    ObjectToRepresentative,
    SettleTask,
    object_to_representative,
    settle_task,
)
from services.consent.domain.authorization import Signatory
from services.consent.domain.birthdays import BIRTHDAYS, announcements, birthday_at, due_at
from services.consent.domain.calendar import start_of_age
from services.consent.domain.errors import NotOfThisAge, PatientDead, TaskSettled
from services.consent.domain.facts import ALL_SCOPES, TEEN_SCOPES
from services.consent.domain.identifiers import offer_task, practice_stream, record_stream
from services.consent.domain.practice import Practice
from services.consent.domain.record import Announcement, PatientRecord, Proof
from services.consent.domain.task import DeskTask
from services.consent.processes import ANNOUNCE_BIRTHDAY, OFFER_ACCOUNT, Birthdays
from shared.effects import Carrying, Effect
from shared.errors import NotAllowed, NotFound
from tests.unit.services.consent.practice import (
    BORN_CHILD,
    BORN_TEEN,
    DESK,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    SCAN,
    ZONE,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
TEEN: set[str] = set(TEEN_SCOPES)
SECOND = timedelta(seconds=1)
PROOF = Proof("court_decree", SCAN, DESK)
BOTH: tuple[Signatory, ...] = ("patient", "representative")


def practice(zone: str = ZONE.key) -> Practice:
    return Practice(practice_id=PRACTICE, time_zone=zone, adolescent_age=12, adult_age=18, opened_at=datetime.now(UTC))


class Carried:
    """One effect in hand, as far as planning needs it."""

    def __init__(self, now: datetime) -> None:
        self.effect = Effect("plan-birthdays", PATIENT, details={"patient_id": str(PATIENT)})
        self.now = now
        self.followed: list[Effect] = []

    def follow(self, *effects: Effect) -> None:
        self.followed += effects


async def announced(here: ConsentPractice) -> frozenset[Announcement]:
    record = await here.store.find(PatientRecord, record_stream(PATIENT))
    assert record is not None
    return record.announced


async def announce(here: ConsentPractice, days: int, birthday: str = "adolescent") -> None:
    command = AnnounceBirthday(PATIENT, "adult" if birthday == "adult" else "adolescent", days)
    await here.do(announce_birthday, command)


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "America/Sao_Paulo"])
@pytest.mark.parametrize("born", [date(2014, 6, 15), date(2012, 2, 29), date(2006, 10, 16)])
def test_r18_each_birthday_is_announced_30_7_and_1_local_days_before(zone: str, born: date) -> None:
    for which, years in (("adolescent", 12), ("adult", 18)):
        reached = start_of_age(born, years, practice(zone).zone)
        assert birthday_at(born, practice(zone), "adult" if which == "adult" else "adolescent") == reached
    for which in BIRTHDAYS:
        for since, told in announcements(born, practice(zone), which):
            local = since.astimezone(practice(zone).zone)
            assert (told.on - local.date()).days == told.days
            assert (since - SECOND).astimezone(practice(zone).zone).date() == local.date() - timedelta(1)
            before = due_at(born, practice(zone), which, since - SECOND)
            assert before is None or before.days > told.days
            assert due_at(born, practice(zone), which, since) == told
        assert due_at(born, practice(zone), which, birthday_at(born, practice(zone), which)) is None


async def test_r18_r42_a_registration_plans_six_notices_and_one_offer_and_no_effect_holds_a_date() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    carried = Carried(here.at)
    await Birthdays(here.store).plan(cast("Carrying", carried))
    kinds = sorted((effect.kind, effect.recipient) for effect in carried.followed)
    assert kinds == sorted(
        [(OFFER_ACCOUNT, "")]
        + [(ANNOUNCE_BIRTHDAY, f"{which}/{days}") for which in ("adolescent", "adult") for days in (30, 7, 1)]
    )
    words = {value for effect in carried.followed for value in effect.details.values()}
    assert words == {str(PATIENT), str(PRACTICE), "adolescent", "adult", "30", "7", "1"}


async def test_r18_what_has_passed_at_the_registration_is_not_planned() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(date(2014, 12, 2))
    carried = Carried(here.at)
    await Birthdays(here.store).plan(cast("Carrying", carried))
    assert {e.recipient for e in carried.followed} >= {"adolescent/7", "adolescent/1"}
    assert "adolescent/30" not in {e.recipient for e in carried.followed}


async def test_r18_a_notice_is_decided_again_when_due_and_given_once() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    twelve = start_of_age(BORN_CHILD, 12, ZONE)
    first = next(at for at, told in announcements(BORN_CHILD, practice(), "adolescent") if told.days == 30)
    here.at = first - SECOND
    await announce(here, 30)
    assert await announced(here) == frozenset()
    here.at = first
    await announce(here, 30)
    await announce(here, 30)
    assert [told.days for told in await announced(here)] == [30]
    await announce(here, 7)
    here.at = twelve
    await announce(here, 1)
    assert len(await announced(here)) == 1


async def test_r18_a_corrected_birth_date_a_death_and_no_access_silence_a_notice() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    here.at = next(at for at, told in announcements(BORN_CHILD, practice(), "adolescent") if told.days == 7)
    await here.do(correct_birth_date, CorrectBirthDate(PATIENT, date(2018, 1, 1), here.told()))
    await announce(here, 7)
    assert await announced(here) == frozenset()
    await here.do(correct_birth_date, CorrectBirthDate(PATIENT, BORN_CHILD, here.told()))
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    await announce(here, 7)
    assert await announced(here) == frozenset()
    nobody = ConsentPractice()
    await nobody.opened()
    await nobody.registered(BORN_CHILD)
    nobody.at = here.at
    await announce(nobody, 7)
    assert await announced(nobody) == frozenset()


async def test_r42_at_12_the_desk_gets_one_task_unless_there_is_an_account_already() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child()
    here.at = start_of_age(BORN_CHILD, 12, ZONE) - SECOND
    await here.do(offer_account, OfferAccount(PATIENT))
    assert await here.store.find(DeskTask, offer_task(PATIENT)) is None
    here.at += SECOND
    await here.do(offer_account, OfferAccount(PATIENT))
    await here.do(offer_account, OfferAccount(PATIENT))
    task = await here.store.find(DeskTask, offer_task(PATIENT))
    assert task is not None
    assert (task.about.kind, task.is_settled, task.version) == ("offer_account", False, 1)
    enrolled = ConsentPractice()
    await enrolled.opened()
    await enrolled.registered(BORN_TEEN)
    await enrolled.joined()
    await enrolled.do(offer_account, OfferAccount(PATIENT))
    assert await enrolled.store.find(DeskTask, offer_task(PATIENT)) is None


async def test_r18_proven_emancipation_makes_an_adult_at_once_in_every_rule() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    await here.signed()
    await here.joined()
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (TEEN, ALL)
    before = await here.store.head()
    here.later(seconds=1)
    await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (set(), set())
    assert [type(r.event).__name__ for page in [p async for p in here.store.read(before)] for r in page] == [
        "Emancipated", "AccessDecidedAgain", "AccessDecidedAgain",
    ]  # fmt: skip
    assert (await here.decisions.explain(PATIENTS_ACCOUNT, PATIENT, here.at)).missing == ("form",)
    with pytest.raises(NotOfThisAge):
        await here.granted("minor")
    here.later(seconds=1)
    await here.signed()
    assert {w.rule for w in await here.decisions.decide(PATIENTS_ACCOUNT, PATIENT)} == {"R12"}
    await here.granted("adult_authorization", date(2027, 11, 24), BOTH)
    await here.signed(PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r18_an_emancipation_by_mistake_is_corrected_from_its_correction_on() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))
    with pytest.raises(NotOfThisAge):
        await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))
    here.later(days=1)
    await here.do(correct_emancipation, CorrectEmancipation(PATIENT, "another patient's decree", DESK))
    assert await here.sees(PARENTS_ACCOUNT) == TEEN
    assert await here.decisions.viewers(PATIENT, here.at - SECOND) == []
    with pytest.raises(NotOfThisAge):
        await here.do(correct_emancipation, CorrectEmancipation(PATIENT, "again", DESK))


async def test_r18_adults_and_the_dead_are_not_emancipated() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    here.at = start_of_age(BORN_TEEN, 18, ZONE)
    with pytest.raises(NotOfThisAge):
        await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))
    here.at -= SECOND
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    with pytest.raises(PatientDead):
        await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))


async def test_r18_whom_emancipation_made_an_adult_is_not_told_of_the_18th_birthday() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    await here.do(record_emancipation, RecordEmancipation(PATIENT, PROOF))
    await here.signed()
    await here.joined()
    here.at = start_of_age(BORN_TEEN, 18, ZONE) - timedelta(days=7)
    await announce(here, 7, "adult")
    assert await announced(here) == frozenset()


async def test_r20_the_patients_objection_is_a_task_for_the_same_local_day_and_ends_nothing_by_itself() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    await here.signed()
    await here.joined()
    here.at = datetime(2026, 11, 25, 4, 59, 59, tzinfo=UTC)
    command = ObjectToRepresentative(PATIENT, PARENT, "we no longer speak")
    raised = await here.do(object_to_representative, command)
    (stored,) = await here.store.stream(raised.id)
    assert isinstance(stored.event, DeskTask.Raised)
    assert stored.event.due_on == date(2026, 11, 24)
    assert await here.sees(PARENTS_ACCOUNT) == TEEN
    with pytest.raises(NotFound):
        await here.do(object_to_representative, ObjectToRepresentative(PATIENT, UUID(int=13), "nobody"))


async def test_r20_a_task_is_settled_once_and_by_the_own_practice_only() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    raised = await here.do(object_to_representative, ObjectToRepresentative(PATIENT, PARENT, "no"))
    with pytest.raises(NotFound):
        await here.do(settle_task, SettleTask(UUID(int=66), raised.id, "", DESK))
    await here.do(settle_task, SettleTask(PRACTICE, raised.id, "suspended", DESK))
    with pytest.raises(TaskSettled):
        await here.do(settle_task, SettleTask(PRACTICE, raised.id, "", DESK))


async def test_r43_nobody_settles_an_objection_to_themselves_or_of_their_own_child() -> None:
    here = ConsentPractice()
    await here.a_parent_of_a_child(BORN_TEEN)
    raised = await here.do(object_to_representative, ObjectToRepresentative(PATIENT, PARENT, "no"))
    with pytest.raises(NotAllowed):
        await here.do(settle_task, SettleTask(PRACTICE, raised.id, "all is well", PARENTS_ACCOUNT, (PATIENT,)))
    await here.do(settle_task, SettleTask(PRACTICE, raised.id, "suspended", DESK, (UUID(int=13),)))


async def test_a_plan_waits_for_the_practice() -> None:
    here = ConsentPractice()
    assert await here.store.find(Practice, practice_stream(PRACTICE)) is None
    carried = Carried(here.at)
    await Birthdays(here.store).plan(cast("Carrying", carried))
    assert carried.followed == []
