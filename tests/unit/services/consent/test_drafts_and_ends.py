"""R20 and R37 sentence by sentence: what ends a draft or a grant, what holds whatever is granted, and the past."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.commands.authorizations import (
    GrantAuthorization,
    LiftSuspension,
    RevokeAuthorization,
    SignAuthorization,
    SuspendPair,
    grant_authorization,
    lift_suspension,
    revoke_authorization,
    sign_authorization,
    suspend_pair,
)
from services.consent.commands.consents import SignConsent, sign_consent
from services.consent.commands.facts import (
    JoinAccount,
    PartAccount,
    RecordDeath,
    join_account,
    part_account,
    record_death,
)
from services.consent.domain.authorization import Signatory, Terms
from services.consent.domain.errors import AuthorizationNotOpen, ConsentOfPatientNeeded
from services.consent.domain.facts import ALL_SCOPES, EXECUTOR_SCOPES, Scope
from tests.unit.services.consent.practice import (
    DESK,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
NEXT_YEAR = date(2027, 11, 24)
BOTH: tuple[Signatory, ...] = ("patient", "representative")
SECOND, OTHER, OTHERS_ACCOUNT = timedelta(seconds=1), UUID(int=13), UUID(int=33)


@pytest.fixture
async def here() -> ConsentPractice:
    practice = ConsentPractice()
    await practice.an_adult_with_access()
    return practice


async def let_in(here: ConsentPractice) -> UUID:
    """A representative by (a), with an own consent and account."""
    authorization_id = await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    return authorization_id


async def left(here: ConsentPractice, account_id: UUID, person_id: UUID) -> None:
    await here.do(part_account, PartAccount(PATIENT, account_id, person_id, here.told()))


async def patient_signs(here: ConsentPractice, authorization_id: UUID) -> None:
    await here.do(sign_authorization, SignAuthorization(PATIENT, authorization_id, "patient"))


async def test_r20_revocation_between_two_signatures_ends_the_draft(here: ConsentPractice) -> None:
    draft = await here.granted("adult_authorization", NEXT_YEAR, ("representative",))
    await here.do(revoke_authorization, RevokeAuthorization(PATIENT, draft, "", PATIENTS_ACCOUNT, by_patient=True))
    with pytest.raises(AuthorizationNotOpen):
        await patient_signs(here, draft)


async def test_r20_r27_unenrolment_between_two_signatures_ends_the_draft(here: ConsentPractice) -> None:
    draft = await here.granted("adult_authorization", NEXT_YEAR, ("representative",))
    await left(here, PATIENTS_ACCOUNT, PATIENT)
    with pytest.raises(AuthorizationNotOpen):
        await patient_signs(here, draft)
    with pytest.raises(ConsentOfPatientNeeded):
        await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    await here.do(join_account, JoinAccount(PATIENT, PATIENTS_ACCOUNT, PATIENT, here.told()))
    with pytest.raises(AuthorizationNotOpen):
        await patient_signs(here, draft)


async def test_r20_the_representatives_unenrolment_ends_the_draft_made_for_them(here: ConsentPractice) -> None:
    await let_in(here)
    draft = await here.granted("adult_authorization", NEXT_YEAR, ("representative",))
    await left(here, PARENTS_ACCOUNT, PARENT)
    with pytest.raises(AuthorizationNotOpen):
        await patient_signs(here, draft)


async def test_r20_renewal_is_a_new_grant_and_the_old_one_ends_with_its_last_day(here: ConsentPractice) -> None:
    authorization_id = await let_in(here)
    here.later(days=366)
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.do(revoke_authorization, RevokeAuthorization(PATIENT, authorization_id, "over", DESK, by_patient=False))
    await here.granted("adult_authorization", date(2028, 11, 24), BOTH)
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r20_a_suspension_holds_against_what_is_granted_while_it_lasts(here: ConsentPractice) -> None:
    await let_in(here)
    await here.do(suspend_pair, SuspendPair(PATIENT, PARENT, "court asked", DESK))
    await here.granted("adult_authorization", date(2029, 1, 1), BOTH)
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (set(), ALL)
    await here.do(lift_suspension, LiftSuspension(PATIENT, PARENT, "court agreed", DESK))
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r20_two_representatives_are_independent(here: ConsentPractice) -> None:
    await let_in(here)
    scopes: tuple[Scope, ...] = ("billing",)
    terms = Terms("adult_authorization", scopes, NEXT_YEAR)
    await here.do(grant_authorization, GrantAuthorization(PATIENT, OTHER, terms, BOTH))
    await here.do(sign_consent, SignConsent(PATIENT, OTHER, 1, "screen", None, DESK))
    await here.do(join_account, JoinAccount(PATIENT, OTHERS_ACCOUNT, OTHER, here.told()))
    await left(here, PARENTS_ACCOUNT, PARENT)
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees(OTHERS_ACCOUNT)) == (set(), {"billing"})


async def test_r20_an_executor_documented_in_life_opens_nothing_before_the_death(here: ConsentPractice) -> None:
    authorization_id = await here.granted("executor", NEXT_YEAR)
    await here.documented(authorization_id, "letters_testamentary")
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.decisions.decide(PARENTS_ACCOUNT, PATIENT) == []
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (set(EXECUTOR_SCOPES), set())
    here.later(seconds=1)
    await here.do(record_death, RecordDeath(PATIENT, "mistake", here.told()))
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (set(), ALL)


async def test_r37_the_past_answer_does_not_change_with_what_is_known_later(here: ConsentPractice) -> None:
    await let_in(here)
    here.later(days=1)
    then = here.at
    here.later(days=1)
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    seen = {viewer.account_id for viewer in await here.decisions.viewers(PATIENT, then)}
    assert seen == {PATIENTS_ACCOUNT, PARENTS_ACCOUNT}
    explained = await here.decisions.explain(PARENTS_ACCOUNT, PATIENT, then)
    assert [window.rule for window in explained.known_then] == ["R19a"]
    assert await here.decisions.viewers(PATIENT, None) == []
