"""R44: joining records interrupts every access to the survivor until verified again, and ends all to the duplicate."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.consent.commands.authorizations import GrantAuthorization, grant_authorization
from services.consent.commands.consents import SignConsent, sign_consent
from services.consent.commands.facts import (
    JoinAccount,
    PartAccount,
    RestoreRecord,
    SupersedeRecord,
    Told,
    join_account,
    part_account,
    restore_record,
    supersede_record,
)
from services.consent.commands.signing import IssueSigningLink, issue_signing_link
from services.consent.commands.verifying import (
    InterruptAccess,
    VerifyAccessAgain,
    interrupt_access,
    verify_access_again,
)
from services.consent.domain.authorization import Authorization, Terms
from services.consent.domain.dossier import HeardEnrolment, HeardFacts, HeardJoin
from services.consent.domain.errors import NotInterrupted, RecordJoined
from services.consent.domain.facts import ALL_SCOPES, Span
from services.consent.domain.identifiers import record_stream, verify_task
from services.consent.domain.interruption import Enrolment, Interruption, Stretches, Verification
from services.consent.domain.task import DeskTask
from shared.errors import NotAllowed, NotFound
from tests.unit.services.consent.practice import (
    BORN_ADULT,
    DESK,
    NOW,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

OTHER, THIRD = UUID(int=31), UUID(int=32)
EVERYTHING, RECORD = set(ALL_SCOPES), record_stream(PATIENT)


@pytest.fixture
def practice() -> ConsentPractice:
    return ConsentPractice()


async def join(practice: ConsentPractice, duplicate_id: UUID = OTHER) -> Told:
    """Identity tells that the duplicate was joined to PATIENT's record."""
    told = practice.told()
    await practice.do(interrupt_access, InterruptAccess(PATIENT, duplicate_id, told))
    return told


async def verify(practice: ConsentPractice, person_id: UUID = PATIENT, by: UUID = DESK) -> None:
    await practice.do(verify_access_again, VerifyAccessAgain(PATIENT, person_id, "passport", by))


async def missing(practice: ConsentPractice, account_id: UUID = PATIENTS_ACCOUNT) -> tuple[str, ...]:
    return (await practice.decisions.explain(account_id, PATIENT, practice.at)).missing


async def test_r44_joining_interrupts_the_own_access_until_it_is_verified_again(practice: ConsentPractice) -> None:
    await practice.an_adult_with_access()
    practice.later(minutes=1)
    told = await join(practice)
    assert (await practice.sees(), await missing(practice)) == (set(), ("verification",))
    assert (await practice.decisions.viewers(PATIENT, None), await practice.decisions.to_sign(PATIENTS_ACCOUNT)) == (
        [],
        [],
    )
    task = await practice.store.find(DeskTask, verify_task(PATIENT, PATIENTS_ACCOUNT, told.cause))
    assert task is not None
    assert (task.about.kind, task.about.person_id, task.is_settled) == ("verify_access", PATIENT, False)
    practice.later(minutes=1)
    await verify(practice)
    task = await practice.store.find(DeskTask, task.id)
    assert task is not None
    assert task.is_settled
    assert (await practice.sees(), await missing(practice)) == (EVERYTHING, ())
    explained = await practice.decisions.explain(PATIENTS_ACCOUNT, PATIENT, practice.at)
    names = [type(event.event).__name__ for event in await practice.store.stream(RECORD)]
    verified = f"consent:{RECORD}/{names.index('VerifiedAgain') + 1}"
    assert [(window.rule, verified in window.because) for window in explained.known_now] == [("R12", True)]
    between = await practice.decisions.explain(PATIENTS_ACCOUNT, PATIENT, practice.at - timedelta(seconds=30))
    assert (between.known_then, between.known_now) == ((), ())
    with pytest.raises(NotInterrupted):
        await verify(practice)


async def test_r44_each_account_is_verified_on_its_own_and_nobody_verifies_their_own(practice: ConsentPractice) -> None:
    await practice.a_parent_of_a_child()
    await practice.do(join_account, JoinAccount(PATIENT, DESK, THIRD, practice.told()))
    practice.later(minutes=1)
    await join(practice)
    assert await practice.sees(PARENTS_ACCOUNT) == set()
    with pytest.raises(NotAllowed):
        await verify(practice, THIRD, by=DESK)
    for nobody in (PATIENT, OTHER):
        with pytest.raises(NotFound):
            await verify(practice, nobody)
    await verify(practice, THIRD, by=PATIENTS_ACCOUNT)
    assert await practice.sees(PARENTS_ACCOUNT) == set()
    await verify(practice, PARENT)
    assert await practice.sees(PARENTS_ACCOUNT) == EVERYTHING


async def test_r44_who_is_let_in_after_the_joining_was_identified_for_it(practice: ConsentPractice) -> None:
    await practice.opened()
    await practice.registered()
    await practice.signed()
    await join(practice)
    practice.later(minutes=1)
    await practice.joined()
    assert await practice.sees() == EVERYTHING


async def test_r44_a_second_joining_interrupts_again_and_parting_opens_nothing(practice: ConsentPractice) -> None:
    await practice.an_adult_with_access()
    practice.later(minutes=1)
    first = await join(practice)
    practice.later(minutes=1)
    second = await join(practice, THIRD)
    named = [verify_task(PATIENT, PATIENTS_ACCOUNT, told.cause) for told in (first, second)]
    tasks = [await practice.store.find(DeskTask, task_id) for task_id in named]
    assert [task is not None for task in tasks] == [True, False]
    await practice.do(interrupt_access, InterruptAccess(PATIENT, OTHER, first))
    practice.later(minutes=1)
    await verify(practice)
    assert await practice.sees() == EVERYTHING
    practice.later(minutes=1)
    await join(practice, UUID(int=33))
    assert await practice.sees() == set()


async def test_r44_nobody_reaches_a_duplicate_and_nothing_is_given_on_it(practice: ConsentPractice) -> None:
    authorization_id = await practice.a_parent_of_a_child()
    practice.later(minutes=1)
    await practice.do(supersede_record, SupersedeRecord(PATIENT, OTHER, practice.told()))
    assert await practice.sees(PARENTS_ACCOUNT) == set()
    authorization = await practice.store.find(Authorization, authorization_id)
    assert authorization is not None
    assert not authorization.is_open
    with pytest.raises(RecordJoined):
        await verify(practice, PARENT)
    with pytest.raises(RecordJoined):
        await practice.do(sign_consent, SignConsent(PATIENT, PARENT, 1, "screen", None, DESK))
    with pytest.raises(RecordJoined):
        await practice.do(issue_signing_link, IssueSigningLink(PATIENT, DESK))
    terms = Terms("minor", tuple(sorted(ALL_SCOPES)), None)
    with pytest.raises(RecordJoined):
        await practice.do(grant_authorization, GrantAuthorization(PATIENT, PARENT, terms, ("representative",)))
    await practice.do(part_account, PartAccount(PATIENT, PARENTS_ACCOUNT, PARENT, practice.told()))


async def test_r44_parted_a_duplicate_stays_closed_until_everything_is_granted_anew(practice: ConsentPractice) -> None:
    await practice.a_parent_of_a_child()
    practice.later(minutes=1)
    await practice.do(supersede_record, SupersedeRecord(PATIENT, OTHER, practice.told()))
    await practice.do(part_account, PartAccount(PATIENT, PARENTS_ACCOUNT, PARENT, practice.told()))
    practice.later(minutes=1)
    await practice.do(restore_record, RestoreRecord(PATIENT, practice.told()))
    assert await practice.sees(PARENTS_ACCOUNT) == set()
    await practice.joined(PARENTS_ACCOUNT, PARENT)
    assert await practice.sees(PARENTS_ACCOUNT) == set()
    await practice.documented(await practice.granted())
    assert await practice.sees(PARENTS_ACCOUNT) == EVERYTHING


async def test_r44_what_identity_says_ahead_of_its_events_interrupts_as_soon(practice: ConsentPractice) -> None:
    await practice.an_adult_with_access()
    enrolments = (HeardEnrolment(PATIENTS_ACCOUNT, PATIENT, "identity:9"),)
    for heard in (
        HeardFacts(PRACTICE, PATIENT, BORN_ADULT, None, enrolments, joins=(HeardJoin(OTHER, "identity:99"),)),
        HeardFacts(PRACTICE, PATIENT, BORN_ADULT, None, enrolments, survivor=(OTHER, "identity:98")),
    ):
        practice.identity.newer, practice.identity.says = {PATIENT}, {PATIENT: heard}
        practice.later(minutes=1)
        assert await practice.sees() == set()
    practice.identity.newer = set()
    assert await practice.sees() == EVERYTHING


def test_r44_an_enrolment_is_cut_at_what_interrupts_it_to_the_instant() -> None:
    def at(minutes: int) -> timedelta:
        return timedelta(minutes=minutes)

    enrolment = Enrolment(PATIENTS_ACCOUNT, PATIENT, Span(NOW + at(10), NOW + at(100), "joined"))
    interruptions = [Interruption(NOW + at(minute), f"i{minute}") for minute in (5, 20, 25, 40, 100)]
    verified = [
        Verification(PATIENTS_ACCOUNT, OTHER, NOW + at(21), "another person"),
        Verification(PATIENTS_ACCOUNT, PATIENT, NOW + at(30), "v30"),
    ]
    assert enrolment.stretches(interruptions, verified) == Stretches(
        counting=(
            Span(NOW + at(10), NOW + at(20), "joined"),
            Span(NOW + at(30), NOW + at(40), "v30"),
        ),
        waiting=(
            Span(NOW + at(20), NOW + at(30), "i20"),
            Span(NOW + at(40), NOW + at(100), "i40"),
        ),
    )
